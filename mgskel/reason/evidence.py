"""The evidence of a case: everything a reasoner may cite, each under an id of its own.

Three kinds: what was said (u1, u2, ...), recognised or annotated gestures (g1, ...), and
measured statements (s1, ... as `mgskel describe` numbered them).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import ConfigDict, Field, ValidationError

from mgskel.core.errors import InputError, unknown
from mgskel.core.events import GestureEvent, is_annotation
from mgskel.core.storage.intake import read_json
from mgskel.reason.scene import Scene, as_input_error
from mgskel.reason.transcript import Timed

if TYPE_CHECKING:
    from mgskel.describe import Statement

ID = re.compile(r"[a-z]{1,3}\d{1,6}")
_TIME_MARGIN_S = 0.5
Kind = Literal["said", "gesture", "statement"]


class StatementRecord(Timed):
    """What reasoning needs of a measured statement; other keys are left aside."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(pattern=f"^{ID.pattern}$")]
    kind: Annotated[str, Field(min_length=1, max_length=80)]
    category: str = Field(default="", max_length=120)
    side: str = Field(default="none", max_length=20)
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    person: str = Field(default="", max_length=80)
    source: str = Field(default="", max_length=120)


class GestureRecord(Timed):
    """A gesture that was recognised or annotated.

    Attributes:
        alternatives: what else it may be, in words ("touching ear 0.41").
        annotated: whether a person says so; the score means nothing then.
    """

    label: Annotated[str, Field(min_length=1, max_length=120)]
    score: Annotated[float, Field(ge=0, le=1)] = 1.0
    alternatives: tuple[str, ...] = ()
    annotated: bool = False

    @classmethod
    def of(cls, event: GestureEvent) -> GestureRecord:
        return cls(
            label=event.label,
            score=event.score,
            from_s=event.start_s,
            to_s=event.end_s,
            alternatives=tuple(f"{label} {chance:.2f}" for label, chance in event.alternatives),
            annotated=event.annotated,
        )


@dataclass(frozen=True)
class Item:
    """One citable piece of evidence."""

    id: str
    kind: Kind
    text: str
    from_s: float
    to_s: float
    confidence: float
    cue: str = ""  # the gesture's class, or the statement's kind; empty for speech
    category: str = ""  # the statement's category ("touching"), the speaker for speech
    worth: float = 0.0  # how much it tells beside others of its kind, where not all can be sent
    # alternatives, annotated: of a gesture, as in `GestureRecord`
    alternatives: tuple[str, ...] = ()
    annotated: bool = False


@dataclass(frozen=True)
class Case:
    """One question to a reasoner: the scene and the evidence it may use."""

    scene: Scene
    items: tuple[Item, ...]
    hidden: tuple[str, ...] = ()
    recorded_s: float | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(item.id for item in self.items)

    @property
    def duration_s(self) -> float:
        """The scene's length, the recording's, or the end of what is known to have happened."""
        known = self.scene.duration_s or self.recorded_s or 0.0
        return max(known, *(item.to_s for item in self.items), 0.0)

    def of(self, kind: Kind) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind == kind)


def make_case(
    scene: Scene,
    statements: Sequence[StatementRecord] = (),
    gestures: Sequence[GestureRecord] = (),
    hidden: Sequence[str] = (),
    recorded_s: float | None = None,
) -> Case:
    """Number what was said and the gestures, and put all evidence into one list.

    Args:
        hidden: what the recording cannot show (from its quality report), in words.
        recorded_s: how long the recording is, where the scene does not say.
    """
    items = [
        Item(f"u{n}", "said", line.text, line.from_s, line.to_s, 1.0, category=line.who)
        for n, line in enumerate(scene.said, 1)
    ]
    items += [_gesture_item(f"g{n}", gesture) for n, gesture in enumerate(gestures, 1)]
    items += [
        _statement_item(statement, worth)
        for statement, worth in zip(statements, _worths(statements), strict=True)
    ]
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InputError(f"two pieces of evidence have the id '{item.id}'", found=item.text)
        seen.add(item.id)
        if scene.duration_s is not None and item.to_s > scene.duration_s + _TIME_MARGIN_S:
            raise InputError(
                f"evidence '{item.id}' lies outside the scene",
                expected=f"times up to {scene.duration_s} s",
                found=f"{item.from_s} to {item.to_s} s",
                remedy="correct duration_s in the scene, or leave it out",
            )
    return Case(scene, tuple(items), tuple(hidden), recorded_s)


def _worths(statements: Sequence[StatementRecord]) -> list[float]:
    from mgskel.describe import informativeness

    return informativeness(cast("Sequence[Statement]", statements))


def _gesture_item(name: str, gesture: GestureRecord) -> Item:
    label, score = gesture.label, gesture.score
    return Item(
        name, "gesture", label, gesture.from_s, gesture.to_s, score, cue=label, worth=score,
        alternatives=gesture.alternatives, annotated=gesture.annotated,
    )  # fmt: skip


def _statement_item(statement: StatementRecord, worth: float) -> Item:
    # `describe` repeats recognised gestures, by category, among its statements.
    recognised = statement.kind == "gesture"
    return Item(
        statement.id,
        "gesture" if recognised else "statement",
        statement.text,
        statement.from_s,
        statement.to_s,
        statement.confidence,
        cue=statement.category if recognised else statement.kind,
        category=statement.category,
        worth=worth,
        annotated=is_annotation(statement.source),
    )


@dataclass(frozen=True)
class Statements:
    """The content of a statements file, as far as reasoning uses it."""

    records: tuple[StatementRecord, ...]
    hidden: tuple[str, ...] = ()
    recorded_s: float | None = None
    measured: frozenset[str] = frozenset()  # the people who were looked at, statements or none

    def of_person(self, person: str | None) -> Statements:
        """The statements on one person; an error when it is not said which of several."""
        people = sorted({record.person for record in self.records})
        if person is None and len(people) > 1:
            raise InputError(
                "the statements are about several people",
                expected="one judged person: " + ", ".join(people),
                remedy="choose one with --person",
            )
        if person is None:
            return self
        if person not in self.measured.union(people):
            raise unknown("person", person, sorted(self.measured.union(people)))
        chosen = tuple(record for record in self.records if record.person == person)
        return replace(self, records=chosen)


def statements_from(document: object, place: object = "statements") -> Statements:
    """Check the content of a statements file (`{statements, quality, source}`)."""
    if not isinstance(document, Mapping) or not isinstance(document.get("statements"), list):
        raise InputError(
            "this is no statements file",
            expected="{statements: [...], quality, source}, as `mgskel describe` writes it",
            found=f"keys {sorted(map(str, document))}"
            if isinstance(document, Mapping)
            else type(document).__name__,
            place=place,
        )
    quality = document.get("quality")
    quality = quality if isinstance(quality, Mapping) else {}
    length = quality.get("duration_s")
    return Statements(
        statement_records(document["statements"], place),
        tuple(_hidden(quality)),
        float(length) if isinstance(length, int | float) and 0 < length < math.inf else None,
        frozenset(str(person.get("person")) for person in _people(quality)),
    )


def read_statements(path: str | Path) -> Statements:
    return statements_from(read_json(path, "statements file"), path)


def statement_records(entries: Iterable[object], place: object) -> tuple[StatementRecord, ...]:
    records = []
    for number, entry in enumerate(entries, 1):
        try:
            records.append(StatementRecord.model_validate(entry))
        except ValidationError as error:
            where = f"{place}, statement {number}"
            raise as_input_error(error, StatementRecord, where) from error
    ids = [record.id for record in records]
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise InputError("statement ids must differ", found=", ".join(twice[:5]), place=place)
    return tuple(records)


def _people(quality: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    people = quality.get("people")
    return [one for one in people if isinstance(one, Mapping)] if isinstance(people, list) else []


def _hidden(quality: Mapping[str, Any]) -> Iterable[str]:
    """What the quality reports say cannot be seen, in their own words."""
    for person in _people(quality):
        recording = person.get("recording")
        verdict = recording.get("verdict") if isinstance(recording, Mapping) else None
        for entry in verdict if isinstance(verdict, list) else []:
            if isinstance(entry, Mapping) and entry.get("can_show") is False:
                why = f" ({entry['why']})" if entry.get("why") else ""
                yield f"{entry.get('group', 'some gestures')}: cannot be seen{why}"[:300]


def case_of(
    scene: Scene,
    statements: Statements,
    events: Iterable[GestureEvent] = (),
    person: str | None = None,
) -> Case:
    """The case of one person of a recording."""
    own = statements.of_person(person)
    gestures = [
        GestureRecord.of(event) for event in events if person is None or event.person == person
    ]
    return make_case(scene, own.records, gestures, own.hidden, own.recorded_s)
