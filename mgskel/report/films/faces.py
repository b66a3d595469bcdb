"""Faces made unrecognisable, of the people who were tracked and of those who were not.

A face that is missed in one frame gives a person away in the whole video. So heads are taken from
the keypoints of everybody who was tracked and from MediaPipe's face detector, covered generously
and a moment longer than seen. Everything outside the surroundings of tracked people is coarsened,
for passers-by are nobody's keypoints and often too small for a detector; and a picture in which
no face is known is coarsened altogether.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from typing import Any

import numpy as np

from mgskel.core.body_scale import shoulder_width
from mgskel.core.sequence import PoseSequence

Head = tuple[float, float, float]
"""Centre and radius in pixels of the full frame."""

_HELD_S = 0.4
_BLOCKS = 5
_WHOLE_BLOCKS = 12
_AROUND_BLOCKS = 32
_ROOM = 0.6
"""Shoulder widths that a person's surroundings reach beyond the keypoints."""
_LEAST_CONFIDENCE = 0.3


class FaceBlur:
    """Takes faces out of one recording's pictures, in the order of time.

    Args:
        sequence: the recording's keypoints, in pixels; heads are looked up in it.
        detect: also use the face detector, where MediaPipe is installed.
    """

    def __init__(self, sequence: PoseSequence, detect: bool = True) -> None:
        usable = sequence.unit == "pixel" and sequence.frame_size is not None
        self._people = _People(sequence) if usable else None
        self._detector = _detector() if detect else None
        self._recent: deque[tuple[float, Head]] = deque()
        self.whole = 0
        """Pictures that were blurred altogether."""

    def __call__(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """An (H, W, 3) RGB picture without faces."""
        heads = self._people.heads(time_s, image.shape) if self._people else []
        heads += self._detected(image, time_s)
        if not heads:
            self.whole += 1
            return _pixelated(image, _WHOLE_BLOCKS)
        clear = _pixelated(image, _AROUND_BLOCKS)
        for box in self._people.boxes(time_s, image.shape) if self._people else []:
            clear[box] = image[box]
        for head in heads:
            _cover(clear, image, head)
        return clear

    def _detected(self, image: np.ndarray, time_s: float) -> list[Head]:
        """Faces that the detector finds now or found a moment ago."""
        if self._detector is None:
            return []
        while self._recent and not time_s - _HELD_S <= self._recent[0][0] <= time_s:
            self._recent.popleft()
        self._recent.extend((time_s, head) for head in _detected(self._detector, image))
        return [head for _, head in self._recent]

    def close(self) -> None:
        if self._detector is not None:
            self._detector.close()


class _People:
    """Heads and surroundings of everybody tracked, at any time: from the frames around it."""

    def __init__(self, sequence: PoseSequence) -> None:
        layout = sequence.skeleton
        self._points = sequence.keypoints
        self._head = [j for part in ("head", "face") for j in layout.parts.get(part, ())]
        self._times = sequence.timestamps
        self._width = (sequence.frame_size or (1, 1))[0]
        known = shoulder_width(sequence) if layout.has("left_shoulder") else None
        self._shoulders = np.full(sequence.num_people, np.nan) if known is None else known

    def _near(self, time_s: float, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Points (M, F, V, 2) and shoulders (M,) in pixels of a picture of this shape."""
        first, last = np.searchsorted(self._times, (time_s - _HELD_S, time_s + _HELD_S))
        # The picture may be smaller than it was when keypoints were estimated.
        scale = shape[1] / self._width
        return self._points[:, first:last, :, :2] * scale, self._shoulders * scale

    def heads(self, time_s: float, shape: tuple[int, ...]) -> list[Head]:
        points, shoulders = self._near(time_s, shape)
        found = []
        for person, width in zip(points[:, :, self._head], shoulders, strict=True):
            frames = [frame[np.isfinite(frame).all(-1)] for frame in person]
            circles = [_head_of(seen, float(width)) for seen in frames if len(seen)]
            if circles:
                found.append(_around(circles))
        return found

    def boxes(self, time_s: float, shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
        points, shoulders = self._near(time_s, shape)
        found = []
        for person, width in zip(points, shoulders, strict=True):
            seen = person[np.isfinite(person).all(-1)]
            if len(seen) and np.isfinite(width):
                low = np.maximum(seen.min(0) - _ROOM * width, 0).astype(int)
                high = np.maximum(seen.max(0) + _ROOM * width, 0).astype(int)
                found.append((slice(low[1], high[1] + 1), slice(low[0], high[0] + 1)))
        return found


def _head_of(points: np.ndarray, shoulders: float) -> Head:
    """A circle around the points of a head (n, 2), wide enough for hair and chin."""
    low, high = points.min(0), points.max(0)
    x, y = (low + high) / 2
    reach = float(np.linalg.norm(high - low))
    least = 0.42 * shoulders if np.isfinite(shoulders) else 0.0
    return float(x), float(y), max(1.1 * reach, least, 6.0)


def _around(heads: list[Head]) -> Head:
    """One circle over the places of one head."""
    x, y, radius = np.array(heads).T
    low = np.array([(x - radius).min(), (y - radius).min()])
    high = np.array([(x + radius).max(), (y + radius).max()])
    middle = (low + high) / 2
    return float(middle[0]), float(middle[1]), float((high - low).max() / 2)


def _detector() -> Any:
    if importlib.util.find_spec("mediapipe") is None:
        return None
    from mediapipe.python.solutions.face_detection import FaceDetection

    # The model for faces up to five metres away.
    return FaceDetection(model_selection=1, min_detection_confidence=_LEAST_CONFIDENCE)


def _detected(detector: Any, image: np.ndarray) -> list[Head]:
    height, width = image.shape[:2]
    found = []
    for face in detector.process(np.ascontiguousarray(image)).detections or []:
        box = face.location_data.relative_bounding_box
        x, y = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
        found.append((x, y, 0.85 * max(box.width * width, box.height * height)))
    return found


def _cover(target: np.ndarray, image: np.ndarray, head: Head) -> None:
    """Coarse blocks over one head of a picture, into the target."""
    x, y, radius = head
    left, top = max(int(x - radius), 0), max(int(y - radius), 0)
    where = slice(top, max(int(y + radius) + 1, 0)), slice(left, max(int(x + radius) + 1, 0))
    if image[where].size:
        target[where] = _pixelated(image[where], _BLOCKS)


def _pixelated(image: np.ndarray, blocks: int) -> np.ndarray:
    """The means of `blocks` x `blocks` rectangles: nothing finer remains."""
    rows = _edges(image.shape[0], blocks)
    columns = _edges(image.shape[1], blocks)
    sums = np.add.reduceat(np.add.reduceat(image.astype(np.uint32), rows, 0), columns, 1)
    heights, widths = _lengths(rows, image.shape[0]), _lengths(columns, image.shape[1])
    means = sums // (heights[:, None, None] * widths[None, :, None])
    return np.asarray(np.repeat(np.repeat(means, heights, 0), widths, 1).astype(image.dtype))


def _edges(length: int, blocks: int) -> np.ndarray:
    return np.unique(np.linspace(0, length, min(blocks, length) + 1)[:-1].astype(int))


def _lengths(starts: np.ndarray, length: int) -> np.ndarray:
    return np.diff(np.append(starts, length))
