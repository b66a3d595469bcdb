"""Manners: how a hand moves once it is where it should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.synthesis.hands import NUM_CONTROLS, POSTURES, posture
from mgskel.synthesis.performance import Performance
from mgskel.synthesis.signals import Array, minimum_jerk, smooth_noise, steps

_DRIFT = 0.006  # a touching hand is not nailed down, shoulder widths
_TALKING_HANDS = ("open", "relaxed", "pinch_open", "point", "spread", "cup")


@dataclass(frozen=True, eq=False)
class Course:
    """The movement at the target over time.

    Attributes:
        path: (T, 3) along the program's direction, off the surface, and sideways.
        free: (T, 3) in the target's own axes.
        swing: (T,) how far the fingers' direction leans along the program's direction.
        roll: (T,) the same for the palm.
        fingers: (T, 7) change of the finger posture.
    """

    path: Array
    free: Array
    swing: Array
    roll: Array
    fingers: Array

    def companion(self, opposed: bool, time: Array, fps: float, rng: np.random.Generator) -> Course:
        """The same movement by the second hand, a little different."""
        sign = -1.0 if opposed else 1.0
        own = _DRIFT * smooth_noise(rng, len(time), fps, (0.2, 3.0), 1.0, 3)
        return Course(sign * self.path + own, self.free + own, self.swing, self.roll, self.fingers)


def course(performance: Performance, time: Array, fps: float, rng: np.random.Generator) -> Course:
    """The movement of a performance at its target over `time` (T,)."""
    act = performance.program.hands
    assert act is not None
    frames = len(time)
    free = _DRIFT * smooth_noise(rng, frames, fps, (0.2, 3.0), 1.0, 3)
    path, swing, roll = np.zeros((frames, 3)), np.zeros(frames), np.zeros(frames)
    fingers = 0.03 * smooth_noise(rng, frames, fps, (0.2, 3.0), 1.0, NUM_CONTROLS)
    extent = performance.amplitude
    cycles = _cycles(performance, time, fps, rng)
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
    return Course(path, free, swing, roll, fingers)


def _cycles(performance: Performance, time: Array, fps: float, rng: np.random.Generator) -> Array:
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
