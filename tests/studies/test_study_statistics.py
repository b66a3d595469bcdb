"""Tests and intervals against values worked out by hand or by other means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score
from studies.reasoning.statistics import (
    bootstrap_mean,
    brier,
    expected_calibration_error,
    macro_f1,
    mcnemar,
)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_mcnemar_is_the_binomial_test_of_differing_pairs(pairs: list[tuple[bool, bool]]) -> None:
    result = mcnemar([a for a, _ in pairs], [b for _, b in pairs])
    differing = result.gained + result.lost
    expected = stats.binomtest(result.gained, differing).pvalue if differing else 1.0
    assert result.p == pytest.approx(expected)
    assert result.gained - result.lost == sum(b for _, b in pairs) - sum(a for a, _ in pairs)


labels = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=30))
def test_macro_f1_agrees_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, said = [a for a, _ in pairs], [b for _, b in pairs]
    expected = f1_score(truth, said, labels=sorted(set(truth)), average="macro", zero_division=0)
    assert macro_f1(truth, said) == pytest.approx(expected)


def test_no_answer_is_a_wrong_answer() -> None:
    assert macro_f1(["a", "a"], ["a", None]) == pytest.approx(2 / 3)


def test_brier_by_hand() -> None:
    assert brier("a", {"a": 1.0}) == 0
    assert brier("a", {"b": 1.0}) == 2
    assert brier("a", {"a": 0.5, "b": 0.5}) == pytest.approx(0.5)


def test_calibration_error_by_hand() -> None:
    chances = [0.9, 0.9, 0.6, 0.6]
    assert expected_calibration_error(chances, [True, True, True, False]) == pytest.approx(0.1)
    assert expected_calibration_error([1.0], [True]) == 0
    assert np.isnan(expected_calibration_error([], []))


def test_the_interval_covers_and_grows_with_dependence() -> None:
    rng = np.random.default_rng(1)
    truths = rng.normal(0.5, 0.2, 40)
    independent = {str(n): [value] for n, value in enumerate(truths)}
    interval = bootstrap_mean(independent)
    spread = truths.std() / np.sqrt(40)
    assert interval.low < interval.value < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * spread, rel=0.15)
    repeated = {key: values * 10 for key, values in independent.items()}
    again = bootstrap_mean(repeated)
    assert again.high - again.low == pytest.approx(interval.high - interval.low, rel=0.05)
    assert np.isnan(bootstrap_mean({}).value)
