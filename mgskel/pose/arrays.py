"""Frames that somebody holds already: arrays in place of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mgskel.core.errors import InputError
from mgskel.pose.frames import ASSUMED_FPS, Frame, VideoSettings, check_size


class Arrays:
    """(T, H, W, 3) uint8 RGB, or an iterable of (H, W, 3); `fps` is theirs to be told.

    Pictures may come one by one and without end, such as those of a camera.
    """

    def __init__(
        self, pictures: np.ndarray | Iterable[np.ndarray], settings: VideoSettings
    ) -> None:
        self.name = "frames"
        self.faults: list[str] = []
        self.fps: float | None = settings.fps or ASSUMED_FPS
        self.expected = len(pictures) if isinstance(pictures, np.ndarray | list | tuple) else None
        self.size: tuple[int, int] = (0, 0)
        self._pictures, self._settings = pictures, settings
        if settings.fps is None:
            self.faults.append(f"no fps given for frames: {ASSUMED_FPS:g} taken")

    def close(self) -> None:
        """Nothing is held open."""

    def __iter__(self) -> Iterator[Frame]:
        start, rate = self._settings.start or 0.0, self.fps or ASSUMED_FPS
        end = self._settings.end if self._settings.end is not None else float("inf")
        if self._settings.seconds is not None:
            end = min(end, start + self._settings.seconds)
        for index, picture in enumerate(self._pictures):
            time_s = index / rate
            if time_s >= end:
                return
            if time_s >= start:
                yield Frame(time_s, self._checked(np.asarray(picture), index))

    def _checked(self, picture: np.ndarray, index: int) -> np.ndarray:
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise InputError(
                "this is no picture",
                place=f"frame {index}",
                expected="(height, width, 3) uint8, RGB",
                found=f"{picture.shape} {picture.dtype}",
            )
        height, width = picture.shape[:2]
        if self.size == (0, 0):
            check_size(self.name, (width, height))
            self.size = (width, height)
        elif self.size != (width, height):
            raise InputError(
                "pictures of different sizes are not one clip",
                place=f"frame {index}",
                expected=f"{self.size[0]} x {self.size[1]}",
                found=f"{width} x {height}",
            )
        return np.ascontiguousarray(picture)
