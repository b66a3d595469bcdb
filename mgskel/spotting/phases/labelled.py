"""Recordings with a label for every frame."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording

UNLABELLED = ""


def labelled_recordings(data: Dataset) -> list[Recording]:
    """The recordings of a data set with per-frame labels.

    Users are the subjects; without them, the letters that a recording's name begins with ("a" for
    "a1").
    """
    recordings = []
    for one in data:
        labels = words_of(one)
        if labels.dtype.kind in "iu" and data.class_names is not None:
            labels = np.array([*data.class_names, UNLABELLED])[labels]
        user = _user(one.name) if one.subject is None else str(one.subject)
        recordings.append(one.replace(frame_labels=labels.astype(str), subject=user))
    return recordings


def words_of(recording: Recording) -> np.ndarray:
    """The labels of a recording's frames, (T,)."""
    if recording.frame_labels is None:
        raise InputError(
            "the bundle has no labels per frame",
            expected="an array 'frame_label' (or 'phase') with one entry per frame",
            found="none",
            remedy="write the labels into the bundle, empty text where a frame has none",
        )
    return recording.frame_labels


def from_annotated(recording: Recording, rest: str) -> Recording:
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
    return recording.replace(frame_labels=labels.astype(str), subject=recording.name, events=())


def label_names(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """The labels that occur, in the order of their first frame."""
    names: dict[str, None] = {}
    for recording in recordings:
        found, first = np.unique(words_of(recording), return_index=True)
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
