"""How fast a point moves, and when it keeps calm."""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.intervals import Span

_STROKE_S = 1.0  # over this time most strokes to and fro lead nowhere


def slow_spans(found_spans: list[Span], speed: np.ndarray, limit: float) -> list[Span]:
    """Those in which the typical of the measured speeds is below the limit."""
    return [span for span in found_spans if _mostly(speed[span.start : span.stop], limit)]


def speed_of(body: Body, offset: np.ndarray) -> np.ndarray:
    """Speed (T,) of a (C, T) path, in shoulder widths per second."""
    speed = np.full(body.num_frames, np.nan)
    speed[1:-1] = drift(offset, 2, body.rate)
    return speed


def drift(path: np.ndarray, step: int, rate: float) -> np.ndarray:
    """Speed (T - step,) at which a (C, T) path leads away within `step` frames."""
    return np.linalg.norm(path[:, step:] - path[:, :-step], axis=0) * rate / step


def staying(body: Body, found_spans: list[Span], offset: np.ndarray, limit: float) -> list[Span]:
    """Those in which a (C, T) path leads away at less than the limit.

    Strokes to and fro are fast, but over a second, or half a shorter span, lead nowhere.
    """
    kept = []
    for span in found_spans:
        inside = offset[:, span.start : span.stop]
        step = max(1, min(int(body.rate * _STROKE_S), len(span) // 2))
        if _mostly(drift(inside, step, body.rate), limit):
            kept.append(span)
    return kept


def _mostly(values: np.ndarray, limit: float) -> bool:
    """Whether the typical of the measured values is below the limit."""
    measured = values[np.isfinite(values)]
    return bool(len(measured) and np.median(measured) < limit)
