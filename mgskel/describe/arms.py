"""Hands to chest, torso, arms and hips; hands joined; arms folded; hands behind the back."""

from __future__ import annotations

from mgskel.describe.akimbo import hand_on_hip
from mgskel.describe.behind_back import hands_behind_back
from mgskel.describe.body import Body
from mgskel.describe.findings import SIDES, Finding
from mgskel.describe.folding import arms_folded
from mgskel.describe.hand import hand_of
from mgskel.describe.joining import hands_joined
from mgskel.describe.on_arm import hand_on_arm
from mgskel.describe.on_trunk import hand_on_trunk
from mgskel.describe.thresholds import Thresholds


def arm_findings(body: Body, thresholds: Thresholds) -> list[Finding]:
    hands = {side: hand_of(body, side, thresholds.contact) for side in SIDES}
    findings: list[Finding] = []
    left, right = hands["left"], hands["right"]
    if left is not None and right is not None:
        findings += hands_joined(body, left, right, thresholds)
        findings += arms_folded(body, left, right, thresholds)
    for side in SIDES:
        hand = hands[side]
        if hand is not None:
            findings += hand_on_trunk(body, side, hand, thresholds)
            opposite = right if side == "left" else left
            findings += hand_on_arm(body, side, hand, opposite, thresholds)
            findings += hand_on_hip(body, side, thresholds)
    return findings + hands_behind_back(body, thresholds)
