"""How well phases are told of people never seen: one user left out at a time, or a test file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.errors import InputError
from mgskel.spotting.phases.fit import PhaseFitSettings
from mgskel.spotting.phases.labelled import LabelledRecording, label_ids, label_names
from mgskel.spotting.phases.labeller import Answers, PhaseLabeller, lesson_of, rest_apart
from mgskel.spotting.phases.motion import course_of
from mgskel.training.metrics import class_scores, confusion
from studies.phases.baselines import (
    Classifier,
    commonest,
    ridge_on_channels,
    ridge_on_places,
)

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


def leave_one_user_out(
    recordings: Sequence[LabelledRecording],
    rest: str | None,
    seeds: Sequence[int],
    settings: PhaseFitSettings | None = None,
) -> list[Row]:
    """Each user in turn is tested with what the others taught."""
    users = list(dict.fromkeys(recording.user for recording in recordings))
    if len(users) < 2:
        raise InputError(
            "leaving one user out needs two",
            expected="recordings of two or more users",
            found=", ".join(users) or "none",
            remedy="name users in the bundle's 'subject', or give --test FILE",
        )
    rows = []
    for user in users:
        learned = [r for r in recordings if r.user != user]
        rows += compare(learned, [r for r in recordings if r.user == user], rest, seeds, settings)
    return rows


def compare(
    learned: Sequence[LabelledRecording],
    tested: Sequence[LabelledRecording],
    rest: str | None,
    seeds: Sequence[int],
    settings: PhaseFitSettings | None = None,
) -> list[Row]:
    """Baselines and networks, taught by some recordings and tested on others."""
    names = label_names(learned)
    truth = [label_ids(recording.labels, names) for recording in tested]
    who = ", ".join(dict.fromkeys(recording.user for recording in tested))
    rows = list(_baseline_rows(learned, tested, truth, names, rest, who))
    labeller = PhaseLabeller.fit(learned, rest, seeds, settings)
    each = [
        [labeller.alone(index).answers(recording.sequence) for recording in tested]
        for index in range(len(seeds))
    ]
    several = {
        NETWORKS: labeller.alone(*range(len(seeds))),
        TOGETHER: labeller,
    }
    together = {
        method: [voters.answers(recording.sequence) for recording in tested]
        for method, voters in several.items()
    }
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


def _baseline_rows(
    learned: Sequence[LabelledRecording],
    tested: Sequence[LabelledRecording],
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
            own = [rest_apart(lesson, place) for lesson in lessons]
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
