"""Statements: what can be cited. Each is one measured (or recognised) thing with its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from mgskel.core.errors import InputError
from mgskel.core.files import read_json, write_json

Side = Literal["left", "right", "both", "none"]
Length = Literal["short", "medium", "full"]
_OPTIONAL = ("person", "measured")  # written only where they say something


@dataclass(frozen=True)
class Statement:
    """One citable statement.

    Attributes:
        id: unique in its description, "s1", "s2", ...
        kind: what it is about, such as "hand_to_nose"; "gesture" for a recognised gesture.
        joints: the moving part first, then what it moved to.
        side: the person's own side.
        value, unit: the measurement (for a recognised gesture its score).
        category: the measurement as a word.
        from_s, to_s: when, in seconds of the recording.
        confidence: 0..1, how far the view and the estimator allow the statement.
        text: the statement as one sentence.
        person: who, where the recording holds more than one person; otherwise empty.
        measured: for a recognised gesture, whose category is its label: whether the measurement
            agrees, disagrees, or has nothing to say ("not measurable"); otherwise empty.
    """

    id: str
    kind: str
    joints: tuple[str, ...]
    side: Side
    value: float | None
    unit: str
    category: str
    from_s: float
    to_s: float
    confidence: float
    text: str
    person: str = ""
    measured: str = ""

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s

    def to_dict(self) -> dict[str, Any]:
        tree: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        tree["joints"] = list(self.joints)
        return {name: value for name, value in tree.items() if value or name not in _OPTIONAL}

    @classmethod
    def from_dict(cls, tree: object, place: str = "statement") -> Statement:
        """A statement from its JSON form; every fault is named."""
        if not isinstance(tree, Mapping):
            raise InputError("a statement is a mapping", place=place, found=type(tree).__name__)
        names = [f.name for f in fields(cls)]
        missing = [name for name in names if name not in tree and name not in _OPTIONAL]
        unknown = [str(name) for name in tree if name not in names]
        if missing or unknown:
            raise InputError(
                "not a statement of this project", place=place,
                expected="keys " + ", ".join(n for n in names if n not in _OPTIONAL),
                found=", ".join(map(str, tree)) or "no keys",
            )  # fmt: skip
        _check_types(tree, place)
        joints = tuple(str(joint) for joint in tree["joints"])
        rest = {name: tree[name] for name in names if name in tree and name != "joints"}
        return cls(joints=joints, **rest)


def _check_types(tree: Mapping[str, Any], place: str) -> None:
    faults = []
    for name in ("id", "kind", "unit", "category", "text"):
        if not isinstance(tree[name], str):
            faults.append(f"'{name}' is {tree[name]!r}, not text")
    for name in ("from_s", "to_s", "confidence"):
        value = tree[name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            faults.append(f"'{name}' is {value!r}, not a number")
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


@dataclass(frozen=True)
class Description:
    """All statements of one recording.

    Attributes:
        statements: in the order of time.
        quality: what the recording allows: noise, scale, what can't be told and why.
        source: name of the recording.
    """

    statements: tuple[Statement, ...]
    quality: Mapping[str, Any]
    source: str

    def by_id(self, statement_id: str) -> Statement:
        for statement in self.statements:
            if statement.id == statement_id:
                return statement
        raise InputError(f"no statement '{statement_id}'", found=statement_id)

    def ranked(self, count: int | None = None) -> tuple[Statement, ...]:
        """The most informative statements first; all of them without a count."""
        from mgskel.describe.ranking import by_informativeness

        return by_informativeness(self.statements)[:count]

    def text(self, length: Length = "medium") -> str:
        """Plain English; see `mgskel.describe.page`."""
        from mgskel.describe.page import page

        return page(self, length)

    def to_dict(self) -> dict[str, Any]:
        return {
            "statements": [statement.to_dict() for statement in self.statements],
            "quality": dict(self.quality),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, tree: object, place: str = "statements") -> Description:
        listed = tree.get("statements") if isinstance(tree, Mapping) else None
        if not isinstance(tree, Mapping) or not isinstance(listed, list):
            raise InputError(
                "not a description of a recording", place=place,
                expected='{"statements": [...], "quality": {...}, "source": "..."}',
                found=", ".join(map(str, tree)) if isinstance(tree, Mapping) else "something else",
                remedy="'mgskel describe POSE.npz -o statements.json' writes one",
            )  # fmt: skip
        statements = tuple(
            Statement.from_dict(entry, f"{place}, statement {n}")
            for n, entry in enumerate(listed, 1)
        )
        ids = [statement.id for statement in statements]
        if (
            twice := sorted({i for i in ids if ids.count(i) > 1})
            if len(set(ids)) < len(ids)
            else []
        ):
            raise InputError(f"statement ids given twice: {', '.join(twice)}", place=place)
        quality = tree.get("quality", {})
        if not isinstance(quality, Mapping):
            raise InputError("'quality' is not a mapping", place=place, found=repr(quality))
        return cls(statements, quality, str(tree.get("source", "")))

    def save(self, path: str | Path) -> None:
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Description:
        return cls.from_dict(read_json(path, "statements file"), str(path))
