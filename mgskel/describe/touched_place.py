"""Which place of head or neck a hand touches, in as far as that can be told.

That a hand is at the face follows from its nearest finger point. Which place it touches does not:
spread fingers reach several places at once. There the shape of the hand decides which of its
points touches, and a place is named only where this point is near it and clearly farther from
every other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import ndimage

from mgskel.describe.body import Body
from mgskel.describe.hand import ContactLimits
from mgskel.describe.intervals import FrameSpan
from mgskel.describe.places import Place, Reach
from mgskel.describe.statement import Side
from mgskel.describe.thresholds import Thresholds, limits

_SHAPE = ("index_tip", "middle_tip", "ring_tip", "pinky_tip", "thumb_tip", "hand", "wrist")
_SAME = 0.005
_MIN_FRAMES = 3  # fewer seen frames show no shape
# Places that are named, in the order of a face from top to bottom.
_EXACT = ("hand_to_eye", "hand_to_ear", "hand_to_nose", "hand_to_mouth", "hand_to_chin")
_FAR = 9.0


@limits("face")
@dataclass(frozen=True)
class FaceLimits:
    """By the point with which a hand of its shape touches."""

    pointing: float = 0.20  # index and middle finger tip this far apart: the index finger's tip
    pinch: tuple[float, float] = (0.09, 0.25)  # this far apart, and the thumb this near: between
    # index finger and thumb
    flat: float = 2.0  # fingers reaching this many times as far as the palm's centre: their middle
    flat_tips: float = 0.05  # ... unless the tips are this near a place
    fist: float = 1.1  # ... and less than this: a fist, which shows no place; else the finger tips
    reach: float = 0.10  # the point is this near the place ...
    ambiguous: float = 0.045  # ... and every other place this much farther, else it is "the face"
    far_ear: float = 0.28  # the nose this near an ear (share of the ears' distance): it is hidden
    ambiguous_ear: float = 0.05  # ... and by this much more at the ear
    lifted: float = 0.10  # with the elbow this far above the shoulder no place is named: the hand
    lifted_ear: float = 0.20  # ... may be behind the head (hands at the ear lift it a little)
    at_head: float = 0.25  # from here it is "the head" only


@dataclass(frozen=True)
class Goal:
    """What a contact is told of: `kind` and `joint`; `place` where it is one of the places."""

    kind: str
    joint: str
    place: Place | None = None


def places_in(
    body: Body, span: FrameSpan, reach: Reach, contact: ContactLimits
) -> list[tuple[FrameSpan, Place | None]]:
    """Which places the hand stays at during one contact; none stands for an undecided place."""
    inside = span.of(reach.to_place)
    inside = np.where(np.isfinite(inside), inside, _FAR).astype(float)
    window = max(1, body.frames(contact.place_min_s))
    best = ndimage.uniform_filter1d(inside, window, mode="nearest").argmin(axis=0)
    changes = np.flatnonzero(np.diff(best)) + 1
    edges = np.concatenate(([0], changes, [len(best)]))
    runs = [
        (int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)
        if b - a >= window or len(edges) == 2
    ] or [(0, len(best))]  # fmt: skip
    # Runs too short to tell are given to the run before them.
    starts = [0] + [a for a, _ in runs[1:]]
    stops = starts[1:] + [len(best)]
    lost = np.isnan(span.of(reach.hand.fast_tip[0] - reach.places[0].fast_points[0]))
    parts: list[tuple[FrameSpan, Place | None]] = []
    for (a, b), start, stop in zip(runs, starts, stops, strict=True):
        place = _nearest_place(inside[:, a:b], reach.places, float(lost[a:b].mean()), contact)
        part = FrameSpan(span.start + start, span.start + stop)
        if parts and kind_at(parts[-1][1]) == kind_at(place):
            parts[-1] = (FrameSpan(parts[-1][0].start, part.stop), place)
        else:
            parts.append((part, place))
    return parts


def _nearest_place(
    distances: np.ndarray, places: list[Place], unseen: float, contact: ContactLimits
) -> Place | None:
    """By distances (K, n); none when another kind of place is about as near.

    `unseen` is the share of the time without fingers, when the place is a guess.
    """
    mean = np.sort(distances, axis=1)[:, : max(1, distances.shape[1] // 2)].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    best = places[order[0]]
    needed = contact.ambiguous + contact.ambiguous_guess * unseen
    if best.kind == "hand_to_ear":
        needed += contact.ambiguous_ear
    for k in order[1:]:
        if places[k].kind != best.kind:
            return best if mean[k] - mean[order[0]] >= needed else None
    return best


def kind_at(place: Place | None) -> str:
    return place.kind if place is not None else "hand_to_face"


def goal_of(
    body: Body,
    side: Side,
    span: FrameSpan,
    place: Place | None,
    reach: Reach,
    thresholds: Thresholds,
) -> Goal:
    """Hair, neck and the whole head by the nearest finger; a place of the face by what touches."""
    face = thresholds.of(FaceLimits)
    if place is not None and place.kind in ("hand_to_hair", "hand_to_neck", "hand_to_head"):
        return Goal(place.kind, place.joint, place)
    inside = span.of(reach.nearest)
    apex = span.start + np.flatnonzero(inside <= np.median(inside) + 0.01)
    if _elbow_lifted(body, side, apex) > face.at_head:
        return Goal("hand_to_head", "head")
    below = place is None or place.kind == "hand_to_chin"
    if below and _maybe_neck(reach, apex, thresholds.of(ContactLimits)):
        return Goal("hand_to_head", "head_or_neck")
    if not _shows_shape(body, side, apex):
        return Goal(kind_at(place), place.joint if place is not None else "face", place)
    return _exact_place(body, side, reach.places, apex, face)


def _maybe_neck(reach: Reach, apex: np.ndarray, contact: ContactLimits) -> bool:
    mean = reach.to_place[:, apex].mean(axis=1)
    neck = [m for m, place in zip(mean, reach.places, strict=True) if place.kind == "hand_to_neck"]
    return min(neck, default=np.inf) - mean.min() < contact.ambiguous_neck


def _shows_shape(body: Body, side: Side, apex: np.ndarray) -> bool:
    """Whether the layout has the points that tell a hand's shape.

    Where it has no knuckles, the palm's centre is only the mean of the finger tips.
    """
    if not body.has(*(f"{side}_{name}" for name in _SHAPE)):
        return False
    tips = np.mean([body.slow[f"{side}_{name}"][:, apex] for name in _SHAPE[:5]], axis=0)
    apart = _length(body.slow[f"{side}_hand"][:, apex] - tips)
    return not np.isfinite(apart).any() or bool(np.nanmedian(apart) > _SAME)


def _exact_place(
    body: Body, side: Side, places: list[Place], apex: np.ndarray, face: FaceLimits
) -> Goal:
    """For a hand that is at the face in the frames `apex` (n,) and whose fingers are seen then."""
    lifted = _elbow_lifted(body, side, apex)
    hidden = _far_ear(places, apex, face)
    for point, reach in _contact_points(body, side, apex, face):
        told = _at(point, reach, places, apex, hidden, lifted, face)
        if told:
            if len(told) == 1:
                return Goal(told[0].kind, told[0].joint, told[0])
            named = [kind for kind in _EXACT if kind in {place.kind for place in told}]
            return Goal("hand_to_face", "_or_".join(k.removeprefix("hand_to_") for k in named))
    return Goal("hand_to_face", "face")


def _at(
    point: np.ndarray,
    reach: float,
    places: list[Place],
    apex: np.ndarray,
    hidden: str | None,
    lifted: float,
    face: FaceLimits,
) -> list[Place]:
    """The place within `reach` of a point (C, n), if every other is clearly farther; or the two
    nearest, if these are clear; or none."""
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
        return []
    first, second = order[0], order[1]
    if lifted > (face.lifted_ear if first == "hand_to_ear" else face.lifted):
        return []
    needed = face.ambiguous + (face.ambiguous_ear if first == "hand_to_ear" else 0.0)
    if nearest[second][0] - nearest[first][0] >= needed:
        return [nearest[first][1]]
    clear = len(order) < 3 or nearest[order[2]][0] - nearest[first][0] >= needed
    return [nearest[first][1], nearest[second][1]] if second in _EXACT and clear else []


def _elbow_lifted(body: Body, side: Side, apex: np.ndarray) -> float:
    """How far the elbow is above the shoulder; minus infinity where it is not seen.

    Hands go to the face with the elbow hanging; behind the head it must be lifted.
    """
    if not body.has(f"{side}_elbow", f"{side}_shoulder"):
        return -np.inf
    rise = body.slow[f"{side}_shoulder"][1, apex] - body.slow[f"{side}_elbow"][1, apex]
    rise = rise[np.isfinite(rise)]
    return float(np.median(rise)) if len(rise) else -np.inf


def _contact_points(
    body: Body, side: Side, apex: np.ndarray, face: FaceLimits
) -> list[tuple[np.ndarray, float]]:
    """The points (C, n) with which a hand of this shape may touch, each with its reach.

    None of a fist, or of a hand whose fingers are not seen.
    """
    index, middle, ring, pinky, thumb, palm, wrist = (
        body.slow[f"{side}_{name}"][:, apex] for name in _SHAPE
    )
    if np.isfinite((index + middle + thumb + palm + wrist)[0]).sum() < _MIN_FRAMES:
        return []
    reach = reduce(np.fmax, [_length(tip - wrist) for tip in (index, middle, ring, pinky)])
    stretched = np.nanmedian(reach / np.maximum(_length(palm - wrist), 0.03))
    apart = np.nanmedian(_length(index - middle))
    if apart > face.pointing:
        return [(index, face.reach)]
    if stretched < face.fist:
        return []
    if face.pinch[0] < apart and np.nanmedian(_length(index - thumb)) < face.pinch[1]:
        return [((index + thumb) / 2, face.reach)]
    tips = (index + middle) / 2
    if stretched > face.flat:
        return [(tips, face.flat_tips), (tips / 2 + palm / 2, face.reach)]
    return [(tips, face.reach)]


def _far_ear(places: list[Place], apex: np.ndarray, face: FaceLimits) -> str | None:
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
    if share > 1 - face.far_ear:
        return "left"
    return "right" if share < face.far_ear else None


def _lasting_distance(offset: np.ndarray) -> float:
    """Mean length of a (C, n) path's nearer three quarters."""
    lengths = _length(offset)
    lengths = np.sort(lengths[np.isfinite(lengths)])
    if len(lengths) < _MIN_FRAMES:
        return float("inf")
    return float(lengths[: max(1, (3 * len(lengths)) // 4)].mean())


def _length(path: np.ndarray) -> np.ndarray:
    return np.linalg.norm(path, axis=0)
