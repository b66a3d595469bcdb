"""What a gesture adds up to, over a recording and over each stretch of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.study.observability import Observability

_NAN = float("nan")


def _covered(events: Sequence[GestureEvent], start_s: float, end_s: float) -> float:
    """Seconds of a stretch in which any of the events runs."""
    total, until = 0.0, start_s
    for event in sorted(events, key=lambda e: e.start_s):
        a, b = max(event.start_s, until), min(event.end_s, end_s)
        if b > a:
            total, until = total + b - a, b
    return total


def summed(
    events: Sequence[GestureEvent], seen: Observability, visible: np.ndarray
) -> tuple[object, ...]:
    seconds = seen.seconds(visible)
    begin = float(seen.times[0]) if len(seen.times) else 0.0
    lengths = [event.duration_s for event in events]
    total = _covered(events, 0.0, math.inf)
    return (
        len(events),
        round(seconds, 3),
        round(len(events) / seconds * 60, 4) if seconds else _NAN,
        round(total, 3),
        round(float(np.mean(lengths)), 4) if lengths else _NAN,
        round(float(np.std(lengths, ddof=1)), 4) if len(lengths) > 1 else _NAN,
        round(min(total / seconds, 1.0), 5) if seconds else _NAN,
        round(max(min(e.start_s for e in events) - begin, 0.0), 3) if events else _NAN,
    )


def binned(
    events: Sequence[GestureEvent], seen: Observability, visible: np.ndarray, bin_s: float
) -> list[tuple[object, ...]]:
    """Bins from the recording's start; an event counts in the bin in which it begins."""
    begin = float(seen.times[0]) if len(seen.times) else 0.0
    end = begin + seen.recorded_s
    number = max(1, math.ceil(seen.recorded_s / bin_s - 1e-9))
    cells: list[tuple[object, ...]] = []
    for index in range(number):
        start, stop = begin + index * bin_s, min(begin + (index + 1) * bin_s, end)
        last = index == number - 1
        count = sum(start <= e.start_s and (e.start_s < stop or last) for e in events)
        seconds = seen.seconds(visible, start, math.inf if last else stop)
        rate = round(count / seconds * 60, 4) if seconds else _NAN
        cells.append(
            (index + 1, round(start, 3), round(stop, 3), count,
             round(_covered(events, start, math.inf if last else stop), 3), round(seconds, 3), rate)
        )  # fmt: skip
    return cells
