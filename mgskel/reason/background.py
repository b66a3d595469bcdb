"""One event loop in the background, for all requests of the process.

A coroutine can be cancelled at any point, which is how a deadline ends a request however
slowly its answer drips in. A loop of its own also works inside notebooks, which run one already.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in the background loop and wait for what it returns or raises."""
    future = asyncio.run_coroutine_threadsafe(work, _running_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="mgskel-requests", daemon=True).start()
        return _loop
