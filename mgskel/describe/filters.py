"""The few filters that measuring needs.

They stand here because a signal-processing library takes longer to load than they take to run.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

_SETTLING = 3
"""After so many periods of its lowest frequency a band-pass has forgotten."""


def band_pass(values: np.ndarray, rate: float, band_hz: tuple[float, float]) -> np.ndarray:
    """A gapless (T,) without what is slower or faster than the band, not shifted in time.

    A Butterworth filter of order two there and back, by its spectrum. At both ends the signal
    goes on point-mirrored for a period, then level.
    """
    low_hz, high_hz = band_hz[0], min(band_hz[1], 0.45 * rate)
    frames, period = len(values), int(rate / low_hz)
    mirrored = min(frames - 1, period)
    before = 2 * values[0] - values[mirrored:0:-1]
    after = 2 * values[-1] - values[-2 : -mirrored - 2 : -1]
    longer = np.pad(np.concatenate([before, values, after]), _SETTLING * period, mode="edge")
    size = 1 << (len(longer) + _SETTLING * period).bit_length()
    # A spectrum knows circles alone: back to the beginning it goes without a step.
    back = np.linspace(longer[-1], longer[0], size - len(longer) + 2)[1:-1]
    spectrum = np.fft.rfft(np.concatenate([longer, back]))
    passed = np.fft.irfft(spectrum * _response(size, rate, low_hz, high_hz), size)
    first = _SETTLING * period + mirrored
    return np.asarray(passed[first : first + frames])


def _response(size: int, rate: float, low_hz: float, high_hz: float) -> np.ndarray:
    """What passes at each frequency of a spectrum, there and back."""
    low, high = (np.tan(np.pi * edge / rate) for edge in (low_hz, high_hz))
    # Neither standstill nor the highest frequency passes, and neither can be divided by.
    warped = np.tan(np.pi * np.fft.rfftfreq(size)[1:-1])
    detuned = (warped**2 - low * high) / (warped * (high - low))
    return np.concatenate([[0.0], 1 / (1 + detuned**4), [0.0]])


def moving_mean(
    values: np.ndarray, window: int, axis: int = -1, beyond: Literal["level", "zero"] = "level"
) -> np.ndarray:
    """Mean over `window` neighbours along an axis; beyond its ends values stay level or are 0."""
    rows = np.moveaxis(np.asarray(values, np.float64), axis, -1)
    sides = (window // 2, window - 1 - window // 2)
    padding = [(0, 0)] * (rows.ndim - 1) + [sides]
    longer = np.pad(rows, padding, mode="edge" if beyond == "level" else "constant")
    sums = np.cumsum(longer, axis=-1)
    sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    return np.moveaxis((sums[..., window:] - sums[..., :-window]) / window, -1, axis)


def trailing_minimum(values: np.ndarray, window: int) -> np.ndarray:
    """The lowest of each value of (T,) and the `window` - 1 before it."""
    longer = np.concatenate([np.full(window - 1, values[0]), values])
    padded = np.pad(longer, (0, -len(longer) % window), mode="edge").reshape(-1, window)
    # Any window is the end of one block and the beginning of the next.
    ends = np.minimum.accumulate(padded[:, ::-1], axis=1)[:, ::-1].ravel()
    begins = np.minimum.accumulate(padded, axis=1).ravel()
    return np.asarray(np.minimum(ends[: len(values)], begins[window - 1 :][: len(values)]))
