"""Stretches of time: found with hysteresis, joined, shortened, compared. All in frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Span:
    """Frames `start` to `stop` (exclusive)."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def overlap(self, other: Span) -> int:
        return max(0, min(self.stop, other.stop) - max(self.start, other.start))


def spans(mask: np.ndarray) -> list[Span]:
    """The runs of true in a (T,) mask."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [Span(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def above(values: np.ndarray, enter: float, leave: float) -> list[Span]:
    """Where values rise to `enter` and until they fall below `leave` (NaN ends a run)."""
    with np.errstate(invalid="ignore"):
        kept = spans(values >= min(enter, leave))
    return [span for span in kept if np.nanmax(values[span.start : span.stop]) >= enter]


def below(values: np.ndarray, enter: float, leave: float) -> list[Span]:
    """Where values fall to `enter` and until they rise beyond `leave`."""
    return above(-values, -enter, -leave)


def join(found: list[Span], gap: int) -> list[Span]:
    """Runs closer than `gap` frames become one."""
    joined: list[Span] = []
    for span in found:
        if joined and span.start - joined[-1].stop <= gap:
            joined[-1] = Span(joined[-1].start, max(span.stop, joined[-1].stop))
        else:
            joined.append(span)
    return joined


def at_least(found: list[Span], frames: float) -> list[Span]:
    return [span for span in found if len(span) >= frames]


def common(first: list[Span], second: list[Span]) -> list[Span]:
    """The stretches that lie in both lists."""
    shared = []
    for a in first:
        for b in second:
            if a.overlap(b):
                shared.append(Span(max(a.start, b.start), min(a.stop, b.stop)))
    return shared


def filled(values: np.ndarray) -> np.ndarray:
    """Lost values of (T,) replaced by straight lines, for filters that know no NaN."""
    good = np.isfinite(values)
    if good.all() or not good.any():
        return np.nan_to_num(values)
    frames = np.arange(len(values))
    return np.interp(frames, frames[good], values[good])
