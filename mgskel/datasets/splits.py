"""Splits that keep people apart, and the official ones of iMiGUE and SMG."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgskel.core.errors import InputError, shown
from mgskel.core.storage.intake import number_of

IMIGUE_TRAIN = frozenset(
    (2, 4, 5, 6, 9, 10, 12, 13, 14, 15, 17, 18, 20, 21, 22, 23, 25, 28, 29, 30, 31, 35, 36, 38)
    + (39, 41, 42, 43, 44, 46, 47, 48, 52, 53, 59, 61, 62)
)
IMIGUE_TEST = frozenset(range(1, 73)) - IMIGUE_TRAIN
SMG_TRAIN = frozenset(range(1, 36))
SMG_TEST = frozenset(range(36, 41))
OFFICIAL = {"imigue": (IMIGUE_TRAIN, IMIGUE_TEST), "smg": (SMG_TRAIN, SMG_TEST)}


@dataclass(frozen=True, eq=False)
class Split:
    """Indices of the sequences to learn from and of those to judge by."""

    train: np.ndarray
    validation: np.ndarray

    def __post_init__(self) -> None:
        if len(np.intersect1d(self.train, self.validation)):
            raise InputError("a sequence is both in training and in validation")
        if not len(self.train):
            raise InputError(
                "the training part is empty",
                expected="at least one sequence to learn from",
                found=f"{len(self.validation)} sequences, all for validation",
                remedy="hold out fewer subjects, or a smaller share",
            )


def official_split(name: Literal["imigue", "smg"], subjects: np.ndarray) -> Split:
    """The data set's own cross-subject split; `validation` is its test part."""
    train, test = OFFICIAL[name]
    numbers = np.array([_subject_number(subject) for subject in subjects])
    strange = sorted(set(numbers.tolist()) - train - test)
    if strange:
        raise InputError(
            f"subjects outside {name}'s official split",
            expected=f"1 to {max(train | test)}",
            found=", ".join(map(str, strange[:10])),
        )
    return Split(
        np.flatnonzero(np.isin(numbers, sorted(train))),
        np.flatnonzero(np.isin(numbers, sorted(test))),
    )


def hold_out(groups: np.ndarray, held: Collection[str]) -> Split:
    """Validation is every sequence whose group (subject, view, video) is in `held`."""
    texts = np.asarray(groups).astype(str)
    absent = sorted(set(map(str, held)) - set(texts))
    if absent:
        raise InputError(
            "groups to hold out that the data do not have",
            expected="some of " + ", ".join(sorted(set(texts))[:30]),
            found=", ".join(absent),
        )
    inside = np.isin(texts, sorted(map(str, held)))
    return Split(np.flatnonzero(~inside), np.flatnonzero(inside))


def by_group(groups: np.ndarray, share: float, seed: int = 0) -> Split:
    """Hold out whole groups (subjects, usually) until about `share` of the sequences are."""
    texts = np.asarray(groups).astype(str)
    names, counts = np.unique(texts, return_counts=True)
    if len(names) < 2:
        raise InputError(
            "validation by group needs at least two groups",
            found=f"{len(names)}",
            remedy="validate on a random share instead (data.validation: random)",
        )
    held: list[str] = []
    taken = 0
    for index in np.random.default_rng(seed).permutation(len(names)):
        if taken >= share * len(texts) or len(held) == len(names) - 1:
            break
        held.append(names[index])
        taken += int(counts[index])
    return hold_out(texts, held)


def stratified(labels: np.ndarray, share: float, seed: int = 0) -> Split:
    """Hold out about `share` of every class; a class with one sequence stays in training."""
    rng = np.random.default_rng(seed)
    held = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        count = min(round(share * len(members)), len(members) - 1)
        held.append(members[:count])
    validation = np.sort(np.concatenate(held)) if held else np.zeros(0, dtype=int)
    return Split(np.setdiff1d(np.arange(len(labels)), validation), validation)


def _subject_number(subject: object) -> int:
    number = number_of("".join(c for c in str(subject) if c.isdecimal()))
    if number is None:
        raise InputError("a subject without a number", expected="a number", found=shown(subject))
    return number
