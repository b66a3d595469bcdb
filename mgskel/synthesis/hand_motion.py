"""What performances do to the hands: they bring a point of the hand to a place and work there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mgskel.synthesis.arms import arm_points
from mgskel.synthesis.body import SIGN, Body, Trunk
from mgskel.synthesis.channels import HandTrack
from mgskel.synthesis.geometry import across, cross, turn, unit
from mgskel.synthesis.hands import contact_point, posture
from mgskel.synthesis.manners import Course, course
from mgskel.synthesis.performance import Performance
from mgskel.synthesis.programs import Programs, Target
from mgskel.synthesis.signals import Array, minimum_jerk

_OTHER = {"left": "right", "right": "left"}


def add_hand_moves(
    tracks: Mapping[str, HandTrack],
    performances: Sequence[Performance],
    programs: Programs,
    body: Body,
    trunk: Trunk,
    time: Array,
    fps: float,
) -> None:
    """Draw all hand performances on the tracks (in place).

    Hands that go to the other arm come last, when that arm is known.
    """
    acting = [p for p in performances if p.program.hands is not None]
    for performance in sorted(acting, key=lambda p: _on_other_arm(p, programs)):
        near = slice(*np.searchsorted(time, (performance.onset_s, performance.end_s)))
        if near.stop - near.start > 1:
            _draw(tracks, performance, programs, body, trunk.piece(near), near, time[near], fps)


def _on_other_arm(performance: Performance, programs: Programs) -> bool:
    return programs.target(performance.target).frame.startswith("other")


def _draw(
    tracks: Mapping[str, HandTrack],
    performance: Performance,
    programs: Programs,
    body: Body,
    trunk: Trunk,
    near: slice,
    time: Array,
    fps: float,
) -> None:
    act = performance.program.hands
    assert act is not None
    rng = np.random.default_rng(performance.seed + 1)
    target = programs.target(performance.target)
    weight = performance.weight(time)[:, None]
    scatter = rng.normal(0.0, act.wander, 3)
    # Nobody turns hand and elbow the same way twice.
    freedom = act.freedom * rng.standard_normal((3, 3))
    detour = rng.uniform(0.4, 1.2)
    lead = course(performance, time, fps, rng)
    for side in performance.hand_sides:
        motion = lead if side == performance.side else lead.companion(act.opposed, time, fps, rng)
        mirror = np.array([SIGN[side], 1.0, 1.0])
        apart = np.array(act.apart) if side != performance.side else np.zeros(3)
        if target.at[0] == 0.0 and side != performance.side:
            # Hands that meet in the middle miss the middle together.
            apart = apart - [2.0 * scatter[0], 0.0, 0.0]
        origin, frame = _place(
            target, side, scatter + apart, body, trunk, tracks, near, performance.reach_across
        )
        faces = turn(frame, unit(np.array(target.faces)) * mirror)
        towards = across(turn(frame, np.array(act.direction) * mirror), unit(faces))
        if act.manner in ("tap", "wave", "illustrate"):
            towards = turn(frame, unit(np.array(act.direction)) * mirror)
        goal = origin + _displacement(motion, frame, mirror, towards, faces)
        track = tracks[side]
        detoured = 4.0 * weight * (1.0 - weight) * detour
        way = turn(trunk.chest_turn, np.array(act.via) * mirror)
        track.goal[near] += weight * (goal - track.goal[near]) + detoured * way
        controls = posture(act.fingers)
        reach = body.hand * contact_point(act.contact, controls)
        track.contact[near] += weight * (reach - track.contact[near])
        along = (
            turn(frame, (np.array(target.along or act.along) + freedom[0]) * mirror)
            + motion.swing[:, None] * towards
        )
        palm = -faces if act.palm is None else turn(frame, np.array(act.palm) * mirror)
        palm = palm + turn(frame, freedom[1] * mirror)
        pole = turn(trunk.chest_turn, (np.array(act.pole) + freedom[2]) * mirror)
        track.along[near] = _turned(track.along[near], along, weight)
        track.palm[near] = _turned(track.palm[near], palm + motion.roll[:, None] * towards, weight)
        track.pole[near] = _turned(track.pole[near], pole, weight)
        # Fingers are ready before the hand arrives.
        early = minimum_jerk(1.4 * weight)
        wanted = np.clip(controls + motion.fingers, 0.0, 1.0)
        track.fingers[near] += early * (wanted - track.fingers[near])


def _turned(before: Array, after: Array, weight: Array) -> Array:
    return (1.0 - weight) * unit(before) + weight * unit(after)


def _displacement(
    motion: Course, frame: Array, mirror: Array, towards: Array, faces: Array
) -> Array:
    """The course's three parts (along its direction, off the surface, sideways) in the world."""
    aside = cross(faces, towards)
    path = motion.path
    free = turn(frame, motion.free * mirror)
    return path[:, :1] * towards + path[:, 1:2] * faces + path[:, 2:] * aside + free


def _place(
    target: Target,
    side: str,
    shift: Array,
    body: Body,
    trunk: Trunk,
    tracks: Mapping[str, HandTrack],
    near: slice,
    reach_across: bool,
) -> tuple[Array, Array]:
    """The target in the world (T, 3) and the frame (T, 3, 3) in which its directions are given."""
    mirror = np.array([SIGN[side], 1.0, 1.0])
    at = np.array(target.at) * ([-1.0, 1.0, 1.0] if reach_across else [1.0, 1.0, 1.0])
    if target.frame == "head":
        local = (at * body.head + shift) * mirror
        return trunk.head + turn(trunk.head_turn, local), trunk.head_turn
    if target.frame == "chest":
        height = body.neck / 0.50 if at[1] > 0 else body.trunk / 1.56
        local = (at * [1.0, height, 1.0] + shift) * mirror
        return trunk.chest + turn(trunk.chest_turn, local), trunk.chest_turn
    if target.frame == "pelvis":
        local = (at + shift) * mirror
        return trunk.pelvis + turn(trunk.pelvis_turn, local), trunk.pelvis_turn
    other = _OTHER[side]
    arm = arm_points(body, trunk, other, tracks[other].piece(near))
    start, end = {
        "other_forearm": (f"{other}_elbow", f"{other}_wrist"),
        "other_upper_arm": (f"{other}_shoulder", f"{other}_elbow"),
        "other_hand": (f"{other}_wrist", f"{other}_middle_tip"),
    }[target.frame]
    off = np.array([0.0, at[1], at[2]]) + 0.5 * shift * mirror
    point = arm[start] + at[0] * (arm[end] - arm[start]) + turn(trunk.chest_turn, off)
    return point, trunk.chest_turn
