"""What a frame is, which frames are wanted, and where they come from: the ground of `video`."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.storage.intake import address_of

SMALLEST_SIDE = 16
ASSUMED_FPS = 25.0
"""Of pictures that nobody tells the rate of."""
Footage = str | Path | np.ndarray | Iterable[np.ndarray]
"""A clip by its path, address or ``camera:N``; or its pictures, (H, W, 3) uint8 RGB each."""
CAMERA = re.compile(r"camera:(\d+)$")
Item = TypeVar("Item")
_END = object()


@dataclass(frozen=True)
class VideoSettings:
    """Which frames of a clip, and how large.

    Attributes:
        start, end: seconds into the clip to begin at, and to stop before.
        seconds: stop after this long (required for cameras and endless streams).
        fps: at most this many frames per second, by leaving frames out; for a folder of
            pictures, the rate at which they were taken.
        max_side: shrink pictures so that the longer side has at most this many pixels.
    """

    start: float | None = None
    end: float | None = None
    seconds: float | None = None
    fps: float | None = None
    max_side: int | None = None

    def __post_init__(self) -> None:
        for name in ("end", "seconds", "fps", "max_side"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"'{name}' must be positive", found=str(value))
        if self.start is not None and self.start < 0:
            raise InputError("'start' must not be negative", found=str(self.start))
        if self.end is not None and self.end <= (self.start or 0):
            raise InputError(
                "the part to read is empty", expected="end after start", found=f"end {self.end}"
            )
        if self.max_side is not None and self.max_side < SMALLEST_SIDE:
            raise InputError(
                "'max_side' is too small to see a person",
                expected=f"at least {SMALLEST_SIDE}",
                found=str(self.max_side),
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """The second to begin at and the one to stop before, infinite where nobody says."""
        start, endless = self.start or 0.0, float("inf")
        after = endless if self.seconds is None else start + self.seconds
        return start, min(endless if self.end is None else self.end, after)


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture.

    Attributes:
        time_s: when it is shown, in seconds from the clip's start.
        image: (H, W, 3) uint8 RGB, upright, possibly shrunk.
    """

    time_s: float
    image: np.ndarray


class FrameSource(Protocol):
    """Where frames come from. `size`, `fps` and `faults` are complete after iteration.

    Attributes:
        size: (width, height) of the upright, unshrunk picture.
        expected: how many frames will probably come, if known.
        faults: what was missing or damaged, in words.
    """

    name: str
    size: tuple[int, int]
    fps: float | None
    expected: int | None
    faults: list[str]

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...


class Thinning:
    """Leaves frames out so that no more than `fps` come per second; times stay true."""

    def __init__(self, fps: float | None) -> None:
        self._fps = fps
        self._last = -1

    def takes(self, time_s: float) -> bool:
        if self._fps is None:
            return True
        tick = int(np.floor(time_s * self._fps + 1e-3))
        if tick <= self._last:
            return False
        self._last = tick
        return True


def source_name(clip: str | Path) -> str:
    """What to call a clip in files and messages: no folders, no credentials."""
    text = str(clip)
    if "://" in text:
        parts = address_of(text)
        return f"{parts.hostname or ''}{parts.path}"
    return text if CAMERA.match(text) else Path(text).name


def shrinking(size: tuple[int, int], max_side: int | None) -> float:
    return min(1.0, max_side / max(size)) if max_side else 1.0


def check_size(name: str, size: tuple[int, int]) -> None:
    if min(size) < SMALLEST_SIDE:
        raise InputError(
            f"{name}: the picture is too small to see a person",
            expected=f"at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels",
            found=f"{size[0]} x {size[1]}",
        )


def read_ahead(items: Iterable[Item], depth: int = 8) -> Iterator[Item]:
    """The same items in order, produced up to `depth` ahead in a thread of their own.

    An error of the producer is raised to the consumer in its place; a consumer that stops early
    stops the producer.
    """
    ready: queue.Queue[object] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def hand_over(item: object) -> None:
        while not stopped.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for item in items:
                hand_over(item)
                if stopped.is_set():
                    return
            hand_over(_END)
        except BaseException as error:  # handed over, whatever it is
            hand_over(_Failure(error))

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
