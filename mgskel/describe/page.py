"""A description as a text to read: short, medium, or full."""

from __future__ import annotations

from collections.abc import Sequence

from mgskel.describe.ranking import informativeness
from mgskel.describe.statements import Description, Length, Statement
from mgskel.describe.words import action, clock, lasting

_SHORT, _MEDIUM = 5, 16
_GESTURES = {"short": 3, "medium": 10}
_NOTE = (
    "Left and right are the person's own. Contact and movement are judged in the picture; "
    "nothing is said about depth."
)
_NOTE_DEPTH = "Left and right are the person's own."


def page(description: Description, length: Length = "medium") -> str:
    """The text. Short names the few things that tell most, medium the repeated ones with their
    counts, full every statement in the order of time."""
    parts = [_headline(description)]
    people = list(dict.fromkeys(s.person for s in description.statements))
    for person in people:
        own = [s for s in description.statements if s.person == person]
        parts.append(_full(own) if length == "full" else _summary(own, length))
    parts.append(_limits(description))
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(description: Description) -> str:
    duration = description.quality.get("duration_s")
    name = description.source or "The recording"
    head = f"{name}, {lasting(duration)}." if isinstance(duration, (int, float)) else f"{name}."
    if not description.statements:
        head += " Nothing was measured that stands out from the noise and the person's usual."
    return head


def _limits(description: Description) -> str:
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


def _full(statements: Sequence[Statement]) -> str:
    return "\n".join(f"[{s.id}] {s.text}" for s in statements)


def _summary(statements: Sequence[Statement], length: Length) -> str:
    groups: dict[tuple[object, ...], list[int]] = {}
    scores = informativeness(statements)
    for i, s in enumerate(statements):
        if s.category in ("approaching", "leaving"):
            continue
        groups.setdefault((s.kind, s.side, _goal(s), s.category), []).append(i)
    gestures = [g for key, g in groups.items() if key[0] == "gesture"]
    measured = [g for key, g in groups.items() if key[0] != "gesture"]
    # A group tells as much as its members together; rarity is already in each score.
    measured.sort(key=lambda g: (-sum(scores[i] for i in g), g[0]))
    kept = sorted(measured[: _SHORT if length == "short" else _MEDIUM], key=lambda g: g[0])
    lines = [_group([statements[i] for i in group]) for group in kept]
    lines += _gestures([statements[i] for g in gestures for i in g], _GESTURES[length])
    if left := len(measured) - len(kept):
        lines.append(f"({left} more kinds of statement in the full text.)")
    return (" " if length == "short" else "\n").join(lines)


def _goal(statement: Statement) -> str:
    return " ".join(statement.joints)


def _group(group: Sequence[Statement]) -> str:
    if len(group) == 1:
        return group[0].text
    first, last = group[0], group[-1]
    longest = max(group, key=lambda s: (round(s.duration_s, 2), -s.from_s))
    total = sum(s.duration_s for s in group)
    what = action(first.kind, first.joints, first.side, first.category)
    lead = f"Person {first.person}: " if first.person else ""
    return (
        f"{lead}{what} on {len(group)} occasions between {clock(first.from_s)} and "
        f"{clock(last.to_s)}, {lasting(total)} in all, "
        f"longest {lasting(longest.duration_s)} from {clock(longest.from_s)}."
    )


def _gestures(events: Sequence[Statement], most: int) -> list[str]:
    if not events:
        return []
    best = sorted(events, key=lambda s: (-s.confidence, s.from_s))[:most]
    lines = [s.text for s in sorted(best, key=lambda s: s.from_s)]
    if len(events) > len(best):
        against = sum(s.measured == "disagrees" for s in events)
        lines.append(
            f"In all {len(events)} gestures were recognised; in {against} of them the measurement "
            "does not show the gesture."
        )
    return lines
