"""Small helpers of the JSON readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgskel.formats.faults import Faults


def number_rows(
    rows: Sequence[Any], width: int, faults: Faults, place: str, remedy: str = "write it again"
) -> np.ndarray | None:
    """Nested or flat numbers as (n, width) float32; none, with a fault, where they are not."""
    try:
        values = np.array(rows, dtype=np.float32)
    except (TypeError, ValueError):
        faults.add(
            place, f"rows of {width} numbers", "other values, or rows of unequal length", remedy
        )
        return None
    if values.size % width or (values.ndim == 2 and values.shape[1] != width) or values.ndim > 2:
        faults.add(place, f"rows of {width} numbers", f"shape {values.shape}", remedy)
        return None
    return values.reshape(-1, width)
