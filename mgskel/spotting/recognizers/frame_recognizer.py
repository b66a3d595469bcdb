"""A recognizer that labels every frame of a recording, as a few annotated ones have taught it.

It takes any layout and any labels, and needs whole recordings: what is usual in one tells what is
not. Its events are stretches of one label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mgskel.core.config import from_dict
from mgskel.core.events import GestureEvent, in_order
from mgskel.core.gestures import Vocabulary
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.core.storage.files import json_hash
from mgskel.models import Backbone
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY, shifted
from mgskel.spotting.decision.needs import Silence
from mgskel.spotting.network.frame_features import (
    CHANNELS,
    Course,
    channels,
    course_of,
    mirror_order,
)
from mgskel.spotting.network.frame_features import smooth_over_time as smoothed
from mgskel.spotting.recognizer import Recognizer
from mgskel.training.runs.model_folder import (
    DESCRIPTION_FILE,
    ModelSpec,
    describing,
    fill,
    read_description,
    save_folder,
)

UNLABELLED = ""
REST = "rest"
_DECISIVE = ("weights_sha256", "model", "vocabulary", "rest")


@dataclass(frozen=True, eq=False)
class Answers:
    """What is said of every frame.

    Attributes:
        labels: (T, K) probabilities.
        rest: (T,) probability that nothing is going on; where rest is no label, 0.
        seen: (T,) bool; of other frames nothing is known.
    """

    labels: np.ndarray
    rest: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True, eq=False)
class FrameRecognizer(Recognizer):
    """A network with one output for each label, and one for "rest".

    Attributes:
        vocabulary: the labels.
        rest: the one that means nothing is going on, if there is one; it makes no events.
    """

    network: Backbone
    model: ModelSpec
    layout: Skeleton
    vocabulary: Vocabulary
    rest: str | None = None
    name: str = "own"
    fingerprint: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    learned_from: ClassVar[str] = "frame labels"

    @property
    def skeleton(self) -> Skeleton:
        return self.layout

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.vocabulary.names)

    def answers(self, sequence: PoseSequence, person: int = 0) -> Answers:
        """What is going on in every frame."""
        if sequence.skeleton.joints != self.layout.joints:
            sequence = sequence.to_skeleton(self.layout)
        course = course_of(sequence, person)
        if not len(course.seen):
            empty = np.zeros(0)
            return Answers(np.zeros((0, len(self.names))), empty, empty.astype(bool))
        both = self._moments(course)
        labels, rest = both[:, :-1], both[:, -1]
        # Asked for all labels and asked for rest alone: each errs in its own way.
        own = np.zeros(len(labels))
        if self.rest is not None:
            own = (rest + labels[:, self.names.index(self.rest)]) / 2
        return Answers(labels[course.frame], own[course.frame], course.seen[course.frame])

    def labels(self, sequence: PoseSequence, person: int = 0) -> np.ndarray:
        """The likeliest label of every frame, (T,) text; empty where nobody is seen."""
        words = np.array([*self.names, UNLABELLED])
        return np.asarray(words[self._best(self.answers(sequence, person))])

    def spot(
        self, sequence: PoseSequence, sensitivity: float = DEFAULT_SENSITIVITY
    ) -> tuple[GestureEvent, ...]:
        """As in `Recognizer`: stretches of one label; rest is none."""
        events: list[GestureEvent] = []
        for person in range(sequence.num_people):
            events += self._stretches(sequence, person, sensitivity)
        return in_order(events)

    def _best(self, answers: Answers, sensitivity: float = DEFAULT_SENSITIVITY) -> np.ndarray:
        """The likeliest label of every frame, (T,); -1 where nobody is seen."""
        chances = answers.labels.copy()
        if self.rest is not None:
            # As likely as not is how likely an event must be at the default sensitivity.
            least = shifted(0.5, sensitivity)
            chances[:, self.names.index(self.rest)] *= least / (1 - least)
        return np.where(answers.seen, chances.argmax(1), -1)

    def _stretches(
        self, sequence: PoseSequence, person: int, sensitivity: float
    ) -> list[GestureEvent]:
        answers = self.answers(sequence, person)
        best = self._best(answers, sensitivity)
        if self.rest is not None:
            best[best == self.names.index(self.rest)] = -1
        edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
        ends = np.append(sequence.timestamps, sequence.timestamps[-1:] + 1 / sequence.fps)
        return [
            GestureEvent(
                person=sequence.people[person],
                label=self.names[best[a]],
                class_id=int(best[a]),
                start_s=round(float(ends[a]), 3),
                end_s=round(float(ends[b]), 3),
                score=round(float(answers.labels[a:b, best[a]].mean()), 4),
                micro=False,
                source=self.name,
            )
            for a, b in zip(edges, edges[1:], strict=False)
            if best[a] >= 0
        ]

    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        """As in `Recognizer`: what is usually said of a clip's frames."""
        return np.stack([self._clip(sequence) for sequence in data.sequences])

    def _clip(self, sequence: PoseSequence) -> np.ndarray:
        answers = self.answers(sequence)
        some = answers.labels[answers.seen]
        return some.mean(0) if len(some) else np.full(len(self.names), 1 / len(self.names))

    def silences(self, sequence: PoseSequence) -> list[Silence]:
        told = "The recognizer was trained on labels of frames; its events are stretches of one."
        return [Silence(told)]

    @torch.inference_mode()
    def _moments(self, course: Course) -> np.ndarray:
        """Probabilities (T, K + 1), of the course as it is and in a mirror."""
        mirrored = course.places[:, mirror_order(self.layout)] * np.array([-1, 1])
        context = np.stack([course.context, course.context])
        x, mask = channels(np.stack([course.places, mirrored]), context, self.layout)
        logits = frame_logits(self.network, torch.from_numpy(x), torch.from_numpy(mask))
        both = torch.cat([logits[:, :-1].softmax(1), logits[:, -1:].sigmoid()], 1)
        return smoothed(both.mean(0).numpy().T)

    def save(self, folder: str | Path) -> None:
        save_folder(
            Path(folder),
            self.network,
            "frames",
            {
                "name": self.name,
                "model": self.model,
                "skeleton": skeleton_to_dict(self.layout),
                "vocabulary": self.vocabulary,
                "rest": self.rest,
                "notes": self.notes,
            },
        )

    @classmethod
    def read(cls, folder: Path) -> FrameRecognizer:
        """Rebuild it from its folder."""
        tree, place = read_description(folder), str(folder / DESCRIPTION_FILE)
        with describing(folder):
            layout = skeleton_from_dict(tree["skeleton"], place)
            model = from_dict(ModelSpec, tree["model"], place)
            vocabulary, rest = from_dict(Vocabulary, tree["vocabulary"], place), tree["rest"]
            if rest is not None and rest not in vocabulary.names:
                raise ValueError(f"no label '{rest}'")
            network = model.build(layout, len(vocabulary) + 1, CHANNELS)
            name, notes = str(tree["name"]), dict(tree.get("notes", {}))
        fill(network, folder, tree)
        fingerprint = json_hash({key: tree[key] for key in _DECISIVE})
        return cls(network.eval(), model, layout, vocabulary, rest, name, fingerprint, notes)


def frame_logits(network: Backbone, x: Tensor, mask: Tensor | None) -> Tensor:
    """(N, K + 1, T): the network's answers, held until its next one."""
    answers = network.forward_frames(x, mask)[:, 0].transpose(1, 2).float()
    return answers.repeat_interleave(network.time_stride, 2)[:, :, : x.shape[2]]
