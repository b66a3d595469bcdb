"""Stretches of time: found with hysteresis, joined, shortened, kept where a path keeps calm.

All in frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.describe.thresholds import Band

_STROKE_S = 1.0  # over this time most strokes to and fro lead nowhere


@dataclass(frozen=True)
class FrameSpan:
    """Frames `start` to `stop` (exclusive)."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def overlap(self, other: FrameSpan) -> int:
        return max(0, min(self.stop, other.stop) - max(self.start, other.start))

    def of(self, values: np.ndarray) -> np.ndarray:
        """What lies inside, along the last axis."""
        return values[..., self.start : self.stop]


def spans(mask: np.ndarray) -> list[FrameSpan]:
    """The runs of true in a (T,) mask."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [FrameSpan(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def above(values: np.ndarray, band: Band) -> list[FrameSpan]:
    """Where values rise to `enter` and until they fall below `leave` (NaN ends a run)."""
    with np.errstate(invalid="ignore"):
        kept = spans(values >= min(band.enter, band.leave))
    return [span for span in kept if np.nanmax(span.of(values)) >= band.enter]


def below(values: np.ndarray, band: Band) -> list[FrameSpan]:
    """Where values fall to `enter` and until they rise beyond `leave`."""
    return above(-values, Band(-band.enter, -band.leave))


def join(found: list[FrameSpan], gap: int) -> list[FrameSpan]:
    """Runs closer than `gap` frames become one."""
    joined: list[FrameSpan] = []
    for span in found:
        if joined and span.start - joined[-1].stop <= gap:
            joined[-1] = FrameSpan(joined[-1].start, max(span.stop, joined[-1].stop))
        else:
            joined.append(span)
    return joined


def at_least(found: list[FrameSpan], frames: float) -> list[FrameSpan]:
    return [span for span in found if len(span) >= frames]


def common(first: list[FrameSpan], second: list[FrameSpan]) -> list[FrameSpan]:
    """The stretches that lie in both lists."""
    return [
        FrameSpan(max(a.start, b.start), min(a.stop, b.stop))
        for a in first
        for b in second
        if a.overlap(b)
    ]


def slow(found: list[FrameSpan], path: np.ndarray, rate: float, limit: float) -> list[FrameSpan]:
    """Those in which the typical speed of a (C, T) path is below the limit, units per second."""
    speed = np.full(path.shape[1], np.nan)
    speed[1:-1] = drift(path, 2, rate)
    return [span for span in found if _mostly(span.of(speed), limit)]


def staying(found: list[FrameSpan], path: np.ndarray, rate: float, limit: float) -> list[FrameSpan]:
    """Those in which a (C, T) path leads away at less than the limit, units per second.

    Strokes to and fro are fast, but over a second, or half a shorter span, lead nowhere.
    """
    kept = []
    for span in found:
        step = max(1, min(int(rate * _STROKE_S), len(span) // 2))
        if _mostly(drift(span.of(path), step, rate), limit):
            kept.append(span)
    return kept


def drift(path: np.ndarray, step: int, rate: float) -> np.ndarray:
    """Speed (T - step,) at which a (C, T) path leads away within `step` frames."""
    return np.linalg.norm(path[:, step:] - path[:, :-step], axis=0) * rate / step


def _mostly(values: np.ndarray, limit: float) -> bool:
    """Whether the typical of the measured values is below the limit."""
    measured = values[np.isfinite(values)]
    return bool(len(measured) and np.median(measured) < limit)
