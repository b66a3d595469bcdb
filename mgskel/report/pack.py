"""Numbers made small enough to travel inside a page.

Each series over time is stored as differences between neighbours, the high bytes of all before
the low bytes, compressed. A browser undoes it in milliseconds (`page/data.js`).
"""

from __future__ import annotations

import base64
import gzip
from typing import TypedDict

import numpy as np

MISSING = 65535
STEPS = 4000
"""Coordinates are rounded to this many steps of the longer side: a third of a pixel in HD."""


class Packed(TypedDict):
    """What the page receives: the element type, (series, steps), and the content."""

    type: str
    shape: list[int]
    data: str


def pack(values: np.ndarray) -> Packed:
    """Pack unsigned integers, (series, steps), as uint8 or uint16."""
    if values.dtype not in (np.uint8, np.uint16) or values.ndim != 2:
        raise ValueError(f"pack takes (series, steps) of uint8 or uint16, not {values.dtype}")
    steps = values.copy()
    # Unsigned differences wrap around, and adding them up again wraps back.
    steps[:, 1:] -= values[:, :-1]
    if values.dtype == np.uint16:
        planes = np.stack([steps >> 8, steps & 0xFF]).astype(np.uint8)
    else:
        planes = steps
    # mtime=0: equal recordings give equal pages.
    content = gzip.compress(planes.tobytes(), compresslevel=6, mtime=0)
    return {
        "type": values.dtype.name,
        "shape": list(values.shape),
        "data": base64.b64encode(content).decode("ascii"),
    }


def unpack(packed: Packed) -> np.ndarray:
    """What the page does, for tests."""
    raw = np.frombuffer(gzip.decompress(base64.b64decode(packed["data"])), np.uint8)
    if packed["type"] == "uint16":
        high, low = raw.reshape(2, *packed["shape"]).astype(np.uint16)
        steps = (high << 8) | low
    else:
        steps = raw.reshape(packed["shape"])
    return np.cumsum(steps, axis=1, dtype=packed["type"])


def pack_points(points: np.ndarray, low: np.ndarray, longest: float) -> Packed:
    """Pack 2-D points (M, T, V, 2) as series of x and y per person and joint; NaN is MISSING."""
    with np.errstate(invalid="ignore"):
        scaled = np.clip((points - low) / longest * STEPS, 0, MISSING - 1)
    steps = np.where(np.isfinite(scaled), np.rint(scaled), MISSING).astype(np.uint16)
    people, frames, joints, _ = points.shape
    return pack(steps.transpose(0, 2, 3, 1).reshape(people * joints * 2, frames))


def pack_shares(values: np.ndarray) -> Packed:
    """Pack shares in 0..1, (series, steps), to 1/255."""
    return pack(np.rint(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8))
