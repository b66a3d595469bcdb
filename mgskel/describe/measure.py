"""From a recording to statements: measure each person, merge, compare, put into words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.describe.body import Body, measure_bodies
from mgskel.describe.description import Description
from mgskel.describe.gesture_evidence import Evidence, evidence_for
from mgskel.describe.kinds import GESTURE, detect
from mgskel.describe.merging import MergeLimits, merge
from mgskel.describe.statement import Finding, Statement
from mgskel.describe.thresholds import Thresholds
from mgskel.describe.wording import clock, sentence, within

# What the confidence of a gesture is multiplied by.
_TRUST = {"agrees": 1.0, "disagrees": 0.4, "not measurable": 0.7}
_MOST_CITED = 3


@dataclass(frozen=True)
class Measured:
    """What was measured of one person; no body where nothing gives a scale."""

    person: str
    body: Body | None
    findings: tuple[Finding, ...] = ()


def measure(sequence: PoseSequence, thresholds: Thresholds | None = None) -> list[Measured]:
    """Everybody's findings, in the order of the recording's people."""
    thresholds = thresholds or Thresholds()
    measured = {person: Measured(person, None) for person in sequence.people}
    for body in measure_bodies(sequence, thresholds):
        findings = merge(detect(body, thresholds), thresholds.of(MergeLimits))
        measured[body.person] = Measured(body.person, body, tuple(findings))
    return list(measured.values())


def describe(
    sequence: PoseSequence,
    events: Iterable[GestureEvent] = (),
    thresholds: Thresholds | None = None,
) -> Description:
    """What the joints did, as citable statements; gestures beside the measurement.

    Args:
        sequence: any layout; what its joints cannot show is not told.
        events: gestures. Where the recording holds one person, all are that person's; else those
            whose `person` is a track of the recording.
    """
    people = measure(sequence, thresholds)
    listed = sorted(events, key=lambda e: (e.start_s, e.end_s, e.person, e.label))
    statements: list[Statement] = []
    for one in people:
        own = [event for event in listed if _whose(event, people) is one]
        evidence = [evidence_for(event, one.findings, one.body) for event in own]
        name = one.person if len(people) > 1 else ""
        statements += _statements(one, evidence, name, len(statements))
    return Description(tuple(statements), _quality(sequence, people), sequence.source)


def with_evidence(
    sequence: PoseSequence, events: Iterable[GestureEvent], thresholds: Thresholds | None = None
) -> list[GestureEvent]:
    """The same events, each with what was measured at the time: see `Evidence.words`."""
    people = measure(sequence, thresholds)
    told = []
    for event in events:
        one = _whose(event, people)
        found = evidence_for(event, one.findings, one.body) if one else None
        told.append(dataclasses.replace(event, evidence=found.words if found else ""))
    return told


def _whose(event: GestureEvent, people: Sequence[Measured]) -> Measured | None:
    """In a recording of one person, every event is that person's."""
    if len(people) == 1:
        return people[0]
    return next((one for one in people if one.person == event.person), None)


def _statements(
    one: Measured, evidence: list[Evidence], person: str, before: int
) -> list[Statement]:
    """One person's statements in the order of time, numbered from `before` + 1."""
    entries: list[tuple[float, float, int, Finding | Evidence]] = [
        (f.from_s, f.to_s, 1, f) for f in one.findings
    ] + [(e.event.start_s, e.event.end_s, 0, e) for e in evidence]
    entries.sort(key=lambda entry: entry[:3])
    ids = {id(entry[3]): f"s{before + n}" for n, entry in enumerate(entries, 1)}
    lead = f"Person {person}: " if person else ""
    statements = []
    for _, _, _, entry in entries:
        if isinstance(entry, Finding):
            made = _of_finding(entry, ids[id(entry)])
        else:
            cited = [one.findings[i] for i in entry.cited[:_MOST_CITED]]
            said = [f"{ids[id(f)]}: {within(sentence(f))[:-1]}" for f in cited]
            made = _of_gesture(entry, ids[id(entry)], "; ".join(said))
        statements.append(dataclasses.replace(made, person=person, text=lead + made.text))
    return statements


def _of_finding(finding: Finding, name: str) -> Statement:
    """Numbered, in words, and rounded."""
    parts = {f.name: getattr(finding, f.name) for f in dataclasses.fields(finding)}
    digits = {"value": 4, "from_s": 3, "to_s": 3, "confidence": 3, "rate_hz": 3, "amplitude": 4}
    rounded = {k: round(parts[k], n) for k, n in digits.items() if parts[k] is not None}
    if finding.count is not None:
        rounded["count"] = round(finding.count)
    return Statement(**parts | rounded, id=name, text=sentence(finding))


def _of_gesture(evidence: Evidence, name: str, cited: str) -> Statement:
    event = evidence.event
    said = _said(event)
    if evidence.verdict == "agrees":
        said += f"The measurement agrees ({cited})."
    elif evidence.verdict == "disagrees":
        said += "The measurement does not show it"
        said += f"; what was measured is {cited}." if cited else "; nothing else was measured."
    else:
        said += "No measurement here can confirm or contradict it."
    return Statement(
        id=name, kind=GESTURE.name, joints=(), side="none",
        value=None if event.annotated else round(event.score, 4),
        unit="" if event.annotated else GESTURE.unit,
        category=event.label, from_s=round(event.start_s, 3), to_s=round(event.end_s, 3),
        confidence=round(event.score * _TRUST[evidence.verdict], 3),
        text=said, measured=evidence.verdict, source=event.source,
    )  # fmt: skip


def _said(event: GestureEvent) -> str:
    """Who says what: a person's annotation has no score."""
    when = f"from {clock(event.start_s)} to {clock(event.end_s)}"
    if event.annotated:
        return f'Annotated{event.coder and f" by {event.coder}"} {when}: "{event.label}". '
    others = " or ".join(f"{label} {chance:.2f}" for label, chance in event.alternatives)
    doubt = f" (or {others})" if others else ""
    return f'Recognised {when}: "{event.label}", score {event.score:.2f}{doubt}. '


def _quality(sequence: PoseSequence, people: list[Measured]) -> dict[str, Any]:
    """What the recording allows; people who could not be measured at all are named."""
    from mgskel.pose.quality import quality_report

    entries: list[dict[str, Any]] = []
    for m, one in enumerate(people):
        body = one.body
        if body is None:
            why = "no two points that give a scale were seen"
            entries.append({"person": one.person, "measured": False, "why": why})
            continue
        entries.append({
            "person": one.person,
            "measured": True,
            "scale_from": body.scale_from,
            "noise_sw": {name: round(value, 4) for name, value in body.noise.items()},
            "depth": body.has_depth,
            "recording": quality_report(sequence, person=m).to_dict(),
        })  # fmt: skip
    return {"duration_s": round(sequence.duration_s, 3), "people": entries}
