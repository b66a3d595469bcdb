"""What a recogniser's answers are worth: accuracies, intervals by subject, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_BINS = 15
_USUAL_LOG_TEMPERATURE = 1.0


def confusion(truth: np.ndarray, answer: np.ndarray, classes: int) -> np.ndarray:
    """(K, K) counts; row is the truth, column the answer."""
    return np.bincount(truth * classes + answer, minlength=classes**2).reshape(classes, classes)


def top_k(probabilities: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Share of samples whose true class is among the k likeliest."""
    if len(truth) == 0:
        return float("nan")
    k = min(k, probabilities.shape[1])
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((best == truth[:, None]).any(1).mean())


def class_scores(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(K,) precision, recall and F1 from a confusion matrix; 0 where undefined."""
    hits = np.diag(counts).astype(float)
    answered, present = counts.sum(0), counts.sum(1)
    precision = np.divide(hits, answered, out=np.zeros_like(hits), where=answered > 0)
    recall = np.divide(hits, present, out=np.zeros_like(hits), where=present > 0)
    both = answered + present
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    return precision, recall, f1


def summary(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """n, top1, top5, mean_class and macro_f1, as fractions.

    Mean-class accuracy runs over the classes present; macro-F1 over those present or answered.
    """
    classes = probabilities.shape[1]
    counts = confusion(truth, probabilities.argmax(1), classes)
    _, recall, f1 = class_scores(counts)
    present = counts.sum(1) > 0
    used = present | (counts.sum(0) > 0)
    return {
        "n": len(truth),
        "top1": top_k(probabilities, truth, 1),
        "top5": top_k(probabilities, truth, 5),
        "mean_class": float(recall[present].mean()) if present.any() else float("nan"),
        "macro_f1": float(f1[used].mean()) if used.any() else float("nan"),
    }


def per_class(
    probabilities: np.ndarray, truth: np.ndarray, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and count of every class."""
    counts = confusion(truth, probabilities.argmax(1), probabilities.shape[1])
    precision, recall, f1 = class_scores(counts)
    return {
        name: {
            "n": int(counts[i].sum()),
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
        }
        for i, name in enumerate(names)
    }


def bootstrap(
    probabilities: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Intervals of `summary`'s shares, resampling whole subjects (or samples without any).

    Samples of one subject resemble each other; resampling them singly would promise too much.
    """
    groups = np.arange(len(truth)) if groups is None else np.asarray(groups)
    _, member = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(member == g) for g in range(member.max() + 1)]
    rng = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    for _ in range(draws):
        drawn = rng.integers(len(members), size=len(members))
        picked = np.concatenate([members[g] for g in drawn])
        rows.append(summary(probabilities[picked], truth[picked]))
    tail = 100 * (1 - level) / 2
    ends = {
        key: np.percentile([row[key] for row in rows], (tail, 100 - tail))
        for key in ("top1", "top5", "mean_class", "macro_f1")
    }
    return {key: (float(low), float(high)) for key, (low, high) in ends.items()}


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error: how far confidence and correctness differ, over 15 bins."""
    if len(truth) == 0:
        return float("nan")
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == truth
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = np.zeros(_BINS)
    np.add.at(gap, bins, confidence - correct)
    return float(np.abs(gap).sum() / len(truth))


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def negative_log_likelihood(probabilities: np.ndarray, truth: np.ndarray) -> float:
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature under which the logits explain the truth best (between 0.05 and 20).

    A pull towards 1 keeps few sequences, all answered rightly, from claiming certainty.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        likelihood = negative_log_likelihood(softmax(logits, np.exp(log_temperature)), truth)
        return likelihood + log_temperature**2 / (2 * _USUAL_LOG_TEMPERATURE**2 * len(truth))

    found: Any = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))
