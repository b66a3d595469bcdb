"""What a recogniser can answer: the classes of a vocabulary, or those found in the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.gestures import Vocabulary, get_vocabulary
from mgskel.core.recording import Dataset


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

    def __post_init__(self) -> None:
        if len(self.keys) != len(self.names) or len(set(self.keys)) < len(self.keys):
            raise InputError(
                "the classes do not fit together",
                expected="a name for each label, no label twice",
                found=f"{len(self.keys)} labels, {len(self.names)} names",
            )

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of_vocabulary(cls, vocabulary: Vocabulary) -> ClassList:
        keys = tuple(str(gesture.raw_id) for gesture in vocabulary.classes)
        return cls(keys, tuple(vocabulary.names), vocabulary.name)

    @classmethod
    def of_labels(cls, labels: np.ndarray, names: Mapping[str, str] | None = None) -> ClassList:
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


def class_list(data: Dataset, vocabulary: str | None) -> ClassList:
    """The classes of a training: a vocabulary's, or those found in the data."""
    if vocabulary is not None:
        return ClassList.of_vocabulary(get_vocabulary(vocabulary))
    if data.labels is None:
        raise InputError("the file has no labels", remedy="give it a 'label' array")
    names = None
    if data.vocabulary is not None:
        names = {str(one.raw_id): one.name for one in get_vocabulary(data.vocabulary)}
    return ClassList.of_labels(data.labels, names)


def _label_order(label: str) -> tuple[int, float, str]:
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
