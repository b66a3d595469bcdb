"""A hand as far as the layout shows it: finger tips, or a guess from the forearm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.findings import Side
from mgskel.describe.thresholds import ContactLimits

# Wrist to the palm's centre and to the finger tips, in forearm lengths.
_PALM, _TIP = 0.35, 0.65
_FINGERS = ("index", "middle", "ring", "pinky", "thumb")
_POINTING = ("index_tip", "middle_tip")
_GUESS_TRUST = 0.7
FLAT_TRUST = 0.7  # on trunk and arm, where a flat picture can't tell touching from hovering
# From the wrist through the hand's centre to where half curled and stretched fingers end.
_BEYOND_CENTRE = (1.5, 2.0)


@dataclass(frozen=True, eq=False)
class Hand:
    """Positions are (C, T).

    Attributes:
        tips: points that can touch, each with what to add to its distance.
        fast_tip: the pointing finger's tip, or what is seen nearest to it; for strokes.
        fast_palm: the anchor's own path, which is seen more often than the tips.
        slow_tip: the same averaged, the palm where it is lost.
        anchor: the point whose noise and score stand for the hand.
        fingers: whether finger points are seen, not only the arm.
        trust: what the confidence of a contact is multiplied by.
    """

    centre: np.ndarray
    tips: list[tuple[np.ndarray, np.ndarray | float]]
    fast_tip: np.ndarray
    fast_palm: np.ndarray
    slow_tip: np.ndarray
    anchor: str
    fingers: bool
    trust: float


def hand_of(body: Body, side: Side, limits: ContactLimits) -> Hand | None:
    """The hand of a side, or none where neither it nor the forearm is seen."""
    wrist, elbow = f"{side}_wrist", f"{side}_elbow"
    tips = _finger_tips(body, side, limits)
    if not tips and body.has(name := f"{side}_hand_tip"):
        tips.append((body.slow[name], 0.0))
    fingers = bool(tips)
    centre, anchor = None, wrist
    if body.has(name := f"{side}_hand"):
        centre, anchor = body.slow[name], name
        tips.append((centre, limits.centre_extra))
        tips += _lost_tips(body, side, limits)
    if body.has(wrist, elbow):
        # Also where fingers are known: the hand model often loses a hand before the face.
        forearm = body.slow[wrist] - body.slow[elbow]
        guess = body.slow[wrist] + _PALM * forearm
        if not fingers:
            tips.append((guess, limits.centre_extra))
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
        1.0 if fingers else _GUESS_TRUST,
    )  # fmt: skip


def _finger_tips(
    body: Body, side: Side, limits: ContactLimits
) -> list[tuple[np.ndarray, np.ndarray | float]]:
    """Finger tips; the longest stretched finger points, curled ones count as farther away."""
    names = [name for f in _FINGERS if body.has(name := f"{side}_{f}_tip")]
    paths = [body.slow[name] for name in names]
    sideways = [0.0 if name.endswith(_POINTING) else limits.side_extra for name in names]
    wrist = f"{side}_wrist"
    if not paths or not body.has(wrist):
        return list(zip(paths, sideways, strict=True))
    reach = [np.linalg.norm(path - body.slow[wrist], axis=0) for path in paths]
    longest = reduce(np.fmax, reach)
    return [
        (path, extra + limits.curled_share * (longest - own))
        for path, extra, own in zip(paths, sideways, reach, strict=True)
    ]


def _lost_tips(body: Body, side: Side, limits: ContactLimits) -> list[tuple[np.ndarray, float]]:
    """Where the fingers must end while none of them is seen: before the face they often are not."""
    wrist, hand = f"{side}_wrist", f"{side}_hand"
    known = [name for f in _FINGERS if body.has(name := f"{side}_{f}_tip")]
    if not known or not body.has(wrist):
        return []
    lost = np.all([np.isnan(body.points[name][0]) for name in known], axis=0)
    along = np.where(lost, body.slow[hand] - body.slow[wrist], np.nan)
    return [(body.slow[wrist] + k * along, limits.lost_extra) for k in _BEYOND_CENTRE]


def _first(preferred: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(preferred), otherwise, preferred)
