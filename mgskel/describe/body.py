"""One person's body points on a common clock, in shoulder widths, with their noise.

Axis 0 points to the person's left, axis 1 down, and axis 2, where depth was really measured
(metres), to the back. A mirrored recording therefore gives the same numbers with left and right
exchanged, and size, place and frame rate of the recording drop out here, once for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from mgskel.core.body_scale import estimated_shoulder_width
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.core.visibility import hide_unseen
from mgskel.describe.thresholds import Band, Thresholds, limits

_LATERAL = ("shoulder", "eye", "ear", "hip", "elbow", "wrist")
_DOWNWARDS = (("neck", "hip_centre"), ("neck", "spine"), ("head", "spine"), ("nose", "neck"))
_ARMS = ("elbow", "wrist", "hand", "tip")
_LOWER_BODY = ("hip", "hip_centre", "knee", "ankle")
_QUANTILE = 0.30
# |second difference| of white noise: its 30% quantile is 0.385 standard deviations, times sqrt 6.
_QUANTILE_TO_SIGMA = 0.3853 * np.sqrt(6.0)


@limits("signal")
@dataclass(frozen=True)
class SignalLimits:
    rate_hz: float = 30  # every recording is measured on this common clock
    min_score: float = 0.3  # a joint below this score counts as not seen
    margin: float = 0.01  # a point farther outside the picture than this share is a guess
    lower_body_min_score: float = 0.55  # hips and legs outside the picture are guessed below this
    bridge_s: float = 0.2  # a joint lost for at most this long is joined up by a straight line
    slow_s: float = 0.12  # averaging window for positions (contact, posture)
    min_noise: float = 0.004  # no estimator is better than this, however smooth its output looks
    max_noise: float = 0.12  # a joint that jitters more than this is not described at all
    rest_share: float = 0.2  # repeated movement must stand out from the quietest seconds, this
    # share of all,
    rest_factor: float = 3.0  # by this many times their root mean square,
    max_rest: float = 0.02  # which counts at most as this
    rest_trust_s: float = 20  # in recordings shorter than this, which may hold no rest at all
    noise_factor: float = 4.0  # a movement is believed from so many standard deviations of noise
    min_seen: float = 0.1  # a point seen in less than this share of the recording is left out
    min_seen_arm_s: float = 0.5  # ... but of arms and hands, which may come into the picture
    # rarely, this long will do


@limits("baseline")
@dataclass(frozen=True)
class BaselineLimits:
    block_s: float = 60  # the usual posture is the median of blocks of this length ...
    blocks: int = 5  # ... over this many neighbouring blocks


@dataclass(frozen=True, eq=False)
class Body:
    """What is known of one person's movement."""

    person: str
    times: np.ndarray  # (T,) seconds, evenly spaced
    rate: float
    # name -> (C, T) positions, NaN where not seen; only points seen often enough
    points: Mapping[str, np.ndarray]
    # the same, averaged over a short window: for posture and contact
    slow: Mapping[str, np.ndarray]
    # name -> standard deviation of one coordinate of `points`, from frame to frame
    noise: Mapping[str, float]
    scores: Mapping[str, float]  # name -> mean score while seen
    has_depth: bool
    scale_from: str  # which length gave the scale; "shoulders" unless they are not seen
    recorded_fps: float  # frame rate of the recording itself
    limits: SignalLimits
    baseline: BaselineLimits

    @property
    def num_frames(self) -> int:
        return len(self.times)

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.rate

    def has(self, *names: str) -> bool:
        return all(name in self.points for name in names)

    def frames(self, seconds: float) -> int:
        """How many whole frames of the clock a time holds."""
        return int(seconds * self.rate)

    def floor(self, *names: str, band_hz: tuple[float, float] | None = None) -> float:
        """The smallest believable difference between points: a multiple of their joint noise.

        With a band, of a signal filtered to it; without, of the slow positions.
        """
        if band_hz is None:
            window = max(1.0, self.limits.slow_s * self.recorded_fps)
            share = 2.0 / (3.0 * window)  # two box averages in a row are a triangle
        else:
            share = 2.0 * (band_hz[1] - band_hz[0]) / self.recorded_fps
        share = min(1.0, max(share, 0.15))  # real jitter is not white: averaging leaves some of it
        variance = sum(self.noise[name] ** 2 * share for name in names)
        return float(self.limits.noise_factor * np.sqrt(variance))

    def believable(self, band: Band, noise: float, quiet: float) -> Band:
        """A band of amplitudes raised above jitter (`noise`) and the person's own unrest."""
        if self.duration_s < self.limits.rest_trust_s:
            quiet = min(quiet, self.limits.max_rest)  # a short clip may hold no rest at all
        enter = max(band.enter + noise, self.limits.rest_factor * quiet)
        return Band(enter, enter * band.leave / band.enter)

    def confidence(self, *names: str) -> float:
        """Mean score of the points used, in 0..1."""
        return float(np.clip(np.mean([self.scores[name] for name in names]), 0.0, 1.0))

    def usual(self, values: np.ndarray) -> np.ndarray:
        """The person's usual value at each moment, (T,): a median over neighbouring blocks.

        A block's median ignores what lasts less than half of it; the neighbours make a posture
        held for a minute still stand out, while a shifted chair becomes the new usual.
        """
        size = int(round(self.baseline.block_s * self.rate))
        count = max(1, int(round(len(values) / size)))
        edges = np.linspace(0, len(values), count + 1).astype(int)
        medians = [_median(values[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)]
        reach = self.baseline.blocks // 2
        smooth = np.array(
            [_median(np.array(medians[max(0, i - reach) : i + reach + 1])) for i in range(count)]
        )
        good = np.isfinite(smooth)
        if not good.any():
            return np.full(len(values), np.nan)
        centres = (edges[:-1] + edges[1:]) / 2
        return np.interp(np.arange(len(values)), centres[good], smooth[good])

    def against_usual(self, values: np.ndarray) -> np.ndarray:
        return values - self.usual(values)

    def away_from_usual(self, path: np.ndarray) -> np.ndarray:
        """How far (T,) a (C, T) path is from where it usually is."""
        return np.linalg.norm([self.against_usual(row) for row in path], axis=0)


def measure_bodies(sequence: PoseSequence, thresholds: Thresholds) -> list[Body]:
    """One `Body` per person; who shows no length to scale by is left out."""
    signal = thresholds.of(SignalLimits)
    # First hidden, then converted: nothing is computed from what is not seen.
    sequence = hide_unseen(sequence, signal.min_score, signal.margin)
    seen = sequence.to_skeleton(described_points(), allow_missing=True)
    keypoints = np.asarray(seen.keypoints, np.float64)
    has_depth = sequence.unit == "metre" and keypoints.shape[-1] == 3
    if not has_depth:
        keypoints = keypoints[..., :2]
    if sequence.unit == "normalised" and sequence.frame_size is not None:
        # Width and height were divided by different numbers; equal lengths must be equal again.
        width, height = sequence.frame_size
        keypoints = keypoints * np.array([width / height, 1.0])[: keypoints.shape[-1]]
    bodies = (
        _measure(name, keypoints[m], seen.scores[m], sequence, has_depth, thresholds)
        for m, name in enumerate(sequence.people)
    )
    return [body for body in bodies if body is not None]


def clock_of(sequence: PoseSequence, thresholds: Thresholds) -> np.ndarray:
    """The common clock of a recording, (T,) seconds."""
    times, step = sequence.timestamps, 1.0 / thresholds.of(SignalLimits).rate_hz
    return np.arange(times[0], times[-1] + 0.5 * step, step, dtype=np.float64)


def described_points() -> Skeleton:
    return get_skeleton(Path(__file__).with_name("points.yaml"))


def _measure(
    person: str,
    keypoints: np.ndarray,
    scores: np.ndarray,
    sequence: PoseSequence,
    has_depth: bool,
    thresholds: Thresholds,
) -> Body | None:
    """`keypoints` (T, V, C) with NaN where not seen, `scores` (T, V)."""
    signal = thresholds.of(SignalLimits)
    seen = np.isfinite(keypoints[..., 0])
    named = {name: keypoints[:, v] for v, name in enumerate(described_points().joints)}
    scale, scale_from = estimated_shoulder_width(keypoints, described_points())
    axes = _axes(named, keypoints.shape[-1], image=sequence.unit != "metre")
    if scale is None or axes is None:
        return None
    times = np.asarray(sequence.timestamps, np.float64)
    clock = clock_of(sequence, thresholds)
    points: dict[str, np.ndarray] = {}
    slow: dict[str, np.ndarray] = {}
    noise: dict[str, float] = {}
    quality: dict[str, float] = {}
    for v, name in enumerate(named):
        there = seen[:, v]
        if there.sum() < 3 or not _often_enough(name, there, sequence.fps, signal):
            continue
        below = name.endswith(_LOWER_BODY)
        if below and np.median(scores[there, v]) < signal.lower_body_min_score:
            continue
        track = (keypoints[there, v] @ axes.T) / scale
        jitter = _noise(track, there)
        if jitter > signal.max_noise:
            continue
        points[name], slow[name] = _on_clock(track, times[there], clock, sequence.fps, signal)
        noise[name] = max(jitter, signal.min_noise)
        quality[name] = float(scores[there, v].mean())
    return Body(
        person, clock, signal.rate_hz, points, slow, noise, quality, has_depth, scale_from,
        float(sequence.fps), signal, thresholds.of(BaselineLimits),
    )  # fmt: skip


def _often_enough(name: str, there: np.ndarray, fps: float, signal: SignalLimits) -> bool:
    """Whether a point is seen for long enough, (T,) `there`, to be described.

    Before a close camera hands are seen only when they come up to the face, and that matters;
    of anything else, the usual must be known before a change can be told.
    """
    if name.endswith(_ARMS):
        return bool(there.sum() >= signal.min_seen_arm_s * fps)
    return bool(there.mean() >= signal.min_seen)


def _axes(named: Mapping[str, np.ndarray], dims: int, image: bool) -> np.ndarray | None:
    """(C, C) rows: to the person's left, down, back; in the recording's own coordinates."""
    left = _typical(named, [(f"right_{joint}", f"left_{joint}") for joint in _LATERAL])
    if left is None:
        return None
    if dims == 2:
        down_sign = 1.0 if image else np.sign(_down(named, dims)[1]) or 1.0
        return np.diag([np.sign(left[0]) or 1.0, down_sign])
    left = left / max(np.linalg.norm(left), 1e-9)
    down = _down(named, dims)
    down = down - (down @ left) * left
    down = down / max(np.linalg.norm(down), 1e-9)
    return np.stack([left, down, np.cross(left, down)])


def _down(named: Mapping[str, np.ndarray], dims: int) -> np.ndarray:
    down = _typical(named, _DOWNWARDS)
    return down if down is not None else -np.eye(dims)[1]  # sensors' y axes point up


def _typical(
    named: Mapping[str, np.ndarray], pairs: Iterable[tuple[str, str]]
) -> np.ndarray | None:
    """The usual way (C,) from one joint to another, of the first pair that is seen together."""
    for start, end in pairs:
        offset = named[end] - named[start]
        offset = offset[np.isfinite(offset[:, 0])]
        if len(offset) >= 3:
            return np.median(offset, axis=0)
    return None


def _noise(track: np.ndarray, there: np.ndarray) -> float:
    """One coordinate's jitter (standard deviation) of a track (n, C) at the frames `there` (T,).

    From what a straight line through three neighbours can't explain.
    """
    at = np.flatnonzero(there)
    triple = (at[2:] - at[:-2]) == 2
    bend = (track[2:] - 2 * track[1:-1] + track[:-2])[triple]
    sizes = np.abs(bend)
    sizes = sizes[sizes > 1e-7]  # repeated frames say nothing about jitter
    if sizes.size < 8:
        return 0.0
    # A low quantile: most frames may hold movement, but the quiet ones show the jitter.
    return float(np.quantile(sizes, _QUANTILE) / _QUANTILE_TO_SIGMA)


def _on_clock(
    track: np.ndarray, at: np.ndarray, clock: np.ndarray, fps: float, signal: SignalLimits
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n, C) at times `at` become (C, T) on the clock: as they are, and averaged."""
    surplus = int(round(fps / signal.rate_hz))
    if surplus > 1:
        track = ndimage.uniform_filter1d(track, surplus, axis=0, mode="nearest")
    resampled = np.stack([np.interp(clock, at, track[:, c]) for c in range(track.shape[1])])
    after = np.clip(np.searchsorted(at, clock), 1, len(at) - 1)
    allowed = max(signal.bridge_s, 1.5 / fps)
    lost = (at[after] - at[after - 1] > allowed) & (np.abs(at[after] - clock) > 0.5 / fps)
    lost &= np.abs(at[after - 1] - clock) > 0.5 / fps
    lost |= (clock < at[0] - 0.5 / fps) | (clock > at[-1] + 0.5 / fps)
    window = max(1, int(round(signal.slow_s * signal.rate_hz)))
    averaged = ndimage.uniform_filter1d(resampled, window, mode="nearest")
    averaged = ndimage.uniform_filter1d(averaged, window, mode="nearest")
    resampled[:, lost] = np.nan
    averaged[:, lost] = np.nan
    return resampled.astype(np.float32), averaged.astype(np.float32)


def _median(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")
