"""A hand before chest or torso.

On the trunk a flat picture can't tell a touching hand from one held before the body, so only
"before" is told, and only of a hand that stays there.
"""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import staying
from mgskel.describe.findings import Finding, Side, found
from mgskel.describe.hand import FLAT_TRUST, Hand
from mgskel.describe.intervals import above, at_least, join
from mgskel.describe.strokes import HandPath, rubbing
from mgskel.describe.thresholds import Thresholds

_TRUNK_LENGTH = 1.45  # neck to hips of an adult, where hips are not seen


def hand_on_trunk(body: Body, side: Side, hand: Hand, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.contact
    if not body.has("neck", "left_shoulder", "right_shoulder"):
        return []
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
    findings = []
    borders = (
        ("hand_to_chest", "chest", limits.chest_top, limits.chest_bottom),
        ("hand_to_torso", "torso", limits.chest_bottom, limits.torso_bottom),
    )
    for kind, joint, top, bottom in borders:
        # How deep inside the region the hand is, in shoulder widths; negative outside.
        depth = np.minimum(
            limits.trunk_half_width - aside, np.minimum(down - top, bottom - down) * np.sqrt(length)
        )
        inside = join(above(depth, 0.05, 0.0), int(limits.join_s * body.rate))
        inside = at_least(inside, limits.body_min_s * body.rate)
        for span in staying(body, inside, offset, limits.body_max_drift):
            value = float(np.nanmedian(depth[span.start : span.stop]))
            trust = 1.0 if body.has_depth else FLAT_TRUST
            joints = (f"{side}_hand", joint)
            scored = (hand.anchor, "neck")
            findings.append(
                found(body, span, kind, joints, side, value, "shoulder widths", "before",
                      scored=scored, margin=trust * hand.trust)
            )  # fmt: skip
            path, quiet = paths.during(span)
            findings += rubbing(body, path, quiet, span, side, joints, scored, thresholds)
    return findings
