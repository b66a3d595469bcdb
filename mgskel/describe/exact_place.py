"""Which place of the face a hand touches: one contact point against eyes, nose, mouth, chin, ears.

That a hand is at the face follows from its nearest finger point. Which place it touches does not:
spread fingers reach several places at once. There the shape of the hand decides which of its
points touches, and a place is named only where this point is near it and clearly farther from
every other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.findings import Side
from mgskel.describe.places import Place
from mgskel.describe.thresholds import FaceLimits

_SHAPE = ("index_tip", "middle_tip", "ring_tip", "pinky_tip", "thumb_tip", "hand", "wrist")
_SAME = 0.005
_MIN_FRAMES = 3  # fewer seen frames show no shape
# Places that are named, in the order of a face from top to bottom.
_EXACT = ("hand_to_eye", "hand_to_ear", "hand_to_nose", "hand_to_mouth", "hand_to_chin")


@dataclass(frozen=True)
class Verdict:
    """`place` if one is clear, else the two nearest kinds in `either` if these are clear."""

    place: Place | None = None
    either: tuple[str, ...] = ()


def shows_shape(body: Body, side: Side, apex: np.ndarray) -> bool:
    """Whether the layout has the points that tell a hand's shape.

    Where it has no knuckles, the palm's centre is only the mean of the finger tips.
    """
    if not body.has(*(f"{side}_{name}" for name in _SHAPE)):
        return False
    tips = np.mean([body.slow[f"{side}_{name}"][:, apex] for name in _SHAPE[:5]], axis=0)
    apart = _length(body.slow[f"{side}_hand"][:, apex] - tips)
    return not np.isfinite(apart).any() or bool(np.nanmedian(apart) > _SAME)


def exact_place(
    body: Body, side: Side, places: list[Place], apex: np.ndarray, limits: FaceLimits
) -> Verdict:
    """Only for a hand that is at the face and whose fingers are seen for some of the time.

    Args:
        apex: frames (n,) at which the hand is at the face, without reach and withdrawal.
    """
    lifted = elbow_lifted(body, side, apex)
    hidden = _far_ear(places, apex, limits)
    verdict = Verdict()
    for point, reach in _contact_points(body, side, apex, limits):
        verdict = _at(point, reach, places, apex, hidden, lifted, limits)
        if verdict != Verdict():
            break
    return verdict


def _at(
    point: np.ndarray,
    reach: float,
    places: list[Place],
    apex: np.ndarray,
    hidden: str | None,
    lifted: float,
    limits: FaceLimits,
) -> Verdict:
    """The place within `reach` of a point (C, n), if every other is clearly farther."""
    nearest: dict[str, tuple[float, Place]] = {}
    for place in places:
        far_side = hidden is not None and place.joint.startswith(hidden)
        if far_side and place.joint.endswith("cheek"):
            continue
        distance = _lasting_distance(point - place.points[:, apex])
        # Before a hidden ear a hand may as well be at the ear as at what is seen there.
        kind = "hidden" if far_side and place.kind == "hand_to_ear" else place.kind
        if distance < nearest.get(kind, (np.inf, place))[0]:
            nearest[kind] = (distance, place)
    order = sorted(nearest, key=lambda kind: nearest[kind][0])
    if len(order) < 2 or order[0] not in _EXACT or nearest[order[0]][0] > reach:
        return Verdict()
    first, second = order[0], order[1]
    if lifted > (limits.lifted_ear if first == "hand_to_ear" else limits.lifted):
        return Verdict()
    needed = limits.ambiguous + (limits.ambiguous_ear if first == "hand_to_ear" else 0.0)
    if nearest[second][0] - nearest[first][0] >= needed:
        return Verdict(nearest[first][1])
    clear = len(order) < 3 or nearest[order[2]][0] - nearest[first][0] >= needed
    if second in _EXACT and clear:
        return Verdict(either=tuple(kind for kind in _EXACT if kind in (first, second)))
    return Verdict()


def elbow_lifted(body: Body, side: Side, apex: np.ndarray) -> float:
    """How far the elbow is above the shoulder; minus infinity where it is not seen.

    Hands go to the face with the elbow hanging; behind the head it must be lifted.
    """
    if not body.has(f"{side}_elbow", f"{side}_shoulder"):
        return -np.inf
    rise = body.slow[f"{side}_shoulder"][1, apex] - body.slow[f"{side}_elbow"][1, apex]
    rise = rise[np.isfinite(rise)]
    return float(np.median(rise)) if len(rise) else -np.inf


def _contact_points(
    body: Body, side: Side, apex: np.ndarray, limits: FaceLimits
) -> list[tuple[np.ndarray, float]]:
    """The points (C, n) with which a hand of this shape may touch, each with its reach.

    None of a fist, or of a hand whose fingers are not seen.
    """
    if not body.has(*(f"{side}_{name}" for name in _SHAPE)):
        return []
    index, middle, ring, pinky, thumb, palm, wrist = (
        body.slow[f"{side}_{name}"][:, apex] for name in _SHAPE
    )
    if np.isfinite((index + middle + thumb + palm + wrist)[0]).sum() < _MIN_FRAMES:
        return []
    reach = reduce(np.fmax, [_length(tip - wrist) for tip in (index, middle, ring, pinky)])
    stretched = np.nanmedian(reach / np.maximum(_length(palm - wrist), 0.03))
    apart = np.nanmedian(_length(index - middle))
    if apart > limits.pointing:
        return [(index, limits.reach)]
    if stretched < limits.fist:
        return []
    if limits.pinch[0] < apart and np.nanmedian(_length(index - thumb)) < limits.pinch[1]:
        return [((index + thumb) / 2, limits.reach)]
    tips = (index + middle) / 2
    if stretched > limits.flat:
        return [(tips, limits.flat_tips), (tips / 2 + palm / 2, limits.reach)]
    return [(tips, limits.reach)]


def _far_ear(places: list[Place], apex: np.ndarray, limits: FaceLimits) -> str | None:
    """The side whose ear the turned head hides: the nose lies close to it, or beyond."""
    where = {
        place.joint: np.nanmedian(place.points[0, apex])
        for place in places
        if place.joint in ("left_ear", "right_ear", "nose")
        and np.isfinite(place.points[0, apex]).any()
    }
    if not {"left_ear", "right_ear", "nose"} <= set(where):
        return None
    width = where["left_ear"] - where["right_ear"]
    share = (where["nose"] - where["right_ear"]) / max(width, 0.05)
    if share > 1 - limits.far_ear:
        return "left"
    return "right" if share < limits.far_ear else None


def _lasting_distance(offset: np.ndarray) -> float:
    """Mean length of a (C, n) path's nearer three quarters."""
    lengths = _length(offset)
    lengths = np.sort(lengths[np.isfinite(lengths)])
    if len(lengths) < _MIN_FRAMES:
        return float("inf")
    return float(lengths[: max(1, (3 * len(lengths)) // 4)].mean())


def _length(path: np.ndarray) -> np.ndarray:
    return np.linalg.norm(path, axis=0)
