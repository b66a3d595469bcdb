"""What the exact projection of a synthetic recording shows of a performance. Only for studies.

A flat picture can hide what was really done: the hand lies nearer to another place, or the head
moves along the line of sight. Measured here are exact joints, without any of the
errors and limits that decide what is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.describe.body import Body, measure_bodies
from mgskel.describe.hand import hands_of
from mgskel.describe.places import head_places
from mgskel.describe.statement import SIDES, Side
from mgskel.describe.thresholds import Thresholds
from mgskel.synthesis.truth import ProgramTruth

_EARS_APART = 0.40  # in shoulder widths

Measure = Literal["turn", "pitch", "tilt", "lean", "sway", "rise", "shrug"]


class Picture:
    """Answers from a recording's exact projection; lengths in shoulder widths, angles in degrees.

    Attributes:
        body: none where no two joints that give a scale lie in the picture.
    """

    def __init__(self, clean: PoseSequence) -> None:
        bodies = measure_bodies(clean, Thresholds())
        self.body: Body | None = bodies[0] if bodies else None
        self._places = head_places(bodies[0]) if bodies else []
        self._hands = hands_of(bodies[0], Thresholds()) if bodies else {}

    def nearer_elsewhere(self, truth: ProgramTruth, kinds: Sequence[str]) -> float:
        """How much nearer the hand lies to a place of the head of another kind than to one of
        `kinds`, at most 0 where the right place is the nearest. Of two hands the better one."""
        return min((self._nearer(side, truth, kinds) for side in _sides(truth)), default=0.0)

    def _nearer(self, side: Side, truth: ProgramTruth, kinds: Sequence[str]) -> float:
        hand = self._hands.get(side)
        if hand is None or kinds[0] not in {place.kind for place in self._places}:
            return 0.0
        at = self._during(truth.apex_s, truth.offset_s)
        right = other = float("inf")
        for place in self._places:
            goal = place.points[:, at]
            apart = [np.linalg.norm(tip[:, at] - goal, axis=0) for tip, _ in hand.tips]
            distance = _median(np.fmin.reduce(apart)) - place.radius
            if place.kind in kinds:
                right = min(right, distance)
            else:
                other = min(other, distance)
        return max(right - other, 0.0) if np.isfinite(right) else 0.0

    def excursion(self, truth: ProgramTruth, what: Measure) -> float:
        """How far a measure of head or trunk leaves its value before and after the performance."""
        path = self._measure(what)
        if path is None:
            return 0.0
        inside = path[self._during(truth.onset_s, truth.end_s)]
        inside = inside[np.isfinite(inside)]
        if len(inside) < 3:
            return 0.0
        rest = np.linspace(inside[0], inside[-1], len(inside))
        return float(np.max(np.abs(inside - rest)))

    def _measure(self, what: Measure) -> np.ndarray | None:
        """(T,) of a measure, lengths in shoulder widths, angles in degrees."""
        body, needs = self.body, _NEEDS[what]
        if body is None or not body.has(*needs):
            return None
        point = {name: body.slow[name] for name in needs}
        match what:
            case "turn" | "pitch":
                face = point["nose"] - (point["left_ear"] + point["right_ear"]) / 2
                return face[0] if what == "turn" else face[1]
            case "tilt":
                rise = (point["left_ear"] - point["right_ear"])[1] / _EARS_APART
                return np.degrees(np.arcsin(np.clip(rise, -1.0, 1.0)))
            case "lean":
                trunk = point["neck"] - point["hip_centre"]
                return np.degrees(np.arctan2(trunk[0], np.maximum(-trunk[1], 0.1)))
            case "sway":
                return point["neck"][0]
            case "rise":
                return point["neck"][1]
            case "shrug":
                return point["left_shoulder"][1] + point["right_shoulder"][1] - 2 * point["nose"][1]

    def _during(self, from_s: float, to_s: float) -> np.ndarray:
        assert self.body is not None
        return (self.body.times >= from_s) & (self.body.times <= to_s)


_FACE = ("nose", "left_ear", "right_ear")
_NEEDS: Mapping[Measure, tuple[str, ...]] = {
    "turn": _FACE,
    "pitch": _FACE,
    "tilt": ("left_ear", "right_ear"),
    "lean": ("neck", "hip_centre"),
    "sway": ("neck",),
    "rise": ("neck",),
    "shrug": ("left_shoulder", "right_shoulder", "nose"),
}


def _sides(truth: ProgramTruth) -> tuple[Side, ...]:
    return tuple(side for side in SIDES if truth.side in (side, "both"))


def _median(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("inf")
