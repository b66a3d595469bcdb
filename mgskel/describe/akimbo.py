"""A hand at the hip with the elbow out."""

from __future__ import annotations

import numpy as np

from mgskel.describe.baseline import away_from_usual
from mgskel.describe.body import Body
from mgskel.describe.calm import slow_spans, speed_of, staying
from mgskel.describe.findings import Finding, Side, found, margin
from mgskel.describe.intervals import above, at_least, join
from mgskel.describe.limbs import bend
from mgskel.describe.thresholds import Thresholds


def hand_on_hip(body: Body, side: Side, thresholds: Thresholds) -> list[Finding]:
    """Akimbo: the wrist at the height of the waist and at the side, the bent elbow out and up.

    A hand on the thigh or on an armrest shows the elbow out too, but the wrist lies lower.
    """
    limits = thresholds.hands
    names = shoulder, elbow, wrist, hip = tuple(
        f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip")
    )
    if not body.has("neck", "hip_centre", *names):
        return []
    point = body.slow
    outward = 1.0 if side == "left" else -1.0
    trunk = float(np.nanmedian(point["hip_centre"][1] - point["neck"][1]))
    height = (point[hip][1] - point[wrist][1]) / max(trunk, 0.5)
    # Resting hands reach this height before low cameras: a person's usual posture is not told.
    offset = point[wrist] - point[hip]
    limbs = offset, point[elbow] - point[shoulder]
    changed = np.fmax(*(away_from_usual(limb, body.rate, thresholds.baseline) for limb in limbs))
    aside = outward * (point[wrist][0] - point[hip][0])
    out = outward * (point[elbow][0] - point[wrist][0]) - body.floor(elbow, wrist)
    with np.errstate(invalid="ignore"):
        placed = (height >= limits.above_hip[0]) & (height <= limits.above_hip[1])
        placed &= (aside >= limits.hip_aside[0]) & (aside <= limits.hip_aside[1])
        placed &= np.linalg.norm(point[wrist] - point[hip], axis=0) <= limits.hip
        placed &= point[wrist][1] - point[elbow][1] >= limits.elbow_above
        bent = bend(point[shoulder], point[elbow], point[wrist])
        placed &= bent <= limits.elbow_bend
        placed &= changed >= limits.hip_unusual
    posed = above(np.where(placed, out, np.nan), limits.elbow_out.enter, limits.elbow_out.leave)
    posed = join(posed, int(thresholds.contact.join_s * body.rate))
    findings = []
    posed = at_least(posed, limits.hip_min_s * body.rate)
    posed = staying(body, posed, offset, limits.hip_max_drift)
    for span in slow_spans(posed, speed_of(body, offset), limits.hip_max_speed):
        value = float(np.nanmedian(out[span.start : span.stop]))
        findings.append(
            found(body, span, "hand_on_hip", (f"{side}_hand", f"{side}_hip"), side, value,
                  "shoulder widths", "akimbo", scored=(elbow, wrist, hip),
                  margin=margin(value, limits.elbow_out.enter))
        )  # fmt: skip
    return findings
