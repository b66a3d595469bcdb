"""A hand on the other arm."""

from __future__ import annotations

from functools import reduce

import numpy as np

from mgskel.describe.baseline import away_from_usual
from mgskel.describe.body import Body
from mgskel.describe.calm import staying
from mgskel.describe.findings import Finding, Side, found, margin
from mgskel.describe.hand import FLAT_TRUST, Hand
from mgskel.describe.intervals import at_least, below, join
from mgskel.describe.limbs import to_bone
from mgskel.describe.strokes import HandPath, rubbing
from mgskel.describe.thresholds import Thresholds


def hand_on_arm(
    body: Body, side: Side, hand: Hand, opposite: Hand | None, thresholds: Thresholds
) -> list[Finding]:
    limits = thresholds.contact
    other = "right" if side == "left" else "left"
    shoulder, elbow, wrist = (f"{other}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
    if not body.has(shoulder, elbow):
        return []
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
    away = away_from_usual(hand.centre, body.rate, thresholds.baseline)
    told = (away >= limits.arm_away) & (palm <= limits.arm_palm)
    distance = np.where(told, distance, np.inf)
    distance = distance + body.floor(hand.anchor, elbow)
    if opposite is not None:
        together = np.linalg.norm(hand.centre - opposite.centre, axis=0) < limits.arm_hands_apart
        distance = np.where(together, np.inf, distance)
    offset = hand.centre - point[elbow]
    touching = join(
        below(distance, limits.arm.enter, limits.arm.leave), int(limits.join_s * body.rate)
    )
    touching = at_least(touching, limits.arm_min_s * body.rate)
    paths = HandPath(body, hand, body.points[elbow], thresholds)
    findings = []
    for span in staying(body, touching, offset, limits.arm_max_drift):
        closest = float(np.nanmedian(distance[span.start : span.stop]))
        if closest > limits.arm.enter:
            continue
        trust = margin(closest, limits.arm.enter) * hand.trust * FLAT_TRUST
        joints = (f"{side}_hand", f"{other}_arm")
        scored = (hand.anchor, elbow)
        findings.append(
            found(body, span, "hand_to_arm", joints, side, closest, "shoulder widths", "touching",
                  scored=scored, margin=trust)
        )  # fmt: skip
        path, quiet = paths.during(span)
        findings += rubbing(body, path, quiet, span, side, joints, scored, thresholds)
    return findings
