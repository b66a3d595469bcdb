"""Signals over time, and the named ones that move a body: the language of rest and programs.

Minimum-jerk steps, band-limited noise and uneven oscillations make up channels. Angles are in
degrees, lengths in shoulder widths, and 0 is the upright, relaxed body. An arm is not described by
angles but by where its hand should be (`HandTrack`); inverse kinematics follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from mgskel.core.errors import unknown

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def minimum_jerk(phase: Array) -> Array:
    """The smooth step from 0 to 1 that reaching hands follow (Flash and Hogan), for any phase."""
    p = np.clip(phase, 0.0, 1.0)
    return p**3 * (10.0 + p * (6.0 * p - 15.0))


def envelope(time: Array, onset: float, apex: float, offset: float, end: float) -> Array:
    """Rise from `onset` to `apex`, stay, fall from `offset` to `end` (all in seconds)."""
    rise = minimum_jerk((time - onset) / max(apex - onset, 1e-6))
    fall = minimum_jerk((time - offset) / max(end - offset, 1e-6))
    return rise - fall


def smooth_noise(
    rng: np.random.Generator,
    frames: int,
    fps: float,
    band: tuple[float, float],
    slope: float = 1.0,
    columns: int = 1,
) -> Array:
    """Unit-variance noise (frames, columns) between two frequencies in Hz.

    The amplitude falls as 1/f**slope inside the band: human sway and head motion are such
    noises. A recording shorter than the slowest period gets a piece of a longer one.
    """
    from scipy.fft import next_fast_len

    low, high = band
    longest = max(int(np.ceil(frames + fps)), int(np.ceil(fps / low)))
    size = int(next_fast_len(longest, real=True))
    bins = np.arange(
        max(int(np.ceil(low * size / fps)), 1), int(min(high, 0.45 * fps) * size / fps) + 1
    )
    bins = bins if len(bins) else np.array([1])
    gain = (bins * fps / size) ** -slope
    draws = rng.standard_normal((2, len(bins), columns))
    spectrum = np.zeros((size // 2 + 1, columns), dtype=complex)
    spectrum[bins] = (draws[0] + 1j * draws[1]) * gain[:, None]
    wave = np.fft.irfft(spectrum, n=size, axis=0)
    # The expected, not the sampled, variance: short pieces differ in strength as people do.
    power = 4.0 * np.sum(gain**2) / size**2
    return wave[:frames] / np.sqrt(power)


def poisson_times(rng: np.random.Generator, rate_hz: float, seconds: float) -> Array:
    """Sorted times of a Poisson process."""
    count = rng.poisson(rate_hz * seconds)
    return np.sort(rng.uniform(0.0, seconds, count))


def steps(
    rng: np.random.Generator,
    time: Array,
    changes: Array,
    levels: Array,
    duration: tuple[float, float],
) -> Array:
    """A signal (T, K) that moves smoothly from level to level.

    Moves begin at `changes` (n,) and last between the two durations, in seconds; `levels` (n + 1,
    K) are those before the first and after each move.
    """
    out = np.repeat(levels[:1].astype(float), len(time), axis=0)
    for start, before, after in zip(changes, levels[:-1], levels[1:], strict=True):
        first = int(np.searchsorted(time, start))
        out[first:] += minimum_jerk((time[first:] - start) / rng.uniform(*duration))[:, None] * (
            after - before
        )
    return out


def wobbly_phase(
    rng: np.random.Generator, frames: int, fps: float, tempo: float, wobble: float
) -> Array:
    """Phase in cycles (frames,) of an oscillation whose tempo drifts by the share `wobble`."""
    drift = smooth_noise(rng, frames, fps, (0.2, 1.5))[:, 0] if wobble > 0 else np.zeros(frames)
    speed = tempo * np.clip(1.0 + wobble * drift, 0.4, 1.8)
    return np.concatenate([[0.0], np.cumsum(speed[:-1])]) / fps


SIDES = ("left", "right")

# Each channel: its unit and the largest excursion either way that a body allows.
CHANNELS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "lean": ("degrees", 45.0),  # torso forward
        "side_lean": ("degrees", 30.0),  # torso to the person's left
        "twist": ("degrees", 60.0),  # chest over pelvis, to the person's left
        "pelvis_yaw": ("degrees", 90.0),
        "slouch": ("shoulder_widths", 0.35),  # bent spine: the chest sinks and comes forward
        "root_x": ("shoulder_widths", 2.0),
        "root_y": ("shoulder_widths", 2.0),
        "root_z": ("shoulder_widths", 2.0),
        "shrug_left": ("shoulder_widths", 0.35),
        "shrug_right": ("shoulder_widths", 0.35),
        "forward_left": ("shoulder_widths", 0.2),
        "forward_right": ("shoulder_widths", 0.2),
        "head_pitch": ("degrees", 55.0),  # nose down
        "head_yaw": ("degrees", 75.0),  # face to the person's left
        "head_roll": ("degrees", 40.0),  # ear to the left shoulder
        "neck_short": ("shoulder_widths", 0.22),
        "head_forward": ("shoulder_widths", 0.25),
        "jaw": ("share", 1.0),  # mouth open
        "lips_press": ("share", 1.0),
        "smile": ("share", 1.0),
        "brows": ("share", 1.0),
        "cheeks": ("share", 1.0),
        "blink": ("share", 1.0),
        "knee_left": ("shoulder_widths", 0.8),  # outwards
        "knee_right": ("shoulder_widths", 0.8),
        "heel_left": ("shoulder_widths", 0.3),  # off the floor
        "heel_right": ("shoulder_widths", 0.3),
        "cross_left": ("share", 1.0),  # this leg lies over the other one
        "cross_right": ("share", 1.0),
        "foot_left": ("shoulder_widths", 1.0),  # forwards
        "foot_right": ("shoulder_widths", 1.0),
    }
)
_COLUMN = {name: index for index, name in enumerate(CHANNELS)}


class Channels:
    """All channels over time; a missing excursion is 0.

    Attributes:
        values: (T, K) in the order of `CHANNELS`.
    """

    def __init__(self, frames: int) -> None:
        self.values = np.zeros((frames, len(CHANNELS)))

    def __getitem__(self, name: str) -> Array:
        """The signal (T,) of one channel: a view, to be added to."""
        if name not in _COLUMN:
            raise unknown("channel of the synthetic body", name, CHANNELS)
        return self.values[:, _COLUMN[name]]

    def limited(self) -> Channels:
        """The same motion within the body's limits; excursions near a limit are bent, not cut."""
        result = Channels(0)
        limit = np.array([largest for _, largest in CHANNELS.values()])
        soft = 0.8 * limit
        over = np.maximum(np.abs(self.values) - soft, 0.0)
        spare = limit - soft
        bent = soft + spare * np.tanh(over / spare)
        result.values = np.where(over > 0, np.sign(self.values) * bent, self.values)
        return result


@dataclass
class HandTrack:
    """Where one hand should be over time; the mutable canvas on which rest and programs draw."""

    goal: Array  # (T, 3) where the hand's contact point should be
    # (T, 3) the contact point in the hand's own frame (along, palm, thumb side), in shoulder widths
    # from the wrist
    contact: Array
    along: Array  # (T, 3) wished direction of the fingers
    palm: Array  # (T, 3) wished direction that the palm faces
    pole: Array  # (T, 3) direction to which the elbow bends out
    fingers: Array  # (T, 7) finger posture, see `hands`

    def piece(self, frames: slice) -> HandTrack:
        """The same over some of the frames (views, no copies)."""
        return HandTrack(*(getattr(self, field.name)[frames] for field in fields(self)))
