"""Several recognizers as one: the mean of what they say, without those that do not help.

The mean is of logarithms, so that one who is sure that a class is absent is heard. On a small
validation part fitted weights follow chance; members therefore count alike, and one is left out
only where doing without it is clearly better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.npz import open_npz
from mgskel.datasets.classes import ClassList
from mgskel.training.runs.class_metrics import softmax
from mgskel.training.runs.run_folder import VALIDATION_FILE

_LEAST = 1e-6
_SURE = 2.0  # standard errors


class Classifying(Protocol):
    """Whatever gives class probabilities for clips."""

    @property
    def classes(self) -> ClassList: ...

    @property
    def skeleton(self) -> Skeleton: ...

    @property
    def temperature(self) -> float: ...

    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        """(n, K) probabilities of the recordings."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """How members count.

    Args:
        weights: one per member, sum 1; who has none need not be asked.
        how: the weights came about.
    """

    weights: np.ndarray
    how: str

    def combine(self, probabilities: Sequence[np.ndarray]) -> np.ndarray:
        """(n, K) of all members together, from (n, K) of each that has a weight."""
        weights = self.weights[self.weights > 0]
        logarithms = np.log(np.maximum(np.stack(probabilities), _LEAST))
        return softmax(np.tensordot(weights / weights.sum(), logarithms, axes=1))


def fit_ensemble(probabilities: Sequence[np.ndarray], truth: np.ndarray) -> Ensemble:
    """Which members to keep, judged by how well they explain the truth together.

    From all, the one is left out again and again without which the rest explains most, or all but
    one, as long as the gain exceeds twice its standard error over the sequences.
    """

    def costs(members: Sequence[int]) -> np.ndarray:
        together = equal(len(members)).combine([probabilities[i] for i in members])
        return -np.log(np.maximum(together[np.arange(len(truth)), truth], _LEAST))

    kept = list(range(len(probabilities)))
    while len(kept) > 1 and len(truth) > 1:
        fewer = [[i for i in kept if i != left] for left in kept] + [[i] for i in kept]
        now = costs(kept)
        gains = [now - costs(members) for members in fewer]
        sure = [g.mean() - _SURE * g.std(ddof=1) / len(truth) ** 0.5 for g in gains]
        best = int(np.argmax(sure))
        if sure[best] <= 0:
            break
        kept = fewer[best]
    weights = np.zeros(len(probabilities))
    weights[kept] = 1 / len(kept)
    return Ensemble(weights, "fitted on validation")


def equal(members: int) -> Ensemble:
    """All alike."""
    return Ensemble(np.full(members, 1 / members), "equal")


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


def ensemble_of(judges: Mapping[Path, Classifying], wanted: str = "auto") -> Ensemble:
    """How runs count together.

    Args:
        wanted: ``equal``, ``validation`` (who helps there; needs runs validated on the same
            sequences), ``auto`` (by validation where that is possible), or numbers: ``2,2,1,1``.
    """
    members = len(judges)
    if wanted not in ("auto", "equal", "validation"):
        return Ensemble(_given(wanted, members), "given")
    if wanted == "equal" or members == 1:
        return equal(members)
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
        return fit_ensemble(judged, known[0][1])
    if wanted == "validation":
        raise InputError(
            "ensemble weights cannot be fitted",
            expected="runs that were validated on the same sequences",
            found=f"{len(known)} of {members} runs with validation scores",
            remedy="give --weights equal, or numbers such as --weights 2,2,1,1",
        )
    return equal(members)


def check_same_classes(judges: Mapping[Path, Classifying]) -> None:
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
