"""A hand as far as the layout shows it: finger tips, or a guess from the forearm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.intervals import FrameSpan
from mgskel.describe.statement import SIDES, Side
from mgskel.describe.thresholds import Band, Thresholds, limits

# Wrist to the palm's centre and to the finger tips, in forearm lengths.
_PALM, _TIP = 0.35, 0.65
_FINGERS = ("index", "middle", "ring", "pinky", "thumb")
_POINTING = ("index_tip", "middle_tip")
_GUESS_TRUST = 0.7
FLAT_TRUST = 0.7  # on trunk and arm, where a flat picture can't tell touching from hovering
# From the wrist through the hand's centre to where half curled and stretched fingers end.
_BEYOND_CENTRE = (1.5, 2.0)


@limits("contact")
@dataclass(frozen=True)
class ContactLimits:
    # Distance of the nearest finger point to the place. Fingers cover about 0.05 shoulder widths.
    head: Band = Band(0.16, 0.24)  # to any point of the face, hair or neck
    centre_extra: float = 0.10  # the palm's centre is this far behind the fingers' skin
    side_extra: float = 0.03  # index and middle finger point; the others count as this much farther
    curled_share: float = 0.3  # a curled finger counts as farther by this share of its shortness
    guessed_extra: float = 0.05  # without finger points the hand is prolonged from the forearm
    lost_extra: float = 0.05  # while no finger is seen, they are prolonged from the hand's centre
    near: Band = Band(0.36, 0.45)  # held close without touching
    ambiguous: float = 0.025  # the nearest place must win by this much, else it is "the face"
    ambiguous_guess: float = 0.05  # ... and by this much more where the fingers are not seen
    ambiguous_ear: float = 0.04  # ... and at the ear, which a turned head brings near all else
    ambiguous_neck: float = 0.10  # under the chin, the neck must be this much farther, else it is
    # "the head or the neck"
    min_s: float = 0.25  # shorter contacts are passing by
    near_min_s: float = 0.8
    join_s: float = 0.4  # contacts of the same place closer than this are one
    place_min_s: float = 0.4  # a hand that moves on stays at least this long to be told
    max_speed: float = 1.6  # a hand in faster motion relative to the place is passing by
    one_hand: float = 0.16  # hands whose centres lie this close at the face are one hand
    neck_min_s: float = 0.60  # before the neck hands also pass while talking:
    neck_max_speed: float = 0.20  # there a contact must be longer and calmer
    arm: Band = Band(0.13, 0.19)  # to the bone of the other arm
    arm_hands_apart: float = 0.15  # with the hands closer together, a hand at the arm is at a hand
    arm_away: float = 0.40  # the hand must be this far from where it usually is
    arm_palm: float = 0.38  # with the palm farther off, only the finger tips pass the arm
    # On the trunk and the arm a flat picture can't tell touching from hovering: the hand must rest.
    arm_min_s: float = 0.8
    arm_max_drift: float = 0.25  # strokes along the arm lead nowhere
    body_min_s: float = 0.4
    body_max_drift: float = 0.50
    trunk_half_width: float = 0.42  # of the region called chest or torso
    chest_top: float = 0.12  # share of the way from neck to hips where the chest begins
    chest_bottom: float = 0.45  # ... and where the torso begins
    torso_bottom: float = 0.80  # below lies the lap
    settled_speed: float = 0.6  # a hand that drifts faster is still arriving or already leaving
    approach_speed: float = 0.4  # reaching or leaving: the distance changes at least this fast
    approach_max_s: float = 1.5


@dataclass(frozen=True, eq=False)
class Hand:
    """Positions are (C, T)."""

    centre: np.ndarray
    # points that can touch, each with what to add to its distance
    tips: list[tuple[np.ndarray, np.ndarray | float]]
    fast_tip: np.ndarray  # the pointing finger's tip, or what is seen nearest to it; for strokes
    fast_palm: np.ndarray  # the anchor's own path, which is seen more often than the tips
    slow_tip: np.ndarray  # the same averaged, the palm where it is lost
    anchor: str  # the point whose noise and score stand for the hand
    fingers: bool  # whether finger points are seen, not only the arm
    # (T,) bool, when they are not: the hand is prolonged, or bridged by its knuckles
    lost: np.ndarray
    trust: float  # what the confidence of a contact is multiplied by

    def guessed(self, span: FrameSpan) -> bool:
        """Whether its fingers are not seen for most of the time."""
        return bool(span.of(self.lost).mean() > 0.5)


def hands_of(body: Body, thresholds: Thresholds) -> dict[Side, Hand]:
    """The hands of which the hand itself or the forearm is seen, by side."""
    contact = thresholds.of(ContactLimits)
    hands = {side: _hand(body, side, contact) for side in SIDES}
    return {side: hand for side, hand in hands.items() if hand is not None}


def _hand(body: Body, side: Side, contact: ContactLimits) -> Hand | None:
    wrist, elbow = f"{side}_wrist", f"{side}_elbow"
    tips = _finger_tips(body, side, contact)
    if not tips and body.has(name := f"{side}_hand_tip"):
        tips.append((body.slow[name], 0.0))
    fingers = bool(tips)
    centre, anchor = None, wrist
    if body.has(name := f"{side}_hand"):
        centre, anchor = body.slow[name], name
        tips.append((centre, contact.centre_extra))
        tips += _lost_tips(body, side, contact)
    if body.has(wrist, elbow):
        # Also where fingers are known: the hand model often loses a hand before the face.
        forearm = body.slow[wrist] - body.slow[elbow]
        guess = body.slow[wrist] + _PALM * forearm
        if not fingers:
            tips.append((guess, contact.centre_extra))
            tips.append((body.slow[wrist] + _TIP * forearm, 0.0))
        centre = guess if centre is None else _first(centre, guess)
    if centre is None or not tips:
        return None
    moving = [name for f in ("index", "middle") if body.has(name := f"{side}_{f}_tip")]
    moving += [name for name in (f"{side}_hand_tip", f"{side}_hand", wrist) if body.has(name)]
    # A wrist moves less than the finger tips, but where nothing else is seen it must do.
    pointing = (moving or [anchor])[0]
    slow_tip = _first(body.slow[pointing], centre)
    return Hand(
        centre, tips, body.points[pointing], body.points[anchor], slow_tip, anchor, fingers,
        _lost(body, side), 1.0 if fingers else _GUESS_TRUST,
    )  # fmt: skip


def _finger_tips(
    body: Body, side: Side, contact: ContactLimits
) -> list[tuple[np.ndarray, np.ndarray | float]]:
    """Finger tips; the longest stretched finger points, curled ones count as farther away."""
    names = [name for f in _FINGERS if body.has(name := f"{side}_{f}_tip")]
    paths = [body.slow[name] for name in names]
    sideways = [0.0 if name.endswith(_POINTING) else contact.side_extra for name in names]
    wrist = f"{side}_wrist"
    if not paths or not body.has(wrist):
        return list(zip(paths, sideways, strict=True))
    reach = [np.linalg.norm(path - body.slow[wrist], axis=0) for path in paths]
    longest = reduce(np.fmax, reach)
    return [
        (path, extra + contact.curled_share * (longest - own))
        for path, extra, own in zip(paths, sideways, reach, strict=True)
    ]


def _lost_tips(body: Body, side: Side, contact: ContactLimits) -> list[tuple[np.ndarray, float]]:
    """Where the fingers must end while none of them is seen: before the face they often are not."""
    wrist, hand = f"{side}_wrist", f"{side}_hand"
    if not any(body.has(f"{side}_{f}_tip") for f in _FINGERS) or not body.has(wrist):
        return []
    along = np.where(_lost(body, side), body.slow[hand] - body.slow[wrist], np.nan)
    return [(body.slow[wrist] + k * along, contact.lost_extra) for k in _BEYOND_CENTRE]


def _lost(body: Body, side: Side) -> np.ndarray:
    """When no finger tip is seen, (T,) bool."""
    names = (*(f"{side}_{f}_tip" for f in _FINGERS), f"{side}_hand_tip")
    known = [np.isnan(body.points[name][0]) for name in names if body.has(name)]
    return np.logical_and.reduce(known) if known else np.ones(body.num_frames, bool)


def _first(preferred: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(preferred), otherwise, preferred)


def to_bone(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance (T,) of (C, T) points to the straight bones between two joints."""
    bone = end - start
    along = np.einsum("ct,ct->t", point - start, bone) / np.maximum(
        np.einsum("ct,ct->t", bone, bone), 1e-9
    )
    return np.linalg.norm(point - start - np.clip(along, 0.0, 1.0) * bone, axis=0)
