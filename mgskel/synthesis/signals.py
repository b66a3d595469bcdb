"""Signals over time: minimum-jerk steps, band-limited noise, uneven oscillations."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

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
    low, high = band
    size = _fast_length(max(int(np.ceil(frames + fps)), int(np.ceil(fps / low))))
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


def _fast_length(size: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(size, real=True))


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

    Args:
        time: (T,) seconds.
        changes: (n,) seconds at which a move begins.
        levels: (n + 1, K) values before the first and after each move.
        duration: shortest and longest time of a move, seconds.
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
