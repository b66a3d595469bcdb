"""Two hands that touch each other."""

from __future__ import annotations

from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import slow_spans, speed_of
from mgskel.describe.findings import Finding, found, margin
from mgskel.describe.hand import Hand
from mgskel.describe.intervals import at_least, below, common, join
from mgskel.describe.strokes import path_unrest, rubbing
from mgskel.describe.thresholds import Thresholds


def hands_joined(body: Body, left: Hand, right: Hand, thresholds: Thresholds) -> list[Finding]:
    limits, contact = thresholds.hands, thresholds.contact
    noise = body.floor(left.anchor, right.anchor)
    centres = np.linalg.norm(left.centre - right.centre, axis=0) + noise
    nearest = reduce(
        np.fmin,
        [
            np.linalg.norm(a - b, axis=0) + np.maximum(x, y)
            for a, x in left.tips
            for b, y in right.tips
        ],
    )
    guessed = 0.0 if left.fingers and right.fingers else contact.guessed_extra
    nearest = nearest + noise - guessed
    together = common(
        below(centres, limits.joined_centres.enter, limits.joined_centres.leave),
        below(nearest, limits.joined.enter, limits.joined.leave),
    )
    together = at_least(
        join(together, int(contact.join_s * body.rate)), limits.joined_min_s * body.rate
    )
    together = slow_spans(
        together, speed_of(body, (left.centre + right.centre) / 2), limits.joined_max_speed
    )
    path = left.fast_tip - right.fast_tip
    quiet = path_unrest(body, path, thresholds) if together else 0.0
    findings = []
    for span in together:
        closest = float(np.nanmedian(nearest[span.start : span.stop]))
        if closest > limits.joined.enter:
            continue  # now and then near, mostly not: one hand lies behind the other
        scored = (left.anchor, right.anchor)
        sure = margin(closest, limits.joined.enter) * min(left.trust, right.trust)
        findings.append(
            found(body, span, "hands_joined", ("left_hand", "right_hand"), "both", closest,
                  "shoulder widths", "touching", scored=scored, margin=sure)
        )  # fmt: skip
        findings += rubbing(
            body, path, quiet, span, "both", ("left_hand", "right_hand"), scored, thresholds
        )
    return findings
