from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mgskel.training.runs.class_metrics import (
    bootstrap,
    calibration_error,
    confusion,
    fit_temperature,
    per_class,
    softmax,
    summary,
)


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, 200)
    logits = rng.normal(size=(200, 7))
    logits[np.arange(200), truth] += 1.5
    return softmax(logits), truth


def test_summary_agrees_with_scikit_learn(answers: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, truth = answers
    result = summary(probabilities, truth)
    said = probabilities.argmax(1)
    assert result["n"] == 200
    assert result["top1"] == pytest.approx((said == truth).mean())
    assert result["mean_class"] == pytest.approx(balanced_accuracy_score(truth, said))
    assert result["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert result["top5"] > result["top1"]


def test_top5_of_fewer_classes_is_everything() -> None:
    assert summary(np.full((4, 3), 1 / 3), np.array([0, 1, 2, 0]))["top5"] == 1


def test_confusion_has_truth_in_rows() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([1, 0, 1]), 2)
    assert counts.tolist() == [[1, 1], [0, 1]]


def test_a_class_that_never_occurs_counts_zero_not_nan() -> None:
    table = per_class(np.array([[0.9, 0.1, 0.0]]), np.array([0]), ("a", "b", "c"))
    assert table["a"]["f1"] == 1 and table["c"] == {"n": 0, "precision": 0, "recall": 0, "f1": 0}


def test_intervals_by_subject_are_wider_when_subjects_differ() -> None:
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.arange(6), 50)
    right = rng.random(300) < np.repeat([0.1, 0.95, 0.9, 0.2, 0.95, 0.5], 50)
    truth = np.zeros(300, dtype=int)
    probabilities = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
    one, by_subject = (
        bootstrap(probabilities, truth, groups, draws=300)["top1"] for groups in (None, subjects)
    )
    assert by_subject[1] - by_subject[0] > 2 * (one[1] - one[0])
    assert by_subject[0] <= right.mean() <= by_subject[1]


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(3000, 4)) * 1.5
    truth = np.array([rng.choice(4, p=p) for p in softmax(logits)])
    assert fit_temperature(logits * 5, truth) == pytest.approx(5, rel=0.15)
    sure = fit_temperature(3 * np.eye(3)[[0, 1, 2]], np.arange(3))
    assert 0.3 < sure < 1, "three right answers are no certainty"
    assert calibration_error(softmax(logits), truth) < 0.05
    assert calibration_error(softmax(logits * 5), truth) > 0.15
