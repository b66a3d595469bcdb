"""Several recognizers as one: a weighted mean of their probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.npz import open_npz
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.classes import ClassList
from mgskel.training.metrics import negative_log_likelihood, softmax
from mgskel.training.run_folder import VALIDATION_FILE

_SEQUENCES_FOR_EQUAL = 10.0


class Judge(Protocol):
    """Whatever gives class probabilities for clips."""

    @property
    def classes(self) -> ClassList: ...

    @property
    def skeleton(self) -> Skeleton: ...

    @property
    def temperature(self) -> float: ...

    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        """(n, K) probabilities of the recordings."""


def combine(probabilities: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """(n, K): the weighted mean of several (n, K)."""
    return np.tensordot(weights / weights.sum(), np.stack(probabilities), axes=1)


def fit_weights(probabilities: Sequence[np.ndarray], truth: np.ndarray) -> np.ndarray:
    """Weights (sum 1) under which the ensemble explains the truth best.

    A pull towards equal weights, as strong as ten sequences, keeps a small validation part from
    choosing one member.
    """
    from scipy.optimize import minimize

    members = len(probabilities)
    if members == 1:
        return np.ones(1)
    pull = _SEQUENCES_FOR_EQUAL / len(truth)

    def loss(scores: np.ndarray) -> float:
        weights = softmax(scores)
        evenness = float(np.log(weights * members).mean())
        return negative_log_likelihood(combine(probabilities, weights), truth) - pull * evenness

    found = minimize(loss, np.zeros(members), method="L-BFGS-B", bounds=[(-4, 4)] * members)
    return softmax(found.x)


def read_validation(run: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Logits, truth and names of a run's validation sequences; none for a run without any."""
    path = run / VALIDATION_FILE
    if not path.is_file():
        return None
    faults = Faults(path)
    with open_npz(path, faults) as arrays:
        logits, truth, names = (arrays[key] for key in ("logits", "truth", "names"))
    right = (
        logits.ndim == 2 and logits.dtype.kind == "f" and np.isfinite(logits).all()
        and truth.shape == names.shape == logits.shape[:1] and truth.dtype.kind in "iu"
        and len(truth) and 0 <= truth.min() and truth.max() < logits.shape[1]
    )  # fmt: skip
    if not right:
        faults.add(
            "content", "scores, true classes and names of the sequences kept apart", "others",
            "give --weights equal, or train again",
        )  # fmt: skip
    faults.raise_if_stopping()
    return logits, truth, names


def weights_of(judges: Mapping[Path, Judge], wanted: str = "auto") -> tuple[np.ndarray, str]:
    """Ensemble weights and how they came about.

    Args:
        wanted: ``equal``, ``validation`` (fitted, which needs runs validated on the same
            sequences), ``auto`` (fitted where that is possible), or numbers: ``2,2,1,1``.
    """
    members = len(judges)
    if wanted not in ("auto", "equal", "validation"):
        return _given(wanted, members), "given"
    if wanted == "equal" or members == 1:
        return np.full(members, 1 / members), "equal"
    parts = [read_validation(run) for run in judges]
    known = [part for part in parts if part is not None]
    same = len(known) == members and all(
        np.array_equal(part[2], known[0][2]) and np.array_equal(part[1], known[0][1])
        for part in known
    )
    if same:
        judged = [
            softmax(part[0], judge.temperature)
            for part, judge in zip(known, judges.values(), strict=True)
        ]
        return fit_weights(judged, known[0][1]), "fitted on validation"
    if wanted == "validation":
        raise InputError(
            "ensemble weights cannot be fitted",
            expected="runs that were validated on the same sequences",
            found=f"{len(known)} of {members} runs with validation scores",
            remedy="give --weights equal, or numbers such as --weights 2,2,1,1",
        )
    return np.full(members, 1 / members), "equal"


def check_same_classes(judges: Mapping[Path, Judge]) -> None:
    start, first = next((run, judge.classes) for run, judge in judges.items())
    for run, judge in judges.items():
        if judge.classes.keys != first.keys:
            raise InputError(
                "the runs do not answer the same classes",
                place=run,
                expected=f"{len(first)} classes as in {start}: {', '.join(first.keys[:8])} ...",
                found=f"{len(judge.classes)}: {', '.join(judge.classes.keys[:8])} ...",
            )


def _given(text: str, members: int) -> np.ndarray:
    try:
        weights = np.array([float(part) for part in text.split(",")])
    except ValueError:
        weights = np.zeros(0)
    if len(weights) != members or (weights < 0).any() or not 0 < weights.sum() < np.inf:
        raise InputError(
            "wrong ensemble weights",
            expected=f"auto, equal, validation, or {members} numbers such as 2,1",
            found=text,
        )
    return weights / weights.sum()
