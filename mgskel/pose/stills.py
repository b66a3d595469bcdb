"""Frames that are pictures already: a folder of them, or arrays that somebody holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.storage.intake import open_file
from mgskel.pose.frames import ASSUMED_FPS, Frame, VideoSettings, check_size, shrinking

_PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm"})


class Stills:
    """Pictures of one size that follow each other; `fps` is theirs to be told."""

    expected: int | None

    def __init__(self, name: str, settings: VideoSettings, without_rate: str) -> None:
        self.name = name
        self.rate = settings.fps or ASSUMED_FPS
        self.fps: float | None = self.rate
        self.size: tuple[int, int] = (0, 0)
        self.faults: list[str] = []
        self.settings = settings
        if settings.fps is None:
            self.faults.append(f"{without_rate}: {ASSUMED_FPS:g} taken")

    def pictures(self) -> Iterator[tuple[int, str, np.ndarray]]:
        """Number, name and content (H, W, 3) uint8 RGB of each that is wanted."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held open."""

    def __iter__(self) -> Iterator[Frame]:
        for number, place, image in self.pictures():
            height, width = image.shape[:2]
            if self.size == (0, 0):
                check_size(self.name, (width, height))
                self.size = (width, height)
            elif self.size != (width, height):
                raise InputError(
                    f"{self.name}: pictures of different sizes are not one clip",
                    place=place,
                    expected=f"{self.size[0]} x {self.size[1]}",
                    found=f"{width} x {height}",
                )
            yield Frame(number / self.rate, _shrunk(image, self.settings.max_side))


class Pictures(Stills):
    """The pictures of a folder, 'img2.png' before 'img10.png'."""

    def __init__(self, folder: Path, settings: VideoSettings) -> None:
        super().__init__(folder.name, settings, "no --fps given for a folder of pictures")
        files = sorted(list_pictures(folder), key=natural_key)
        if not files:
            raise InputError(
                f"no pictures in the folder '{folder.name}'",
                expected="files ending in " + ", ".join(sorted(_PICTURE_ENDINGS)),
            )
        start, end = settings.bounds
        self._files = [(i, file) for i, file in enumerate(files) if start <= i / self.rate < end]
        if not self._files:
            raise InputError(
                f"{self.name}: the part to read holds no picture",
                expected=f"a part of 0 to {len(files) / self.rate:.2f} s",
                found=f"{start} to {end} s",
            )
        self.expected = len(self._files)

    def pictures(self) -> Iterator[tuple[int, str, np.ndarray]]:
        unreadable = 0
        for number, file in self._files:
            image = _read_picture(file)
            if image is None:
                unreadable += 1
            else:
                yield number, file.name, image
        if unreadable == len(self._files):
            raise InputError(f"{self.name}: none of its {unreadable} pictures can be read")
        if unreadable:
            self.faults.append(f"{unreadable} pictures could not be read and were left out")


class Arrays(Stills):
    """(T, H, W, 3) uint8 RGB, or an iterable of (H, W, 3).

    Pictures may come one by one and without end, such as those of a camera.
    """

    def __init__(self, given: np.ndarray | Iterable[np.ndarray], settings: VideoSettings) -> None:
        super().__init__("frames", settings, "no fps given for frames")
        self.expected = len(given) if isinstance(given, np.ndarray | list | tuple) else None
        self._given = given

    def pictures(self) -> Iterator[tuple[int, str, np.ndarray]]:
        start, end = self.settings.bounds
        for number, picture in enumerate(self._given):
            if number / self.rate >= end:
                return
            if number / self.rate >= start:
                place, image = f"frame {number}", np.asarray(picture)
                if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                    raise InputError(
                        "this is no picture",
                        place=place,
                        expected="(height, width, 3) uint8, RGB",
                        found=f"{image.shape} {image.dtype}",
                    )
                yield number, place, np.ascontiguousarray(image)


def list_pictures(folder: Path) -> list[Path]:
    return [
        p for p in folder.iterdir() if p.suffix.lower() in _PICTURE_ENDINGS and p.name[0] != "."
    ]


def natural_key(path: Path) -> tuple[object, ...]:
    """Numbers in names count as numbers: frame2 comes before frame10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def _read_picture(file: Path) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB, turned as the camera's orientation tag says; none if unreadable."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with open_file(file, "picture") as content, Image.open(content) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, OSError, InputError):
        return None


def _shrunk(image: np.ndarray, max_side: int | None) -> np.ndarray:
    height, width = image.shape[:2]
    scale = shrinking((width, height), max_side)
    if scale == 1:
        return image
    from PIL import Image

    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
