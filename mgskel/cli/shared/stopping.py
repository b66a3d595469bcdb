"""A command that is told to stop ends as it ends by Ctrl-C: what is half written goes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# SIGTERM: kill, timeouts, a cluster's scheduler; SIGHUP: the terminal was closed. `nohup` has
# SIGHUP ignored, and a program that calls us may have handlers of its own: these stay.
_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stop:
    """Which signal ended the command."""

    number: int = signal.SIGINT

    @property
    def status(self) -> int:
        """The exit code that shells know: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + int(self.number)

    def __call__(self, number: int, frame: FrameType | None) -> NoReturn:
        self.number = number
        raise KeyboardInterrupt


@contextmanager
def stopping_well() -> Iterator[Stop]:
    """Meanwhile signals that would end the process at once interrupt it instead."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals go to the main thread alone
        return
    ours = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield stop
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
