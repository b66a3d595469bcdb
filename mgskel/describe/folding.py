"""Arms folded, and forearms crossed without being folded."""

from __future__ import annotations

from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import staying
from mgskel.describe.findings import SIDES, Finding, found, margin
from mgskel.describe.hand import Hand
from mgskel.describe.intervals import above, at_least, below, common, join
from mgskel.describe.limbs import to_bone
from mgskel.describe.thresholds import Thresholds


def arms_folded(body: Body, left: Hand, right: Hand, thresholds: Thresholds) -> list[Finding]:
    """The hands have passed each other, and each lies at the other arm.

    Folded arms do so at the height of the elbows; hands in the lap or behind the back lie lower,
    and only where they have passed each other by much are the forearms called crossed.
    """
    limits = thresholds.hands
    names = [f"{side}_{joint}" for side in SIDES for joint in ("shoulder", "elbow", "wrist")]
    if not body.has(*names):
        return []
    reach = np.maximum(_to_arm(body, left, "right"), _to_arm(body, right, "left"))
    noise = body.floor(left.anchor, right.anchor)
    past = right.centre[0] - left.centre[0] - noise
    crossed = common(
        above(past, limits.folded_past.enter, limits.folded_past.leave),
        below(reach + noise, limits.folded_reach.enter, limits.folded_reach.leave),
    )
    crossed = join(crossed, int(thresholds.contact.join_s * body.rate))
    crossed = at_least(crossed, limits.folded_min_s * body.rate)
    for hand in (left, right):
        crossed = staying(body, crossed, hand.centre, limits.folded_max_drift)
    findings = []
    for span in crossed:
        low = [
            float(np.nanmedian((hand.centre - body.slow[elbow])[1, span.start : span.stop]))
            for hand, elbow in ((left, "right_elbow"), (right, "left_elbow"))
        ]
        above_by, below_by = limits.folded_height
        if min(low) < -above_by:
            continue
        if max(low) <= below_by:
            value = float(np.nanmedian(reach[span.start : span.stop]))
            kind, category, sure = "arms_folded", "folded", margin(value, limits.folded_reach.enter)
        else:
            value = float(np.nanmedian(past[span.start : span.stop]))
            if value < limits.crossed_past:
                continue
            kind, category, sure = "arms_crossed", "crossed", margin(value, limits.crossed_past)
        findings.append(
            found(body, span, kind, ("left_arm", "right_arm"), "both", value, "shoulder widths",
                  category, scored=tuple(names), margin=sure)
        )  # fmt: skip
    return findings


def _to_arm(body: Body, hand: Hand, side: str) -> np.ndarray:
    """Distance (T,) of a hand to the other arm's bones."""
    shoulder, elbow, wrist = (
        body.slow[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist")
    )
    distances = [
        to_bone(tip, a, b) + extra
        for tip, extra in hand.tips
        for a, b in ((shoulder, elbow), (elbow, wrist))
    ]
    return reduce(np.fmin, distances)
