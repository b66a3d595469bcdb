"""Statements: what can be cited. Each is one measured (or recognised) thing with its evidence.

A statement holds every part as a field of its own; its sentence is made of them by `wording`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mgskel.core.errors import InputError

Side = Literal["left", "right", "both", "none"]
SIDES: tuple[Side, ...] = ("left", "right")

# Phases of a contact (`category`) in which nothing is touched or held.
PASSING = ("approaching", "leaving")
NEAR = "near"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measured thing, before it is numbered and put into words.

    Attributes:
        kind: what it is about, such as "hand_to_nose" or "head_nod".
        joints: the moving part first, then what it moved to.
        side: the person's own side.
        value, unit: the measurement.
        category: the measurement as a word; of a contact its phase.
        from_s, to_s: when, in seconds of the recording.
        confidence: 0..1, of scores, of the margin to the threshold, and of what the view allows.
        person: who, where the recording holds more than one person; otherwise empty.
        count: how often, of repeated movement: nods, strokes.
        rate_hz: how often a second, there and back.
        amplitude: how far to each side of the middle, in shoulder widths.
        guessed: whether a hand's fingers were not seen for most of the time, so that it was
            bridged by the body model's points or prolonged from the forearm.
    """

    kind: str
    joints: tuple[str, ...]
    side: Side
    value: float | None
    unit: str
    category: str
    from_s: float
    to_s: float
    confidence: float
    person: str = ""
    count: float | None = None
    rate_hz: float | None = None
    amplitude: float | None = None
    guessed: bool = False

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s

    @property
    def goals(self) -> tuple[str, ...]:
        """What hands moved to, such as ("nose",) or ("left_ear", "right_ear")."""
        return tuple(joint for joint in self.joints if joint not in ("left_hand", "right_hand"))

    @property
    def there(self) -> bool:
        """Whether it was there, not only on its way or close to it."""
        return self.category not in PASSING and self.category != NEAR


@dataclass(frozen=True, kw_only=True)
class Statement(Finding):
    """One citable statement; a recognised gesture is one of the kind "gesture".

    Attributes:
        id: unique in its description, "s1", "s2", ...
        text: the statement as one sentence.
        measured: for a gesture, whose category is its label and whose value its score: whether
            the measurement agrees, disagrees, or has nothing to say ("not measurable").
        source: who says that there was a gesture, a recognizer or the coder of an annotation.
    """

    id: str
    text: str
    measured: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        tree = {name: getattr(self, name) for name in _NEEDED}
        tree["joints"] = list(self.joints)
        return tree | {name: value for name in _OPTIONAL if (value := getattr(self, name))}

    @classmethod
    def from_dict(cls, tree: object, place: str = "statement") -> Statement:
        """A statement from its JSON form; every fault is named."""
        if not isinstance(tree, Mapping):
            raise InputError("a statement is a mapping", place=place, found=type(tree).__name__)
        missing = [name for name in _NEEDED if name not in tree]
        unknown = [str(name) for name in tree if name not in (*_NEEDED, *_OPTIONAL)]
        if missing or unknown:
            raise InputError(
                "not a statement of this project",
                place=place,
                expected="keys " + ", ".join(_NEEDED),
                found=", ".join(map(str, tree)) or "no keys",
            )
        _check_types(tree, place)
        return cls(**{**tree, "joints": tuple(str(joint) for joint in tree["joints"])})


# The keys of the JSON form, in their order; the optional ones only where they say something.
_NEEDED = ("id", "kind", "joints", "side", "value", "unit", "category", "from_s", "to_s",
           "confidence", "text")  # fmt: skip
_OPTIONAL = ("person", "measured", "source", "count", "rate_hz", "amplitude", "guessed")


def _check_types(tree: Mapping[str, Any], place: str) -> None:
    faults = []
    for name in ("id", "kind", "unit", "category", "text", "person", "measured", "source"):
        if not isinstance(tree.get(name, ""), str):
            faults.append(f"'{name}' is {tree[name]!r}, not text")
    for name in ("from_s", "to_s", "confidence", "count", "rate_hz", "amplitude"):
        if not _is_number(tree.get(name, 0)):
            faults.append(f"'{name}' is {tree[name]!r}, not a number")
    if tree["value"] is not None and not isinstance(tree["value"], (int, float)):
        faults.append(f"'value' is {tree['value']!r}, neither a number nor null")
    if tree["side"] not in get_args(Side):
        faults.append(f"'side' is {tree['side']!r}, not one of {', '.join(get_args(Side))}")
    if not isinstance(tree["joints"], (list, tuple)):
        faults.append(f"'joints' is {tree['joints']!r}, not a list")
    if not faults and tree["to_s"] < tree["from_s"]:
        faults.append(f"it ends at {tree['to_s']} before it begins at {tree['from_s']}")
    if faults:
        raise InputError("; ".join(faults), place=place)


def _is_number(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)  # type: ignore[arg-type]
