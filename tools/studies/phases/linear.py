"""Ridge on windows: a linear vote beside the networks, and what they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.spotting.learning.frame_training import Lesson
from mgskel.spotting.network.frame_features import RATE_HZ, Course, pace_of

View = Callable[[Course], np.ndarray]
"""What is shown of a course, (T, C)."""

_REACH_S = 0.5
_STEPS = 7
_PENALTY = 100.0


def network_view(course: Course) -> np.ndarray:
    """What the networks see."""
    pace = pace_of(course.places[None])[0]
    return np.column_stack([pace.reshape(len(pace), -1), course.context])


def places_view(course: Course) -> np.ndarray:
    """Where the joints are."""
    return course.places.reshape(len(course.places), -1)


@dataclass(frozen=True, eq=False)
class LinearWindows:
    """Scores of K labels from each moment's neighbourhood.

    Attributes:
        mean, spread: (7 C,) of the windows that were learned from.
        weights: (7 C + 1, K), the last row for a constant.
    """

    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    view: View = network_view

    @classmethod
    def fit(
        cls, lessons: Sequence[Lesson], num_labels: int, view: View = network_view
    ) -> LinearWindows:
        """Least squares on one column per label; all labels count alike."""
        windows = [np.concatenate(list(_shifted(view(own.course))), 1) for own in lessons]
        x, labels = np.concatenate(windows), np.concatenate([own.labels for own in lessons])
        x, labels = x[labels >= 0].astype(np.float64), labels[labels >= 0]
        mean, spread = x.mean(0), x.std(0) + 1e-9
        x = np.column_stack([(x - mean) / spread, np.ones(len(x))])
        counts = np.bincount(labels, minlength=num_labels)
        weight = (len(labels) / num_labels / np.maximum(counts, 1))[labels][:, None]
        goal = np.where(labels[:, None] == np.arange(num_labels), 1.0, -1.0)
        penalty = _PENALTY * np.eye(x.shape[1])
        penalty[-1, -1] = 0
        solution = np.linalg.solve(x.T @ (weight * x) + penalty, x.T @ (weight * goal))
        return cls(mean, spread, solution, view)

    def scores(self, course: Course) -> np.ndarray:
        """(T, K), higher is likelier."""
        values = self.view(course)
        width = values.shape[1]
        total = np.tile(self.weights[-1], (len(values), 1))
        for step, part in enumerate(_shifted(values)):
            own = slice(step * width, (step + 1) * width)
            total += (part - self.mean[own]) / self.spread[own] @ self.weights[own]
        return total


def _shifted(values: np.ndarray) -> list[np.ndarray]:
    """The values (T, C) some moments earlier and later, ends repeated."""
    away = np.round(np.linspace(-_REACH_S, _REACH_S, _STEPS) * RATE_HZ).astype(int)
    moments = np.arange(len(values))
    return [values[np.clip(moments + step, 0, len(values) - 1)] for step in away]
