"""What performances do to the trunk, head, face and legs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgskel.synthesis.channels import Channels
from mgskel.synthesis.performance import Performance
from mgskel.synthesis.programs import LATERAL, Move, channels_of
from mgskel.synthesis.signals import Array, minimum_jerk, smooth_noise

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
    cycles = _cycles(performance, time, fps, rng) - move.lag
    if move.wave == "swing":
        wave = np.sin(2 * np.pi * cycles)
    else:
        wave = 0.5 - 0.5 * np.cos(2 * np.pi * cycles)
    strength = 1.0 + 0.12 * smooth_noise(rng, len(time), fps, (0.1, 1.5))[:, 0]
    return weight * wave * strength


def _cycles(performance: Performance, time: Array, fps: float, rng: np.random.Generator) -> Array:
    """Cycles done (T,): from 0 at the onset to all repetitions at the end, unevenly."""
    total = performance.end_s - performance.onset_s
    share = (time - performance.onset_s) / total
    repetitions = performance.repetitions
    if performance.program.hands is not None or performance.program.repetitions is None:
        repetitions = max(performance.tempo * total, 1.0)
    wobble = 0.04 * smooth_noise(rng, len(time), fps, (0.2, 1.0))[:, 0] * np.sin(np.pi * share)
    cycles = repetitions * np.clip(share, 0.0, 1.0) + np.clip(wobble * repetitions, -0.2, 0.2)
    return np.maximum.accumulate(cycles)
