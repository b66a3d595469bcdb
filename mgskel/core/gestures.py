"""Gestures, and the vocabularies that data sets make of them.

A gesture is an elementary movement: one entry of ``gestures.yaml`` with everything the project
knows of it. A vocabulary is a YAML file (``vocabularies/NAME.yaml``, or the user's own). Each of
its classes says how the data set numbers it, which body group it belongs to, and which gestures
it is made of; classes of two vocabularies mean the same when their gestures agree.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mgskel.core.config import from_dict
from mgskel.core.errors import InputError, unknown
from mgskel.core.skeleton import Skeleton, computed_ways
from mgskel.core.storage.intake import read_yaml

GESTURES_FILE = Path(__file__).with_name("gestures.yaml")
_FOLDER = Path(__file__).parent / "vocabularies"
SYNTHETIC = "synthetic"
"""The vocabulary of the gestures that the synthesis performs, each a class of its own."""
_GROUPS_IN_WORDS = {
    "head": "head movement",
    "head-hand": "hand at the head",
    "body-hand": "hand at the body",
    "body": "body movement",
    "hand": "movement of hands or arms",
    "leg-hand": "hand at the legs",
    "leg": "leg movement",
    "upper limb": "arm movement",
    "lower limb": "leg movement",
    "illustrative": "illustrating gesture",
}


@dataclass(frozen=True)
class Gesture:
    """An elementary movement; see `gestures.yaml`.

    Attributes:
        group: the part of the body that shows it.
        needs: what must be seen to tell it: body parts or joints, alternatives separated by "|".
        micro: whether it is a micro-gesture (illustrative gestures are not).
        showable: whether any skeleton can show it.
        note: what a skeleton shows of it, where that is not all.
        shows: kinds of measured statement of which at least one should be there.
        prior: the entry of the rules' priors that says what it may point to.
        performed: ways to perform it, by name, as the synthesis reads them.
        not_performed: why the synthesis does not.
    """

    name: str = ""
    group: str = ""
    needs: tuple[str, ...] = ()
    micro: bool = True
    showable: bool = True
    note: str = ""
    shows: tuple[str, ...] = ()
    prior: str = ""
    performed: Mapping[str, Any] = field(default_factory=dict)
    not_performed: str = ""


@functools.cache
def known_gestures() -> Mapping[str, Gesture]:
    """Every gesture that the project knows, by name."""
    tree = read_yaml(GESTURES_FILE, "gestures")
    return {
        name: from_dict(Gesture, {"name": name, **entry}, f"{GESTURES_FILE.name}, {name}")
        for name, entry in tree.items()
    }


def group_in_words(group: str) -> str:
    """What is seen where only the body group is clear."""
    return _GROUPS_IN_WORDS.get(group, f"{group} gesture")


@functools.cache
def gestures_of(label: str) -> tuple[str, ...]:
    """The gestures that a class of any vocabulary is made of, or the label as the name of one."""
    wanted = label.strip().casefold()
    found = [
        name
        for vocabulary in map(get_vocabulary, list_vocabularies())
        for gesture in vocabulary
        if gesture.name.casefold() == wanted
        for name in gesture.means
    ]
    return tuple(dict.fromkeys(found)) or (wanted.replace(" ", "-"),)


@dataclass(frozen=True)
class GestureClass:
    """One class of a vocabulary; what is not told here means the same as in `Gesture`.

    Attributes:
        id: position in the vocabulary, from 0; what models predict.
        group: body group, as the data set divides it.
        raw_id: the label in the data set's own files.
        needs: by default what the first of its gestures needs.
        means: the gestures that the class is made of.
    """

    id: int
    name: str
    group: str
    micro: bool
    raw_id: int
    needs: tuple[str, ...] = ()
    showable: bool = True
    means: tuple[str, ...] = ()
    note: str = ""

    def lacking(self, skeleton: Skeleton) -> tuple[str, ...]:
        """Those needs that a layout cannot serve, even by computed joints."""
        return tuple(
            need
            for need in self.needs
            if not any(_serves(skeleton, choice) for choice in need.split("|"))
        )

    def shown_by(self, skeleton: Skeleton) -> bool:
        """Whether recordings in this layout can show the gesture."""
        return self.showable and not self.lacking(skeleton)


def _serves(skeleton: Skeleton, need: str) -> bool:
    if skeleton.has(need) or skeleton.parts.get(need):
        return True
    return any(
        all(_serves(skeleton, parent) for parent in way) for way in computed_ways().get(need, ())
    )


@dataclass(frozen=True)
class Vocabulary:
    """The classes of one data set or study, in the order of their ids."""

    name: str
    classes: tuple[GestureClass, ...]
    title: str = ""

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[GestureClass]:
        return iter(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(gesture.name for gesture in self.classes)

    @property
    def groups(self) -> tuple[str, ...]:
        """Body groups, in the order of their first class."""
        return tuple(dict.fromkeys(gesture.group for gesture in self.classes))

    def by_id(self, class_id: int) -> GestureClass:
        if not 0 <= class_id < len(self.classes):
            raise InputError(
                f"class {class_id} is not in the vocabulary '{self.name}'",
                expected=f"0 to {len(self.classes) - 1}",
                found=class_id,
                remedy="check which vocabulary the labels belong to",
            )
        return self.classes[class_id]

    def by_name(self, name: str) -> GestureClass:
        """The class of a name, in any spelling of case; the error names the nearest one."""
        wanted = name.strip().casefold()
        for gesture in self.classes:
            if gesture.name.casefold() == wanted:
                return gesture
        raise unknown(f"gesture of the vocabulary '{self.name}'", name, self.names)

    def from_raw(self, raw_id: int) -> GestureClass:
        """The class that the data set's own label stands for."""
        for gesture in self.classes:
            if gesture.raw_id == raw_id:
                return gesture
        raise InputError(
            f"label {raw_id} is not in the vocabulary '{self.name}'",
            expected=_spans([gesture.raw_id for gesture in self.classes]),
            found=raw_id,
            remedy="check which vocabulary the labels belong to",
        )


def _spans(numbers: list[int]) -> str:
    """Numbers as text, runs joined: 1 to 31, 99."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a} to {b}" if a != b else str(a) for a, b in spans)


@dataclass(frozen=True)
class _ClassEntry:
    """A class as a vocabulary file describes it."""

    raw: int
    name: str
    group: str
    micro: bool = True
    needs: tuple[str, ...] | None = None
    means: tuple[str, ...] | None = ()
    showable: bool = True
    note: str = ""


@dataclass(frozen=True)
class _VocabularyFile:
    name: str
    classes: tuple[_ClassEntry, ...]
    title: str = ""


@functools.cache
def list_vocabularies() -> tuple[str, ...]:
    """Names of the vocabularies that come with the package."""
    return tuple(sorted([SYNTHETIC, *(path.stem for path in _FOLDER.glob("*.yaml"))]))


def get_vocabulary(name: str | Path | Vocabulary) -> Vocabulary:
    """A vocabulary by name, or one's own by the path of its YAML file."""
    if isinstance(name, Vocabulary):
        return name
    if str(name) == SYNTHETIC:
        return _synthetic()
    if str(name) in list_vocabularies():
        return _load(_FOLDER / f"{name}.yaml")
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_vocabulary(path)
    raise unknown("vocabulary", str(name), list_vocabularies())


@functools.cache
def _load(path: Path) -> Vocabulary:
    return load_vocabulary(path)


@functools.cache
def _synthetic() -> Vocabulary:
    performed = [gesture for gesture in known_gestures().values() if gesture.performed]
    classes = tuple(
        GestureClass(
            index, g.name, g.group, g.micro, index + 1, g.needs, g.showable, (g.name,), g.note
        )
        for index, g in enumerate(performed)
    )
    return Vocabulary(SYNTHETIC, classes, "Gestures that the synthesis performs")


def load_vocabulary(path: str | Path) -> Vocabulary:
    """A vocabulary from a YAML file."""
    file = from_dict(_VocabularyFile, read_yaml(path, "vocabulary file"), str(path))
    if not file.classes:
        raise InputError("a vocabulary without classes", place=path)
    for key in ("raw", "name"):
        values = Counter(str(getattr(entry, key)).casefold() for entry in file.classes)
        if twice := [value for value, count in values.items() if count > 1]:
            raise InputError(f"{key} {', '.join(map(repr, twice))} is given twice", place=path)
    classes = tuple(
        GestureClass(
            id=index,
            name=entry.name,
            group=entry.group,
            micro=entry.micro,
            raw_id=entry.raw,
            needs=_needs(entry) if entry.needs is None else entry.needs,
            showable=entry.showable,
            means=entry.means or (),
            note=entry.note,
        )
        for index, entry in enumerate(file.classes)
    )
    return Vocabulary(file.name, classes, file.title)


def _needs(entry: _ClassEntry) -> tuple[str, ...]:
    first = known_gestures().get(entry.means[0]) if entry.means else None
    return () if first is None else first.needs


def map_classes(
    source: Vocabulary, target: Vocabulary, *, narrower: bool = False
) -> dict[int, int]:
    """Ids of `source` to ids of `target` where the classes mean the same.

    With `narrower`, also where every instance of the source class is one of the target class
    ("Touching ears" has no counterpart in SMG, but "Rubbing hands" is part of SMG's "Rubbing
    hands and crossing fingers"). Classes without a counterpart are left out.
    """
    mapping: dict[int, int] = {}
    for gesture in source:
        meaning = set(gesture.means)
        same = [other.id for other in target if meaning and meaning == set(other.means)]
        wider = [other.id for other in target if meaning and meaning < set(other.means)]
        if same:
            mapping[gesture.id] = same[0]
        elif narrower and len(wider) == 1:
            mapping[gesture.id] = wider[0]
    return mapping
