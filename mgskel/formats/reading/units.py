"""Pixels, metres or neither: the unit of coordinates, by how large bodies are in it."""

from __future__ import annotations

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.sequence import UNITS

_EXTENTS = {"pixel": (3.0, 2e4), "metre": (0.02, 5.0), "normalised": (0.0, 50.0)}
_SAMPLED = 32  # frames that are looked at to judge the size of bodies
_SURE = 0.5  # score from which a joint's place counts against the picture size
_MOST_OUTSIDE = 0.75  # share of the found joints that may lie outside the picture
# Nobody is so tall, in metres, nor so small, in pixels.
_TALLEST_M = 2.6
_SMALLEST_PX = 20.0


def sure_points(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Some frames that stand for all, with NaN where nothing sure was seen, (M, T', V, C)."""
    step = max(1, points.shape[1] // _SAMPLED)
    points, scores = points[:, ::step], scores[:, ::step]
    sure = scores >= min(_SURE, float(scores.max(initial=0)))
    return np.where((sure & (scores > 0))[..., None] & np.isfinite(points), points, np.nan)


def guess_unit(points: np.ndarray) -> str:
    """The likely unit of points (..., V, C) that don't say, by dimensions and body size."""
    if points.ndim < 2 or points.dtype.kind not in "fiu":
        return "normalised"
    extent = body_extent(points)
    return likely_unit(extent, points.shape[-1]) if extent else "normalised"


def body_extent(points: np.ndarray, most: int = 500) -> float:
    """The typical largest extent of a body along an axis, over points (..., V, C)."""
    flat = points.reshape(-1, *points.shape[-2:])
    flat = flat[:: max(1, len(flat) // most)]
    if not flat.size:
        return 0.0
    flat = np.ascontiguousarray(flat.swapaxes(0, 1))  # reduced far quicker along the first axis
    with np.errstate(invalid="ignore"):  # infinite ones are refused elsewhere
        extents = np.fmax.reduce(flat) - np.fmin.reduce(flat)
    largest = np.fmax.reduce(extents, axis=1)
    largest = largest[np.isfinite(largest)]
    return float(np.median(largest)) if largest.size else 0.0


def likely_unit(extent: float, dims: int) -> str:
    if dims == 3:
        return "metre" if extent <= _TALLEST_M else "normalised"
    return "pixel" if extent >= _SMALLEST_PX or extent == 0 else "normalised"


def check_unit(
    sample: np.ndarray,
    extent: float,
    unit: str,
    size: tuple[int, int] | None,
    faults: Faults,
    spot: str,
) -> None:
    if unit not in UNITS:
        faults.add(f"{spot}unit", "one of " + ", ".join(UNITS), repr(unit), "name the unit")
        return
    low, high = _EXTENTS[unit]
    if extent and not low <= extent <= high:
        faults.add(
            f"{spot}coordinates",
            f"bodies {low:g} to {high:g} large, in unit '{unit}'",
            f"bodies typically {extent:.3g} large",
            "name the true unit by --unit, or rescale (millimetres / 1000)",
        )
    elif unit == "pixel" and size is not None:
        _check_frame_size(sample, size, faults, spot)


def _check_frame_size(sample: np.ndarray, size: tuple[int, int], faults: Faults, spot: str) -> None:
    """Pixels must lie about the picture; width and height are often given the wrong way round."""
    width, height = size
    if width <= 0 or height <= 0:
        faults.add(
            f"{spot}frame size", "positive width and height", f"{width}x{height}", "correct it"
        )
        return
    flat = sample[..., :2].reshape(-1, 2)
    if not len(flat) or (np.fmax.reduce(flat, axis=0) <= 1.1 * np.array([width, height])).all():
        return
    flat = flat[~np.isnan(flat[:, 0])]
    if not len(flat):
        return
    stated, other = np.array([width, height]), np.array([height, width])
    # Estimators place hidden joints beyond the picture, sometimes far: of a face close up, up to
    # two in three.
    if (flat > 1.1 * stated).any(1).mean() > _MOST_OUTSIDE:
        reach = np.quantile(flat, 0.98, axis=0)
        swapped = (reach <= 1.05 * other).all()
        faults.add(
            f"{spot}frame size",
            f"coordinates within width {width} and height {height}",
            f"coordinates reaching x {reach[0]:.0f}, y {reach[1]:.0f}",
            f"width and height look swapped: the picture is {height} wide and {width} high"
            if swapped
            else "give the true picture size by --frame-size WIDTHxHEIGHT",
        )
