"""Smoothing: filters over (M, T, V, C) paths with holes, each unbroken stretch by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from mgskel.core.config import Between
from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence


@dataclass(frozen=True)
class SmoothingSettings:
    """Smoothing within unbroken stretches, never across a gap.

    Attributes:
        method: 'butterworth' (no delay, keeps what is slower than `cutoff_hz`), 'one_euro'
            (adapts to speed, works online), 'savitzky_golay' (fits a polynomial), or 'off'.
        cutoff_hz, order: Butterworth's, the order per direction.
        min_cutoff_hz, beta: One-Euro's cut-off at rest and its growth per shoulder width
            per second.
        window_s, degree: Savitzky-Golay's window and polynomial.
    """

    method: Literal["butterworth", "one_euro", "savitzky_golay", "off"] = "butterworth"
    cutoff_hz: Annotated[float, Between(0.001, 10_000)] = 10.0
    order: Annotated[int, Between(1, 20)] = 4
    min_cutoff_hz: Annotated[float, Between(0.001, 10_000)] = 3.0
    beta: float = 8.0
    window_s: float = 0.25
    degree: Annotated[int, Between(0, 20)] = 3


def smooth(sequence: PoseSequence, scale: np.ndarray, settings: SmoothingSettings) -> PoseSequence:
    """Smooth each unbroken stretch of each joint."""
    record: dict[str, object] = {"method": settings.method}
    fps = sequence.fps
    if settings.method == "butterworth":
        record |= {"cutoff_hz": settings.cutoff_hz, "order": settings.order}
        if fps <= 2.2 * settings.cutoff_hz:
            # At this rate nothing faster than the cut-off is recorded: nothing to remove.
            return sequence.noted("smoothing", **record, skipped=f"{fps:.3g} fps is too slow")
        points = butterworth(sequence.keypoints, fps, settings.cutoff_hz, settings.order)
    elif settings.method == "savitzky_golay":
        record |= {"window_s": settings.window_s, "degree": settings.degree}
        window = round(settings.window_s * fps) | 1
        if window <= settings.degree + 1:
            return sequence.noted("smoothing", **record, skipped=f"{fps:.3g} fps is too slow")
        points = savitzky_golay(sequence.keypoints, window, settings.degree)
    elif settings.method == "one_euro":
        record |= {"min_cutoff_hz": settings.min_cutoff_hz, "beta": settings.beta}
        points = one_euro(
            sequence.keypoints, sequence.timestamps, scale, settings.min_cutoff_hz, settings.beta
        )
    else:
        raise InputError("unknown smoothing", found=settings.method)
    return sequence.replace(keypoints=points).noted("smoothing", **record)


def butterworth(points: np.ndarray, fps: float, cutoff_hz: float, order: int) -> np.ndarray:
    """Zero-phase low pass: forwards and backwards, so nothing is delayed."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(order, cutoff_hz, fs=fps, output="sos")
    # scipy mirrors this many frames at each end; shorter stretches mirror all they have.
    padding = 3 * (2 * len(sections) + 1)

    def filtered(path: np.ndarray) -> np.ndarray:
        return np.asarray(sosfiltfilt(sections, path, axis=0, padlen=min(padding, len(path) - 1)))

    return _by_stretch(points, filtered, shortest=4)


def savitzky_golay(points: np.ndarray, window: int, degree: int) -> np.ndarray:
    """A polynomial of `degree` fitted around each frame; `window` is odd."""
    from scipy.signal import savgol_filter

    def filtered(path: np.ndarray) -> np.ndarray:
        length = min(window, len(path) if len(path) % 2 else len(path) - 1)
        if length <= degree:
            return path
        return np.asarray(savgol_filter(path, length, degree, axis=0, mode="interp"))

    return _by_stretch(points, filtered, shortest=degree + 2)


def one_euro(
    points: np.ndarray,
    times: np.ndarray,
    scale: np.ndarray,
    min_cutoff_hz: float,
    beta: float,
    speed_cutoff_hz: float = 1.0,
) -> np.ndarray:
    """The One-Euro filter of Casiez et al. (2012): slow means smooth, fast means prompt.

    It runs over frames, with all joints at once, and starts anew after each hole.

    Args:
        times: (T,) seconds; uneven steps are fine.
        scale: (M,) pixels per shoulder width; speed is judged in shoulder widths per second.
        min_cutoff_hz, beta: see `SmoothingSettings`.
    """
    result = np.array(points, dtype=np.float64)
    rest_unit = scale[:, None, None]
    last = result[:, 0].copy()
    speed = np.zeros_like(last)
    for frame in range(1, result.shape[1]):
        step = times[frame] - times[frame - 1]
        now = result[:, frame]
        known = ~np.isnan(now) & ~np.isnan(last)
        raw_speed = np.where(known, (now - last) / (step * rest_unit), 0.0)
        speed = np.where(known, speed + _share(speed_cutoff_hz, step) * (raw_speed - speed), 0.0)
        share = _share(min_cutoff_hz + beta * np.abs(speed), step)
        last = np.where(known, last + share * (now - last), now)
        result[:, frame] = last
    return result.astype(np.float32)


def _share(cutoff_hz: np.ndarray | float, step: float) -> np.ndarray | float:
    """How much of the new value a first-order low pass takes over."""
    turn = 2 * np.pi * cutoff_hz * step
    return turn / (turn + 1)


def _by_stretch(
    points: np.ndarray, filtered: Callable[[np.ndarray], np.ndarray], shortest: int
) -> np.ndarray:
    """Apply `filtered` to every unbroken stretch of at least `shortest` frames.

    Joints with the same holes (mostly: none) are filtered together, (n, L * C) at a time.
    """
    result = np.array(points)
    seen = ~np.isnan(points).any(-1)
    for person in range(points.shape[0]):
        patterns, member = np.unique(seen[person], axis=1, return_inverse=True)
        for number in range(patterns.shape[1]):
            joints = np.flatnonzero(member.reshape(-1) == number)
            for begin, end in stretches(patterns[:, number]):
                if end - begin < shortest:
                    continue
                path = points[person, begin:end][:, joints]
                flat = path.reshape(end - begin, -1).astype(np.float64)
                result[person, begin:end, joints] = np.moveaxis(
                    filtered(flat).reshape(path.shape), 1, 0
                )
    return result


def stretches(seen: np.ndarray) -> Iterator[tuple[int, int]]:
    """(begin, end) of every run of true values in (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], seen.astype(np.int8), [0]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
