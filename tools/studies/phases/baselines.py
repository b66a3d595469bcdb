"""What networks of frame labels must beat: the commonest label, and ridge on windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgskel.spotting.learning.frame_training import Lesson
from mgskel.spotting.network.frame_features import Course
from studies.phases.linear import LinearWindows, network_view, places_view

Classifier = Callable[[Course], np.ndarray]
"""A course's labels, (T,) int."""


def commonest(lessons: Sequence[Lesson], num_labels: int) -> Classifier:
    """Always the label that most frames have."""
    labels = np.concatenate([lesson.labels for lesson in lessons])
    best = int(np.bincount(labels[labels >= 0], minlength=num_labels).argmax())
    return lambda course: np.full(len(course.seen), best)


def ridge_on_places(lessons: Sequence[Lesson], num_labels: int) -> Classifier:
    """Ridge on windows of where the joints are."""
    linear = LinearWindows.fit(lessons, num_labels, places_view)
    return lambda course: linear.scores(course).argmax(1)


def ridge_on_channels(lessons: Sequence[Lesson], num_labels: int) -> Classifier:
    """Ridge on windows of what the networks see."""
    linear = LinearWindows.fit(lessons, num_labels, network_view)
    return lambda course: linear.scores(course).argmax(1)
