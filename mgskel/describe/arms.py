"""Hands to chest, torso, arms and hips; hands joined; arms folded; hands behind the back.

On the trunk a flat picture can't tell a touching hand from one held before the body, so only
"before" is told, and only of a hand that stays there.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from mgskel.describe.baseline import against_usual
from mgskel.describe.body import Body
from mgskel.describe.contact import slow_spans, speed_of
from mgskel.describe.findings import Finding, Side, found, margin
from mgskel.describe.hand import Hand, hand_of
from mgskel.describe.intervals import above, at_least, below, common, join
from mgskel.describe.strokes import path_unrest, rubbing
from mgskel.describe.thresholds import Thresholds

_SIDES: tuple[Side, ...] = ("left", "right")
_TRUNK_LENGTH = 1.45  # neck to hips of an adult, where hips are not seen
_FLAT_TRUST = 0.7


def arm_findings(body: Body, thresholds: Thresholds) -> list[Finding]:
    hands = {side: hand_of(body, side, thresholds.contact) for side in _SIDES}
    findings: list[Finding] = []
    left, right = hands["left"], hands["right"]
    if left is not None and right is not None:
        findings += _joined(body, left, right, thresholds)
        findings += _folded(body, left, right, thresholds)
    for side in _SIDES:
        hand = hands[side]
        if hand is not None:
            findings += _on_trunk(body, side, hand, thresholds)
            opposite = right if side == "left" else left
            findings += _on_arm(body, side, hand, opposite, thresholds)
            findings += _on_hip(body, side, thresholds)
    findings += _behind_back(body, thresholds)
    return findings


def _joined(body: Body, left: Hand, right: Hand, thresholds: Thresholds) -> list[Finding]:
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


def _folded(body: Body, left: Hand, right: Hand, thresholds: Thresholds) -> list[Finding]:
    """Each hand at the other upper arm or elbow, and the hands past each other."""
    limits = thresholds.hands
    names = [f"{side}_{joint}" for side in _SIDES for joint in ("shoulder", "elbow", "wrist")]
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


def _median(values: np.ndarray) -> float:
    """Of what was measured; infinite where nothing was."""
    return float(np.nanmedian(values)) if np.isfinite(values).any() else np.inf


def _to_arm(hand: Hand, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return reduce(np.fmin, [_to_bone(tip, start, end) + extra for tip, extra in hand.tips])


def _to_bone(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance (T,) of (C, T) points to the straight bones between two joints."""
    bone = end - start
    along = np.einsum("ct,ct->t", point - start, bone) / np.maximum(
        np.einsum("ct,ct->t", bone, bone), 1e-9
    )
    return np.linalg.norm(point - start - np.clip(along, 0.0, 1.0) * bone, axis=0)


def _on_trunk(body: Body, side: Side, hand: Hand, thresholds: Thresholds) -> list[Finding]:
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
    speed = speed_of(body, offset)
    path = hand.fast_tip - body.points["neck"]
    quiet = path_unrest(body, path, thresholds)
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
        calm = limits.chest_max_speed if joint == "chest" else limits.body_max_speed
        for span in slow_spans(inside, speed, calm):
            value = float(np.nanmedian(depth[span.start : span.stop]))
            trust = 1.0 if body.has_depth else _FLAT_TRUST
            joints = (f"{side}_hand", joint)
            scored = (hand.anchor, "neck")
            findings.append(
                found(body, span, kind, joints, side, value, "shoulder widths", "before",
                      scored=scored, margin=trust * hand.trust)
            )  # fmt: skip
            findings += rubbing(body, path, quiet, span, side, joints, scored, thresholds)
    return findings


def _on_arm(
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
    palm = reduce(np.fmin, [_to_bone(hand.centre, a, b) for a, b in bones])
    tips = [_to_bone(tip, a, b) + extra for tip, extra in hand.tips for a, b in bones]
    distance = reduce(np.fmin, tips, palm)
    # Hands in the lap lie before the other arm in many views: the usual posture is not told.
    unusual = -against_usual(distance, body.rate, thresholds.baseline)
    told = (unusual >= limits.arm_unusual) & (palm <= limits.arm_palm)
    distance = np.where(told, distance, np.inf)
    distance = distance + body.floor(hand.anchor, elbow)
    if opposite is not None:
        together = np.linalg.norm(hand.centre - opposite.centre, axis=0) < limits.arm_hands_apart
        distance = np.where(together, np.inf, distance)
    speed = speed_of(body, hand.centre - point[elbow])
    touching = join(
        below(distance, limits.arm.enter, limits.arm.leave), int(limits.join_s * body.rate)
    )
    touching = at_least(touching, limits.arm_min_s * body.rate)
    findings = []
    for span in slow_spans(touching, speed, limits.arm_max_speed):
        closest = float(np.nanmedian(distance[span.start : span.stop]))
        if closest > limits.arm.enter:
            continue
        trust = margin(closest, limits.arm.enter) * hand.trust * _FLAT_TRUST
        joints = (f"{side}_hand", f"{other}_arm")
        scored = (hand.anchor, elbow)
        findings.append(
            found(body, span, "hand_to_arm", joints, side, closest, "shoulder widths", "touching",
                  scored=scored, margin=trust)
        )  # fmt: skip
        path = hand.fast_tip - body.points[elbow]
        quiet = path_unrest(body, path, thresholds)
        findings += rubbing(body, path, quiet, span, side, joints, scored, thresholds)
    return findings


def _on_hip(body: Body, side: Side, thresholds: Thresholds) -> list[Finding]:
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
    unusual = against_usual(height, body.rate, thresholds.baseline)
    aside = outward * (point[wrist][0] - point[hip][0])
    out = outward * (point[elbow][0] - point[wrist][0]) - body.floor(elbow, wrist)
    with np.errstate(invalid="ignore"):
        placed = (height >= limits.above_hip[0]) & (height <= limits.above_hip[1])
        placed &= (aside >= limits.hip_aside[0]) & (aside <= limits.hip_aside[1])
        placed &= np.linalg.norm(point[wrist] - point[hip], axis=0) <= limits.hip
        placed &= point[wrist][1] - point[elbow][1] >= limits.elbow_above
        bend = _bend(point[shoulder], point[elbow], point[wrist])
        placed &= bend <= limits.elbow_bend
        placed &= unusual >= limits.hip_unusual
    posed = above(np.where(placed, out, np.nan), limits.elbow_out.enter, limits.elbow_out.leave)
    posed = join(posed, int(thresholds.contact.join_s * body.rate))
    speed = speed_of(body, point[wrist] - point[hip])
    findings = []
    for span in slow_spans(
        at_least(posed, limits.hip_min_s * body.rate), speed, limits.hip_max_speed
    ):
        value = float(np.nanmedian(out[span.start : span.stop]))
        findings.append(
            found(body, span, "hand_on_hip", (f"{side}_hand", f"{side}_hip"), side, value,
                  "shoulder widths", "akimbo", scored=(elbow, wrist, hip),
                  margin=margin(value, limits.elbow_out.enter))
        )  # fmt: skip
    return findings


def _bend(shoulder: np.ndarray, elbow: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """Angle (T,) at the elbow in the picture, degrees; 180 is a straight arm."""
    upper, fore = shoulder - elbow, wrist - elbow
    lengths = np.linalg.norm(upper, axis=0) * np.linalg.norm(fore, axis=0)
    cosine = np.einsum("ct,ct->t", upper, fore) / np.maximum(lengths, 1e-9)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _behind_back(body: Body, thresholds: Thresholds) -> list[Finding]:
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
        for side in _SIDES:
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
