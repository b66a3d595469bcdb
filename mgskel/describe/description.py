"""A description: all statements of one recording, as a file, by what they tell, and as a text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

from mgskel.core.errors import InputError
from mgskel.core.events import ANNOTATION
from mgskel.core.storage.files import write_json
from mgskel.core.storage.intake import read_json
from mgskel.describe.kinds import GESTURE, kind_of
from mgskel.describe.statement import NEAR, PASSING, Statement
from mgskel.describe.wording import action, clock, lasting

Length = Literal["short", "medium", "full"]
_MEASURED = {"short": 5, "medium": 16}
_GESTURES = {"short": 3, "medium": 10}
_PASSING_RANK = 0.2  # reaching and leaving are told by the contact itself
_NEAR_RANK = 0.8
_NOTE = (
    "Left and right are the person's own. Contact and movement are judged in the picture; "
    "nothing is said about depth."
)
_NOTE_DEPTH = "Left and right are the person's own."


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

    def ranked(self, count: int | None = None) -> tuple[Statement, ...]:
        """The most informative statements first; all of them without a count."""
        scores = informativeness(self.statements)
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        return tuple(self.statements[i] for i in order[:count])

    def text(self, length: Length = "medium") -> str:
        """Plain English. Short names the few things that tell most, medium the repeated ones with
        their counts, full every statement in the order of time."""
        parts = [_headline(self)]
        for person in dict.fromkeys(s.person for s in self.statements):
            own = [s for s in self.statements if s.person == person]
            every = "\n".join(f"[{s.id}] {s.text}" for s in own)
            parts.append(every if length == "full" else _summary(own, length))
        parts.append(_limitations(self))
        return "\n\n".join(part for part in parts if part) + "\n"

    def __repr__(self) -> str:
        return f"Description({len(self.statements)} statements of {self.source or 'a recording'})"

    def _repr_html_(self) -> str:
        paragraphs = "".join(f"<p>{escape(part)}</p>" for part in self.text().split("\n\n"))
        return f"<div>{paragraphs}</div>"

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
                "not a description of a recording",
                place=place,
                expected='{"statements": [...], "quality": {...}, "source": "..."}',
                found=", ".join(map(str, tree)) if isinstance(tree, Mapping) else "something else",
                remedy="'mgskel describe POSE.npz -o statements.json' writes one",
            )
        statements = tuple(
            Statement.from_dict(entry, f"{place}, statement {n}")
            for n, entry in enumerate(listed, 1)
        )
        counts = Counter(statement.id for statement in statements)
        if twice := sorted(name for name, count in counts.items() if count > 1):
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


def informativeness(statements: Sequence[Statement]) -> list[float]:
    """One score per statement: telling x sure x long x rare in this recording."""
    counts = Counter(_sort(statement) for statement in statements)
    return [
        _rank(s)
        * s.confidence
        * (0.6 + 0.4 * min(1.0, s.duration_s / 3.0))
        / math.sqrt(counts[_sort(s)])
        for s in statements
    ]


def _sort(statement: Statement) -> tuple[str, str, str, str]:
    return statement.person, statement.kind, statement.side, statement.category


def _rank(statement: Statement) -> float:
    if statement.category in PASSING:
        return _PASSING_RANK
    return _NEAR_RANK if statement.category == NEAR else kind_of(statement.kind).rank


def _headline(description: Description) -> str:
    duration = description.quality.get("duration_s")
    name = description.source or "The recording"
    head = f"{name}, {lasting(duration)}." if isinstance(duration, (int, float)) else f"{name}."
    if not description.statements:
        head += " Nothing was measured that stands out from the noise and the person's usual."
    return head


def _limitations(description: Description) -> str:
    people = description.quality.get("people", [])
    lines = [_NOTE_DEPTH if people and all(p.get("depth") for p in people) else _NOTE]
    for person in people:
        name = f"Person {person['person']}" if len(people) > 1 else "The person"
        if not person.get("measured"):
            lines.append(f"{name} could not be described: {person.get('why')}.")
        elif (scale := person.get("scale_from")) != "shoulders":
            lines.append(
                f"{name}'s shoulders were not seen; lengths are estimated from the {scale}."
            )
    return " ".join(lines)


def _summary(statements: Sequence[Statement], length: Literal["short", "medium"]) -> str:
    groups: dict[tuple[object, ...], list[int]] = {}
    scores = informativeness(statements)
    for i, s in enumerate(statements):
        if s.category not in PASSING:
            groups.setdefault((s.kind, s.side, s.joints, s.category), []).append(i)
    gestures = [g for key, g in groups.items() if key[0] == GESTURE.name]
    measured = [g for key, g in groups.items() if key[0] != GESTURE.name]
    # A group tells as much as its members together; rarity is already in each score.
    measured.sort(key=lambda g: (-sum(scores[i] for i in g), g[0]))
    kept = sorted(measured[: _MEASURED[length]], key=lambda g: g[0])
    lines = [_group([statements[i] for i in group]) for group in kept]
    lines += _gestures([statements[i] for g in gestures for i in g], _GESTURES[length])
    if left := len(measured) - len(kept):
        lines.append(f"({left} more kinds of statement in the full text.)")
    return (" " if length == "short" else "\n").join(lines)


def _group(group: Sequence[Statement]) -> str:
    if len(group) == 1:
        return group[0].text
    first, last = group[0], group[-1]
    longest = max(group, key=lambda s: (round(s.duration_s, 2), -s.from_s))
    total = sum(s.duration_s for s in group)
    lead = f"Person {first.person}: " if first.person else ""
    return (
        f"{lead}{action(first)} on {len(group)} occasions between {clock(first.from_s)} and "
        f"{clock(last.to_s)}, {lasting(total)} in all, "
        f"longest {lasting(longest.duration_s)} from {clock(longest.from_s)}."
    )


def _gestures(gestures: Sequence[Statement], most: int) -> list[str]:
    best = sorted(gestures, key=lambda s: (-s.confidence, s.from_s))[:most]
    lines = [s.text for s in sorted(best, key=lambda s: s.from_s)]
    if len(gestures) > len(best):
        against = sum(s.measured == "disagrees" for s in gestures)
        how = {"annotated" if s.source.startswith(ANNOTATION) else "recognised" for s in gestures}
        doubt = f"; {against} of them without the movement that belongs to it" if against else ""
        lines.append(f"In all {len(gestures)} gestures were {' or '.join(sorted(how))}{doubt}.")
    return lines
