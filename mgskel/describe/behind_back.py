"""Both hands behind the back, or out of sight."""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.findings import SIDES, Finding, found
from mgskel.describe.intervals import above, at_least, join
from mgskel.describe.thresholds import Thresholds


def hands_behind_back(body: Body, thresholds: Thresholds) -> list[Finding]:
    """Measured with depth; in a flat picture only that both hands are out of sight is told."""
    limits = thresholds.hands
    scored = ("left_elbow", "right_elbow", "left_hip", "right_hip", "neck")
    if not body.has(*scored):
        return []
    point = body.slow
    if body.has_depth and body.has("left_wrist", "right_wrist"):
        behind = np.minimum(
            _behind_trunk(body, "left_wrist"), _behind_trunk(body, "right_wrist")
        ) - body.floor("left_wrist", "neck")
        spans, category = above(behind, limits.behind.enter, limits.behind.leave), "behind"
        value, unit = behind, "shoulder widths"
    else:
        lost = np.full(body.num_frames, True)
        for side in SIDES:
            for name in (f"{side}_wrist", f"{side}_hand", f"{side}_index_tip"):
                if body.has(name):
                    lost &= np.isnan(body.points[name][0])
            down = point[f"{side}_elbow"][1] - point["neck"][1]
            lost &= down > 0.3  # false where not seen: the elbows must be seen hanging
        # With the knees in the picture, hands in the lap would be seen.
        knees = [name for name in ("left_knee", "right_knee") if body.has(name)]
        lost &= np.isfinite(sum(point[name][1] for name in knees)) if knees else False
        spans = join(above(lost.astype(float), 0.5, 0.5), int(0.3 * body.rate))
        category, unit = "out of sight", "share"
        value = lost.astype(float)
    findings = []
    for span in at_least(spans, limits.behind_min_s * body.rate):
        findings.append(
            found(body, span, "hands_behind_back", ("left_hand", "right_hand"), "both",
                  float(np.nanmedian(value[span.start : span.stop])), unit, category,
                  scored=scored, margin=1.0 if body.has_depth else 0.5)
        )  # fmt: skip
    return findings


def _behind_trunk(body: Body, wrist: str) -> np.ndarray:
    """How far behind the line from neck to hips a wrist is, (T,); axis 2 points to the back."""
    neck, hips = body.slow["neck"], (body.slow["left_hip"] + body.slow["right_hip"]) / 2
    share = (body.slow[wrist][1] - neck[1]) / np.maximum(hips[1] - neck[1], 0.2)
    spine = neck[2] + np.clip(share, 0.0, 1.0) * (hips[2] - neck[2])
    return body.slow[wrist][2] - spine
