"""Labelled sequences as training and evaluation want them, from any file that holds some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.gestures import Vocabulary, get_vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.normalise import Normalisation
from mgskel.formats.recording import HandOrder, ReadOptions, Recording


@dataclass(frozen=True)
class ClassList:
    """What a recogniser can answer.

    Args:
        keys: the label of each class in the data set's own files, as text.
        names: what people call it.
        vocabulary: where the classes come from, if from a known vocabulary.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    vocabulary: str | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of_vocabulary(cls, vocabulary: Vocabulary) -> ClassList:
        keys = tuple(str(gesture.raw_id) for gesture in vocabulary.classes)
        return cls(keys, tuple(vocabulary.names), vocabulary.name)

    @classmethod
    def of_labels(cls, labels: np.ndarray, names: dict[str, str] | None = None) -> ClassList:
        """The classes that occur, numbers in numeric order and words in alphabetic order."""
        found = sorted(set(labels.tolist()), key=_label_order)
        return cls(tuple(found), tuple((names or {}).get(key, key) for key in found))

    def indices(self, labels: np.ndarray, place: object = None) -> np.ndarray:
        """(n,) class indices of data-set labels; unknown ones are an error that names them."""
        position = {key: i for i, key in enumerate(self.keys)}
        position |= {name: i for i, name in enumerate(self.names) if name not in position}
        strange = sorted(set(labels.tolist()) - set(position), key=_label_order)
        if strange:
            count = int(np.isin(labels, strange).sum())
            raise InputError(
                f"{count} of {len(labels)} sequences have a label outside the classes",
                place=place,
                expected="one of " + ", ".join(self.keys[:40]),
                found=", ".join(strange[:10]),
                remedy="check the labels, or name the right vocabulary (data.vocabulary)",
            )
        return np.array([position[label] for label in labels.tolist()], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Sequences of one layout with what is known about each.

    Args:
        labels: (n,) the file's own labels as text, or none.
        subjects, views, splits, names: (n,) text; all but the names may be unknown.
        class_names: what the file calls its labels, where it says so.
    """

    sequences: tuple[PoseSequence, ...]
    names: np.ndarray
    labels: np.ndarray | None = None
    subjects: np.ndarray | None = None
    views: np.ndarray | None = None
    splits: np.ndarray | None = None
    class_names: dict[str, str] | None = None

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def skeleton(self) -> Skeleton:
        return self.sequences[0].skeleton

    @property
    def videos(self) -> np.ndarray:
        """(n,) the recording each clip was cut from: its name without the last number."""
        return np.array([str(name).rpartition("_")[0] or str(name) for name in self.names])

    def groups(self, kind: str) -> np.ndarray:
        """(n,) subject, view, video or split (part of the data set) of each sequence."""
        known = {
            "subject": self.subjects,
            "view": self.views,
            "video": self.videos,
            "split": self.splits,
        }
        values = known[kind]
        if values is None:
            raise InputError(
                f"the file does not say the {kind} of its sequences",
                remedy=f"give it a '{kind}' array, or validate on a random share "
                "(--data.validation random)",
            )
        return values

    def select(self, indices: Sequence[int] | np.ndarray) -> Labelled:
        chosen = np.asarray(indices, dtype=int)

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[chosen]

        return replace(
            self,
            sequences=tuple(self.sequences[i] for i in chosen),
            names=self.names[chosen],
            labels=part(self.labels),
            subjects=part(self.subjects),
            views=part(self.views),
            splits=part(self.splits),
        )

    def to_skeleton(self, target: Skeleton) -> Labelled:
        """All sequences in another layout, by joint name."""
        if target.joints == self.skeleton.joints:
            return self
        return replace(self, sequences=tuple(s.to_skeleton(target) for s in self.sequences))

    def store(
        self, settings: Normalisation, classes: ClassList | None = None, people: int | None = None
    ) -> ClipStore:
        """Normalised clips, labelled by `classes` where they are given."""
        labels = None
        if classes is not None:
            if self.labels is None:
                raise InputError("the file has no labels", remedy="give it a 'label' array")
            labels = classes.indices(self.labels)
        names = [str(name) for name in self.names]
        return ClipStore.from_sequences(self.sequences, settings, labels, names, people)


def class_list(data: Labelled, vocabulary: str | None) -> ClassList:
    """The classes of a training: a vocabulary's, or those found in the data."""
    if vocabulary is not None:
        return ClassList.of_vocabulary(get_vocabulary(vocabulary))
    if data.labels is None:
        raise InputError("the file has no labels", remedy="give it a 'label' array")
    return ClassList.of_labels(data.labels, data.class_names)


def load_labelled(
    path: str | Path,
    layout: str | None = None,
    hand_order: HandOrder = "auto",
    split: str | None = None,
) -> Labelled:
    """Sequences and labels of any file or folder that the readers know.

    Recordings with events become one sequence per event; others are one sequence each.

    Args:
        layout: skeleton of a file that does not name its own.
        hand_order: for iMiGUE challenge arrays, see `ReadOptions`.
        split: only the sequences that the file counts to this part ("train", "test").
    """
    from mgskel.formats import read

    options = ReadOptions(layout=layout, hand_order=hand_order)
    parts = [read(part, options) for part in _parts(Path(path))]
    first = parts[0]
    vocabulary = get_vocabulary(first.vocabulary) if first.vocabulary else None
    clips = [clip for part in parts for recording in part.recordings for clip in _clips(recording)]
    if split is not None:
        clips = [clip for clip in clips if clip.split == split]
    if not clips:
        raise InputError(
            "the file holds no sequences" + (f" of the part '{split}'" if split else ""),
            place=path,
        )
    return Labelled(
        sequences=tuple(clip.sequence for clip in clips),
        names=np.array([clip.name for clip in clips]),
        labels=_label_texts(clips, first.class_names, vocabulary, path),
        subjects=_texts([clip.subject for clip in clips]),
        views=_texts([clip.view for clip in clips]),
        splits=_texts([clip.split for clip in clips]),
        class_names=_names_of(vocabulary),
    )


def _parts(path: Path) -> list[Path]:
    """A data set kept as one folder per recording is read folder by folder."""
    if not path.is_dir():
        return [path]
    inside = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    return inside if inside and all(entry.is_dir() for entry in inside) else [path]


def _clips(recording: Recording) -> list[Recording]:
    """A recording as it is, or one for each of its events."""
    if not recording.events:
        return [recording]
    last = float(recording.sequence.timestamps[-1])
    return [
        replace(
            recording,
            sequence=recording.sequence.crop(event.start_s, min(event.end_s, last)),
            name=f"{recording.name}_{number}",
            label=event.class_id,
            events=(),
        )
        for number, event in enumerate(recording.events)
    ]


def _label_texts(
    clips: Sequence[Recording],
    class_names: Sequence[str] | None,
    vocabulary: Vocabulary | None,
    path: str | Path,
) -> np.ndarray | None:
    """Labels as text: in the vocabulary's raw numbering, by class name, or as they stand."""
    given = [clip.label for clip in clips]
    if all(label is None for label in given):
        return None
    if any(label is None for label in given):
        missing = [str(c.name) for c, label in zip(clips, given, strict=True) if label is None]
        raise InputError(
            f"{len(missing)} of {len(clips)} sequences have no label",
            place=path,
            found=", ".join(missing[:5]),
            remedy="label them, or leave them out",
        )
    if vocabulary is not None:
        return np.array([str(vocabulary.by_id(int(label or 0)).raw_id) for label in given])
    if class_names is not None:
        return np.array([str(class_names[int(label or 0)]) for label in given])
    return np.array([str(label) for label in given])


def _names_of(vocabulary: Vocabulary | None) -> dict[str, str] | None:
    if vocabulary is None:
        return None
    return {str(gesture.raw_id): gesture.name for gesture in vocabulary.classes}


def _texts(values: Sequence[object]) -> np.ndarray | None:
    """Text of each, or none where anyone's is unknown."""
    if any(value is None for value in values):
        return None
    return np.array([str(value) for value in values])


def _label_order(label: str) -> tuple[int, float, str]:
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
