"""Paired differences of a study: what two trials share (set, split, seed) cancels out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from studies.recognition.study import Row


@dataclass(frozen=True)
class Difference:
    """Mean paired difference with its 95% interval (Student's t), over pairs."""

    mean: float
    low: float
    high: float
    pairs: int


def paired(
    rows: Iterable[Row], variant: str, reference: str, measure: str = "top1"
) -> dict[tuple[str, str], list[float]]:
    """For each (set, backbone) the differences variant - reference, one per common seed."""
    table = {
        (row["set"], row["backbone"], row["seed"], row["epochs"], row["variant"]): float(
            row[measure]
        )
        for row in rows
    }
    differences: dict[tuple[str, str], list[float]] = {}
    for (name, backbone, seed, epochs, kind), value in sorted(table.items()):
        other = table.get((name, backbone, seed, epochs, reference))
        if kind == variant and other is not None:
            differences.setdefault((name, backbone), []).append(value - other)
    return differences


def interval(values: Sequence[float]) -> Difference:
    """Mean and 95% interval; the interval is unbounded for fewer than two values."""
    from scipy.stats import t

    array = np.asarray(values, dtype=float)
    if len(array) == 0:
        return Difference(float("nan"), -np.inf, np.inf, 0)
    mean = float(array.mean())
    if len(array) == 1:
        return Difference(mean, -np.inf, np.inf, 1)
    half = float(t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Difference(mean, mean - half, mean + half, len(array))
