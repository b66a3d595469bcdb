"""Decode ahead in a thread, so that decoding and inference overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterable[Item], depth: int = 8) -> Iterator[Item]:
    """The same items in order, produced up to `depth` ahead in a thread of their own.

    An error of the producer is raised to the consumer in its place; a consumer that stops early
    stops the producer.
    """
    ready: queue.Queue[object] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def produce() -> None:
        try:
            for item in items:
                while not stopped.is_set():
                    try:
                        ready.put(item, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if stopped.is_set():
                    return
            last: object = _END
        except BaseException as error:  # handed over, whatever it is
            last = _Failure(error)
        while not stopped.is_set():
            try:
                ready.put(last, timeout=0.1)
                return
            except queue.Full:
                continue

    thread = threading.Thread(target=produce, name="decoder", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error
