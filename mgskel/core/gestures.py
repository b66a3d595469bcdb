"""Gestures, and the vocabularies that data sets make of them.

A gesture is an elementary movement: one entry of ``gestures.yaml`` with everything the project
knows of it. A vocabulary is a YAML file (``vocabularies/NAME.yaml``, or the user's own). Each of
its classes says how the data set numbers it, which body group it belongs to, and which gestures
it is made of; classes of two vocabularies mean the same when their gestures agree.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
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
_REQUIRED = ("raw", "name", "group")
_OPTIONAL = ("micro", "needs", "means", "showable", "note")


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
    """One class of a vocabulary.

    Attributes:
        id: position in the vocabulary, from 0; what models predict.
        name: what people call it.
        group: body group, as the data set divides it.
        micro: whether it is a micro-gesture (illustrative gestures are not).
        raw_id: the label in the data set's own files.
        needs: what must be seen, as in `Gesture`; by default what the first of its gestures needs.
        showable: whether any skeleton can show it.
        means: the gestures that the class is made of.
        note: what a skeleton shows of it, where that is not all.
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
        known = [gesture.raw_id for gesture in self.classes]
        raise InputError(
            f"label {raw_id} is not in the vocabulary '{self.name}'",
            expected=_spans(known),
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
    """A vocabulary from a YAML file; every fault in it is named at once."""
    tree = read_yaml(path, "vocabulary file")
    faults = _faults(tree)
    if faults:
        raise InputError(
            "this is not a usable vocabulary:\n  - " + "\n  - ".join(faults),
            place=str(path),
            expected="keys name and classes; each class with raw, name and group",
            remedy="see mgskel/core/vocabularies/imigue.yaml for an example",
        )
    classes = tuple(
        GestureClass(
            id=index,
            name=entry["name"],
            group=entry["group"],
            micro=entry.get("micro", True),
            raw_id=entry["raw"],
            needs=tuple(entry["needs"] if "needs" in entry else _needs(entry.get("means") or ())),
            showable=entry.get("showable", True),
            means=tuple(entry.get("means") or ()),
            note=entry.get("note", ""),
        )
        for index, entry in enumerate(tree["classes"])
    )
    return Vocabulary(str(tree["name"]), classes, str(tree.get("title", "")))


def _needs(means: Sequence[str]) -> tuple[str, ...]:
    first = known_gestures().get(means[0]) if means else None
    return () if first is None else first.needs


def _faults(tree: Any) -> list[str]:
    if not isinstance(tree, dict):
        return [f"the file holds {type(tree).__name__}, not keys and values"]
    faults = [f"key '{key}' is missing" for key in ("name", "classes") if key not in tree]
    faults += [f"unknown key '{key}'" for key in tree if key not in ("name", "title", "classes")]
    classes = tree.get("classes", [])
    if not isinstance(classes, list) or not all(isinstance(entry, dict) for entry in classes):
        return [*faults, "'classes' is not a list of mappings"]
    if not classes and "classes" in tree:
        faults.append("'classes' is empty")
    for index, entry in enumerate(classes):
        faults += [f"class {index}: {fault}" for fault in _class_faults(entry)]
    for key in ("raw", "name"):
        values = [str(entry[key]).casefold() for entry in classes if key in entry]
        faults += [
            f"{key} {v!r} is given twice" for v in sorted(set(values)) if values.count(v) > 1
        ]
    return faults


def _class_faults(entry: Mapping[str, Any]) -> list[str]:
    faults = [f"key '{key}' is missing" for key in _REQUIRED if key not in entry]
    faults += [f"unknown key '{key}'" for key in entry if key not in _REQUIRED + _OPTIONAL]
    kinds: dict[str, tuple[type, str]] = {
        "raw": (int, "a whole number"),
        "name": (str, "text"),
        "group": (str, "text"),
        "micro": (bool, "true or false"),
        "showable": (bool, "true or false"),
        "needs": (list, "a list of body parts or joints"),
        "means": (list, "a list of words"),
        "note": (str, "text"),
    }
    for key, (kind, what) in kinds.items():
        value = entry.get(key)
        wrong_bool = kind is int and isinstance(value, bool)
        if key in entry and (not isinstance(value, kind) or wrong_bool):
            faults.append(f"'{key}' is {value!r}, not {what}")
        elif kind is list and value and not all(isinstance(word, str) for word in value):
            faults.append(f"'{key}' is {value!r}, not {what}")
    return faults


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


def group_vocabulary_ids(actions: Vocabulary, groups: Vocabulary) -> dict[int, int]:
    """Ids of `actions` to ids of the vocabulary of their body groups (ma52 to ma52_body)."""
    return {gesture.id: groups.by_name(gesture.group).id for gesture in actions}
