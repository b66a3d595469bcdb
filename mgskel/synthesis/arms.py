"""Arms and hands that follow their `HandTrack` within joint limits."""

from __future__ import annotations

import numpy as np

from mgskel.synthesis.body import SIGN, Body, Trunk
from mgskel.synthesis.channels import HandTrack
from mgskel.synthesis.geometry import (
    across,
    bend_limited,
    cross,
    dot,
    turn,
    twist_limited,
    unit,
)
from mgskel.synthesis.hands import hand_frame, hand_points
from mgskel.synthesis.ik import FOREARM_TWIST, WRIST_BEND, solve
from mgskel.synthesis.signals import Array

_ROUNDS = 4


def arm_points(body: Body, trunk: Trunk, side: str, track: HandTrack) -> dict[str, Array]:
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
