"""Hands to head and neck: near, approaching, touching, leaving, and rubbing.

A contact is judged by the hand's nearest finger point; in a flat picture it means that the hand
covers the place. Nothing is said about depth.
"""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import slow_spans, speed_of, staying
from mgskel.describe.contact_place import Goal, goal_of, kind_of, places_in
from mgskel.describe.findings import SIDES, Finding, Side, found, margin
from mgskel.describe.hand import hand_of
from mgskel.describe.hand_distances import HandDistances, hand_distances
from mgskel.describe.intervals import Span, at_least, below, join, spans
from mgskel.describe.places import Place, head_places
from mgskel.describe.strokes import rubbing
from mgskel.describe.thresholds import ContactLimits, Thresholds

_SHARED = 0.3  # two contacts of one hand overlap for at least this share of the shorter
_DRIFT = 0.3  # shoulder widths per second; slower, the hand neither comes nor goes


def head_contacts(body: Body, thresholds: Thresholds) -> list[Finding]:
    places = head_places(body)
    hands = {side: hand_of(body, side, thresholds.contact) for side in SIDES}
    findings: dict[Side, list[Finding]] = {"left": [], "right": []}
    for side, hand in hands.items():
        if hand is not None and places:
            distances = hand_distances(body, hand, places, thresholds)
            findings[side] = _touches(body, side, distances, thresholds)
    left, right = hands["left"], hands["right"]
    if left is not None and right is not None:
        apart = np.linalg.norm(left.centre - right.centre, axis=0)
        _drop_doubles(body, apart, findings, thresholds.contact)
    return findings["left"] + findings["right"]


def _drop_doubles(
    body: Body, apart: np.ndarray, findings: dict[Side, list[Finding]], limits: ContactLimits
) -> None:
    """Before the face estimators see one hand as both; of such two the longer contact stays.

    `apart` (T,) is the distance of the hands' centres.
    """
    touches = {
        side: [f for f in found if f.category == "touching"] for side, found in findings.items()
    }
    for one in touches["left"]:
        for other in touches["right"]:
            from_s, to_s = max(one.from_s, other.from_s), min(one.to_s, other.to_s)
            shorter = one if one.duration_s < other.duration_s else other
            if to_s - from_s < _SHARED * shorter.duration_s:
                continue
            together = apart[(body.times >= from_s) & (body.times <= to_s)]
            if np.isfinite(together).any() and np.nanmedian(together) < limits.one_hand:
                side: Side = "left" if shorter is one else "right"
                first, last = shorter.from_s - 0.05, shorter.to_s + 0.05
                findings[side] = [f for f in findings[side] if f.to_s < first or f.from_s > last]


def _touches(
    body: Body, side: Side, distances: HandDistances, thresholds: Thresholds
) -> list[Finding]:
    limits = thresholds.contact
    noise = body.floor(distances.hand.anchor, distances.places[0].anchor)
    extra = 0.0 if distances.hand.fingers else limits.guessed_extra
    sure = distances.nearest + noise - extra
    found_spans = join(
        below(sure, limits.head.enter, limits.head.leave), int(limits.join_s * body.rate)
    )
    found_spans = at_least(found_spans, limits.min_s * body.rate)
    offset = distances.hand.centre - distances.places[0].points
    touching = slow_spans(found_spans, speed_of(body, offset), limits.max_speed)
    findings: list[Finding] = []
    for span in touching:
        for part, place in places_in(body, span, distances, thresholds):
            if kind_of(place) == "hand_to_neck" and not _calm(body, part, offset, limits):
                continue
            goal = goal_of(body, side, part, place, distances, thresholds)
            findings += _contact(body, side, part, goal, distances, thresholds)
    findings += _near(body, side, sure, noise, touching, distances, thresholds)
    return findings


def _calm(body: Body, span: Span, offset: np.ndarray, limits: ContactLimits) -> bool:
    long = len(span) >= limits.neck_min_s * body.rate
    return long and bool(staying(body, [span], offset, limits.neck_max_speed))


def _contact(
    body: Body,
    side: Side,
    span: Span,
    target: Goal,
    distances: HandDistances,
    thresholds: Thresholds,
) -> list[Finding]:
    limits = thresholds.contact
    place = target.place
    goal = distances.nearest if place is None else distances.to_place[distances.places.index(place)]
    inside = goal[span.start : span.stop]
    closest = float(inside.min())
    joints = (f"{side}_hand", target.joint)
    scored = (distances.hand.anchor, distances.places[0].anchor)
    sure = margin(closest, limits.head.enter) * distances.hand.trust
    kind = target.kind
    findings = [
        found(body, span, kind, joints, side, closest, "shoulder widths", "touching",
              scored=scored, margin=sure, guessed=float(not distances.hand.fingers)),
    ]  # fmt: skip
    apart = np.linalg.norm(distances.hand.centre - distances.places[0].points, axis=0)
    for category, moving in _transits(body, span, apart, limits.approach_max_s):
        change = abs(float(apart[moving.stop - 1] - apart[moving.start]))
        speed = change * body.rate / max(1, len(moving) - 1)
        if speed >= limits.approach_speed and len(moving) >= 3:
            findings.append(
                found(body, moving, kind, joints, side, speed, "shoulder widths per second",
                      category, scored=scored, margin=sure)
            )  # fmt: skip
    path, quiet = distances.paths.during(span)
    findings += rubbing(body, path, quiet, span, side, joints, scored, thresholds)
    return findings


def _transits(body: Body, span: Span, distance: np.ndarray, max_s: float) -> list[tuple[str, Span]]:
    """The reach that led to a contact and the withdrawal after it, while the distance changes."""
    most = int(max_s * body.rate)
    step = _DRIFT / body.rate
    start = span.start
    while start > 0 and span.start - start < most and distance[start - 1] - distance[start] > step:
        start -= 1
    stop = span.stop
    last = body.num_frames
    while stop < last and stop - span.stop < most and distance[stop] - distance[stop - 1] > step:
        stop += 1
    return [
        ("approaching", Span(start, span.start + 1)),
        ("leaving", Span(span.stop - 1, stop)),
    ]


def _near(
    body: Body,
    side: Side,
    sure: np.ndarray,
    noise: float,
    touching: list[Span],
    distances: HandDistances,
    thresholds: Thresholds,
) -> list[Finding]:
    limits = thresholds.contact
    apart = np.where(np.isfinite(sure), sure, np.inf)
    for span in touching:
        apart[span.start : span.stop] = np.inf
    # Between touching and near nothing is said, nor where noise may hide a contact.
    apart[apart - 2 * noise < limits.head.leave] = np.inf
    close = spans(np.isfinite(apart) & (apart <= limits.near.leave))
    findings = []
    for span in at_least(close, limits.near_min_s * body.rate):
        inside = apart[span.start : span.stop]
        if np.median(inside) <= limits.near.enter:
            findings.append(
                found(body, span, _near_kind(distances.places), (f"{side}_hand", "face"), side,
                      float(np.median(inside)), "shoulder widths", "near",
                      scored=(distances.hand.anchor, distances.places[0].anchor),
                      margin=0.8 * distances.hand.trust)
            )  # fmt: skip
    return findings


def _near_kind(places: list[Place]) -> str:
    return "hand_to_head" if places[0].kind == "hand_to_head" else "hand_to_face"
