"""Coefficients against published examples and other programs."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.study.agreement.coefficients import (
    cohen_of_tables,
    event_kappa,
    fleiss,
    intraclass,
    quasi_independent,
)

# Fleiss (1971) by way of many textbooks: 14 raters, 10 subjects, 5 categories; kappa 0.210.
FOURTEEN = np.array(
    [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
     [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
)  # fmt: skip
# Shrout and Fleiss (1979): six targets, four judges; ICC(2,1) is .29.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def test_cohen_equals_the_textbook_and_both_libraries() -> None:
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import cohens_kappa

    tables = np.random.default_rng(1).integers(0, 30, (20, 4, 4)).astype(float)
    ours = cohen_of_tables(tables)
    first, second = (axis.ravel() for axis in np.indices((4, 4)))
    for table, kappa in zip(tables, ours, strict=True):
        assert kappa == pytest.approx(cohens_kappa(table, return_results=False))
        assert kappa == pytest.approx(cohen_kappa_score(first, second, sample_weight=table.ravel()))
    assert cohen_of_tables(np.array([[20.0, 5], [10, 15]])) == pytest.approx(0.4)
    assert np.isnan(cohen_of_tables(np.array([[7.0, 0], [0, 0]])))


def test_fleiss_equals_the_textbook_and_statsmodels() -> None:
    from statsmodels.stats.inter_rater import fleiss_kappa

    pairs = (FOURTEEN * (FOURTEEN - 1)).sum(1) / (14 * 13)
    ours = fleiss(pairs.mean(), FOURTEEN.sum(0))
    assert ours == pytest.approx(0.210, abs=5e-4)
    assert ours == pytest.approx(fleiss_kappa(FOURTEEN))


def test_intraclass_correlation_equals_shrout_and_fleiss() -> None:
    assert intraclass(JUDGES) == pytest.approx(0.29, abs=5e-3)
    assert intraclass(np.stack([JUDGES, JUDGES])).shape == (2,)
    assert intraclass(np.repeat(JUDGES[:, :1], 3, axis=1)) == pytest.approx(1)
    assert np.isnan(intraclass(np.ones((5, 2)))) and np.isnan(intraclass(JUDGES[:1]))


def test_expected_links_are_those_of_a_loglinear_model_without_the_empty_corner() -> None:
    import statsmodels.api as sm

    table = np.array([[30.0, 4, 9], [6, 22, 5], [7, 11, 0]])
    rows, columns = (axis.ravel() for axis in np.indices(table.shape))
    kept = ~((rows == 2) & (columns == 2))
    design = np.column_stack([np.ones(9), rows == 1, rows == 2, columns == 1, columns == 2]).astype(
        float
    )
    model = sm.GLM(table.ravel()[kept], design[kept], family=sm.families.Poisson()).fit()
    ours = quasi_independent(table)
    assert ours.ravel()[kept] == pytest.approx(model.fittedvalues, abs=1e-5)
    assert ours[2, 2] == 0
    agreed, expected = np.trace(table) / table.sum(), np.trace(ours) / table.sum()
    assert event_kappa(table) == pytest.approx((agreed - expected) / (1 - expected))


def test_event_kappa_is_cohens_where_everything_is_linked() -> None:
    labels = np.array([[20.0, 5], [10, 15]])
    table = np.zeros((3, 3))
    table[:2, :2] = labels
    assert event_kappa(table) == pytest.approx(cohen_of_tables(labels))


def test_event_kappa_of_one_label_is_undefined_rather_than_zero_or_one() -> None:
    assert np.isnan(event_kappa(np.array([[10.0, 2], [3, 0]])))
    assert np.isnan(event_kappa(np.array([[10.0, 0], [0, 0]])))
