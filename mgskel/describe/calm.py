"""How fast a point moves, and when it keeps calm."""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.intervals import Span

_STROKE_S = 1.0  # over this time most strokes to and fro lead nowhere


def slow_spans(found_spans: list[Span], speed: np.ndarray, limit: float) -> list[Span]:
    """Those in which the typical of the measured speeds is below the limit."""
    kept = []
    for span in found_spans:
        measured = speed[span.start : span.stop]
        measured = measured[np.isfinite(measured)]
        if len(measured) and np.median(measured) < limit:
            kept.append(span)
    return kept


def speed_of(body: Body, offset: np.ndarray) -> np.ndarray:
    """Speed (T,) of a (C, T) path, in shoulder widths per second."""
    speed = np.full(body.num_frames, np.nan)
    speed[1:-1] = np.linalg.norm(offset[:, 2:] - offset[:, :-2], axis=0) * body.rate / 2
    return speed


def staying(body: Body, found_spans: list[Span], offset: np.ndarray, limit: float) -> list[Span]:
    """Those in which a (C, T) path leads away at less than the limit.

    Strokes to and fro are fast, but over a second, or half a shorter span, lead nowhere.
    """
    kept = []
    for span in found_spans:
        inside = offset[:, span.start : span.stop]
        step = max(1, min(int(body.rate * _STROKE_S), len(span) // 2))
        moved = np.linalg.norm(inside[:, step:] - inside[:, :-step], axis=0) * body.rate / step
        moved = moved[np.isfinite(moved)]
        if len(moved) and np.median(moved) < limit:
            kept.append(span)
    return kept
