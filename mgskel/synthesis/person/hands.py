"""Hands of any posture, and the arms that bring them where their `HandTrack` wants them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from mgskel.core.errors import unknown
from mgskel.synthesis.person.geometry import (
    FOREARM_TWIST,
    WRIST_BEND,
    across,
    bend_limited,
    cross,
    dot,
    solve,
    turn,
    twist_limited,
    unit,
)
from mgskel.synthesis.person.physique import SIGN, Physique, Trunk
from mgskel.synthesis.signals import Array, HandTrack

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
THUMB_JOINTS = ("cmc", "mcp", "ip", "tip")
FINGER_JOINTS = ("mcp", "pip", "dip", "tip")

# A posture: how far each finger is curled (0 straight, 1 fist; thumb to little finger), how far
# the fingers are spread (0 closed, 1 wide), how far the thumb is brought before the palm.
POSTURES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "relaxed": (0.25, 0.25, 0.30, 0.35, 0.40, 0.25, 0.3),
        "open": (0.05, 0.03, 0.03, 0.05, 0.05, 0.45, 0.0),
        "flat": (0.10, 0.05, 0.05, 0.05, 0.08, 0.10, 0.1),
        "spread": (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "cup": (0.20, 0.22, 0.24, 0.26, 0.30, 0.20, 0.4),
        "claw": (0.30, 0.42, 0.42, 0.42, 0.42, 0.40, 0.4),
        "point": (0.55, 0.06, 0.80, 0.85, 0.88, 0.10, 0.7),
        "two": (0.50, 0.12, 0.12, 0.75, 0.80, 0.15, 0.6),
        "pinch": (0.40, 0.45, 0.50, 0.50, 0.55, 0.15, 0.9),
        "pinch_open": (0.35, 0.40, 0.25, 0.20, 0.20, 0.35, 0.8),
        "hook": (0.40, 0.60, 0.62, 0.62, 0.65, 0.10, 0.4),
        "fist": (0.75, 0.95, 0.97, 0.98, 1.0, 0.0, 0.8),
        "laced": (0.35, 0.45, 0.47, 0.48, 0.50, 0.35, 0.3),
    }
)
NUM_CONTROLS = 7
_CURLED = np.radians([70.0, 95.0, 65.0])  # mcp, pip, dip of a fist

# Shares of the hand's length (wrist to middle fingertip): knuckles as (along, thumb side), then
# the three phalanges. After mean hand breadths and phalanx lengths of adults.
_KNUCKLE = np.array([(0.47, 0.125), (0.485, 0.035), (0.455, -0.055), (0.41, -0.135)])
_PHALANX = np.array(
    [(0.225, 0.13, 0.11), (0.25, 0.15, 0.115), (0.23, 0.145, 0.11), (0.18, 0.105, 0.095)]
)
_FAN = np.radians([9.0, 2.0, -7.0, -16.0])
_THUMB_ROOT = np.array([0.12, 0.0, 0.12])
_THUMB = np.array([0.22, 0.17, 0.14])


def posture(name: str) -> Array:
    """The finger controls (7,) of a named posture."""
    if name not in POSTURES:
        raise unknown("finger posture", name, POSTURES)
    return np.array(POSTURES[name])


def hand_shape(controls: Array) -> Array:
    """Points (T, 20, 3) of postures (T, 7) in the hand's frame (along, palm, thumb side).

    Per unit of hand length, finger by finger from thumb to little finger, root to tip; the wrist is
    the origin.
    """
    controls = np.clip(controls, 0.0, 1.0)
    return np.concatenate([_thumb(controls), _four_fingers(controls)], axis=1)


def _four_fingers(controls: Array) -> Array:
    curl = controls[:, 1:5, None] * _CURLED  # (T, 4, 3)
    bend = np.cumsum(curl, axis=-1)
    # Spread fingers fan out; curled ones cannot.
    fan = _FAN * (0.5 + 1.2 * controls[:, 5:6]) * (1.0 - 0.7 * controls[:, 1:5])
    outward = _PHALANX * np.cos(bend)
    step = np.stack(
        [
            outward * np.cos(fan)[..., None],
            _PHALANX * np.sin(bend),
            outward * np.sin(fan)[..., None],
        ],
        axis=-1,
    )  # (T, 4, 3 phalanges, 3 axes)
    start = np.stack([_KNUCKLE[:, 0], np.zeros(4), _KNUCKLE[:, 1]], axis=-1)[:, None]
    start = np.broadcast_to(start, (*step.shape[:2], 1, 3))
    return np.cumsum(np.concatenate([start, step], axis=2), axis=2).reshape(len(controls), 16, 3)


def _thumb(controls: Array) -> Array:
    curl, before = controls[:, 0], controls[:, 6]
    spread = np.radians(38.0 + 22.0 * controls[:, 5] - 30.0 * before)
    lift = np.radians(12.0 + 48.0 * before)
    points = [np.broadcast_to(_THUMB_ROOT, (len(controls), 3))]
    for bone, gain in zip(_THUMB, (0.0, 0.5, 1.1), strict=True):
        # Curling turns the thumb from its side towards the fingers' direction and the palm.
        angle = spread - gain * curl * 0.8
        rise = lift + gain * curl * 0.5
        step = np.stack(
            [np.cos(rise) * np.cos(angle), np.sin(rise), np.cos(rise) * np.sin(angle)], axis=-1
        )
        points.append(points[-1] + bone * step)
    return np.stack(points, axis=1)


def contact_point(name: str, controls: Array) -> Array:
    """Which point of the hand touches, (3,) in the hand's frame per unit of hand length.

    A fingertip (`index_tip`...), `fingertips`, `pinch`, `knuckles`, `palm`, `fingers` (their
    middle), `heel`, `back` or `wrist`, of a finger posture (7,) at the moment of contact.
    """
    points = hand_shape(controls[None])[0].reshape(5, 4, 3)
    mean = {
        "fingertips": points[1:4, 3].mean(axis=0),
        "pinch": points[:2, 3].mean(axis=0),
        "knuckles": points[1:4, 1].mean(axis=0),
        "fingers": points[1:4, 1:3].mean(axis=(0, 1)),
        "palm": np.array([0.30, 0.07, 0.0]),
        "heel": np.array([0.08, 0.07, 0.0]),
        "back": np.array([0.35, -0.06, 0.0]),
        "wrist": np.zeros(3),
        **{f"{finger}_tip": points[i, 3] for i, finger in enumerate(FINGERS)},
    }
    if name not in mean:
        raise unknown("contact point of the hand", name, mean)
    return mean[name]


def hand_frame(side: str, along: Array, palm: Array) -> Array:
    """Columns along, palm, thumb side (T, 3, 3) of a hand; `along` and `palm` are perpendicular."""
    thumb = cross(along, palm) * (1.0 if side == "right" else -1.0)
    return np.stack([along, palm, thumb], axis=-1)


def hand_points(
    side: str, wrist: Array, frame: Array, size: float, controls: Array
) -> dict[str, Array]:
    """Named points (T, 3) of a hand with its wrist (T, 3), frame (T, 3, 3) and posture (T, 7).

    `size` is the hand's length in shoulder widths.
    """
    points = wrist[:, None] + size * np.einsum("tij,tpj->tpi", frame, hand_shape(controls))
    names = [f"{side}_thumb_{joint}" for joint in THUMB_JOINTS]
    names += [f"{side}_{finger}_{joint}" for finger in FINGERS[1:] for joint in FINGER_JOINTS]
    named = {name: points[:, i] for i, name in enumerate(names)}
    named[f"{side}_hand_root"] = wrist
    return named


_ROUNDS = 4


def arm_points(body: Physique, trunk: Trunk, side: str, track: HandTrack) -> dict[str, Array]:
    """Shoulder to fingertips, (T, 3) each.

    The wrist's place depends on how the hand is turned, the hand's turn is limited by the
    forearm, and the forearm depends on the wrist: a few rounds settle all three. An arm that
    rises takes its shoulder along.
    """
    shoulder = trunk.shoulders[side]
    upward = turn(trunk.chest_turn, np.array([0.0, 1.0, 0.0]))
    along = unit(track.along)
    palm = across(track.palm, along)
    wrist = track.goal - _placed(side, along, palm, track.contact)
    elbow, wrist = solve(shoulder, wrist, body.upper_arm, body.forearm, track.pole)
    for _ in range(_ROUNDS):
        raised = dot(elbow - shoulder, upward) / body.upper_arm
        lifted = shoulder + 0.10 * np.maximum(raised + 0.75, 0.0) * upward
        nearer, palm = _limited(side, lifted, elbow, wrist, track)
        # Half a step at a time: a full one may swing between two postures for ever.
        along = unit(along + nearer)
        palm = across(palm, along)
        wrist = track.goal - _placed(side, along, palm, track.contact)
        elbow, wrist = solve(lifted, wrist, body.upper_arm, body.forearm, track.pole)
    named = hand_points(side, wrist, hand_frame(side, along, palm), body.hand, track.fingers)
    knuckles = [named[f"{side}_{finger}_mcp"] for finger in ("index", "middle", "ring", "pinky")]
    return named | {
        f"{side}_shoulder": lifted,
        f"{side}_elbow": elbow,
        f"{side}_wrist": wrist,
        f"{side}_hand": np.mean(knuckles, axis=0),
        f"{side}_hand_tip": named[f"{side}_middle_tip"],
    }


def _placed(side: str, along: Array, palm: Array, contact: Array) -> Array:
    return turn(hand_frame(side, along, palm), contact)


def _limited(
    side: str, shoulder: Array, elbow: Array, wrist: Array, track: HandTrack
) -> tuple[Array, Array]:
    """The wished hand directions, as near as wrist and forearm can come."""
    forearm = unit(wrist - elbow)
    along = bend_limited(unit(track.along), forearm, WRIST_BEND)
    hinge = cross(unit(elbow - shoulder), forearm)
    # Thumb up with a bent elbow, the palm faces the midline: the middle of the forearm's twist.
    neutral = SIGN[side] * hinge
    palm = twist_limited(across(track.palm, forearm), forearm, neutral, FOREARM_TWIST)
    return along, across(palm, along)
