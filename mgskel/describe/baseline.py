"""What is usual for this person: a slowly moving median of each signal."""

from __future__ import annotations

import numpy as np

from mgskel.describe.thresholds import BaselineLimits


def usual(values: np.ndarray, rate: float, limits: BaselineLimits) -> np.ndarray:
    """The person's usual value at each moment, (T,): a median over neighbouring blocks.

    A block's median ignores what lasts less than half of it; the neighbours make a posture held
    for a minute still stand out, while a shifted chair becomes the new usual.
    """
    size = int(round(limits.block_s * rate))
    count = max(1, int(round(len(values) / size)))
    edges = np.linspace(0, len(values), count + 1).astype(int)
    medians = np.array([_median(values[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)])
    reach = limits.blocks // 2
    smooth = np.array([_median(medians[max(0, i - reach) : i + reach + 1]) for i in range(count)])
    good = np.isfinite(smooth)
    if not good.any():
        return np.full(len(values), np.nan)
    centres = (edges[:-1] + edges[1:]) / 2
    return np.interp(np.arange(len(values)), centres[good], smooth[good])


def against_usual(values: np.ndarray, rate: float, limits: BaselineLimits) -> np.ndarray:
    return values - usual(values, rate, limits)


def away_from_usual(path: np.ndarray, rate: float, limits: BaselineLimits) -> np.ndarray:
    """How far (T,) a (C, T) path is from where it usually is."""
    return np.linalg.norm([against_usual(row, rate, limits) for row in path], axis=0)


def _median(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")
