"""A body: proportions that vary from person to person, and the trunk, head and legs in motion.

Lengths are in shoulder widths (the distance of the shoulder joints); `Physique.metres` is what one
shoulder width measures. The mean proportions are those that pose estimators show of upright
frontal people (body segment tables give bones, estimators put points a little elsewhere).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.synthesis.person import face
from mgskel.synthesis.person.geometry import KNEE_FLEXION, Z, rotation, solve, turn
from mgskel.synthesis.signals import SIDES, Array, Channels

SIGN = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True, eq=False)
class Physique:
    """Proportions of one person, in shoulder widths."""

    metres: float
    seated: bool
    trunk: float
    hips: float
    upper_arm: float
    forearm: float
    hand: float
    neck: float
    head: float
    thigh: float
    shin: float
    foot: float
    spread_knees: float
    face: Array

    @property
    def hip_height(self) -> float:
        """Height of the hips above the floor."""
        return self.shin * 1.02 + 0.12 if self.seated else (self.thigh + self.shin) * 0.985 + 0.18


def sample_body(rng: np.random.Generator, seated: bool) -> Physique:
    def about(mean: float, spread: float) -> float:
        return float(mean * np.clip(rng.normal(1.0, spread), 1 - 2.5 * spread, 1 + 2.5 * spread))

    arm = about(1.0, 0.06)
    return Physique(
        metres=about(0.36, 0.09),
        seated=seated,
        trunk=about(1.56, 0.07),
        hips=about(0.57, 0.09),
        upper_arm=about(0.72, 0.04) * arm,
        forearm=about(0.68, 0.04) * arm,
        hand=about(0.52, 0.08),
        neck=about(0.50, 0.08),
        head=about(1.0, 0.08),
        thigh=about(1.20, 0.06),
        shin=about(1.14, 0.06),
        foot=about(0.62, 0.06),
        spread_knees=float(rng.uniform(0.0, 0.35)),
        face=face.sample_variation(rng),
    )


@dataclass(frozen=True, eq=False)
class Trunk:
    """Frames of the trunk over time: origins (T, 3) and rotations (T, 3, 3)."""

    pelvis: Array  # the hips' centre
    pelvis_turn: Array
    chest: Array  # the middle between the shoulders at rest (shrugs do not move it)
    chest_turn: Array
    head: Array  # between the ears
    head_turn: Array
    shoulders: dict[str, Array]  # by side, (T, 3)
    hips: dict[str, Array]  # by side, (T, 3)

    def piece(self, frames: slice) -> Trunk:
        """The same over some of the frames (views, no copies)."""
        cut: dict[str, Any] = {
            name: {side: points[frames] for side, points in part.items()}
            if isinstance(part, dict) else part[frames]
            for name, part in vars(self).items()
        }  # fmt: skip
        return Trunk(**cut)


def pose_trunk(body: Physique, channels: Channels) -> Trunk:
    c = channels
    frames = len(c.values)
    pelvis = np.stack([c["root_x"], c["root_y"] + body.hip_height, c["root_z"]], axis=-1)
    yaw = c["pelvis_yaw"] + 0.15 * c["twist"]
    pelvis_turn = rotation(0.35 * c["lean"], yaw, 0.35 * c["side_lean"])
    chest_yaw = c["pelvis_yaw"] + c["twist"]
    slouch = c["slouch"]
    chest_turn = rotation(c["lean"] + 55.0 * slouch, chest_yaw, c["side_lean"])
    # The trunk bends in the middle: its lower half follows the pelvis, its upper half the chest.
    half = body.trunk * (1.0 - 0.55 * slouch) / 2
    middle = pelvis + turn(pelvis_turn, _column(frames, 0, half, 0) - 0.25 * slouch[:, None] * Z)
    chest = middle + turn(chest_turn, _column(frames, 0, half, 0))

    neck_turn = rotation(
        0.30 * c["lean"] + 22.0 * slouch + 0.40 * c["head_pitch"],
        chest_yaw + 0.35 * c["head_yaw"],
        0.35 * c["side_lean"] + 0.45 * c["head_roll"],
    )
    head_turn = rotation(
        0.25 * c["lean"] + c["head_pitch"],
        c["pelvis_yaw"] + 0.9 * c["twist"] + c["head_yaw"],
        0.30 * c["side_lean"] + c["head_roll"],
    )
    neck = _column(frames, 0, body.neck - c["neck_short"], c["head_forward"] - 0.03)
    head = chest + turn(neck_turn, neck) + turn(head_turn, body.head * np.array([0, 0.08, 0.04]))
    shoulders, hips = {}, {}
    for side, sign in SIGN.items():
        up, forward = c[f"shrug_{side}"], c[f"forward_{side}"]
        out = sign * (0.5 - 0.10 * np.abs(up) - 0.2 * np.maximum(forward, 0.0))
        shoulders[side] = chest + turn(chest_turn, _column(frames, out, up, forward))
        hips[side] = pelvis + turn(pelvis_turn, np.array([sign * body.hips / 2, 0.0, 0.0]))
    return Trunk(pelvis, pelvis_turn, chest, chest_turn, head, head_turn, shoulders, hips)


def head_points(body: Physique, channels: Channels, trunk: Trunk) -> dict[str, Array]:
    shape = body.head * face.face_shape(channels, body.face)
    world = trunk.head[:, None] + np.einsum("tij,tpj->tpi", trunk.head_turn, shape)
    return {name: world[:, i] for i, name in enumerate(face.NAMES)}


def leg_points(body: Physique, channels: Channels, trunk: Trunk) -> dict[str, Array]:
    """Hips to toes. Feet stand on the floor while the trunk moves above them."""
    points: dict[str, Array] = {}
    frames = len(channels.values)
    heading = rotation(np.zeros(frames), channels["pelvis_yaw"], np.zeros(frames))
    for side in SIDES:
        sign, hip = SIGN[side], trunk.hips[side]
        out = channels[f"knee_{side}"] + body.spread_knees
        lift, cross = channels[f"heel_{side}"], channels[f"cross_{side}"]
        step = channels[f"foot_{side}"]
        if body.seated:
            aside = sign * (body.hips / 2 + 0.8 * out)
            ankle = _column(frames, aside, 0.13 + 0.6 * lift, 0.98 * body.thigh + step)
            over = _column(
                frames, -sign * (0.35 + 0.2 * cross), 0.62 * body.shin, 1.05 * body.thigh + 0.25
            )
            pole = turn(heading, _column(frames, sign * (0.15 + 0.7 * out), 0.9, 0.6))
        else:
            aside = sign * (body.hips / 2 + 0.35 * out)
            ankle = _column(frames, aside, 0.18 + 0.6 * lift, 0.02 + step)
            over = _column(frames, -sign * 0.18, 0.18 + 0.0 * cross, 0.18)
            pole = turn(heading, _column(frames, sign * (0.15 + out), 0.0, 1.0))
        local = ankle + cross[:, None] * (over - ankle)
        goal = turn(heading, local)
        knee, ankle = solve(hip, goal, body.thigh, body.shin, pole, KNEE_FLEXION)
        drop = np.clip(1.6 * lift, 0.0, 0.5)
        toe = turn(heading, _column(frames, sign * 0.12, -0.10 - drop, 0.72 * body.foot))
        points |= {
            f"{side}_hip": hip,
            f"{side}_knee": knee,
            f"{side}_ankle": ankle,
            f"{side}_foot": ankle + toe,
            f"{side}_heel": ankle + turn(heading, _column(frames, 0.0, -0.10, -0.16)),
            f"{side}_big_toe": ankle + toe + turn(heading, np.array([-sign * 0.06, 0.0, 0.03])),
            f"{side}_small_toe": ankle + toe + turn(heading, np.array([sign * 0.10, 0.0, -0.05])),
        }
    return points


def _column(frames: int, x: Array | float, y: Array | float, z: Array | float) -> Array:
    """A vector (T, 3) from coordinates that are numbers or signals (T,)."""
    out = np.empty((frames, 3))
    out[:, 0], out[:, 1], out[:, 2] = x, y, z
    return out
