"""Coefficients of agreement, each for many tables at once: a bootstrap needs thousands.

statsmodels and scikit-learn compute the first two one table at a time; the tests hold these
against them and against published examples.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 500
_CLOSE = 1e-9


def cohen(agreed: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Cohen's kappa of two coders: (p_o - p_e) / (1 - p_e). NaN where chance explains everything.

    Args:
        agreed: (...) how much both gave the same category.
        rows, columns: (..., K) how much each gave each category.
    """
    total = rows.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _beyond_chance(agreed / total, (rows * columns).sum(-1) / total**2)


def cohen_of_tables(tables: np.ndarray) -> np.ndarray:
    """The same, of tables (..., K, K)."""
    return cohen(np.trace(tables, axis1=-2, axis2=-1), tables.sum(-1), tables.sum(-2))


def fleiss(same_pairs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Fleiss' kappa from sums over moments.

    Args:
        same_pairs: (...) mean share of pairs of coders that agree.
        counts: (..., K) how often each category was given, by all coders together.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / counts.sum(-1, keepdims=True)
        return _beyond_chance(same_pairs, (shares**2).sum(-1))


def event_kappa(tables: np.ndarray) -> np.ndarray:
    """The kappa of Holle and Rein (2015) for linked annotations, (..., K + 1, K + 1) -> (...).

    The last row and column count annotations that the other coder has no partner for; nobody can
    count what both did not mark, so that corner is empty by its nature. Chance is therefore what
    is expected of two independent coders with these margins and that corner empty, which
    iterative proportional fitting finds. With one category alone nothing is left to chance or to
    agreement, and the answer is NaN.
    """
    total = tables.sum((-2, -1))
    agreed = np.trace(tables, axis1=-2, axis2=-1)
    expected = np.trace(quasi_independent(tables), axis1=-2, axis2=-1)
    used = (tables.sum(-1) + tables.sum(-2))[..., :-1] > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa = _beyond_chance(agreed / total, expected / total)
    return np.where(used.sum(-1) > 1, kappa, np.nan)


def quasi_independent(tables: np.ndarray) -> np.ndarray:
    """The expected table under the margins of each table, its last corner held empty."""
    fitted = np.ones(tables.shape)
    fitted[..., -1, -1] = 0
    rows, columns = tables.sum(-1, keepdims=True), tables.sum(-2, keepdims=True)
    for _ in range(_ROUNDS):
        fitted *= _ratio(rows, fitted.sum(-1, keepdims=True))
        fitted *= _ratio(columns, fitted.sum(-2, keepdims=True))
        apart = np.abs(fitted.sum(-1, keepdims=True) - rows).max(initial=0)
        if apart < _CLOSE * rows.max(initial=1):
            break
    return fitted


def _ratio(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)


def _beyond_chance(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    kappa = (observed - expected) / (1 - expected)
    return np.where(1 - expected > 1e-12, kappa, np.nan)


def intraclass(ratings: np.ndarray) -> np.ndarray:
    """ICC(A,1) of McGraw and Wong (ICC(2,1) of Shrout and Fleiss), (..., n, k) -> (...).

    Absolute agreement of single measures, coders taken at random: from the mean squares of the
    rows (recordings), columns (coders) and residuals of a two-way analysis of variance.
    """
    n, k = ratings.shape[-2:]
    if n < 2 or k < 2:
        return np.full(ratings.shape[:-2], np.nan)
    mean = ratings.mean((-2, -1), keepdims=True)
    by_row, by_column = ratings.mean(-1, keepdims=True), ratings.mean(-2, keepdims=True)
    rows = k * ((by_row - mean) ** 2).sum((-2, -1)) / (n - 1)
    columns = n * ((by_column - mean) ** 2).sum((-2, -1)) / (k - 1)
    rest = ((ratings - by_row - by_column + mean) ** 2).sum((-2, -1)) / ((n - 1) * (k - 1))
    whole = rows + (k - 1) * rest + k * (columns - rest) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 1e-12, (rows - rest) / whole, np.nan)
