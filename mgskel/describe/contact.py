"""Hands to head and neck: near, approaching, touching, leaving, and rubbing.

A contact is judged by the hand's nearest finger point; in a flat picture it means that the hand
covers the place. Nothing is said about depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import slow_spans, speed_of, staying
from mgskel.describe.exact_place import elbow_lifted, exact_place, shows_shape
from mgskel.describe.filters import moving_mean
from mgskel.describe.findings import SIDES, Finding, Side, found, margin
from mgskel.describe.hand import Hand, hand_of
from mgskel.describe.intervals import Span, at_least, below, join, spans
from mgskel.describe.places import Place, head_places
from mgskel.describe.strokes import HandPath, rubbing
from mgskel.describe.thresholds import ContactLimits, Thresholds

_REACH = 1.6  # no contact with the head is looked for when the hand is farther from it than this
_SHARED = 0.3  # two contacts of one hand overlap for at least this share of the shorter
_DRIFT = 0.3  # shoulder widths per second; slower, the hand neither comes nor goes


@dataclass(frozen=True, eq=False)
class _Distances:
    """`to_place` (K, T): from the hand to each place, infinite where far or not seen.

    `paths` is the hand's against the head.
    """

    places: list[Place]
    to_place: np.ndarray
    nearest: np.ndarray
    hand: Hand
    paths: HandPath


def head_contacts(body: Body, thresholds: Thresholds) -> list[Finding]:
    places = head_places(body)
    hands = {side: hand_of(body, side, thresholds.contact) for side in SIDES}
    findings: dict[Side, list[Finding]] = {"left": [], "right": []}
    for side, hand in hands.items():
        if hand is not None and places:
            distances = _distances(body, hand, places, thresholds)
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


def _distances(body: Body, hand: Hand, places: list[Place], thresholds: Thresholds) -> _Distances:
    to_place = np.full((len(places), body.num_frames), np.inf, np.float32)
    with np.errstate(invalid="ignore"):
        close = np.linalg.norm(hand.centre - places[0].points, axis=0) < _REACH
    at = np.flatnonzero(close)
    tips = [
        (tip[:, at], extra if isinstance(extra, float) else extra[at]) for tip, extra in hand.tips
    ]
    for k, place in enumerate(places):
        goal = place.points[:, at]
        options = [np.linalg.norm(tip - goal, axis=0) + extra for tip, extra in tips]
        distance = reduce(np.fmin, options)
        to_place[k, at] = np.where(np.isnan(distance), np.inf, distance) - place.radius
    paths = HandPath(body, hand, places[0].fast_points, thresholds)
    return _Distances(places, to_place, to_place.min(axis=0), hand, paths)


def _touches(
    body: Body, side: Side, distances: _Distances, thresholds: Thresholds
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
        for part, place in _places_in(body, span, distances, thresholds):
            if _kind(place) == "hand_to_neck" and not _calm(body, part, offset, limits):
                continue
            goal = _goal(body, side, part, place, distances, thresholds)
            findings += _contact(body, side, part, goal, distances, thresholds)
    findings += _near(body, side, sure, noise, touching, distances, thresholds)
    return findings


def _calm(body: Body, span: Span, offset: np.ndarray, limits: ContactLimits) -> bool:
    long = len(span) >= limits.neck_min_s * body.rate
    return long and bool(staying(body, [span], offset, limits.neck_max_speed))


def _places_in(
    body: Body, span: Span, distances: _Distances, thresholds: Thresholds
) -> list[tuple[Span, Place | None]]:
    """Which places the hand stays at during one contact; none stands for an undecided place."""
    limits = thresholds.contact
    inside = distances.to_place[:, span.start : span.stop]
    inside = np.where(np.isfinite(inside), inside, 9.0)
    window = max(1, int(limits.place_min_s * body.rate))
    steady = moving_mean(inside, window)
    best = steady.argmin(axis=0)
    changes = np.flatnonzero(np.diff(best)) + 1
    edges = np.concatenate(([0], changes, [len(best)]))
    runs = [
        (int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)
        if b - a >= window or len(edges) == 2
    ] or [(0, len(best))]  # fmt: skip
    # Runs too short to tell are given to the run before them.
    starts = [0] + [a for a, _ in runs[1:]]
    stops = starts[1:] + [len(best)]
    parts: list[tuple[Span, Place | None]] = []
    for (a, b), start, stop in zip(runs, starts, stops, strict=True):
        unseen = np.isnan(distances.paths.tips[0, span.start + a : span.start + b]).mean()
        place = _nearest_place(inside[:, a:b], distances.places, float(unseen), limits)
        part = Span(span.start + start, span.start + stop)
        if parts and _kind(parts[-1][1]) == _kind(place):
            parts[-1] = (Span(parts[-1][0].start, part.stop), place)
        else:
            parts.append((part, place))
    return parts


def _nearest_place(
    distances: np.ndarray, places: list[Place], unseen: float, limits: ContactLimits
) -> Place | None:
    """None when another kind of place is about as near.

    Args:
        distances: (K, n).
        unseen: share of the time without fingers, when the place is a guess.
    """
    mean = np.sort(distances, axis=1)[:, : max(1, distances.shape[1] // 2)].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    best = places[order[0]]
    needed = limits.ambiguous + limits.ambiguous_guess * unseen
    if best.kind == "hand_to_ear":
        needed += limits.ambiguous_ear
    for k in order[1:]:
        if places[k].kind != best.kind:
            return best if mean[k] - mean[order[0]] >= needed else None
    return best


def _kind(place: Place | None) -> str:
    return place.kind if place is not None else "hand_to_face"


@dataclass(frozen=True)
class _Goal:
    """What a contact is told of: `kind` and `joint`; `place` where it is one of the places."""

    kind: str
    joint: str
    place: Place | None = None


def _goal(
    body: Body,
    side: Side,
    span: Span,
    place: Place | None,
    distances: _Distances,
    thresholds: Thresholds,
) -> _Goal:
    """Hair, neck and the whole head by the nearest finger; a place of the face by what touches."""
    if place is not None and place.kind in ("hand_to_hair", "hand_to_neck", "hand_to_head"):
        return _Goal(place.kind, place.joint, place)
    inside = distances.nearest[span.start : span.stop]
    apex = span.start + np.flatnonzero(inside <= np.median(inside) + 0.01)
    if elbow_lifted(body, side, apex) > thresholds.face.at_head:
        return _Goal("hand_to_head", "head")
    below = place is None or place.kind == "hand_to_chin"
    if below and _maybe_neck(distances, apex, thresholds.contact):
        return _Goal("hand_to_head", "head_or_neck")
    if not shows_shape(body, side, apex):
        return _Goal(_kind(place), place.joint if place is not None else "face", place)
    verdict = exact_place(body, side, distances.places, apex, thresholds.face)
    if verdict.place is not None:
        return _Goal(verdict.place.kind, verdict.place.joint, verdict.place)
    named = [kind.removeprefix("hand_to_") for kind in verdict.either]
    return _Goal("hand_to_face", "_or_".join(named) or "face")


def _maybe_neck(distances: _Distances, apex: np.ndarray, limits: ContactLimits) -> bool:
    mean = distances.to_place[:, apex].mean(axis=1)
    neck = [m for m, place in zip(mean, distances.places, strict=True)
            if place.kind == "hand_to_neck"]  # fmt: skip
    return min(neck, default=np.inf) - mean.min() < limits.ambiguous_neck


def _contact(
    body: Body,
    side: Side,
    span: Span,
    target: _Goal,
    distances: _Distances,
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
    distances: _Distances,
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
