"""A hand above the head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mgskel.describe.intervals import above
from mgskel.describe.kinds import Kind, detects
from mgskel.describe.thresholds import Band, limits

OVERHEAD = Kind(
    "own_overhead",
    unit="shoulder widths",
    says="{part} was above the head",
    rank=2.0,
    needs=("nose", "left_wrist"),
)


@limits("own_overhead")
@dataclass(frozen=True)
class OverheadLimits:
    height: Band = Band(0.3, 0.2)  # of the wrist above the nose


@detects(OVERHEAD)
def overhead(body: Any, thresholds: Any) -> Iterator[Any]:
    seen = ("left_wrist", "nose")
    height = body.slow["nose"][1] - body.slow["left_wrist"][1]  # (T,); axis 1 points down
    for span in above(height, thresholds.of(OverheadLimits).height):
        value = span.of(height).max()
        yield OVERHEAD.found(body, span, ("left_hand",), "left", value, "overhead", scored=seen)
