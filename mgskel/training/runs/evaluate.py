"""Judge one run, or several as an ensemble, on labelled sequences."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.datasets.classes import ClassList
from mgskel.datasets.loading import load_dataset
from mgskel.formats.format import ReadOptions
from mgskel.training.runs.class_metrics import bootstrap, calibration_error, per_class, summary
from mgskel.training.runs.ensemble import Classifying, check_same_classes, ensemble_of
from mgskel.training.runs.submission import group_probabilities, ma52_groups


@dataclass(frozen=True, eq=False)
class Scores:
    """What runs say about sequences.

    Args:
        probabilities: (n, K) of the ensemble.
        weights: one per run.
        how: how the weights came about.
        classes: of all runs alike.
    """

    probabilities: np.ndarray
    weights: np.ndarray
    how: str
    classes: ClassList
    data: Dataset


def score(
    judges: Mapping[Path, Classifying],
    file: str | Path,
    options: ReadOptions | None = None,
    weights: str = "auto",
    views: int | None = None,
    split: str | None = None,
) -> Scores:
    """Probabilities of a file's sequences by one run or an ensemble of runs.

    Args:
        judges: the recognizers by their run folders; where nothing says a file's layout, that
            of the first is tried.
    """
    check_same_classes(judges)
    first = next(iter(judges.values()))
    options = dataclasses.replace(options or ReadOptions(), likely_layout=first.skeleton)
    data = load_dataset(file, options, split)
    ensemble = ensemble_of(judges, weights)
    asked = zip(judges.values(), ensemble.weights, strict=True)
    answers = [judge.chances(data, views) for judge, weight in asked if weight > 0]
    return Scores(ensemble.combine(answers), ensemble.weights, ensemble.how, first.classes, data)


def evaluate(
    judges: Mapping[Path, Classifying],
    file: str | Path,
    options: ReadOptions | None = None,
    weights: str = "auto",
    views: int | None = None,
    plot: str | Path | None = None,
    split: str | None = None,
) -> dict[str, Any]:
    """Metrics with intervals, per-class table and calibration; accuracies are fractions."""
    return report(score(judges, file, options, weights, views, split), file, plot)


def report(scores: Scores, file: str | Path, plot: str | Path | None = None) -> dict[str, Any]:
    """The metrics of scores against the labels of their sequences."""
    classes = scores.classes
    if scores.data.labels is None:
        raise InputError(
            "the file has no labels to judge by",
            place=file,
            remedy="give it a 'label' array, or use 'mgskel predict'",
        )
    truth = classes.indices(scores.data.labels, file)
    if plot is not None:
        from mgskel.training.runs.plots import plot_confusion

        plot_confusion(Path(plot), scores.probabilities, truth, classes.names)
    extra = ma52_measures(scores.probabilities, truth) if classes.vocabulary == "ma52" else {}
    intervals = bootstrap(scores.probabilities, truth, scores.data.subjects)
    return summary(scores.probabilities, truth) | {
        "per_class": per_class(scores.probabilities, truth, classes.names),
        "intervals": {key: list(ends) for key, ends in intervals.items()},
        "resampled": "subjects" if scores.data.subjects is not None else "sequences",
        "ece": calibration_error(scores.probabilities, truth),
        "weights": [float(weight) for weight in scores.weights],
        "weights_from": scores.how,
        **extra,
    }


def ma52_measures(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """MA-52's own measures: body-group accuracy, and F1_mean over actions and body groups.

    F1_mean is the mean of macro- and micro-F1 of both; micro-F1 is accuracy.
    """
    groups = ma52_groups()
    body = group_probabilities(probabilities, groups)
    action, parts = summary(probabilities, truth), summary(body, groups[truth])
    values = (action["macro_f1"], action["top1"], parts["macro_f1"], parts["top1"])
    return {
        "body_top1": parts["top1"],
        "body_macro_f1": parts["macro_f1"],
        "f1_mean": float(np.mean(values)),
    }
