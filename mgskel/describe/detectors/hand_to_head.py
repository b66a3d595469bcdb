"""Hands to head and neck: near, approaching, touching, leaving.

A contact is judged by the hand's nearest finger point; in a flat picture it means that the hand
covers the place. Nothing is said about depth.
"""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.detectors.rubbing import HandPath, strokes
from mgskel.describe.hand import ContactLimits, Hand, hands_of
from mgskel.describe.intervals import FrameSpan, at_least, below, join, slow, spans, staying
from mgskel.describe.kinds import Kind, detects, margin
from mgskel.describe.places import Reach, head_places
from mgskel.describe.statement import SIDES, Finding, Side
from mgskel.describe.thresholds import Thresholds
from mgskel.describe.touched_place import Goal, goal_of, kind_at, places_in

# fmt: off
SAYS = {
    "near": "{part} {was} held near {goal}",
    "approaching": "{part} moved to {goal}",
    "leaving": "{part} moved away from {goal}",
    "before": "{part} {was} held in front of {goal}",
    "": "{part} {touched} {goal}",
}
MEASURED = {
    "near": ", {widths} away",
    "approaching": ", at {value:.1f} shoulder widths per second",
    "leaving": ", at {value:.1f} shoulder widths per second",
    "": " ({duration}{unseen})",
}
APART = "{part} {was} {widths} from {goal}"
_WRISTS = ("left_wrist", "right_wrist")


def _at(name: str, seen: str = "nose") -> Kind:
    """A hand at a place of the head, by a point that must be seen for it."""
    return Kind(
        name, unit="shoulder widths", says=SAYS, measured=MEASURED,
        shown={"touching": APART}, rank=2.0,
        needs=(seen, *_WRISTS), moves=("hand", "arm"), merged="smallest touch", at_head=True,
    )


HEAD = (
    _at("hand_to_nose"),
    _at("hand_to_mouth"),
    _at("hand_to_chin"),
    _at("hand_to_eye"),
    _at("hand_to_ear"),
    _at("hand_to_hair"),
    # Told where the place on the face is undecided.
    _at("hand_to_face"),
    # Told where a layout has no face, and where the hand may be behind the head or at the neck.
    _at("hand_to_head", seen="head"),
    _at("hand_to_neck", seen="neck"),
)
# fmt: on
_KIND = {kind.name: kind for kind in HEAD}
_SHARED = 0.3  # two contacts of one hand overlap for at least this share of the shorter
_DRIFT = 0.3  # shoulder widths per second; slower, the hand neither comes nor goes


@detects(*HEAD)
def hands_at_head(body: Body, thresholds: Thresholds) -> list[Finding]:
    places, hands = head_places(body), hands_of(body, thresholds)
    findings: dict[Side, list[Finding]] = {"left": [], "right": []}
    for side, hand in hands.items():
        if places:
            findings[side] = _of_hand(body, side, Reach(body, hand, places), thresholds)
    if len(hands) == 2:
        _drop_doubles(body, hands, findings, thresholds.of(ContactLimits))
    return findings["left"] + findings["right"]


def _drop_doubles(
    body: Body, hands: dict[Side, Hand], findings: dict[Side, list[Finding]], contact: ContactLimits
) -> None:
    """Before the face estimators see one hand as both; of such two the longer contact stays."""
    apart = np.linalg.norm(hands["left"].centre - hands["right"].centre, axis=0)
    left, right = ([f for f in findings[side] if f.category == "touching"] for side in SIDES)
    for one in left:
        for other in right:
            from_s, to_s = max(one.from_s, other.from_s), min(one.to_s, other.to_s)
            shorter = one if one.duration_s < other.duration_s else other
            if to_s - from_s < _SHARED * shorter.duration_s:
                continue
            together = apart[(body.times >= from_s) & (body.times <= to_s)]
            if np.isfinite(together).any() and np.nanmedian(together) < contact.one_hand:
                first, last = shorter.from_s - 0.05, shorter.to_s + 0.05
                findings[shorter.side] = [
                    f for f in findings[shorter.side] if f.to_s < first or f.from_s > last
                ]


def _of_hand(body: Body, side: Side, reach: Reach, thresholds: Thresholds) -> list[Finding]:
    contact = thresholds.of(ContactLimits)
    noise = body.floor(*reach.anchors)
    sure = reach.nearest + noise - (0.0 if reach.hand.fingers else contact.guessed_extra)
    touching = join(below(sure, contact.head), body.frames(contact.join_s))
    touching = at_least(touching, contact.min_s * body.rate)
    touching = slow(touching, reach.offset, body.rate, contact.max_speed)
    paths = HandPath(body, reach.hand, reach.places[0].fast_points, thresholds)
    findings: list[Finding] = []
    for span in touching:
        for part, place in places_in(body, span, reach, contact):
            if kind_at(place) == "hand_to_neck" and not _calm(body, part, reach, contact):
                continue
            goal = goal_of(body, side, part, place, reach, thresholds)
            findings += _contact(body, side, part, goal, reach, contact)
            joints = (f"{side}_hand", goal.joint)
            path, quiet = paths.during(part)
            findings += strokes(body, path, quiet, part, side, joints, reach.anchors, thresholds)
    return findings + _near(body, side, sure, noise, touching, reach, contact)


def _calm(body: Body, span: FrameSpan, reach: Reach, contact: ContactLimits) -> bool:
    long = len(span) >= contact.neck_min_s * body.rate
    return long and bool(staying([span], reach.offset, body.rate, contact.neck_max_speed))


def _contact(
    body: Body, side: Side, span: FrameSpan, goal: Goal, reach: Reach, contact: ContactLimits
) -> list[Finding]:
    """The touch, and the reach before and the withdrawal after it."""
    distance = reach.nearest
    if goal.place is not None:
        distance = reach.to_place[reach.places.index(goal.place)]
    closest = float(span.of(distance).min())
    kind, joints = _KIND[goal.kind], (f"{side}_hand", goal.joint)
    sure = margin(closest, contact.head.enter) * reach.hand.trust
    findings = [
        kind.found(
            body, span, joints, side, closest, "touching",
            scored=reach.anchors, margin=sure, guessed=reach.hand.guessed(span),
        )
    ]  # fmt: skip
    apart = np.linalg.norm(reach.offset, axis=0)
    for category, moving in _transits(body, span, apart, contact.approach_max_s):
        change = abs(float(apart[moving.stop - 1] - apart[moving.start]))
        speed = change * body.rate / max(1, len(moving) - 1)
        if speed >= contact.approach_speed and len(moving) >= 3:
            findings.append(
                kind.found(
                    body, moving, joints, side, speed, category,
                    unit="shoulder widths per second", scored=reach.anchors, margin=sure,
                )
            )  # fmt: skip
    return findings


def _transits(
    body: Body, span: FrameSpan, apart: np.ndarray, max_s: float
) -> list[tuple[str, FrameSpan]]:
    """The reach that led to a contact and the withdrawal after it, while the distance changes."""
    most = body.frames(max_s)
    step = _DRIFT / body.rate
    start = span.start
    while start > 0 and span.start - start < most and apart[start - 1] - apart[start] > step:
        start -= 1
    stop, last = span.stop, body.num_frames
    while stop < last and stop - span.stop < most and apart[stop] - apart[stop - 1] > step:
        stop += 1
    return [
        ("approaching", FrameSpan(start, span.start + 1)),
        ("leaving", FrameSpan(span.stop - 1, stop)),
    ]


def _near(
    body: Body,
    side: Side,
    sure: np.ndarray,
    noise: float,
    touching: list[FrameSpan],
    reach: Reach,
    contact: ContactLimits,
) -> list[Finding]:
    """The hand held close without touching; `sure` (T,) is its distance with all allowances."""
    apart = np.where(np.isfinite(sure), sure, np.inf)
    for span in touching:
        apart[span.start : span.stop] = np.inf
    # Between touching and near nothing is said, nor where noise may hide a contact.
    apart[apart - 2 * noise < contact.head.leave] = np.inf
    close = spans(np.isfinite(apart) & (apart <= contact.near.leave))
    kind = _KIND["hand_to_head" if reach.places[0].kind == "hand_to_head" else "hand_to_face"]
    findings = []
    for span in at_least(close, contact.near_min_s * body.rate):
        typical = float(np.median(span.of(apart)))
        if typical <= contact.near.enter:
            findings.append(
                kind.found(
                    body, span, (f"{side}_hand", "face"), side, typical, "near",
                    scored=reach.anchors, margin=0.8 * reach.hand.trust,
                )
            )  # fmt: skip
    return findings
