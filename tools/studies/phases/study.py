"""How well phases are told of people never seen: one user left out at a time, or a test file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.spotting.learning.frame_training import (
    FramesConfig,
    Lesson,
    label_ids,
    label_names,
    lesson_of,
    teach,
    with_frame_labels,
)
from mgskel.spotting.network.frame_features import course_of
from mgskel.spotting.recognizers.frame_recognizer import Answers, FrameRecognizer
from mgskel.training.runs.class_metrics import class_scores, confusion, softmax
from studies.phases.baselines import (
    Classifier,
    commonest,
    ridge_on_channels,
    ridge_on_places,
)
from studies.phases.linear import LinearWindows

PHASES, REST = "all phases", "rest against the others"
_BASELINES = {
    "commonest label": commonest,
    "ridge on windows of places": ridge_on_places,
    "ridge on windows of what networks see": ridge_on_channels,
}
NETWORK, NETWORKS = "one network", "networks together"
TOGETHER = "networks and ridge together"


@dataclass(frozen=True)
class Row:
    """One method on one task, tested on people that it has not seen.

    Attributes:
        tested_on: whose recordings.
        macro_f1, accuracy: per frame; means over seeds where there are several.
        spread: standard deviation of macro-F1 over seeds.
    """

    task: str
    tested_on: str
    method: str
    macro_f1: float
    accuracy: float
    frames: int
    spread: float | None = None


def recordings_of(data: Dataset) -> list[Recording]:
    """Recordings with text as labels of frames, and with their users.

    Users are the subjects; without them, the letters that a recording's name begins with ("a" for
    "a1").
    """
    if any(one.frame_labels is None for one in data):
        raise InputError(
            "the bundle has no labels per frame",
            expected="an array 'frame_label' (or 'phase') with one entry per frame",
            found="none",
            remedy="write the labels into the bundle, empty text where a frame has none",
        )
    return [one.replace(subject=_user(one)) for one in with_frame_labels(data)]


def leave_one_user_out(
    recordings: Sequence[Recording], config: FramesConfig, seeds: Sequence[int]
) -> list[Row]:
    """Each user in turn is tested with what the others taught."""
    users = list(dict.fromkeys(str(one.subject) for one in recordings))
    if len(users) < 2:
        raise InputError(
            "leaving one user out needs two",
            expected="recordings of two or more users",
            found=", ".join(users) or "none",
            remedy="name users in the bundle's 'subject', or give --test FILE",
        )
    rows = []
    for user in users:
        learned = [one for one in recordings if str(one.subject) != user]
        tested = [one for one in recordings if str(one.subject) == user]
        rows += compare(learned, tested, config, seeds)
    return rows


def compare(
    learned: Sequence[Recording],
    tested: Sequence[Recording],
    config: FramesConfig,
    seeds: Sequence[int],
) -> list[Row]:
    """Baselines and networks, taught by some recordings and tested on others."""
    names = label_names(learned)
    truth = [_ids(one, names) for one in tested]
    who = ", ".join(dict.fromkeys(str(one.subject) for one in tested))
    rest = config.rest
    rows = list(_baseline_rows(learned, tested, truth, names, rest, who))
    each = [
        [recognizer.answers(one.sequence) for one in tested]
        for recognizer in (_taught(learned, replace(config, seed=seed)) for seed in seeds)
    ]
    several = [_mean(parts) for parts in zip(*each, strict=True)]
    together = {NETWORKS: several, TOGETHER: _with_ridge(several, learned, tested, names, rest)}
    for task in (PHASES,) if rest is None else (PHASES, REST):
        place = None if rest is None else names.index(rest)
        scores = np.array([_score(task, truth, answers, place, len(names)) for answers in each])
        frames = sum(int((own >= 0).sum()) for own in truth)
        f1, accuracy = scores.mean(0)
        rows.append(Row(task, who, NETWORK, f1, accuracy, frames, float(scores[:, 0].std())))
        for method, answers in together.items():
            f1, accuracy = _score(task, truth, answers, place, len(names))
            rows.append(Row(task, who, method, f1, accuracy, frames))
    return rows


def _taught(learned: Sequence[Recording], config: FramesConfig) -> FrameRecognizer:
    with tempfile.TemporaryDirectory() as folder:
        return teach(learned, config, Path(folder))


def _mean(answers: Sequence[Answers]) -> Answers:
    labels = np.mean([one.labels for one in answers], 0)
    return Answers(labels, np.mean([one.rest for one in answers], 0), answers[0].seen)


def _with_ridge(
    answers: Sequence[Answers],
    learned: Sequence[Recording],
    tested: Sequence[Recording],
    names: Sequence[str],
    rest: str | None,
) -> list[Answers]:
    """Networks and a linear classifier on windows of what they see, with equal votes."""
    lessons = [lesson_of(one, names) for one in learned]
    labels = LinearWindows.fit(lessons, len(names))
    apart = None
    if rest is not None:
        own = [_rest_apart(one, names.index(rest)) for one in lessons]
        apart = LinearWindows.fit(own, 2)
    result = []
    for answer, one in zip(answers, tested, strict=True):
        course = course_of(one.sequence)
        said = softmax(labels.scores(course))[course.frame]
        resting = answer.rest
        if apart is not None:
            vote = softmax(apart.scores(course) / 2)[:, 0][course.frame]
            resting = (resting + vote) / 2
        result.append(Answers((answer.labels + said) / 2, resting, answer.seen))
    return result


def _ids(one: Recording, names: Sequence[str]) -> np.ndarray:
    assert one.frame_labels is not None
    return label_ids(one.frame_labels, names)


def _rest_apart(lesson: Lesson, rest: int) -> Lesson:
    """The same with labels 0 for rest, 1 for the others."""
    return Lesson(lesson.course, _apart(lesson.labels, rest))


def _user(one: Recording) -> str:
    letters = re.match(r"[^\W\d_]+", one.name)
    return str(one.subject) if one.subject is not None else letters.group() if letters else one.name


def _baseline_rows(
    learned: Sequence[Recording],
    tested: Sequence[Recording],
    truth: Sequence[np.ndarray],
    names: Sequence[str],
    rest: str | None,
    who: str,
) -> Iterator[Row]:
    lessons = [lesson_of(recording, names) for recording in learned]
    courses = [course_of(recording.sequence) for recording in tested]
    for task in (PHASES,) if rest is None else (PHASES, REST):
        own, goal, classes = lessons, truth, len(names)
        if task == REST and rest is not None:
            place, classes = names.index(rest), 2
            own = [_rest_apart(lesson, place) for lesson in lessons]
            goal = [_apart(labels, place) for labels in truth]
        for method, fit in _BASELINES.items():
            classify: Classifier = fit(own, classes)
            found = [classify(course)[course.frame] for course in courses]
            f1, accuracy = _agreement(goal, found, classes)
            frames = sum(int((labels >= 0).sum()) for labels in goal)
            yield Row(task, who, method, f1, accuracy, frames)


def _score(
    task: str,
    truth: Sequence[np.ndarray],
    answers: Sequence[Answers],
    rest: int | None,
    classes: int,
) -> tuple[float, float]:
    if task == PHASES or rest is None:
        return _agreement(truth, [answer.labels.argmax(1) for answer in answers], classes)
    found = [(answer.rest < 0.5).astype(int) for answer in answers]
    return _agreement([_apart(labels, rest) for labels in truth], found, 2)


def _apart(labels: np.ndarray, rest: int) -> np.ndarray:
    """0 for rest, 1 for the others, -1 for what nobody has told."""
    return np.where(labels < 0, -1, labels != rest)


def _agreement(
    truth: Sequence[np.ndarray], found: Sequence[np.ndarray], classes: int
) -> tuple[float, float]:
    """Macro-F1 over the labels that occur, and accuracy, of all frames together."""
    true, said = np.concatenate(truth), np.concatenate(found)
    told = true >= 0
    counts = confusion(true[told], said[told], classes)
    _, _, f1 = class_scores(counts)
    used = (counts.sum(0) + counts.sum(1)) > 0
    return float(f1[used].mean()), float(np.diag(counts).sum() / max(counts.sum(), 1))
