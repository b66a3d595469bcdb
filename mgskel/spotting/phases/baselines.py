"""What a phase network must beat: the commonest label, and linear classifiers on windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgskel.spotting.phases.fit import Lesson
from mgskel.spotting.phases.motion import RATE_HZ, Course, channels

Classifier = Callable[[Course], np.ndarray]
"""A course's labels, (T,) int."""

_REACH_S = 0.5
_STEPS = 7
_PENALTY = 100.0


def commonest(lessons: Sequence[Lesson], num_labels: int) -> Classifier:
    """Always the label that most frames have."""
    labels = np.concatenate([lesson.labels for lesson in lessons])
    best = int(np.bincount(labels[labels >= 0], minlength=num_labels).argmax())
    return lambda course: np.full(len(course.seen), best)


def ridge_on_places(lessons: Sequence[Lesson], num_labels: int) -> Classifier:
    """Ridge on windows of where the joints are."""
    return _ridge(lessons, num_labels, lambda course: course.places.reshape(len(course.seen), -1))


def ridge_on_channels(lessons: Sequence[Lesson], num_labels: int) -> Classifier:
    """Ridge on windows of what the network sees."""
    return _ridge(
        lessons, num_labels, lambda course: channels(course.places[None], course.context[None])[0].T
    )


def _ridge(
    lessons: Sequence[Lesson], num_labels: int, view: Callable[[Course], np.ndarray]
) -> Classifier:
    """Least squares on one column per label; all labels count alike."""
    x = np.concatenate([_windows(view(lesson.course)) for lesson in lessons])
    labels = np.concatenate([lesson.labels for lesson in lessons])
    x, labels = x[labels >= 0], labels[labels >= 0]
    mean, spread = x.mean(0), x.std(0) + 1e-9
    x = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    counts = np.bincount(labels, minlength=num_labels)
    weight = (len(labels) / num_labels / np.maximum(counts, 1))[labels][:, None]
    goal = np.where(labels[:, None] == np.arange(num_labels), 1.0, -1.0)
    penalty = _PENALTY * np.eye(x.shape[1])
    penalty[-1, -1] = 0
    solution = np.linalg.solve(x.T @ (weight * x) + penalty, x.T @ (weight * goal))

    def classify(course: Course) -> np.ndarray:
        own = (_windows(view(course)) - mean) / spread
        return np.asarray((own @ solution[:-1] + solution[-1]).argmax(1))

    return classify


def _windows(values: np.ndarray) -> np.ndarray:
    """Each moment with its neighbourhood, (T, C) -> (T, 7 C)."""
    away = np.round(np.linspace(-_REACH_S, _REACH_S, _STEPS) * RATE_HZ).astype(int)
    places = np.clip(np.arange(len(values))[:, None] + away, 0, len(values) - 1)
    return values[places].reshape(len(values), -1)
