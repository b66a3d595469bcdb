"""What the exact joints of a synthetic recording did in 3-D, whether performed or not.

People at rest lay their hands together and turn their heads; a statement about that is right
though no program made it. Only for studies: real recordings have no exact joints.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.describe.rhythm import main_stroke
from mgskel.describe.statement import Statement

# From neck to hips, as shares; half a tenth wider than the statements' own borders.
_TRUNK = {"hand_to_chest": (0.07, 0.50), "hand_to_torso": (0.40, 0.85)}
_TRUNK_HALF_WIDTH = 0.50
_SIDES = ("left", "right")
_HAND = ("hand", "thumb_tip", "index_tip", "middle_tip", "pinky_tip")


class Oracle:
    """Answers from exact joints in metres, (1, T, V, 3)."""

    KINDS = (
        "hands_joined", "hand_to_chest", "hand_to_torso", "hand_to_arm", "arms_folded",
        "arms_crossed", "hands_behind_back",
        "hand_on_hip", "head_turn", "head_tilt", "head_pitch", "head_nod", "head_shake",
        "torso_lean", "torso_sway", "torso_straighten", "torso_turn", "shoulders_raised",
        "rubbing", "hand_strokes",
    )  # fmt: skip

    def __init__(self, exact: PoseSequence) -> None:
        self._times = exact.timestamps
        named = {name: exact.keypoints[0, :, v].astype(float)
                 for v, name in enumerate(exact.skeleton.joints)}  # fmt: skip
        shoulders = named["left_shoulder"] - named["right_shoulder"]
        scale = float(np.median(np.linalg.norm(shoulders, axis=1)))
        self._joints = {name: path / scale for name, path in named.items()}
        point = self._joints
        self._ears = point["left_ear"] - point["right_ear"]
        self._face = point["nose"] - (point["left_ear"] + point["right_ear"]) / 2
        hips = (point["left_hip"] + point["right_hip"]) / 2
        self._spine = point["neck"] - hips

    def bears_out(self, statement: Statement) -> bool:
        """Whether the exact joints show what the statement says, a little less at least."""
        inside = (self._times >= statement.from_s - 0.1) & (self._times <= statement.to_s + 0.1)
        if not inside.any():
            return False
        match statement.kind:
            case "hands_joined":
                return bool(np.median(self._hands_apart()[inside]) <= 0.25)
            case "hand_to_chest" | "hand_to_torso":
                return self._in_front(statement, inside)
            case "hand_to_arm":
                return self._any_side(statement, inside, self._to_other_arm) <= 0.3
            case "arms_folded":
                return self._any_side(statement, inside, self._to_other_arm) <= 0.35
            case "arms_crossed":
                return self._any_side(statement, inside, self._to_other_arm) <= 0.45
            case "hand_on_hip":
                return self._any_side(statement, inside, self._to_hip) <= 0.6
            case "head_turn":
                return self._moved(_yaw(self._face), inside, statement.side, 8.0)
            case "head_tilt":
                return self._moved(_roll(self._ears), inside, statement.side, 6.0)
            case "head_pitch":
                return self._spread(_pitch(self._face), inside) >= 8.0
            case "head_nod":
                return _swing(_pitch(self._face)[inside]) >= 4.0
            case "head_shake":
                return _swing(_yaw(self._face)[inside]) >= 4.0
            case "torso_lean":
                return self._spread(_roll_up(self._spine), inside) >= 4.0
            case "torso_sway":
                return float(np.ptp(self._joints["neck"][inside, 0])) >= 0.07
            case "torso_straighten":
                rise = [np.ptp(self._joints[name][inside, 1]) for name in ("neck", "nose")]
                return float(min(rise)) >= 0.04
            case "torso_turn":
                return self._spread(_yaw_across(self._joints), inside) >= 15.0
            case "shoulders_raised":
                return self._raised(inside, statement.side)
            case "rubbing" | "hand_strokes":
                return self._stroked(inside, statement)
        return False

    def _moved(self, angle: np.ndarray, inside: np.ndarray, side: str, least: float) -> bool:
        """Whether an angle left its median by enough; which way left is follows the ears."""
        return self._spread(angle, inside) >= least

    @staticmethod
    def _spread(angle: np.ndarray, inside: np.ndarray) -> float:
        return float(np.max(np.abs(angle[inside] - np.median(angle))))

    def _raised(self, inside: np.ndarray, side: str) -> bool:
        for one in ("left", "right"):
            if side in (one, "both"):
                gap = np.linalg.norm(
                    self._joints[f"{one}_shoulder"] - self._joints[f"{one}_ear"], axis=1
                )
                if np.median(gap) - np.min(gap[inside]) < 0.04:
                    return False
        return True

    def _any_side(
        self, statement: Statement, inside: np.ndarray, distance: Callable[[str], np.ndarray]
    ) -> float:
        """The typical distance of the hand told of; of both hands the farther one."""
        sides = ("left", "right") if statement.side == "both" else (statement.side,)
        return float(max(np.median(distance(side)[inside]) for side in sides))

    def _hands_apart(self) -> np.ndarray:
        """(T,) between the nearest points of both hands."""
        left, right = ([self._joints[f"{side}_{name}"] for name in _HAND] for side in _SIDES)
        return np.min([np.linalg.norm(a - b, axis=1) for a in left for b in right], axis=0)

    def _in_front(self, statement: Statement, inside: np.ndarray) -> bool:
        """Whether the camera sees the hand between it and the trunk, at about the place told of."""
        top, bottom = _TRUNK[statement.kind]
        sides = ("left", "right") if statement.side == "both" else (statement.side,)
        for side in sides:
            points = [self._joints[f"{side}_{name}"][inside] for name in ("hand", "index_tip")]
            neck = self._joints["neck"][inside]
            hips = neck - self._spine[inside]
            hand = np.mean(points, axis=0)
            flat_neck, flat_hips, flat_hand = (p[:, :2] / p[:, 2:] for p in (neck, hips, hand))
            trunk = flat_hips - flat_neck
            length = np.linalg.norm(trunk, axis=1)
            offset = flat_hand - flat_neck
            down = np.einsum("tc,tc->t", offset, trunk) / length**2
            across = trunk[:, 0] * offset[:, 1] - trunk[:, 1] * offset[:, 0]
            aside = np.abs(across) / length * neck[:, 2]
            behind = hand[:, 2] - (neck[:, 2] + np.clip(down, 0, 1) * (hips - neck)[:, 2])
            if not (top <= np.median(down) <= bottom and np.median(aside) <= _TRUNK_HALF_WIDTH):
                return False
            if np.median(behind) > 0.0:
                return False
        return True

    def _to_other_arm(self, side: str) -> np.ndarray:
        other = "right" if side == "left" else "left"
        shoulder, elbow, wrist = (
            self._joints[f"{other}_{name}"] for name in ("shoulder", "elbow", "wrist")
        )
        tips = [self._joints[f"{side}_{name}"] for name in ("index_tip", "pinky_tip", "hand")]
        bones = ((shoulder, elbow), (elbow, wrist))
        return np.min([_to_bone(tip, *bone) for tip in tips for bone in bones], axis=0)

    def _to_hip(self, side: str) -> np.ndarray:
        offset = self._joints[f"{side}_wrist"] - self._joints[f"{side}_hip"]
        return np.linalg.norm(offset, axis=1)

    def _stroked(self, inside: np.ndarray, statement: Statement) -> bool:
        """Whether a finger tip went to and fro at least once and a half."""
        sides = ("left", "right") if statement.side == "both" else (statement.side,)
        rate = 1.0 / float(np.median(np.diff(self._times)))
        for side in sides:
            path = self._joints[f"{side}_index_tip"].T
            line = main_stroke(path[:, inside], rate, (0.8, min(8.0, 0.4 * rate)))
            moved = np.diff(line)
            turns = np.flatnonzero(np.diff(np.sign(moved[np.abs(moved) > 1e-4])))
            if len(turns) >= 2 and np.ptp(line) >= 0.025:
                return True
        return False


def _to_bone(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    bone = end - start
    along = np.einsum("tc,tc->t", point - start, bone) / np.einsum("tc,tc->t", bone, bone)
    return np.linalg.norm(point - start - np.clip(along, 0, 1)[:, None] * bone, axis=1)


def _yaw(face: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(face[:, 0], np.abs(face[:, 2])))


def _pitch(face: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(face[:, 1], np.hypot(face[:, 0], face[:, 2])))


def _roll(ears: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(ears[:, 1], np.hypot(ears[:, 0], ears[:, 2])))


def _roll_up(spine: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(spine[:, 0], np.abs(spine[:, 1])))


def _yaw_across(joints: dict[str, np.ndarray]) -> np.ndarray:
    across = joints["left_shoulder"] - joints["right_shoulder"]
    return np.degrees(np.arctan2(across[:, 2], np.abs(across[:, 0])))


def _swing(angle: np.ndarray) -> float:
    """Typical excursion of an angle that goes up and down, without its slow drift."""
    frames = np.arange(len(angle))
    if len(angle) < 3:
        return 0.0
    return float(np.ptp(angle - np.polyval(np.polyfit(frames, angle, 1), frames)))
