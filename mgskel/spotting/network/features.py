"""What the spotting network sees of a recording: body coordinates, from the past alone.

Origin and scale come from a trailing window, so that a frame looks the same whether the rest of
the recording is known or still to come. The grid has one fixed rate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgskel.core.body_scale import FRONTAL, shoulder_distances
from mgskel.core.config import Between
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.spotting.network.grid import grid_length, grid_part

CHANNELS = 6
"""Place from the neck, speed, and distance from the joint's own usual place; x and y of each."""
_LIMIT = 8.0
EVERY = 5
_BLOCK = 100 * EVERY


@dataclass(frozen=True)
class FeatureSettings:
    """How recordings are shown to the network.

    Attributes:
        layout: joints; those that a source lacks are masked.
        rate_hz: frames per second of the grid.
        memory_s: how far back scale and usual places look.
    """

    layout: str = "upper"
    rate_hz: Annotated[float, Between(1, 240)] = 15.0
    memory_s: Annotated[float, Between(0.1, 600)] = 8.0

    @property
    def skeleton(self) -> Skeleton:
        return get_skeleton(self.layout)


@dataclass(frozen=True)
class StreamInput:
    """What a network that follows streams is shown, and how soon it answers.

    Attributes:
        lookahead_s: how much of the future an answer may have seen, about.
    """

    features: FeatureSettings = FeatureSettings()
    lookahead_s: Annotated[float, Between(0, 60)] = 0.2


@dataclass(frozen=True, eq=False)
class Features:
    """One person's grid.

    Attributes:
        values: (C, T, V) float32, 0 where missing.
        mask: (T, V) bool.
        start_s: time of the first grid frame.
    """

    values: np.ndarray
    mask: np.ndarray
    start_s: float
    rate_hz: float

    @property
    def num_frames(self) -> int:
        return self.values.shape[1]


def features_of(
    sequence: PoseSequence, settings: FeatureSettings = FeatureSettings()
) -> list[Features]:
    """The features of each person of a recording."""
    grid = on_grid(sequence, settings)
    return [
        Features(*person_features(points, settings), grid.start_s, settings.rate_hz)
        for points in grid.keypoints
    ]


def on_grid(
    sequence: PoseSequence,
    settings: FeatureSettings,
    start: int = 0,
    stop: int | None = None,
    person: int | None = None,
) -> PoseSequence:
    """The recording in the network's layout and rate, flat, with y downwards.

    Args:
        start, stop: only these moments of the grid.
        person: only this one.
    """
    stop = grid_length(sequence, settings.rate_hz) if stop is None else stop
    return grid_part(sequence, settings.rate_hz, start, stop, settings.skeleton, person)


def person_features(points: np.ndarray, settings: FeatureSettings) -> tuple[np.ndarray, np.ndarray]:
    """Features (C, T, V) and mask (T, V) of points (T, V, 2) on the grid."""
    values = np.zeros((CHANNELS, *points.shape[:2]), np.float32)
    mask = np.zeros(points.shape[:2], bool)
    blocks = FeatureBlocks(settings)
    for start in range(0, len(points), _BLOCK):
        block = slice(start, start + _BLOCK)
        values[:, block], mask[block] = blocks.push(points[block])
    return values, mask


class FeatureBlocks:
    """`person_features`, one block of frames after the other.

    Of the frames before a block only those are kept that its features look back on.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self._before = np.zeros((0, settings.skeleton.num_joints, 2), np.float32)
        self._scale = np.nan

    def push(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (C, T, V) and mask (T, V) of the next points (T, V, 2).

        T must be a multiple of `EVERY` in all blocks but the last.
        """
        rows, known = habits(self.settings), len(self._before)
        joined = np.concatenate([self._before, points])
        usual = _trailing(joined.reshape(len(joined), -1), rows, 0.5)[known:]
        widths = _trailing(_widths(joined, self.settings.skeleton), rows, FRONTAL)[known:, 0]
        scale = _held(np.concatenate([[self._scale], widths]))[1:]
        # Of the very first frame the speed is not known.
        last = joined[known - 1] if known else np.full(points.shape[1:], np.nan)
        step = np.diff(points, axis=0, prepend=last[None].astype(points.dtype))
        self._before = joined[-rows * EVERY :]
        if len(scale):
            self._scale = scale[-1]
        return assemble(points, step, usual.reshape(points.shape), scale, self.settings)


def habits(settings: FeatureSettings) -> int:
    """How many of every fifth frames usual places and scale look back on."""
    return max(1, round(settings.memory_s * settings.rate_hz) // EVERY)


def assemble(
    points: np.ndarray,
    step: np.ndarray,
    usual: np.ndarray,
    scale: np.ndarray,
    settings: FeatureSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Features (C, T, V) and mask (T, V) of places, ways since the frame before and usual places
    (T, V, 2), in shoulder widths (T,)."""
    neck = settings.skeleton.index("neck")
    unit = np.where(np.isfinite(scale) & (scale > 0), scale, np.nan)[:, None, None]
    # Where a joint has just appeared its speed is unknown, not infinite.
    speed = np.where(np.isfinite(step), step, 0) * settings.rate_hz
    centre = points[:, neck : neck + 1]
    centre = np.where(np.isfinite(centre), centre, usual[:, neck : neck + 1])
    parts = [(points - centre) / unit, speed / unit, (points - usual) / unit]
    values = np.concatenate(parts, axis=-1)
    mask = np.isfinite(points).all(-1) & np.isfinite(values).all(-1)
    values = np.where(mask[..., None], np.clip(values, -_LIMIT, _LIMIT), 0)
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32), mask


class FeatureStream:
    """`person_features`, frame by frame."""

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self._rows: deque[np.ndarray] = deque(maxlen=habits(settings))
        self._widths: deque[np.ndarray] = deque(maxlen=habits(settings))
        self._usual: np.ndarray = np.zeros(0)
        self._scale = np.nan
        self._before: np.ndarray | None = None
        self._count = 0

    def push(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (C, V) and mask (V,) of the next frame (V, 2)."""
        if self._count % EVERY == 0:
            self._rows.append(points.reshape(-1))
            self._widths.append(_widths(points[None], self.settings.skeleton)[0])
            self._usual = quantile(np.stack(self._rows), 0.5).reshape(points.shape)
            width = float(quantile(np.stack(self._widths), FRONTAL)[0])
            self._scale = width if np.isfinite(width) else self._scale
        self._count += 1
        step = np.full_like(points, np.nan) if self._before is None else points - self._before
        self._before = points
        values, mask = assemble(
            points[None], step[None], self._usual[None], np.array([self._scale]), self.settings
        )
        return values[:, 0], mask[0]


def _widths(points: np.ndarray, layout: Skeleton) -> np.ndarray:
    """Distance between the shoulders, (T, 1)."""
    return shoulder_distances(points, layout)[:, None]


def _trailing(values: np.ndarray, rows: int, share: float) -> np.ndarray:
    """Quantile of each column over the last `rows` of every fifth row, gaps left out, (T, K).

    Every fifth row stands for its neighbours: what changes within a third of a second is no
    habit, and the rest is five times as fast twice over.
    """
    some = values[::EVERY]
    if not len(some):
        return np.zeros(values.shape)
    padded = np.concatenate([np.full((rows - 1, some.shape[1]), np.nan, some.dtype), some])
    windows = np.lib.stride_tricks.sliding_window_view(padded, rows, axis=0)
    coarse = [quantile(windows[i : i + _BLOCK], share, -1) for i in range(0, len(some), _BLOCK)]
    return np.repeat(np.concatenate(coarse), EVERY, axis=0)[: len(values)]


def quantile(values: np.ndarray, share: float, axis: int = 0) -> np.ndarray:
    """Quantile along an axis, gaps (NaN) left out; NaN where there is nothing else."""
    ranked = np.moveaxis(np.sort(values.astype(np.float64), axis=axis), axis, 0)
    last = np.isfinite(ranked).sum(0) - 1
    place = np.maximum(last, 0) * share
    low = place.astype(int)
    high = np.minimum(low + 1, np.maximum(last, 0))
    below = np.take_along_axis(ranked, low[None], 0)[0]
    above = np.take_along_axis(ranked, high[None], 0)[0]
    return np.asarray(below + (above - below) * (place - low))


def _held(values: np.ndarray) -> np.ndarray:
    """Gaps take the last value before them; those at the beginning stay."""
    known = np.where(np.isfinite(values), np.arange(len(values)), 0)
    return np.asarray(values[np.maximum.accumulate(known)])


def window_of(
    array: np.ndarray, start: int, size: int, axis: int, held: bool = False
) -> np.ndarray:
    """`size` frames from `start` on, zero outside the array.

    Args:
        held: before the first frame, that frame is there.
    """
    frames, last = np.arange(start, start + size), array.shape[axis] - 1
    window = array.take(frames.clip(0, last), axis)
    outside = (frames > last) | ((frames < 0) & (not held))
    np.moveaxis(window, axis, 0)[outside] = 0
    return window
