"""The places on head and neck that a hand can go to, from whatever face points there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.hand import Hand

_FACE_LENGTH = 0.19  # eyes to mouth of an adult, in shoulder widths
_HEAD_RADIUS = 0.30  # where a layout knows only the head's centre
_REACH = 1.6  # no contact with the head is looked for when the hand is farther from it than this


@dataclass(frozen=True, eq=False)
class Place:
    """A place at `points` (C, T); it reaches `radius` around them."""

    kind: str  # the kind of statement that tells of a hand there
    joint: str  # what it is called in statements
    points: np.ndarray
    fast_points: np.ndarray
    anchor: str  # the body point whose noise it has
    radius: float = 0.0


def head_places(body: Body) -> list[Place]:
    """Places on head and neck; the first is the one the others are carried by."""
    if body.has("nose") and (body.has("left_eye", "right_eye") or body.has("mouth")):
        return _face_places(body)
    for name in ("head", "nose", "head_top"):
        if body.has(name):
            head = Place("hand_to_head", "head", body.slow[name], body.points[name], name,
                         _HEAD_RADIUS)  # fmt: skip
            return [head, *_neck_places(body, body.slow[name])]
    return []


def _face_places(body: Body) -> list[Place]:
    nose, fast = body.slow["nose"], body.points["nose"]
    if body.has("left_eye", "right_eye"):
        eyes = (body.slow["left_eye"] + body.slow["right_eye"]) / 2
    else:
        eyes = nose - 0.6 * (body.slow["mouth"] - nose)
    mouth = body.slow["mouth"] if body.has("mouth") else nose + 0.75 * (nose - eyes)
    axis = mouth - eyes
    length = float(np.nanmedian(np.linalg.norm(axis, axis=0)))
    if not np.isfinite(length) or length <= 0:
        length = _FACE_LENGTH
    down = axis / np.maximum(np.linalg.norm(axis, axis=0), 1e-6)
    chin = body.slow["chin"] if body.has("chin") else mouth + 0.75 * length * down
    across = np.zeros_like(down)
    across[0], across[1] = down[1], -down[0]  # to the person's left, at right angles to the face

    def place(kind: str, joint: str, points: np.ndarray) -> Place:
        return Place(kind, joint, points, fast, "nose")

    places = [
        place("hand_to_nose", "nose", nose),
        place("hand_to_mouth", "mouth", mouth),
        place("hand_to_chin", "chin", chin),
        place("hand_to_face", "forehead", eyes - 0.75 * length * down),
        place("hand_to_hair", "hair", eyes - 1.6 * length * down),
    ]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        places.append(
            place("hand_to_hair", "hair", eyes + length * (-1.35 * down + sign * 0.8 * across))
        )
        if body.has(name := f"{side}_eye"):
            places.append(place("hand_to_eye", name, body.slow[name]))
        if body.has(name := f"{side}_ear"):
            ear = body.slow[name]
            places.append(place("hand_to_ear", name, ear))
            places.append(place("hand_to_face", f"{side}_cheek", (ear + mouth) / 2))
            places.append(place("hand_to_hair", "hair", ear - 0.9 * length * down))
    return places + _neck_places(body, chin)


def _neck_places(body: Body, top: np.ndarray) -> list[Place]:
    """The front of the neck and its two sides, between the shoulders' middle and the chin."""
    if not body.has("neck"):
        return []
    base, fast = body.slow["neck"], body.points["neck"]
    rise = top - base
    across = np.zeros_like(rise)
    across[0] = 1.0
    spots = (base + 0.05 * rise, base + 0.35 * rise, base + 0.4 * rise + 0.16 * across,
             base + 0.4 * rise - 0.16 * across)  # fmt: skip
    return [Place("hand_to_neck", "neck", spot, fast, "neck") for spot in spots]


class Reach:
    """How far a hand is from every place of head and neck.

    Attributes:
        to_place: (K, T), infinite where far or not seen.
        nearest: (T,) to the nearest place.
        offset: (C, T) of the hand's centre from the place that carries the others.
    """

    def __init__(self, body: Body, hand: Hand, places: list[Place]) -> None:
        self.hand, self.places = hand, places
        self.offset = hand.centre - places[0].points
        self.to_place = np.full((len(places), body.num_frames), np.inf, np.float32)
        with np.errstate(invalid="ignore"):
            at = np.flatnonzero(np.linalg.norm(self.offset, axis=0) < _REACH)
        tips = [
            (tip[:, at], extra if isinstance(extra, float) else extra[at])
            for tip, extra in hand.tips
        ]
        for k, place in enumerate(places):
            goal = place.points[:, at]
            distance = reduce(
                np.fmin, [np.linalg.norm(tip - goal, axis=0) + extra for tip, extra in tips]
            )
            self.to_place[k, at] = np.where(np.isnan(distance), np.inf, distance) - place.radius
        self.nearest = self.to_place.min(axis=0)

    @property
    def anchors(self) -> tuple[str, str]:
        """The body points by whose noise and score a contact is judged."""
        return self.hand.anchor, self.places[0].anchor
