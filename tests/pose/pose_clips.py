"""Clips made on the spot, and an estimator that sees squares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.skeleton import skeleton_from_dict
from mgskel.pose.estimator import Detection, estimator

SIZE = (64, 48)


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    fps: int = 20,
    codec: str = "mpeg4",
    times_ms: Sequence[int] | None = None,
) -> Path:
    """Encode (H, W, 3) RGB pictures; `times_ms` makes the frame rate vary."""
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 2_000_000
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times_ms is not None:
                frame.pts = times_ms[index]
                frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def square_pictures(
    count: int, size: tuple[int, int] = SIZE, speed: float = 0.5
) -> Iterable[np.ndarray]:
    """A bright square that wanders to the right on a dark ground."""
    width, height = size
    for index in range(count):
        picture = np.full((height, width, 3), 20, np.uint8)
        left = int(5 + speed * index) % max(width - 16, 1)
        picture[height // 4 : height // 4 + 16, left : left + 12] = 230
        yield picture


@dataclass(frozen=True)
class SquareSettings:
    fails_at: int | None = None


@estimator("square", settings=SquareSettings)
class SquareEstimator:
    """Finds the bright square: its four corners and its middle."""

    batch_size = 4

    def __init__(self, settings: SquareSettings | None = None, threads: int | None = None) -> None:
        fails_at = settings.fails_at if settings else None
        self.skeleton = skeleton_from_dict(
            {
                "name": "square",
                "root": "middle",
                "joints": ["middle", "left_top", "right_top", "left_bottom", "right_bottom"],
                "bones": {
                    "left_top": "middle",
                    "right_top": "middle",
                    "left_bottom": "middle",
                    "right_bottom": "middle",
                },
            }
        )
        self.identity = {"name": "square", "fails_at": fails_at}
        self._fails_at = fails_at
        self._count = 0

    def reset(self) -> None:
        self._count = 0

    def close(self) -> None:
        pass

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        return [self._one(image) for image in images]

    def _one(self, image: np.ndarray) -> list[Detection]:
        self._count += 1
        if self._fails_at is not None and self._count > self._fails_at:
            raise RuntimeError("the lens fell off")
        rows, columns = np.nonzero(image.mean(-1) > 128)
        if not len(rows):
            return []
        left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
        middle = ((left + right) / 2, (top + bottom) / 2)
        points = [middle, (left, top), (right, top), (left, bottom), (right, bottom)]
        return [Detection(np.array(points, np.float32), np.full(5, 0.9, np.float32))]
