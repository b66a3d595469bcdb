"""What performances do to trunk, head, face, legs and hands.

The body's channels rise and fall, swing or pulse; a hand brings a point of itself to a place and
moves there in a manner of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.synthesis.performance import Performance
from mgskel.synthesis.person.geometry import across, cross, turn, unit
from mgskel.synthesis.person.hands import NUM_CONTROLS, POSTURES, arm_points, contact_point, posture
from mgskel.synthesis.person.physique import SIGN, Physique, Trunk
from mgskel.synthesis.programs import LATERAL, Move, Programs, Target, channels_of
from mgskel.synthesis.signals import Array, Channels, HandTrack, minimum_jerk, smooth_noise, steps

_FADE_S = (6.0, 18.0)


def add_body_moves(
    channels: Channels, performances: Sequence[Performance], time: Array, fps: float
) -> None:
    """Add the body moves of all performances to the channels (in place)."""
    for performance in performances:
        rng = np.random.default_rng(performance.seed)
        for move, amount in zip(performance.program.body, performance.amounts, strict=True):
            fade = float(rng.uniform(*_FADE_S)) if move.wave == "settle" else 0.0
            last = performance.end_s + fade
            near = slice(*np.searchsorted(time, (performance.onset_s, last)))
            if near.start == near.stop:
                continue
            signal = _signal(performance, move, time[near], fps, fade, rng)
            for channel in channels_of(move.channel, performance.side):
                sign = -1.0 if channel in LATERAL and performance.side == "right" else 1.0
                channels[channel][near] += sign * amount * signal


def _signal(
    performance: Performance,
    move: Move,
    time: Array,
    fps: float,
    fade: float,
    rng: np.random.Generator,
) -> Array:
    """The move's course (T,), about 1 at its largest."""
    if move.wave == "settle":
        rise = minimum_jerk(
            (time - performance.onset_s) / (performance.apex_s - performance.onset_s)
        )
        # The new posture outlives the gesture and wears off unnoticed.
        return rise - minimum_jerk((time - performance.offset_s) / fade)
    weight = performance.weight(time)
    if move.wave == "hold":
        drift = smooth_noise(rng, len(time), fps, (0.2, 2.0))[:, 0]
        return weight * (1.0 + 0.05 * drift)
    cycles = _body_cycles(performance, time, fps, rng) - move.lag
    if move.wave == "swing":
        wave = np.sin(2 * np.pi * cycles)
    else:
        wave = 0.5 - 0.5 * np.cos(2 * np.pi * cycles)
    strength = 1.0 + 0.12 * smooth_noise(rng, len(time), fps, (0.1, 1.5))[:, 0]
    return weight * wave * strength


def _body_cycles(
    performance: Performance, time: Array, fps: float, rng: np.random.Generator
) -> Array:
    """Cycles done (T,): from 0 at the onset to all repetitions at the end, unevenly."""
    total = performance.end_s - performance.onset_s
    share = (time - performance.onset_s) / total
    repetitions = performance.repetitions
    if performance.program.hands is not None or performance.program.repetitions is None:
        repetitions = max(performance.tempo * total, 1.0)
    wobble = 0.04 * smooth_noise(rng, len(time), fps, (0.2, 1.0))[:, 0] * np.sin(np.pi * share)
    cycles = repetitions * np.clip(share, 0.0, 1.0) + np.clip(wobble * repetitions, -0.2, 0.2)
    return np.maximum.accumulate(cycles)


_OTHER = {"left": "right", "right": "left"}


def add_hand_moves(
    tracks: Mapping[str, HandTrack],
    performances: Sequence[Performance],
    programs: Programs,
    body: Physique,
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
    body: Physique,
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
    motion: HandCourse, frame: Array, mirror: Array, towards: Array, faces: Array
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
    body: Physique,
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


_DRIFT = 0.006  # a touching hand is not nailed down, shoulder widths
_TALKING_HANDS = ("open", "relaxed", "pinch_open", "point", "spread", "cup")


@dataclass(frozen=True, eq=False)
class HandCourse:
    """The movement at the target over time."""

    path: Array  # (T, 3) along the program's direction, off the surface, and sideways
    free: Array  # (T, 3) in the target's own axes
    swing: Array  # (T,) how far the fingers' direction leans along the program's direction
    roll: Array  # (T,) the same for the palm
    fingers: Array  # (T, 7) change of the finger posture

    def companion(
        self, opposed: bool, time: Array, fps: float, rng: np.random.Generator
    ) -> HandCourse:
        """The same movement by the second hand, a little different."""
        sign = -1.0 if opposed else 1.0
        own = _DRIFT * smooth_noise(rng, len(time), fps, (0.2, 3.0), 1.0, 3)
        return HandCourse(
            sign * self.path + own, self.free + own, self.swing, self.roll, self.fingers
        )


def course(
    performance: Performance, time: Array, fps: float, rng: np.random.Generator
) -> HandCourse:
    """The movement of a performance at its target over `time` (T,)."""
    act = performance.program.hands
    assert act is not None
    frames = len(time)
    free = _DRIFT * smooth_noise(rng, frames, fps, (0.2, 3.0), 1.0, 3)
    path, swing, roll = np.zeros((frames, 3)), np.zeros(frames), np.zeros(frames)
    fingers = 0.03 * smooth_noise(rng, frames, fps, (0.2, 3.0), 1.0, NUM_CONTROLS)
    extent = performance.amplitude
    cycles = _hand_cycles(performance, time, fps, rng)
    wave = np.sin(2 * np.pi * cycles)
    if act.manner in ("rub", "scratch", "wave"):
        path[:, 0] = 0.5 * extent * wave
    if act.manner == "scratch":
        fingers[:, 1:5] += 0.12 * np.cos(2 * np.pi * cycles)[:, None]
    elif act.manner == "wave":
        swing = 0.45 * wave
    elif act.manner == "tap":
        path[:, 0] = extent * (0.5 - 0.5 * np.cos(2 * np.pi * cycles))
    elif act.manner == "circle":
        path[:, 0] = 0.5 * extent * wave
        path[:, 2] = 0.5 * extent * (np.cos(2 * np.pi * cycles) - 1.0)
    elif act.manner == "stroke":
        path[:, :2] = _strokes(cycles, extent, performance.repetitions)
    elif act.manner == "fiddle":
        band = (0.4 * performance.tempo, 1.3 * performance.tempo)
        noise = smooth_noise(rng, frames, fps, band, 0.3, 4 + NUM_CONTROLS)
        path = path + 0.35 * extent * noise[:, :3]
        roll = 0.15 * noise[:, 3]
        fingers = fingers + 0.12 * noise[:, 4:]
    elif act.manner == "illustrate":
        free, roll, fingers = _illustration(performance, time, fps, rng)
    return HandCourse(path, free, swing, roll, fingers)


def _hand_cycles(
    performance: Performance, time: Array, fps: float, rng: np.random.Generator
) -> Array:
    """Cycles done (T,): 0 until the apex, all repetitions from the offset on, unevenly between."""
    stay = max(performance.offset_s - performance.apex_s, 1e-6)
    share = np.clip((time - performance.apex_s) / stay, 0.0, 1.0)
    wobble = 0.05 * smooth_noise(rng, len(time), fps, (0.2, 1.5))[:, 0] * np.sin(np.pi * share)
    cycles = performance.repetitions * (share + np.clip(wobble, -0.08, 0.08))
    return np.clip(np.maximum.accumulate(cycles), 0.0, performance.repetitions)


def _strokes(cycles: Array, extent: float, repetitions: float) -> Array:
    """Strokes (T, 2): along the direction while touching, then back off the surface."""
    done = np.minimum(cycles, repetitions - 1e-6)
    phase = done - np.floor(done)
    there = minimum_jerk(phase / 0.6)
    back = minimum_jerk((phase - 0.6) / 0.4)
    last = done >= repetitions - 0.4
    along = extent * (there - np.where(last, 0.0, back) - 0.5)
    lift = 0.35 * extent * np.sin(np.pi * np.clip((phase - 0.6) / 0.4, 0.0, 1.0))
    return np.stack([along, np.where(last, 0.0, lift)], axis=-1)


def _illustration(
    performance: Performance, time: Array, fps: float, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Speech-accompanying strokes between random places of the gesture space."""
    count = max(int(round(performance.repetitions)), 1)
    beats = performance.apex_s + (np.arange(count) + rng.uniform(-0.2, 0.2, count)) / max(
        performance.tempo, 0.3
    )
    spread = performance.amplitude * np.array([0.5, 0.45, 0.3])
    places = rng.standard_normal((count + 1, 3)) * spread
    span = (0.35 / performance.tempo, 0.8 / performance.tempo)
    free = steps(rng, time, beats, places, span)
    free += 0.02 * smooth_noise(rng, len(time), fps, (0.5, 5.0), 1.0, 3)
    roll = steps(rng, time, beats, rng.normal(0, 0.4, (count + 1, 1)), span)[:, 0]
    act = performance.program.hands
    assert act is not None
    shapes = np.array(
        [posture(_TALKING_HANDS[int(rng.integers(len(_TALKING_HANDS)))]) for _ in range(count + 1)]
    ) - np.array(POSTURES[act.fingers])
    return free, roll, steps(rng, time, beats, shapes, span)
