"""From a recording to statements: measure each person, merge, compare, put into words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.describe.agreement import Comparison, compare
from mgskel.describe.arms import arm_findings
from mgskel.describe.body import Body, measure_bodies
from mgskel.describe.contact import head_contacts
from mgskel.describe.fidget import fidget_findings
from mgskel.describe.findings import Finding
from mgskel.describe.head import head_findings
from mgskel.describe.merging import merge
from mgskel.describe.statements import Description, Statement
from mgskel.describe.thresholds import Thresholds, default_thresholds
from mgskel.describe.torso import torso_findings
from mgskel.describe.words import clock, sentence


def describe(
    sequence: PoseSequence,
    events: Iterable[GestureEvent] = (),
    thresholds: Thresholds | None = None,
) -> Description:
    """What the joints did, as citable statements; recognised gestures beside the measurement.

    Args:
        sequence: any layout; what its joints cannot show is not told.
        events: recognised gestures. Where the recording holds one person, all are that person's;
            else those whose `person` is a track of the recording.
    """
    limits = thresholds or default_thresholds()
    bodies = {body.person: body for body in measure_bodies(sequence, limits.signal)}
    listed = sorted(events, key=lambda e: (e.start_s, e.end_s, e.person, e.label))
    several = sequence.num_people > 1
    statements: list[Statement] = []
    for person in sequence.people:
        body = bodies.get(person)
        findings = merge(measure(body, limits), limits.merge) if body is not None else []
        own = [event for event in listed if not several or event.person == person]
        comparisons = compare(own, findings, body)
        who = person if several else ""
        statements += _statements(findings, comparisons, who, len(statements))
    return Description(tuple(statements), _quality(sequence, bodies), sequence.source)


def measure(body: Body, thresholds: Thresholds) -> list[Finding]:
    """All findings on one person, not yet merged."""
    return [
        *head_contacts(body, thresholds),
        *arm_findings(body, thresholds),
        *head_findings(body, thresholds),
        *torso_findings(body, thresholds),
        *fidget_findings(body, thresholds),
    ]


def _statements(
    findings: Sequence[Finding], comparisons: Sequence[Comparison], person: str, before: int
) -> list[Statement]:
    """One person's statements in the order of time, numbered from `before` + 1."""
    entries: list[tuple[float, float, int, Finding | Comparison]] = [
        (f.from_s, f.to_s, 1, f) for f in findings
    ] + [(c.event.start_s, c.event.end_s, 0, c) for c in comparisons]
    entries.sort(key=lambda entry: entry[:3])
    ids = {id(entry[3]): f"s{before + n}" for n, entry in enumerate(entries, 1)}
    lead = f"Person {person}: " if person else ""
    statements = []
    for _, _, _, entry in entries:
        if isinstance(entry, Finding):
            made = _of_finding(entry, ids[id(entry)], person)
        else:
            cited = [(ids[id(findings[i])], findings[i]) for i in entry.support]
            made = _of_gesture(entry, ids[id(entry)], cited, person)
        statements.append(dataclasses.replace(made, text=lead + made.text))
    return statements


def _of_finding(finding: Finding, statement_id: str, person: str) -> Statement:
    return Statement(
        statement_id, finding.kind, finding.joints, finding.side,
        round(finding.value, 4), finding.unit, finding.category,
        round(finding.from_s, 3), round(finding.to_s, 3), round(finding.confidence, 3),
        sentence(finding), person,
    )  # fmt: skip


def _of_gesture(
    comparison: Comparison, statement_id: str, cited: Sequence[tuple[str, Finding]], person: str
) -> Statement:
    event = comparison.event
    said = _said(event)
    shown = "; ".join(f"{i}: {_lower(sentence(finding))[:-1]}" for i, finding in cited[:3])
    if comparison.verdict == "agrees":
        said += f"The measurement agrees ({shown})."
    elif comparison.verdict == "disagrees":
        said += "The measurement does not show it"
        said += f"; what was measured is {shown}." if shown else "; nothing else was measured."
    else:
        said += "No measurement here can confirm or contradict it."
    trust = {"agrees": 1.0, "disagrees": 0.4, "not measurable": 0.7}[comparison.verdict]
    return Statement(
        statement_id, "gesture", (), "none", round(event.score, 4), "score", event.label,
        round(event.start_s, 3), round(event.end_s, 3),
        round(event.score * trust, 3), said, person, comparison.verdict,
    )  # fmt: skip


def _said(event: GestureEvent) -> str:
    """Who says what: a person's annotation has no score."""
    when = f"from {clock(event.start_s)} to {clock(event.end_s)}"
    if event.annotated:
        return f'Annotated{event.coder and f" by {event.coder}"} {when}: "{event.label}". '
    others = " or ".join(f"{label} {chance:.2f}" for label, chance in event.alternatives)
    doubt = f" (or {others})" if others else ""
    return f'Recognised {when}: "{event.label}", score {event.score:.2f}{doubt}. '


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _quality(sequence: PoseSequence, bodies: dict[str, Body]) -> dict[str, Any]:
    """What the recording allows; people who could not be measured at all are named."""
    from mgskel.pose.quality import quality_report

    people = []
    for m, person in enumerate(sequence.people):
        body = bodies.get(person)
        if body is None:
            people.append({"person": person, "measured": False,
                           "why": "no two points that give a scale were seen"})  # fmt: skip
            continue
        people.append({
            "person": person,
            "measured": True,
            "scale_from": body.scale_from,
            "noise_sw": {name: round(value, 4) for name, value in body.noise.items()},
            "depth": body.has_depth,
            "recording": quality_report(sequence, person=m).to_dict(),
        })  # fmt: skip
    return {
        "duration_s": round(sequence.duration_s, 3),
        "people": people,
    }
