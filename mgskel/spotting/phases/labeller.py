"""PhaseLabeller: a recording in, a label for every frame out, by several voters together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.spotting.phases.fit import Lesson, PhaseFitSettings, fit_phases
from mgskel.spotting.phases.labelled import (
    UNLABELLED,
    LabelledRecording,
    label_ids,
    label_names,
)
from mgskel.spotting.phases.linear import LinearWindows
from mgskel.spotting.phases.motion import (
    Course,
    channels,
    course_of,
    mirror_order,
    smooth_over_time,
)
from mgskel.spotting.phases.network import PhaseNetwork
from mgskel.training.metrics import softmax

_SMOOTH = 5


@dataclass(frozen=True, eq=False)
class Answers:
    """What networks say of every frame.

    Attributes:
        labels: (T, K) probabilities.
        rest: (T,) probability that nothing is going on; where rest is no label, 0.
        seen: (T,) bool; of other frames nothing is known.
    """

    labels: np.ndarray
    rest: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True, eq=False)
class PhaseLabeller:
    """Networks that differ by their seeds alone, and a linear vote: their mean is the answer.

    Attributes:
        names: the labels.
        rest: the one that means nothing is going on, if there is one.
        linear: votes on the labels, and (where there is a rest) on rest against the others;
            none where the networks decide alone.
    """

    networks: tuple[PhaseNetwork, ...]
    names: tuple[str, ...]
    rest: str | None
    skeleton: Skeleton
    linear: tuple[LinearWindows, ...] = ()

    @classmethod
    def fit(
        cls,
        recordings: Sequence[LabelledRecording],
        rest: str | None = None,
        seeds: Sequence[int] = (0, 1, 2),
        settings: PhaseFitSettings | None = None,
    ) -> PhaseLabeller:
        """Learn from recordings in one layout."""
        if not recordings:
            raise InputError("there are no recordings to learn from")
        skeleton = recordings[0].sequence.skeleton
        names = label_names(recordings)
        if len(names) < 2:
            raise InputError(
                "one label alone teaches nothing",
                expected="two or more labels per frame",
                found=", ".join(names) or "none",
            )
        if rest is not None and rest not in names:
            raise InputError(
                f"no frame is labelled '{rest}'", expected="one of " + ", ".join(names)
            )
        for recording in recordings:
            _same_layout(skeleton, recording.sequence, recording.name)
        lessons = [lesson_of(recording, names) for recording in recordings]
        place = None if rest is None else names.index(rest)
        networks = tuple(
            fit_phases(
                lessons, len(names), place, mirror_order(skeleton), settings or PhaseFitSettings(),
                seed,
            )
            for seed in seeds
        )  # fmt: skip
        linear = [LinearWindows.fit(lessons, len(names))]
        if place is not None:
            linear.append(LinearWindows.fit([rest_apart(own, place) for own in lessons], 2))
        return cls(networks, names, rest, skeleton, tuple(linear))

    def alone(self, *which: int) -> PhaseLabeller:
        """Some of the networks by themselves."""
        return replace(self, networks=tuple(self.networks[i] for i in which), linear=())

    def answers(self, sequence: PoseSequence, person: int = 0) -> Answers:
        """What is going on in every frame."""
        _same_layout(self.skeleton, sequence, sequence.source)
        course = course_of(sequence, person)
        if not len(course.seen):
            empty = np.zeros(0)
            return Answers(np.zeros((0, len(self.names))), empty, empty.astype(bool))
        both = np.mean([self._course(network, course) for network in self.networks], 0)
        labels, rest = both[:, :-1], both[:, -1]
        if self.rest is None:
            rest = np.zeros(len(labels))
        else:
            # Asked for all labels and asked for rest alone: each errs in its own way.
            rest = (rest + labels[:, self.names.index(self.rest)]) / 2
        if self.linear:
            labels = (labels + softmax(self.linear[0].scores(course))) / 2
        if len(self.linear) > 1:
            rest = (rest + softmax(self.linear[1].scores(course) / 2)[:, 0]) / 2
        return Answers(labels[course.frame], rest[course.frame], course.seen[course.frame])

    def labels(self, sequence: PoseSequence, person: int = 0) -> np.ndarray:
        """The likeliest label of every frame, (T,) text; empty where nobody is seen."""
        answers = self.answers(sequence, person)
        words = np.array([*self.names, UNLABELLED])
        return np.asarray(words[np.where(answers.seen, answers.labels.argmax(1), -1)])

    def events(self, sequence: PoseSequence, person: int = 0) -> tuple[GestureEvent, ...]:
        """Stretches of one label; rest is none."""
        answers = self.answers(sequence, person)
        best = np.where(answers.seen, answers.labels.argmax(1), -1)
        if self.rest is not None:
            best[best == self.names.index(self.rest)] = -1
        edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
        ends = np.append(sequence.timestamps, sequence.timestamps[-1:] + 1 / sequence.fps)
        return tuple(
            GestureEvent(
                person=sequence.people[person],
                label=self.names[best[a]],
                class_id=int(best[a]),
                start_s=round(float(ends[a]), 3),
                end_s=round(float(ends[b]), 3),
                score=round(float(answers.labels[a:b, best[a]].mean()), 4),
                micro=False,
            )
            for a, b in zip(edges, edges[1:], strict=False)
            if best[a] >= 0
        )

    def save(self, folder: str | Path) -> None:
        from mgskel.spotting.phases.stored import save_labeller

        save_labeller(self, Path(folder))

    @torch.no_grad()
    def _course(self, network: PhaseNetwork, course: Course) -> np.ndarray:
        """Probabilities (T, K + 1) by one network, as seen directly and in a mirror."""
        mirrored = course.places[:, mirror_order(self.skeleton)] * np.array([-1, 1])
        places = np.stack([course.places, mirrored])
        x = channels(places, np.stack([course.context, course.context]))
        logits = network(torch.from_numpy(x))
        both = torch.cat([logits[:, :-1].softmax(1), logits[:, -1:].sigmoid()], 1)
        return smooth_over_time(both.mean(0).numpy().T, _SMOOTH)


def lesson_of(recording: LabelledRecording, names: Sequence[str]) -> Lesson:
    """A recording as a network learns from it."""
    course = course_of(recording.sequence)
    return Lesson(course, _on_grid(label_ids(recording.labels, names), course))


def rest_apart(lesson: Lesson, rest: int) -> Lesson:
    """The same with labels 0 for rest, 1 for the others."""
    return Lesson(lesson.course, np.where(lesson.labels < 0, -1, lesson.labels != rest))


def load_labeller(folder: str | Path) -> PhaseLabeller:
    from mgskel.spotting.phases.stored import read_labeller

    return read_labeller(Path(folder))


def _on_grid(labels: np.ndarray, course: Course) -> np.ndarray:
    """Labels (T',) of frames as those of the course's moments (T,): the nearest frame's."""
    moments = np.arange(len(course.seen))
    after = np.clip(np.searchsorted(course.frame, moments), 0, max(len(labels) - 1, 0))
    before = np.maximum(after - 1, 0)
    nearer = np.abs(course.frame[before] - moments) < np.abs(course.frame[after] - moments)
    return np.where(course.seen, labels[np.where(nearer, before, after)], -1)


def _same_layout(skeleton: Skeleton, sequence: PoseSequence, name: str) -> None:
    if sequence.skeleton != skeleton:
        raise InputError(
            "a recording in another layout",
            place=name or None,
            expected=f"'{skeleton.name}'",
            found=f"'{sequence.skeleton.name}'",
            remedy="convert it: mgskel convert --to-layout",
        )
