"""Natural rest: what a body does when it makes no gesture. It is never still.

Breathing, postural sway, shifts of posture, head motion while listening and talking, glances,
blinks, idle fingers. All strengths are drawn per person, so that some people are calm and others
restless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.synthesis.person.geometry import turn
from mgskel.synthesis.person.hands import NUM_CONTROLS, posture
from mgskel.synthesis.person.physique import SIGN, Physique, Trunk
from mgskel.synthesis.signals import (
    SIDES,
    Array,
    Channels,
    HandTrack,
    envelope,
    poisson_times,
    smooth_noise,
    steps,
    wobbly_phase,
)


@dataclass(frozen=True)
class RestPlace:
    """Where a resting hand lies: x to its own side, y up, z forward, in shoulder widths."""

    frame: str
    goal: tuple[float, float, float]
    along: tuple[float, float, float]
    palm: tuple[float, float, float]
    fingers: str = "relaxed"
    chance: float = 1.0


_SEATED = (
    RestPlace("pelvis", (0.34, 0.22, 0.74), (-0.30, -0.10, 1.0), (0.0, -1.0, 0.1), chance=3.0),
    RestPlace("pelvis", (0.25, 0.25, 0.55), (-0.40, -0.05, 1.0), (-0.1, -1.0, -0.1), chance=2.0),
    RestPlace("pelvis", (0.32, 0.58, 0.92), (-0.45, 0.0, 1.0), (-0.1, -1.0, 0.0), "flat", 2.0),
    RestPlace("pelvis", (0.70, 0.46, 0.62), (-0.10, -0.10, 1.0), (-0.2, -1.0, 0.0), "cup", 1.0),
    RestPlace("pelvis", (0.28, 0.30, 0.62), (-0.50, 0.20, 0.9), (-1.0, -0.2, -0.2), "hook", 1.0),
)
_STANDING = (
    RestPlace("chest", (0.60, -1.34, 0.10), (-0.05, -1.0, 0.15), (-1.0, 0.0, 0.2), chance=4.0),
    RestPlace("chest", (0.66, -1.30, 0.16), (-0.10, -1.0, 0.30), (-0.8, 0.1, -0.5), "hook", 2.0),
    RestPlace("chest", (0.28, -1.12, 0.36), (-0.60, -0.50, 0.4), (-0.4, 0.0, -1.0), chance=0.7),
    RestPlace("chest", (0.50, -1.18, 0.12), (-0.15, -1.0, 0.30), (-1.0, 0.0, 0.0), "flat", 0.7),
    RestPlace("chest", (0.42, -0.92, 0.72), (-0.15, -0.10, 1.0), (-0.1, -1.0, 0.0), "cup", 1.0),
)


@dataclass(frozen=True)
class Temper:
    """How lively a person is at rest; drawn once per recording."""

    # sway, head, hands: strength of involuntary motion, 1 on average
    sway: float
    head: float
    hands: float
    talk: float  # share of the time spent talking
    # shifts_hz, fidgets_hz, glances_hz, blinks_hz: rates
    shifts_hz: float
    fidgets_hz: float
    glances_hz: float
    blinks_hz: float
    breath_hz: float  # breathing rate


def sample_temper(rng: np.random.Generator, strength: float = 1.0) -> Temper:
    return Temper(
        sway=strength * float(rng.lognormal(0.0, 0.5)),
        head=strength * float(rng.lognormal(0.0, 0.5)),
        hands=strength * float(rng.lognormal(0.2, 0.6)),
        talk=float(rng.choice([0.0, rng.uniform(0.2, 0.9), 1.0], p=[0.25, 0.6, 0.15])),
        shifts_hz=float(rng.uniform(0.005, 0.04)),
        fidgets_hz=float(rng.uniform(0.03, 0.6)),
        glances_hz=float(rng.uniform(0.05, 0.4)),
        blinks_hz=float(rng.uniform(0.1, 0.5)),
        breath_hz=float(rng.uniform(0.18, 0.35)),
    )


def rest_channels(
    rng: np.random.Generator, body: Physique, temper: Temper, time: Array, fps: float, shifts: Array
) -> Channels:
    """The trunk, head, face and legs at rest, with shifts of posture at given times (seconds)."""
    channels = Channels(len(time))
    _posture(rng, channels, time, shifts, body.seated)
    _breathing(rng, channels, temper, fps)
    _sway(rng, channels, temper, fps, body.seated)
    talking = _talking(rng, temper, time)
    _head(rng, channels, temper, time, fps, talking)
    _face(rng, channels, temper, time, fps, talking)
    return channels


def _posture(
    rng: np.random.Generator, channels: Channels, time: Array, shifts: Array, seated: bool
) -> None:
    """A habitual posture and its shifts: (name, habit's spread, shift's spread)."""
    table = (
        ("lean", 4.0, 3.5),
        ("side_lean", 2.0, 2.2),
        ("twist", 3.0, 3.0),
        ("pelvis_yaw", 5.0, 1.5),
        ("root_x", 0.05, 0.04),
        ("head_pitch", 5.0, 2.0),
        ("head_yaw", 6.0, 3.0),
        ("head_roll", 2.5, 2.0),
        ("head_forward", 0.03, 0.01),
        ("shrug_left", 0.02, 0.01),
        ("shrug_right", 0.02, 0.01),
        ("knee_left", 0.08, 0.04),
        ("knee_right", 0.08, 0.04),
        ("foot_left", 0.10, 0.06),
        ("foot_right", 0.10, 0.06),
    )
    habit = np.array([row[1] for row in table]) * rng.standard_normal(len(table))
    change = np.array([row[2] for row in table])
    # Shifts wander about the habit instead of drifting away from it.
    levels = habit + change * rng.standard_normal((len(shifts) + 1, len(table)))
    moves = steps(rng, time, shifts, levels, (0.7, 1.8))
    for column, (name, _, _) in enumerate(table):
        channels[name][:] += moves[:, column]
    channels["lean"][:] += rng.uniform(-4.0, 9.0) if seated else rng.uniform(-3.0, 4.0)
    sunk = abs(rng.normal(0.09 if seated else 0.03, 0.05))
    slouch = np.maximum(sunk + 0.03 * rng.standard_normal((len(shifts) + 1, 1)), -0.02)
    channels["slouch"][:] += steps(rng, time, shifts, slouch, (0.7, 1.8))[:, 0]


def _breathing(rng: np.random.Generator, channels: Channels, temper: Temper, fps: float) -> None:
    frames = len(channels.values)
    phase = 2 * np.pi * wobbly_phase(rng, frames, fps, temper.breath_hz, 0.12)
    depth = rng.uniform(0.006, 0.020) * (
        1.0 + 0.3 * smooth_noise(rng, frames, fps, (0.02, 0.2))[:, 0]
    )
    breath = depth * np.sin(phase + rng.uniform(0, 2 * np.pi))
    for side in SIDES:
        channels[f"shrug_{side}"][:] += breath
        channels[f"forward_{side}"][:] += 0.4 * breath
    channels["lean"][:] -= 15.0 * breath
    channels["root_y"][:] += 0.1 * breath


def _sway(
    rng: np.random.Generator, channels: Channels, temper: Temper, fps: float, seated: bool
) -> None:
    table = (
        ("root_x", 0.010 if seated else 0.030),
        ("root_z", 0.010 if seated else 0.030),
        ("lean", 0.6),
        ("side_lean", 0.5),
        ("twist", 0.7),
        ("slouch", 0.006),
        ("knee_left", 0.02),
        ("knee_right", 0.02),
    )
    noise = smooth_noise(rng, len(channels.values), fps, (0.04, 1.2), 1.1, len(table))
    for column, (name, strength) in enumerate(table):
        channels[name][:] += temper.sway * strength * noise[:, column]


def _talking(rng: np.random.Generator, temper: Temper, time: Array) -> Array:
    """A smooth mask (T,): 1 while the person talks, in turns of 2 to 15 seconds."""
    mask = np.zeros(len(time))
    clock = time[0] if len(time) else 0.0
    while len(time) and temper.talk > 0 and clock < time[-1]:
        turn_s = rng.uniform(2.0, 15.0)
        if rng.random() < temper.talk:
            mask = np.maximum(
                mask, envelope(time, clock, clock + 0.3, clock + turn_s, clock + turn_s + 0.3)
            )
        clock += turn_s
    return mask


def _head(
    rng: np.random.Generator,
    channels: Channels,
    temper: Temper,
    time: Array,
    fps: float,
    talking: Array,
) -> None:
    frames = len(time)
    slow = smooth_noise(rng, frames, fps, (0.05, 1.0), 1.2, 4)
    quick = smooth_noise(rng, frames, fps, (0.3, 3.0), 1.0, 6)
    # Heads move in bursts: calm moments alternate with lively ones.
    burst = np.exp(0.6 * smooth_noise(rng, frames, fps, (0.1, 0.8), 0.5)[:, 0] - 0.18)
    table = (
        ("head_pitch", 2.2, 3.2),
        ("head_yaw", 3.0, 3.8),
        ("head_roll", 1.6, 2.6),
        ("head_forward", 0.012, 0.014),
    )
    for column, (name, calm, lively) in enumerate(table):
        motion = calm * slow[:, column] + lively * talking * burst * quick[:, column]
        channels[name][:] += temper.head * motion
    # A talking head takes the chest along.
    channels["lean"][:] += 0.5 * temper.head * talking * burst * quick[:, 4]
    channels["side_lean"][:] += 0.5 * temper.head * talking * burst * quick[:, 5]
    channels["twist"][:] += 0.6 * temper.head * talking * burst * quick[:, 1]
    glances = poisson_times(rng, temper.glances_hz, float(time[-1] - time[0])) + time[0]
    levels = rng.standard_normal((len(glances) + 1, 2)) * np.array([4.5, 2.5])
    looks = steps(rng, time, glances, levels, (0.25, 0.7))
    channels["head_yaw"][:] += looks[:, 0]
    channels["head_pitch"][:] += looks[:, 1]


def _face(
    rng: np.random.Generator,
    channels: Channels,
    temper: Temper,
    time: Array,
    fps: float,
    talking: Array,
) -> None:
    frames = len(time)
    syllables = smooth_noise(rng, frames, fps, (1.5, 6.0), 0.3)[:, 0]
    slow = smooth_noise(rng, frames, fps, (0.05, 0.6), 1.0, 2)
    channels["jaw"][:] += 0.02 + talking * np.clip(0.25 + 0.25 * syllables, 0.0, 0.9)
    channels["lips_press"][:] += talking * np.clip(-0.25 - 0.4 * syllables, 0.0, 0.5)
    channels["smile"][:] += rng.uniform(0.0, 0.3) + 0.12 * slow[:, 0]
    channels["brows"][:] += 0.12 * slow[:, 1] * (1.0 + talking)
    for start in poisson_times(rng, temper.blinks_hz, float(time[-1] - time[0])) + time[0]:
        near = slice(*np.searchsorted(time, (start, start + 0.4)))
        channels["blink"][near] += envelope(
            time[near], start, start + 0.09, start + 0.14, start + 0.32
        )


def rest_hand(
    rng: np.random.Generator,
    body: Physique,
    trunk: Trunk,
    temper: Temper,
    side: str,
    time: Array,
    fps: float,
    shifts: Array,
    habit: int,
) -> HandTrack:
    """One hand at rest, moving to another place at some of the posture shifts.

    Both hands prefer the place with the number `habit`.
    """
    places = _SEATED if body.seated else _STANDING
    changes = shifts[rng.random(len(shifts)) < 0.5]
    chosen = [
        places[habit if rng.random() < 0.65 else _drawn(rng, places)]
        for _ in range(len(changes) + 1)
    ]
    frames = len(time)
    goals, alongs, palms = (
        steps(rng, time, changes, levels, (0.7, 1.5))
        for levels in _levels(rng, body, trunk, side, chosen)
    )
    fingers = np.array([posture(place.fingers) for place in chosen])
    fingers = np.clip(fingers + 0.08 * rng.standard_normal(fingers.shape), 0.0, 1.0)
    curls = steps(rng, time, changes, fingers, (0.5, 1.2))
    drift = smooth_noise(rng, frames, fps, (0.05, 2.0), 1.2, 3 + 3 + NUM_CONTROLS)
    idle = temper.hands * drift
    curls = curls + 0.05 * idle[:, 6:]
    goals = goals + 0.012 * idle[:, :3] + _fidgets(rng, temper, time)
    alongs = alongs + 0.04 * idle[:, 3:6]
    frame = trunk.pelvis_turn if body.seated else trunk.chest_turn
    origin = trunk.pelvis if body.seated else trunk.chest
    sign = np.array([SIGN[side], 1.0, 1.0])
    pole = np.broadcast_to(sign * np.array([0.55, -0.80, -0.40]), (frames, 3))
    return HandTrack(
        goal=origin + turn(frame, goals * sign),
        contact=np.zeros((frames, 3)),
        along=turn(frame, alongs * sign),
        palm=turn(frame, palms * sign),
        pole=turn(trunk.chest_turn, pole),
        fingers=curls,
    )


def _fidgets(rng: np.random.Generator, temper: Temper, time: Array) -> Array:
    """Small changes of a resting hand's place (T, 3), too slight to be a gesture."""
    moments = time[0] + poisson_times(rng, temper.fidgets_hz, float(time[-1] - time[0]))
    # Mostly tiny, now and then a larger one.
    size = np.clip(rng.standard_t(3, (len(moments) + 1, 3)), -4.0, 4.0)
    levels = size * np.array([0.03, 0.015, 0.03])
    return steps(rng, time, moments, levels, (0.15, 0.8))


def _levels(
    rng: np.random.Generator, body: Physique, trunk: Trunk, side: str, chosen: list[RestPlace]
) -> tuple[Array, Array, Array]:
    goals = np.array([place.goal for place in chosen]) + rng.normal(0, 0.05, (len(chosen), 3))
    # The places were written for mean arms; longer arms hang lower and reach further.
    reach = (body.upper_arm + body.forearm) / 1.40
    scale = np.array([1.0, reach, reach]) if not body.seated else np.array([1.0, 1.0, 1.0])
    alongs = np.array([place.along for place in chosen]) + rng.normal(0, 0.10, (len(chosen), 3))
    palms = np.array([place.palm for place in chosen]) + rng.normal(0, 0.10, (len(chosen), 3))
    return goals * scale, alongs, palms


def sample_habit(rng: np.random.Generator, body: Physique) -> int:
    return _drawn(rng, _SEATED if body.seated else _STANDING)


def _drawn(rng: np.random.Generator, places: tuple[RestPlace, ...]) -> int:
    weights = np.array([place.chance for place in places])
    return int(rng.choice(len(places), p=weights / weights.sum()))
