"""Both arms together: hands joined, arms folded, akimbo, hands behind the back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.detectors.rubbing import path_unrest, strokes
from mgskel.describe.hand import ContactLimits, Hand, hands_of, to_bone
from mgskel.describe.intervals import above, at_least, below, common, join, slow, staying
from mgskel.describe.kinds import Kind, detects, margin
from mgskel.describe.statement import SIDES, Finding, Side
from mgskel.describe.thresholds import Band, Thresholds, limits

_ARMS = ("left_wrist", "right_wrist", "left_elbow", "right_elbow")
_arms = partial(Kind, unit="shoulder widths", needs=_ARMS)
HANDS_JOINED = _arms(
    "hands_joined", says="The hands touched each other", rank=1.2, merged="smallest touch"
)
ARMS_FOLDED = _arms("arms_folded", says="The arms were folded", rank=2.0, moves=("hand", "arm"))
ARMS_CROSSED = _arms(
    "arms_crossed",
    says="The forearms were crossed",
    rank=1.5,
    moves=("hand", "arm"),
    explained_by=("arms_folded", "hands_joined"),
)
HAND_ON_HIP = _arms(
    "hand_on_hip",
    says="{part} {was} at the hip{s} with the elbow{s} out",
    moves=("hand", "arm"),
    explained_by=("arms_folded", "hands_joined"),
)
HANDS_BEHIND_BACK = Kind(
    "hands_behind_back",
    says={
        "behind": "Both hands were held behind the back",
        "": "Both hands were out of sight (behind the back, or hidden) with the elbows seen",
    },
    rank=1.5,
    needs=_ARMS,
)


@limits("hands")
@dataclass(frozen=True)
class HandsLimits:
    joined: Band = Band(0.20, 0.29)  # between the hands' nearest points
    joined_centres: Band = Band(0.50, 0.62)
    joined_min_s: float = 0.6
    joined_max_speed: float = 0.7  # hands that gesture together pass each other; joined move less
    folded_reach: Band = Band(0.22, 0.32)  # each hand's nearest point to the other arm
    folded_past: Band = Band(0.10, 0.02)  # ... while the hands have passed each other by this much
    folded_height: tuple[float, float] = (0.45, 0.32)  # ... and lie at most this far above and
    # below the other elbow
    folded_min_s: float = 0.7
    folded_max_drift: float = 0.25  # hands that gesture together pass each other, too
    crossed_past: float = 0.30  # lower hands past each other by this, as in the lap: crossed
    above_hip: tuple[float, float] = (0.19, 0.48)  # akimbo: the wrist this share of the trunk
    # above the hip; below lie lap and thigh,
    hip: float = 0.85  # at most this far from the hip of its side
    hip_unusual: float = 0.20  # ... and elbow or wrist this far from where it usually is,
    hip_aside: tuple[float, float] = (0.05, 0.32)  # ... and at the side, not before the belly
    # (from the hip outwards),
    elbow_out: Band = Band(0.32, 0.26)  # ... with the elbow this far outside of the wrist
    elbow_above: float = 0.27  # ... and above it, as a straight or a resting arm's is not,
    elbow_bend: float = 130  # and bent to at most so many degrees (180 is straight)
    hip_min_s: float = 1.0
    hip_max_speed: float = 0.40
    hip_max_drift: float = 0.13  # ... over a second
    behind_min_s: float = 1.0
    behind: Band = Band(0.30, 0.20)  # wrists behind the trunk; told only where depth is measured


@detects(HANDS_JOINED)
def hands_joined(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    hands = hands_of(body, thresholds)
    if len(hands) < 2:
        return
    left, right = hands["left"], hands["right"]
    own, contact = thresholds.of(HandsLimits), thresholds.of(ContactLimits)
    scored = (left.anchor, right.anchor)
    noise = body.floor(*scored)
    centres = np.linalg.norm(left.centre - right.centre, axis=0) + noise
    between = [
        np.linalg.norm(a - b, axis=0) + np.maximum(x, y)
        for a, x in left.tips
        for b, y in right.tips
    ]
    guessed = 0.0 if left.fingers and right.fingers else contact.guessed_extra
    nearest = reduce(np.fmin, between) + noise - guessed
    together = common(below(centres, own.joined_centres), below(nearest, own.joined))
    together = join(together, body.frames(contact.join_s))
    together = at_least(together, own.joined_min_s * body.rate)
    middle = (left.centre + right.centre) / 2
    together = slow(together, middle, body.rate, own.joined_max_speed)
    path = left.fast_tip - right.fast_tip
    quiet = path_unrest(body, path, thresholds) if together else 0.0
    joints = ("left_hand", "right_hand")
    for span in together:
        closest = float(np.nanmedian(span.of(nearest)))
        if closest > own.joined.enter:
            continue  # now and then near, mostly not: one hand lies behind the other
        sure = margin(closest, own.joined.enter) * min(left.trust, right.trust)
        yield HANDS_JOINED.found(
            body, span, joints, "both", closest, "touching", scored=scored, margin=sure
        )
        yield from strokes(body, path, quiet, span, "both", joints, scored, thresholds)


@detects(ARMS_FOLDED, ARMS_CROSSED)
def arms_folded(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    """The hands have passed each other, and each lies at the other arm.

    Folded arms do so at the height of the elbows; hands in the lap or behind the back lie lower,
    and only where they have passed each other by much are the forearms called crossed.
    """
    hands, own = hands_of(body, thresholds), thresholds.of(HandsLimits)
    names = tuple(f"{side}_{joint}" for side in SIDES for joint in ("shoulder", "elbow", "wrist"))
    if len(hands) < 2 or not body.has(*names):
        return
    left, right = hands["left"], hands["right"]
    reach = np.maximum(_to_arm(body, left, "right"), _to_arm(body, right, "left"))
    noise = body.floor(left.anchor, right.anchor)
    past = right.centre[0] - left.centre[0] - noise
    crossed = common(above(past, own.folded_past), below(reach + noise, own.folded_reach))
    crossed = join(crossed, body.frames(thresholds.of(ContactLimits).join_s))
    crossed = at_least(crossed, own.folded_min_s * body.rate)
    for hand in (left, right):
        crossed = staying(crossed, hand.centre, body.rate, own.folded_max_drift)
    above_by, below_by = own.folded_height
    for span in crossed:
        low = [
            float(np.nanmedian(span.of((hand.centre - body.slow[elbow])[1])))
            for hand, elbow in ((left, "right_elbow"), (right, "left_elbow"))
        ]
        if min(low) < -above_by:
            continue
        if max(low) <= below_by:
            kind, category, needed = ARMS_FOLDED, "folded", own.folded_reach.enter
            value = float(np.nanmedian(span.of(reach)))
        else:
            kind, category, needed = ARMS_CROSSED, "crossed", own.crossed_past
            value = float(np.nanmedian(span.of(past)))
            if value < needed:
                continue
        yield kind.found(
            body, span, ("left_arm", "right_arm"), "both", value, category,
            scored=names, margin=margin(value, needed),
        )  # fmt: skip


def _to_arm(body: Body, hand: Hand, side: Side) -> np.ndarray:
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


@detects(HAND_ON_HIP)
def hands_on_hips(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    """Akimbo: the wrist at the height of the waist and at the side, the bent elbow out and up.

    A hand on the thigh or on an armrest shows the elbow out too, but the wrist lies lower.
    """
    for side in hands_of(body, thresholds):
        joints = tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip"))
        if body.has("neck", "hip_centre", *joints):
            yield from _on_hip(body, side, thresholds)


def _on_hip(body: Body, side: Side, thresholds: Thresholds) -> Iterator[Finding]:
    own = thresholds.of(HandsLimits)
    shoulder, elbow, wrist, hip = (
        body.slow[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist", "hip")
    )
    scored = (f"{side}_elbow", f"{side}_wrist", f"{side}_hip")
    outward = 1.0 if side == "left" else -1.0
    trunk = float(np.nanmedian(body.slow["hip_centre"][1] - body.slow["neck"][1]))
    height = (hip[1] - wrist[1]) / max(trunk, 0.5)
    offset = wrist - hip
    # Resting hands reach this height before low cameras: a person's usual posture is not told.
    changed = np.fmax(body.away_from_usual(offset), body.away_from_usual(elbow - shoulder))
    aside = outward * offset[0]
    out = outward * (elbow[0] - wrist[0]) - body.floor(*scored[:2])
    with np.errstate(invalid="ignore"):
        placed = (height >= own.above_hip[0]) & (height <= own.above_hip[1])
        placed &= (aside >= own.hip_aside[0]) & (aside <= own.hip_aside[1])
        placed &= np.linalg.norm(offset, axis=0) <= own.hip
        placed &= wrist[1] - elbow[1] >= own.elbow_above
        placed &= _bend(shoulder, elbow, wrist) <= own.elbow_bend
        placed &= changed >= own.hip_unusual
    posed = above(np.where(placed, out, np.nan), own.elbow_out)
    posed = join(posed, body.frames(thresholds.of(ContactLimits).join_s))
    posed = at_least(posed, own.hip_min_s * body.rate)
    posed = staying(posed, offset, body.rate, own.hip_max_drift)
    for span in slow(posed, offset, body.rate, own.hip_max_speed):
        value = float(np.nanmedian(span.of(out)))
        yield HAND_ON_HIP.found(
            body, span, (f"{side}_hand", f"{side}_hip"), side, value, "akimbo",
            scored=scored, margin=margin(value, own.elbow_out.enter),
        )  # fmt: skip


def _bend(shoulder: np.ndarray, elbow: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """Angle (T,) at the elbow in the picture, degrees; 180 is a straight arm."""
    upper, fore = shoulder - elbow, wrist - elbow
    lengths = np.linalg.norm(upper, axis=0) * np.linalg.norm(fore, axis=0)
    cosine = np.einsum("ct,ct->t", upper, fore) / np.maximum(lengths, 1e-9)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


@detects(HANDS_BEHIND_BACK)
def hands_behind_back(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    """Measured with depth; in a flat picture only that both hands are out of sight is told."""
    own = thresholds.of(HandsLimits)
    scored = ("left_elbow", "right_elbow", "left_hip", "right_hip", "neck")
    if not body.has(*scored):
        return
    if body.has_depth and body.has("left_wrist", "right_wrist"):
        value = np.minimum(
            _behind_trunk(body, "left_wrist"), _behind_trunk(body, "right_wrist")
        ) - body.floor("left_wrist", "neck")
        spans, category, unit = above(value, own.behind), "behind", "shoulder widths"
    else:
        value = _hands_lost(body).astype(float)
        spans = join(above(value, Band(0.5, 0.5)), body.frames(0.3))
        category, unit = "out of sight", "share"
    for span in at_least(spans, own.behind_min_s * body.rate):
        yield HANDS_BEHIND_BACK.found(
            body, span, ("left_hand", "right_hand"), "both", float(np.nanmedian(span.of(value))),
            category, unit=unit, scored=scored, margin=1.0 if body.has_depth else 0.5,
        )  # fmt: skip


def _hands_lost(body: Body) -> np.ndarray:
    """(T,) whether neither hand is seen though hands in the lap would be."""
    lost = np.full(body.num_frames, True)
    for side in SIDES:
        for name in (f"{side}_wrist", f"{side}_hand", f"{side}_index_tip"):
            if body.has(name):
                lost &= np.isnan(body.points[name][0])
        down = body.slow[f"{side}_elbow"][1] - body.slow["neck"][1]
        lost &= down > 0.3  # false where not seen: the elbows must be seen hanging
    # With the knees in the picture, hands in the lap would be seen.
    knees = [name for name in ("left_knee", "right_knee") if body.has(name)]
    return lost & (np.isfinite(sum(body.slow[name][1] for name in knees)) if knees else False)


def _behind_trunk(body: Body, wrist: str) -> np.ndarray:
    """How far behind the line from neck to hips a wrist is, (T,); axis 2 points to the back."""
    neck, hips = body.slow["neck"], (body.slow["left_hip"] + body.slow["right_hip"]) / 2
    share = (body.slow[wrist][1] - neck[1]) / np.maximum(hips[1] - neck[1], 0.2)
    spine = neck[2] + np.clip(share, 0.0, 1.0) * (hips[2] - neck[2])
    return body.slow[wrist][2] - spine
