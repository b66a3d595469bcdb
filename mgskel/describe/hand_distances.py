"""How far a hand is from every place of head and neck."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.hand import Hand
from mgskel.describe.places import Place
from mgskel.describe.strokes import HandPath
from mgskel.describe.thresholds import Thresholds

_REACH = 1.6  # no contact with the head is looked for when the hand is farther from it than this


@dataclass(frozen=True, eq=False)
class HandDistances:
    """`to_place` (K, T): from the hand to each place, infinite where far or not seen.

    `paths` is the hand's against the head.
    """

    places: list[Place]
    to_place: np.ndarray
    nearest: np.ndarray
    hand: Hand
    paths: HandPath


def hand_distances(
    body: Body, hand: Hand, places: list[Place], thresholds: Thresholds
) -> HandDistances:
    to_place = np.full((len(places), body.num_frames), np.inf, np.float32)
    with np.errstate(invalid="ignore"):
        close = np.linalg.norm(hand.centre - places[0].points, axis=0) < _REACH
    at = np.flatnonzero(close)
    tips = [
        (tip[:, at], extra if isinstance(extra, float) else extra[at]) for tip, extra in hand.tips
    ]
    for k, place in enumerate(places):
        goal = place.points[:, at]
        options = [np.linalg.norm(tip - goal, axis=0) + extra for tip, extra in tips]
        distance = reduce(np.fmin, options)
        to_place[k, at] = np.where(np.isnan(distance), np.inf, distance) - place.radius
    paths = HandPath(body, hand, places[0].fast_points, thresholds)
    return HandDistances(places, to_place, to_place.min(axis=0), hand, paths)
