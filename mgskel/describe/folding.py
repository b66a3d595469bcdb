"""Arms folded, and forearms crossed without being folded."""

from __future__ import annotations

from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import slow_spans, speed_of
from mgskel.describe.findings import SIDES, Finding, found, margin
from mgskel.describe.hand import Hand
from mgskel.describe.intervals import above, at_least, below, common, join
from mgskel.describe.limbs import to_bone
from mgskel.describe.thresholds import Thresholds


def arms_folded(body: Body, left: Hand, right: Hand, thresholds: Thresholds) -> list[Finding]:
    """Each hand at the other upper arm or elbow, and the hands past each other."""
    limits = thresholds.hands
    names = [f"{side}_{joint}" for side in SIDES for joint in ("shoulder", "elbow", "wrist")]
    if not body.has(*names):
        return []
    point = body.slow
    reach = np.maximum(
        _to_arm(left, point["right_elbow"], point["right_shoulder"]),
        _to_arm(right, point["left_elbow"], point["left_shoulder"]),
    )
    noise = body.floor(left.anchor, right.anchor)
    crossed = right.centre[0] - left.centre[0] - noise
    over = above(crossed, limits.folded_past.enter, limits.folded_past.leave)
    folded = common(
        over, below(reach + noise, limits.folded_reach.enter, limits.folded_reach.leave)
    )
    findings = []
    for span in at_least(
        join(folded, int(thresholds.contact.join_s * body.rate)), limits.folded_min_s * body.rate
    ):
        distance = float(np.nanmedian(reach[span.start : span.stop]))
        findings.append(
            found(body, span, "arms_folded", ("left_arm", "right_arm"), "both", distance,
                  "shoulder widths", "folded", scored=tuple(names),
                  margin=margin(distance, limits.folded_reach.enter))
        )  # fmt: skip
    covered = [f for f in over if not any(f.overlap(s) > 0.3 * len(f) for s in folded)]
    speed = speed_of(body, left.centre) + speed_of(body, right.centre)
    close = np.maximum(
        _to_arm(left, point["right_wrist"], point["right_elbow"]),
        _to_arm(right, point["left_wrist"], point["left_elbow"]),
    )
    covered = [s for s in covered if _median(close[s.start : s.stop]) < limits.crossed_reach]
    covered = at_least(covered, limits.folded_min_s * body.rate)
    for span in slow_spans(covered, speed, 2 * limits.crossed_max_speed):
        depth = float(np.nanmedian(crossed[span.start : span.stop]))
        if depth >= limits.crossed_past:
            findings.append(
                found(body, span, "arms_crossed", ("left_arm", "right_arm"), "both", depth,
                      "shoulder widths", "crossed", scored=tuple(names),
                      margin=margin(depth, limits.crossed_past))
            )  # fmt: skip
    return findings


def _to_arm(hand: Hand, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return reduce(np.fmin, [to_bone(tip, start, end) + extra for tip, extra in hand.tips])


def _median(values: np.ndarray) -> float:
    """Of what was measured; infinite where nothing was."""
    return float(np.nanmedian(values)) if np.isfinite(values).any() else np.inf
