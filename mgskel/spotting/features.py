"""What the spotting network sees of a recording: body coordinates, from the past alone.

Origin and scale come from a trailing window, so that a frame looks the same whether the rest of
the recording is known or still to come. The grid has one fixed rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.sequence import PoseSequence
from mgskel.skeleton import Skeleton, get_skeleton

CHANNELS = 6
"""Place from the neck, speed, and distance from the joint's own usual place; x and y of each."""
_LIMIT = 8.0
_EVERY = 5


@dataclass(frozen=True)
class FeatureSettings:
    """How recordings are shown to the network.

    Attributes:
        layout: joints; those that a source lacks are masked.
        rate_hz: frames per second of the grid.
        memory_s: how far back scale and usual places look.
    """

    layout: str = "upper"
    rate_hz: float = 15.0
    memory_s: float = 8.0

    @property
    def skeleton(self) -> Skeleton:
        return get_skeleton(self.layout)


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
    start = float(grid.timestamps[0]) if grid.num_frames else 0.0
    return [
        Features(*person_features(points, settings), start, settings.rate_hz)
        for points in grid.keypoints
    ]


def on_grid(sequence: PoseSequence, settings: FeatureSettings) -> PoseSequence:
    """The recording in the network's layout and rate, flat, with y downwards."""
    flat = sequence.to_skeleton(settings.skeleton, allow_missing=True)
    points = flat.keypoints[..., :2]
    if flat.unit == "metre":
        points = points * np.array([1, -1], np.float32)
    elif flat.unit == "normalised" and flat.frame_size:
        points = points * np.array(flat.frame_size, np.float32)
    flat = flat.replace(keypoints=points)
    return flat if abs(flat.fps - settings.rate_hz) < 1e-6 else flat.resampled(settings.rate_hz)


def person_features(points: np.ndarray, settings: FeatureSettings) -> tuple[np.ndarray, np.ndarray]:
    """Features (C, T, V) and mask (T, V) of points (T, V, 2) on the grid."""
    layout = settings.skeleton
    memory = max(1, round(settings.memory_s * settings.rate_hz))
    neck = layout.index("neck")
    left, right = layout.indices("left_shoulder", "right_shoulder")
    seen = np.isfinite(points).all(-1)
    width = np.linalg.norm(points[:, left] - points[:, right], axis=-1)
    scale = _held(_trailing(width[:, None], memory, 0.75)[:, 0])
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, np.nan)[:, None, None]
    usual = _trailing(points.reshape(len(points), -1), memory, 0.5).reshape(points.shape)
    step = np.full_like(points, np.nan)
    step[1:] = (points[1:] - points[:-1]) * settings.rate_hz
    # Where a joint has just appeared its speed is unknown, not infinite.
    step = np.where(np.isfinite(step), step, 0)
    centre = points[:, neck : neck + 1]
    centre = np.where(np.isfinite(centre), centre, usual[:, neck : neck + 1])
    parts = [(points - centre) / scale, step / scale, (points - usual) / scale]
    values = np.concatenate(parts, axis=-1)
    mask = seen & np.isfinite(values).all(-1)
    values = np.where(mask[..., None], np.clip(values, -_LIMIT, _LIMIT), 0)
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32), mask


def _trailing(values: np.ndarray, memory: int, quantile: float) -> np.ndarray:
    """Quantile of each column over about the last `memory` rows, gaps left out, (T, K).

    Every fifth row stands for its neighbours: what changes within a third of a second is no
    habit, and the rest is five times as fast twice over.
    """
    import pandas

    some = pandas.DataFrame(values[::_EVERY])
    window = max(1, memory // _EVERY)
    coarse = some.rolling(window, min_periods=1).quantile(quantile).to_numpy()
    return np.repeat(coarse, _EVERY, axis=0)[: len(values)]


def _held(values: np.ndarray) -> np.ndarray:
    """Gaps take the last value before them; those at the beginning stay."""
    import pandas

    return pandas.Series(values).ffill().to_numpy()
