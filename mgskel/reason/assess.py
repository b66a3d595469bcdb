"""One call from a description and a scene to an outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from mgskel.events import GestureEvent
from mgskel.reason.evidence import GestureRecord, make_case, statements_from
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
) -> Outcome:
    """Judge one recording.

    Args:
        description: what the joints did, from `mgskel.describe` (or its JSON content).
        scene: what the situation was, and what is to be judged.
        reasoner: `RulesReasoner()` (the default), or a `ChatReasoner` for a language model.
        events: recognised gestures, where the description does not carry them already.
    """
    document = description if isinstance(description, Mapping) else description.to_dict()
    statements = statements_from(document)
    gestures = [gesture_record(event) for event in events]
    case = make_case(scene, statements.records, gestures, statements.hidden)
    return (reasoner or RulesReasoner()).judge(case)


def gesture_record(event: GestureEvent) -> GestureRecord:
    return GestureRecord(
        label=event.label, score=event.score, from_s=event.start_s, to_s=event.end_s
    )
