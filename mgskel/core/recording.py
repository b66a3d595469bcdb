"""Recordings with what is known about them, and data sets of many: what passes between rooms."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import get_vocabulary
from mgskel.core.html_table import html_table
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.core.storage.intake import number_of

_MOST_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Recording:
    """One sequence and what is known about it.

    Attributes:
        label: its class, in the numbering of the data set's vocabulary (or the set's own).
        subject, view, split: who, which camera, which part of the data set.
        frame_labels: (T,) what happens in each frame, as numbers or text.
    """

    sequence: PoseSequence
    name: str = ""
    label: int | None = None
    subject: int | str | None = None
    view: int | str | None = None
    split: str | None = None
    frame_labels: np.ndarray | None = None
    events: tuple[GestureEvent, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        labels = self.frame_labels
        if labels is not None and labels.shape != (self.sequence.num_frames,):
            raise InputError(
                "the labels of frames do not fit the recording",
                place=self.name or None,
                expected=f"one per frame, {self.sequence.num_frames}",
                found=f"shape {labels.shape}",
            )

    def replace(self, **changes: Any) -> Recording:
        return dataclasses.replace(self, **changes)

    def resampled(self, fps: float) -> Recording:
        """At another rate; each new frame has the label of the one nearest in time."""
        sequence = self.sequence.resampled(fps)
        labels = self.frame_labels
        if labels is not None:
            gaps = np.abs(sequence.timestamps[:, None] - self.sequence.timestamps[None])
            labels = labels[gaps.argmin(1)]
        return self.replace(sequence=sequence, frame_labels=labels)

    def clips(self) -> list[Recording]:
        """One recording for each event, labelled by it; without events, the recording itself."""
        if not self.events:
            return [self]
        last = float(self.sequence.timestamps[-1])
        return [
            Recording(
                self.sequence.crop(event.start_s, min(event.end_s, last)),
                f"{self.name}_{number}",
                event.class_id,
                self.subject,
                self.view,
                self.split,
                extra=self.extra,
            )
            for number, event in enumerate(self.events)
        ]

    def __repr__(self) -> str:
        known = [f"label {self.label}"] if self.label is not None else []
        known += [f"{len(self.events)} events"] if self.events else []
        return f"Recording({', '.join([repr(self.name), *known, repr(self.sequence)])})"


@dataclass(frozen=True, eq=False)
class Dataset(Sequence[Recording]):
    """Many recordings, and what their labels mean.

    Attributes:
        recordings: they may be made only when they are asked for.
        class_names: names of the labels 0, 1, ...
        vocabulary: the name of the gesture vocabulary that the labels count in.
        source, format: the file or folder it was read from, and its format.
        notes: what a reader assumed or could not keep, for people.
    """

    recordings: Sequence[Recording]
    class_names: tuple[str, ...] | None = None
    vocabulary: str | None = None
    source: str = ""
    format: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, sequences: Dataset | PoseSequence | Sequence[PoseSequence]) -> Dataset:
        """Sequences without labels as a data set."""
        if isinstance(sequences, Dataset):
            return sequences
        several = [sequences] if isinstance(sequences, PoseSequence) else list(sequences)
        named = [(one.source or f"sequence {i}", one) for i, one in enumerate(several)]
        return cls(tuple(Recording(one, name) for name, one in named))

    def __len__(self) -> int:
        return len(self.recordings)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Recording | Dataset:
        if isinstance(index, slice):
            return self.select(np.arange(len(self))[index])
        return self.recordings[index]

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.recordings)

    def replace(self, **changes: Any) -> Dataset:
        return dataclasses.replace(self, **changes)

    @property
    def only(self) -> Recording:
        """The recording of a data set that holds one."""
        if len(self) != 1:
            raise InputError(
                "one recording is needed here",
                expected="1 recording",
                found=f"{len(self)} recordings" + (f" ({self.format})" if self.format else ""),
                remedy="'mgskel convert FILE OUT --only NAME_OR_NUMBER' takes one out",
            )
        return self[0]

    def select(self, which: Sequence[int] | np.ndarray) -> Dataset:
        """Some of the recordings, in the given order; a boolean mask of their number also works."""
        chosen = np.asarray(which)
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise InputError(
                    "a mask of another length than the data set",
                    expected=f"{len(self)} values",
                    found=f"shape {chosen.shape}",
                )
            chosen = np.flatnonzero(chosen)
        return self.replace(recordings=tuple(self.recordings[int(i)] for i in chosen))

    def clips(self) -> Dataset:
        """Every recording with events cut into one for each event."""
        return self.replace(recordings=tuple(clip for one in self for clip in one.clips()))

    def labelled(self, labels: Sequence[str | None]) -> Dataset:
        """The recordings with other labels, as text: numbers as they stand, words as classes."""
        given = {label for label in labels if label is not None}
        written = {label: number_of(label) for label in given}
        numbers = {label: number for label, number in written.items() if number is not None}
        if len(numbers) == len(given):
            names = None
        else:
            names = tuple(sorted(given))
            numbers = {name: number for number, name in enumerate(names)}
        recordings = [
            one.replace(label=None if label is None else numbers[label])
            for one, label in zip(self, labels, strict=True)
        ]
        return self.replace(recordings=tuple(recordings), class_names=names, vocabulary=None)

    def to_skeleton(self, target: Skeleton | str, allow_missing: bool = False) -> Dataset:
        """All sequences in another layout, by joint name."""
        layout = get_skeleton(target)
        return self.replace(
            recordings=tuple(
                one
                if one.sequence.skeleton.joints == layout.joints
                else one.replace(sequence=one.sequence.to_skeleton(layout, allow_missing))
                for one in self
            )
        )

    @property
    def sequences(self) -> tuple[PoseSequence, ...]:
        return tuple(one.sequence for one in self)

    @property
    def skeleton(self) -> Skeleton:
        """The layout of the first recording; see `ClipStore` for whether all share it."""
        return self[0].sequence.skeleton

    @property
    def names(self) -> np.ndarray:
        """(n,) names."""
        return np.array([one.name for one in self])

    @property
    def subjects(self) -> np.ndarray | None:
        """(n,) as text, or none where anybody is unknown; `views` and `splits` alike."""
        return _texts([one.subject for one in self])

    @property
    def views(self) -> np.ndarray | None:
        return _texts([one.view for one in self])

    @property
    def splits(self) -> np.ndarray | None:
        return _texts([one.split for one in self])

    @property
    def videos(self) -> np.ndarray:
        """(n,) the recording each clip was cut from: its name without the last number."""
        return np.array([one.name.rpartition("_")[0] or one.name for one in self])

    def groups(self, kind: str) -> np.ndarray:
        """(n,) the subject, view, video or split (part of the data set) of each recording."""
        values = getattr(self, f"{kind}s")
        if values is None:
            raise InputError(
                f"the file does not say the {kind} of its sequences",
                remedy=f"give it a '{kind}' array, or validate on a random share "
                "(--data.validation random)",
            )
        return np.asarray(values)

    @property
    def labels(self) -> np.ndarray | None:
        """(n,) the class of each as text, or none where nobody has one.

        Text is what data sets agree on: the vocabulary's own number, the class's name where
        there are names, else the number as it stands.
        """
        given = [one.label for one in self]
        if all(label is None for label in given):
            return None
        missing = [one.name for one, label in zip(self, given, strict=True) if label is None]
        if missing:
            raise InputError(
                f"{len(missing)} of {len(self)} sequences have no label",
                place=self.source or None,
                found=", ".join(missing[:5]),
                remedy="label them, or leave them out",
            )
        if self.vocabulary is not None:
            numbers = [int(label) for label in given if label is not None]
            vocabulary = get_vocabulary(self.vocabulary)
            return np.array([str(vocabulary.by_id(number).raw_id) for number in numbers])
        return np.array([_label_text(one, self.class_names) for one in self])

    def __repr__(self) -> str:
        source = f" of {self.source}" if self.source else ""
        return f"Dataset({len(self)} recordings{source})"

    def _repr_html_(self) -> str:
        """The first recordings as a table: they may be many, and made only when asked for."""
        rows = [
            (one.name, _label_text(one, self.class_names) or "", str(one.sequence.num_frames),
             f"{one.sequence.duration_s:.1f}", str(one.sequence.num_people))
            for one in (self[i] for i in range(min(len(self), _MOST_SHOWN)))
        ]  # fmt: skip
        some = f", the first {_MOST_SHOWN}" if len(self) > _MOST_SHOWN else ""
        head = ("name", "label", "frames", "seconds", "people")
        return html_table(f"{self!r}{some}", head, rows)


def said_by_people(data: Dataset) -> Dataset:
    """What may be learned from: without the events that a recognizer found, which is noted."""
    kept, notes = [], []
    for one in data:
        own = tuple(event for event in one.events if not event.recognised)
        if left := len(one.events) - len(own):
            notes.append(f"{one.name}: {left} events that a recognizer found are left out")
            one = one.replace(events=own)
        kept.append(one)
    return data.replace(recordings=kept, notes=(*data.notes, *notes)) if notes else data


def join(parts: Sequence[Dataset]) -> Dataset:
    """One data set of several; classes keep their names, whatever their numbers."""
    recordings = [one for part in parts for one in part]
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    joined = Dataset(recordings, notes=notes)
    told = [part for part in parts if any(one.label is not None or one.events for one in part)]
    meanings = {(part.vocabulary, part.class_names) for part in told or parts[:1]}
    if len(meanings) == 1:
        vocabulary, class_names = meanings.pop()
        return joined.replace(vocabulary=vocabulary, class_names=class_names)
    vocabularies = {vocabulary for vocabulary, _ in meanings}
    if len(vocabularies) == 1 and None not in vocabularies:
        return joined.replace(vocabulary=vocabularies.pop())
    if vocabularies - {None}:
        raise InputError(
            "the parts count their labels in different vocabularies",
            found=", ".join(str(name or "none") for name in vocabularies),
            remedy="read them one by one",
        )
    return joined.labelled([_label_text(one, part.class_names) for part in parts for one in part])


def _label_text(one: Recording, class_names: tuple[str, ...] | None) -> str | None:
    if one.label is None:
        return None
    return str(one.label) if class_names is None else class_names[one.label]


def _texts(values: Sequence[object]) -> np.ndarray | None:
    """Text of each, or none where anyone's is unknown."""
    if any(value is None for value in values):
        return None
    return np.array([str(value) for value in values])
