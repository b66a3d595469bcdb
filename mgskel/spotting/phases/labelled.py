"""Recordings with a label for every frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence

UNLABELLED = ""


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """One person's recording.

    Attributes:
        labels: (T,) text, empty where nobody has said what happens.
        user: who is seen; recordings of one user are never on both sides of a comparison.
    """

    sequence: PoseSequence
    labels: np.ndarray
    user: str
    name: str = ""

    def __post_init__(self) -> None:
        if self.labels.shape != (self.sequence.num_frames,):
            raise InputError(
                "the labels do not fit the recording",
                place=self.name or None,
                expected=f"one per frame, {self.sequence.num_frames}",
                found=f"shape {self.labels.shape}",
            )


def labelled_recordings(data: Dataset) -> list[LabelledRecording]:
    """The recordings of a data set with per-frame labels.

    Users are the subjects; without them, the letters that a recording's name begins with ("a" for
    "a1").
    """
    recordings = []
    for one in data:
        if one.frame_labels is None:
            raise _unlabelled()
        labels = one.frame_labels
        if labels.dtype.kind in "iu" and data.class_names is not None:
            labels = np.array([*data.class_names, UNLABELLED])[labels]
        user = _user(one.name) if one.subject is None else str(one.subject)
        recordings.append(LabelledRecording(one.sequence, labels.astype(str), user, one.name))
    return recordings


def _unlabelled() -> InputError:
    return InputError(
        "the bundle has no labels per frame",
        expected="an array 'frame_label' (or 'phase') with one entry per frame",
        found="none",
        remedy="write the labels into the bundle, empty text where a frame has none",
    )


def from_annotated(recording: Recording, rest: str) -> LabelledRecording:
    """A recording with annotated events; what no event covers is rest.

    Where events overlap, the one that begins later counts.
    """
    sequence = recording.sequence
    if sequence.num_people != 1:
        raise InputError(
            "phases are learned from recordings of one person",
            place=recording.name or None,
            found=f"{sequence.num_people} people",
            remedy="choose one: mgskel convert --person",
        )
    labels = np.full(sequence.num_frames, rest, dtype=object)
    for event in sorted(recording.events, key=lambda e: e.start_s):
        labels[(sequence.timestamps >= event.start_s) & (sequence.timestamps < event.end_s)] = (
            event.label
        )
    return LabelledRecording(sequence, labels.astype(str), recording.name, recording.name)


def label_names(recordings: Sequence[LabelledRecording]) -> tuple[str, ...]:
    """The labels that occur, in the order of their first frame."""
    names: dict[str, None] = {}
    for recording in recordings:
        found, first = np.unique(recording.labels, return_index=True)
        names |= dict.fromkeys(map(str, found[np.argsort(first)]))
    names.pop(UNLABELLED, None)
    return tuple(names)


def label_ids(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Places in `names`, (T,) int; -1 for other labels and for none."""
    known = {name: index for index, name in enumerate(names)}
    return np.array([known.get(str(label), -1) for label in labels], int)


def _user(name: str) -> str:
    letters = re.match(r"[^\W\d_]+", name)
    return letters.group() if letters else name
