from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.datasets.splits import (
    IMIGUE_TEST,
    IMIGUE_TRAIN,
    Split,
    by_group,
    hold_out,
    official_split,
    stratified,
)


def test_imigue_has_37_and_35_people_and_smg_35_and_5() -> None:
    assert (len(IMIGUE_TRAIN), len(IMIGUE_TEST)) == (37, 35)
    assert IMIGUE_TRAIN | IMIGUE_TEST == set(range(1, 73)) and not IMIGUE_TRAIN & IMIGUE_TEST
    subjects = np.arange(1, 41)
    split = official_split("smg", subjects)
    assert subjects[split.validation].tolist() == [36, 37, 38, 39, 40]
    with pytest.raises(InputError, match="outside smg"):
        official_split("smg", np.array([1, 44]))


@given(
    subjects=st.lists(st.integers(0, 6), min_size=8, max_size=60),
    share=st.floats(0.05, 0.6),
    seed=st.integers(0, 5),
)
def test_a_split_by_group_never_divides_a_person(
    subjects: list[int], share: float, seed: int
) -> None:
    groups = np.array(subjects)
    if len(set(subjects)) < 2:
        with pytest.raises(InputError):
            by_group(groups, share, seed)
        return
    split = by_group(groups, share, seed)
    assert not set(groups[split.train]) & set(groups[split.validation])
    assert sorted([*split.train, *split.validation]) == list(range(len(subjects)))
    assert len(split.train) and len(split.validation)


@given(labels=st.lists(st.integers(0, 4), min_size=2, max_size=80), seed=st.integers(0, 5))
def test_stratified_keeps_every_class_in_training(labels: list[int], seed: int) -> None:
    values = np.array(labels)
    split = stratified(values, 0.3, seed)
    assert set(values[split.train]) == set(labels)
    for label in set(labels):
        held = (values[split.validation] == label).sum()
        assert abs(held - 0.3 * (values == label).sum()) <= 1


def test_wrong_groups_are_named() -> None:
    with pytest.raises(InputError, match="nobody"):
        hold_out(np.array(["a", "b"]), ["nobody"])
    with pytest.raises(InputError, match="empty"):
        hold_out(np.array(["a", "b"]), ["a", "b"])
    with pytest.raises(InputError, match="both"):
        Split(np.array([0, 1]), np.array([1]))
