"""One call from a description and a scene to an outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from mgskel.core.events import GestureEvent
from mgskel.reason.evidence import Case, GestureRecord, Statements, make_case, statements_from
from mgskel.reason.outcome import Outcome, Reasoner
from mgskel.reason.rules import RulesReasoner
from mgskel.reason.scene import Scene


class Described(Protocol):
    """What `mgskel.describe` returns, as far as reasoning is concerned."""

    def to_dict(self) -> dict[str, Any]: ...


def assess(
    description: Described | Mapping[str, Any],
    scene: Scene,
    reasoner: Reasoner | None = None,
    events: Iterable[GestureEvent] = (),
    person: str | None = None,
) -> Outcome:
    """Judge one recording.

    Args:
        description: what the joints did, from `mgskel.describe` (or its JSON content).
        scene: what the situation was, and what is to be judged.
        reasoner: `RulesReasoner()` (the default), or a `ChatReasoner` for a language model.
        events: recognised gestures, where the description does not carry them already.
        person: who is judged, where the recording holds several people.
    """
    document = description if isinstance(description, Mapping) else description.to_dict()
    return (reasoner or RulesReasoner()).judge(
        case_of(scene, statements_from(document), events, person)
    )


def case_of(
    scene: Scene,
    statements: Statements,
    events: Iterable[GestureEvent] = (),
    person: str | None = None,
) -> Case:
    """The case of one person of a recording."""
    own = statements.of_person(person)
    gestures = [
        gesture_record(event) for event in events if person is None or event.person == person
    ]
    return make_case(scene, own.records, gestures, own.hidden, own.recorded_s)


def gesture_record(event: GestureEvent) -> GestureRecord:
    return GestureRecord(
        label=event.label, score=event.score, from_s=event.start_s, to_s=event.end_s
    )
