"""Paired tests and intervals for studies with few scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "-"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class McNemar:
    """Paired right/wrong answers: only pairs that differ tell anything.

    Attributes:
        gained: wrong without, right with.
        lost: right without, wrong with.
        p: exact two-sided probability of a split at least as uneven under no difference.
    """

    gained: int
    lost: int
    p: float


def mcnemar(without: Sequence[bool], with_: Sequence[bool]) -> McNemar:
    pairs = list(zip(without, with_, strict=True))
    gained = sum(1 for a, b in pairs if b and not a)
    lost = sum(1 for a, b in pairs if a and not b)
    differing = gained + lost
    tail = sum(comb(differing, k) for k in range(min(gained, lost) + 1))
    return McNemar(gained, lost, min(1.0, 2 * tail / 2**differing))


def bootstrap_mean(
    by_group: Mapping[str, Sequence[float]], seed: int = 0, draws: int = 4000
) -> Interval:
    """Mean over all values, with an interval that resamples whole groups (scenes).

    Answers on one scene are alike, whatever the wording: resampling single answers would
    pretend to more independent evidence than there is.
    """
    groups = [np.asarray(values, float) for _, values in sorted(by_group.items()) if len(values)]
    if not groups:
        return Interval(float("nan"), float("nan"), float("nan"))
    sums = np.array([group.sum() for group in groups])
    counts = np.array([len(group) for group in groups])
    value = sums.sum() / counts.sum()
    picks = np.random.default_rng(seed).integers(0, len(groups), (draws, len(groups)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))


def macro_f1(truth: Sequence[str], predicted: Sequence[str | None]) -> float:
    """Mean F1 over the classes that occur in `truth`; no answer is a wrong answer."""
    scores = []
    for label in sorted(set(truth)):
        hits = sum(t == label == p for t, p in zip(truth, predicted, strict=True))
        said = sum(p == label for p in predicted)
        real = sum(t == label for t in truth)
        scores.append(2 * hits / (said + real))
    return float(np.mean(scores)) if scores else float("nan")


def brier(truth: str, probabilities: Mapping[str, float]) -> float:
    """Squared distance between the probabilities and the truth; 0 best, 2 worst."""
    labels = set(probabilities) | {truth}
    return sum((probabilities.get(label, 0.0) - (label == truth)) ** 2 for label in labels)


def expected_calibration_error(
    chances: Sequence[float], correct: Sequence[bool], bins: int = 10
) -> float:
    """Mean gap between stated probability and share of right answers, over equal-width bins."""
    if not chances:
        return float("nan")
    p, hit = np.asarray(chances, float), np.asarray(correct, float)
    index = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [
        abs(p[index == b].mean() - hit[index == b].mean()) * (index == b).sum()
        for b in np.unique(index)
    ]
    return float(sum(gaps) / len(p))
