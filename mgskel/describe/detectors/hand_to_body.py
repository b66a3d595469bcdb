"""A hand before chest or torso, and a hand on the other arm.

On the trunk a flat picture can't tell a touching hand from one held before the body, so only
"before" is told, and only of a hand that stays there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial, reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.detectors.hand_to_head import APART, MEASURED, SAYS
from mgskel.describe.detectors.rubbing import HandPath, strokes
from mgskel.describe.hand import FLAT_TRUST, ContactLimits, Hand, hands_of, to_bone
from mgskel.describe.intervals import above, at_least, below, join, staying
from mgskel.describe.kinds import Kind, detects, margin
from mgskel.describe.statement import Finding, Side
from mgskel.describe.thresholds import Band, Thresholds

_hand = partial(Kind, unit="shoulder widths", says=SAYS, measured=MEASURED, moves=("hand", "arm"))
HAND_TO_CHEST = _hand(
    "hand_to_chest",
    rank=0.7,
    needs=("neck", "left_wrist", "right_wrist"),
    explained_by=("arms_folded", "arms_crossed"),
)
HAND_TO_TORSO = _hand(
    "hand_to_torso",
    rank=0.4,
    needs=("neck", "left_wrist", "right_wrist"),
    explained_by=("arms_folded", "arms_crossed", "hands_joined"),
)
HAND_TO_ARM = _hand(
    "hand_to_arm",
    shown={"touching": APART},
    rank=1.3,
    needs=("left_wrist", "right_wrist", "left_elbow", "right_elbow"),
    explained_by=("arms_folded", "arms_crossed", "hands_joined"),
    merged="smallest touch",
)
_INSIDE = Band(0.05, 0.0)
_TRUNK_LENGTH = 1.45  # neck to hips of an adult, where hips are not seen


@detects(HAND_TO_CHEST, HAND_TO_TORSO)
def hands_before_trunk(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    if body.has("neck", "left_shoulder", "right_shoulder"):
        for side, hand in hands_of(body, thresholds).items():
            yield from _before_trunk(body, side, hand, thresholds)


def _before_trunk(body: Body, side: Side, hand: Hand, thresholds: Thresholds) -> Iterator[Finding]:
    contact = thresholds.of(ContactLimits)
    neck = body.slow["neck"]
    trunk = np.zeros_like(neck)
    trunk[1] = _TRUNK_LENGTH
    if body.has("hip_centre"):
        trunk = np.where(np.isnan(body.slow["hip_centre"]), trunk, body.slow["hip_centre"] - neck)
    offset = (hand.centre + hand.slow_tip) / 2 - neck
    length = np.einsum("ct,ct->t", trunk, trunk)
    down = np.einsum("ct,ct->t", offset, trunk) / length
    aside = np.abs(offset[0] - down * trunk[0]) + body.floor(hand.anchor, "neck")
    paths = HandPath(body, hand, body.points["neck"], thresholds)
    trust = hand.trust * (1.0 if body.has_depth else FLAT_TRUST)
    scored = (hand.anchor, "neck")
    for kind, top, bottom in (
        (HAND_TO_CHEST, contact.chest_top, contact.chest_bottom),
        (HAND_TO_TORSO, contact.chest_bottom, contact.torso_bottom),
    ):
        # How deep inside the region the hand is, in shoulder widths; negative outside.
        depth = np.minimum(
            contact.trunk_half_width - aside,
            np.minimum(down - top, bottom - down) * np.sqrt(length),
        )
        inside = join(above(depth, _INSIDE), body.frames(contact.join_s))
        inside = at_least(inside, contact.body_min_s * body.rate)
        joints = (f"{side}_hand", kind.name.removeprefix("hand_to_"))
        for span in staying(inside, offset, body.rate, contact.body_max_drift):
            value = float(np.nanmedian(span.of(depth)))
            yield kind.found(body, span, joints, side, value, "before", scored=scored, margin=trust)
            path, quiet = paths.during(span)
            yield from strokes(body, path, quiet, span, side, joints, scored, thresholds)


@detects(HAND_TO_ARM)
def hands_on_arm(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    hands = hands_of(body, thresholds)
    for side, hand in hands.items():
        other: Side = "right" if side == "left" else "left"
        if body.has(f"{other}_shoulder", f"{other}_elbow"):
            yield from _on_arm(body, side, hand, other, hands.get(other), thresholds)


def _on_arm(
    body: Body, side: Side, hand: Hand, other: Side, opposite: Hand | None, thresholds: Thresholds
) -> Iterator[Finding]:
    contact = thresholds.of(ContactLimits)
    shoulder, elbow, wrist = (f"{other}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
    point = body.slow
    bones = [(point[shoulder], point[elbow])]
    if body.has(wrist):
        # The end of the forearm is left out: there the hands meet.
        bones.append((point[elbow], point[elbow] + 0.6 * (point[wrist] - point[elbow])))
    # A hand that holds an arm lies on it with its palm, one that scratches with its fingers.
    palm = reduce(np.fmin, [to_bone(hand.centre, a, b) for a, b in bones])
    tips = [to_bone(tip, a, b) + extra for tip, extra in hand.tips for a, b in bones]
    distance = reduce(np.fmin, tips, palm)
    # Hands in the lap lie before the other arm in many views: where it usually is, a hand rests.
    away = body.away_from_usual(hand.centre)
    told = (away >= contact.arm_away) & (palm <= contact.arm_palm)
    distance = np.where(told, distance, np.inf) + body.floor(hand.anchor, elbow)
    if opposite is not None:
        together = np.linalg.norm(hand.centre - opposite.centre, axis=0) < contact.arm_hands_apart
        distance = np.where(together, np.inf, distance)
    touching = join(below(distance, contact.arm), body.frames(contact.join_s))
    touching = at_least(touching, contact.arm_min_s * body.rate)
    paths = HandPath(body, hand, body.points[elbow], thresholds)
    joints, scored = (f"{side}_hand", f"{other}_arm"), (hand.anchor, elbow)
    offset = hand.centre - point[elbow]
    for span in staying(touching, offset, body.rate, contact.arm_max_drift):
        closest = float(np.nanmedian(span.of(distance)))
        if closest > contact.arm.enter:
            continue
        trust = margin(closest, contact.arm.enter) * hand.trust * FLAT_TRUST
        yield HAND_TO_ARM.found(
            body, span, joints, side, closest, "touching", scored=scored, margin=trust
        )
        path, quiet = paths.during(span)
        yield from strokes(body, path, quiet, span, side, joints, scored, thresholds)
