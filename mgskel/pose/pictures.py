"""A folder of pictures as a clip: in natural order, at a stated rate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.pose.video import Frame, VideoSettings, check_size, shrinking

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm"})
_DEFAULT_FPS = 25.0


class Pictures:
    """Pictures 'img2.png' before 'img10.png', all of one size; `fps` is theirs to be told."""

    def __init__(self, folder: Path, settings: VideoSettings) -> None:
        self.name = folder.name
        self.faults: list[str] = []
        self._rate = settings.fps or _DEFAULT_FPS
        self.fps: float | None = self._rate
        self._max_side = settings.max_side
        self._files = self._chosen(folder, settings)
        self.expected: int | None = len(self._files)
        self.size: tuple[int, int] = (0, 0)
        if settings.fps is None:
            self.faults.append(f"no --fps given for a folder of pictures: {_DEFAULT_FPS:g} taken")

    def close(self) -> None:
        """Nothing is held open."""

    def __iter__(self) -> Iterator[Frame]:
        unreadable = 0
        for index, file in self._files:
            image = _read(file)
            if image is None:
                unreadable += 1
                continue
            height, width = image.shape[:2]
            if self.size == (0, 0):
                self.size = (width, height)
                check_size(self.name, self.size)
            elif self.size != (width, height):
                raise InputError(
                    f"{self.name}: pictures of different sizes are not one clip",
                    place=file.name,
                    expected=f"{self.size[0]} x {self.size[1]}",
                    found=f"{width} x {height}",
                )
            yield Frame(index / self._rate, _shrunk(image, self._max_side))
        if unreadable == len(self._files):
            raise InputError(f"{self.name}: none of its {unreadable} pictures can be read")
        if unreadable:
            self.faults.append(f"{unreadable} pictures could not be read and were left out")

    def _chosen(self, folder: Path, settings: VideoSettings) -> list[tuple[int, Path]]:
        files = sorted(list_pictures(folder), key=natural_key)
        if not files:
            raise InputError(
                f"no pictures in the folder '{folder.name}'",
                expected="files ending in " + ", ".join(sorted(ENDINGS)),
            )
        start = settings.start or 0.0
        end = settings.end if settings.end is not None else float("inf")
        if settings.seconds is not None:
            end = min(end, start + settings.seconds)
        chosen = [(i, file) for i, file in enumerate(files) if start <= i / self._rate < end]
        if not chosen:
            raise InputError(
                f"{self.name}: the part to read holds no picture",
                expected=f"a part of 0 to {len(files) / self._rate:.2f} s",
                found=f"{start} to {end} s",
            )
        return chosen


def list_pictures(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and p.name[0] != "."]


def natural_key(path: Path) -> tuple[object, ...]:
    """Numbers in names count as numbers: frame2 comes before frame10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _read(file: Path) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB, turned as the camera's orientation tag says; none if unreadable."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(file) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, OSError):
        return None


def _shrunk(image: np.ndarray, max_side: int | None) -> np.ndarray:
    height, width = image.shape[:2]
    scale = shrinking((width, height), max_side)
    if scale == 1:
        return image
    from PIL import Image

    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
