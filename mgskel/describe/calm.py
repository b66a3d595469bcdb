"""How fast a point moves, and when it keeps calm."""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.intervals import Span


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
