"""Repeated movement: strokes back and forth, how often, how fast, how far."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, signal

from mgskel.describe.intervals import FrameSpan, at_least, spans
from mgskel.describe.thresholds import Band


@dataclass(frozen=True)
class Oscillation:
    """A run of strokes: `strokes` half cycles with their median amplitude and rate."""

    span: FrameSpan
    strokes: int
    amplitude: float
    rate_hz: float


def in_band(values: np.ndarray, rate: float, band_hz: tuple[float, float]) -> np.ndarray:
    """(T,) without what is slower or faster than the band, not shifted in time; gaps are bridged.

    A Butterworth filter of order two there and back, with the signal point-mirrored at both ends
    for a period of its lowest frequency.
    """
    mirrored = min(len(values) - 1, int(rate / band_hz[0]))
    return signal.sosfiltfilt(_band_pass(rate, band_hz), filled(values), padlen=mirrored)


@functools.lru_cache(maxsize=16)
def _band_pass(rate: float, band_hz: tuple[float, float]) -> np.ndarray:
    """Second-order sections of the filter; designing it takes longer than running it."""
    edges = band_hz[0], min(band_hz[1], 0.45 * rate)
    return signal.butter(2, edges, btype="bandpass", fs=rate, output="sos")


def filled(values: np.ndarray) -> np.ndarray:
    """Lost values of (T,) replaced by straight lines, for filters that know no NaN."""
    good = np.isfinite(values)
    if good.all() or not good.any():
        return np.nan_to_num(values)
    frames = np.arange(len(values))
    return np.interp(frames, frames[good], values[good])


def oscillations(
    values: np.ndarray,
    rate: float,
    band_hz: tuple[float, float],
    amplitude: Band,
    min_strokes: int,
    others: np.ndarray | None = None,
    dominance: float = 0.0,
) -> list[Oscillation]:
    """Runs of at least `min_strokes` consecutive strokes in the band.

    Every stroke reaches `amplitude.leave`, the median one `amplitude.enter`. With `others`, a
    stroke counts only where it is `dominance` times as large as the other signal's at the time.
    """
    if len(values) < 8:
        return []
    lost = ~np.isfinite(values)
    moving = in_band(values, rate, band_hz)
    cuts = np.flatnonzero(np.signbit(moving[1:]) != np.signbit(moving[:-1])) + 1
    starts = np.concatenate(([0], cuts))
    stops = np.concatenate((cuts, [len(values)]))
    size = np.maximum.reduceat(np.abs(moving), starts)
    strong = size >= amplitude.leave
    strong &= np.add.reduceat(lost.astype(int), starts) <= 0.3 * (stops - starts)
    # A stroke is half a cycle; longer ones are posture, shorter ones jitter.
    strong &= stops - starts <= 0.75 * rate / band_hz[0]
    if others is not None:
        rival = np.maximum.reduceat(np.abs(in_band(others, rate, band_hz)), starts)
        strong &= size >= dominance * rival
    found = []
    for run in at_least(spans(strong), min_strokes):
        middle = float(np.median(run.of(size)))
        if middle >= amplitude.enter:
            span = FrameSpan(int(starts[run.start]), int(stops[run.stop - 1]))
            found.append(Oscillation(span, len(run), middle, len(run) / 2 * rate / len(span)))
    return found


def main_stroke(path: np.ndarray, rate: float, band_hz: tuple[float, float]) -> np.ndarray:
    """A (C, T) path along the line on which it varies most within the band, as (T,).

    The reach to a place and the withdrawal are longer than any stroke; only the band decides.
    """
    moving = np.stack([in_band(row, rate, band_hz) for row in path])
    _, vectors = np.linalg.eigh(moving @ moving.T)
    return vectors[:, -1] @ (path - path.mean(axis=1, keepdims=True))


def unrest(moving: np.ndarray, seen: np.ndarray, rate: float, share: float) -> float:
    """How much a band-passed signal moves in its quietest seconds (root mean square).

    Args:
        moving: (T,) or (C, T), band-passed; of several coordinates the mean is meant.
        seen: (T,) where it was measured.
        share: the quietest share of all seconds.
    """
    power = np.mean(np.atleast_2d(moving) ** 2, axis=0)
    second = int(rate)
    if len(power) < 2 * second:
        return 0.0
    power = ndimage.uniform_filter1d(np.where(seen, power, 0.0), second, mode="nearest")
    whole = ndimage.uniform_filter1d(seen.astype(float), second, mode="nearest") > 0.95
    if whole.sum() < second:
        return 0.0
    return float(np.sqrt(max(0.0, np.quantile(power[whole], share))))


def spectral_peak(values: np.ndarray, rate: float, band_hz: tuple[float, float]) -> float:
    """The frequency in the band at which a (T,) signal has most power, by its spectrum."""
    padded = max(256, 2 * len(values))
    power = np.abs(np.fft.rfft((values - values.mean()) * np.hanning(len(values)), padded)) ** 2
    frequency = np.fft.rfftfreq(padded, 1 / rate)
    inside = (frequency >= band_hz[0]) & (frequency <= band_hz[1])
    return float(frequency[inside][np.argmax(power[inside])])
