"""One person's body points on a common clock, in shoulder widths, with their noise.

Axis 0 points to the person's left, axis 1 down, and axis 2, where depth was really measured
(metres), to the back. A mirrored recording therefore gives the same numbers with left and right
exchanged, and size, place and frame rate of the recording drop out here, once for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.describe.filters import moving_mean
from mgskel.describe.thresholds import SignalLimits

# Where shoulders are not seen, the scale comes from other lengths, in shoulder widths of an adult.
_SCALES = (
    ("shoulders", "left_shoulder", "right_shoulder", 1.0),
    ("ears", "left_ear", "right_ear", 0.42),
    ("eyes", "left_eye", "right_eye", 0.175),
    ("head and spine", "head", "spine", 1.4),
    ("forearms", "left_elbow", "left_wrist", 0.72),
)
_LATERAL = ("shoulder", "eye", "ear", "hip", "elbow", "wrist")
_ARMS = ("elbow", "wrist", "hand", "tip")
_LOWER_BODY = ("hip", "hip_centre", "knee", "ankle")
_QUANTILE = 0.30
# |second difference| of white noise: its 30% quantile is 0.385 standard deviations, times sqrt 6.
_QUANTILE_TO_SIGMA = 0.3853 * np.sqrt(6.0)


@dataclass(frozen=True, eq=False)
class Body:
    """What is known of one person's movement.

    Attributes:
        times: (T,) seconds, evenly spaced.
        points: name -> (C, T) positions, NaN where not seen; only points seen often enough.
        slow: the same, averaged over a short window: for posture and contact.
        noise: name -> standard deviation of one coordinate of `points`, from frame to frame.
        scores: name -> mean score while seen.
        scale_from: which length gave the scale; "shoulders" unless they are not seen.
        recorded_fps: frame rate of the recording itself.
    """

    person: str
    times: np.ndarray
    rate: float
    points: Mapping[str, np.ndarray]
    slow: Mapping[str, np.ndarray]
    noise: Mapping[str, float]
    scores: Mapping[str, float]
    has_depth: bool
    scale_from: str
    recorded_fps: float
    limits: SignalLimits

    @property
    def num_frames(self) -> int:
        return len(self.times)

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.rate

    def has(self, *names: str) -> bool:
        return all(name in self.points for name in names)

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

    def confidence(self, *names: str) -> float:
        """Mean score of the points used, in 0..1."""
        return float(np.clip(np.mean([self.scores[name] for name in names]), 0.0, 1.0))


def measure_bodies(sequence: PoseSequence, limits: SignalLimits) -> list[Body]:
    """One `Body` per person; who shows no length to scale by is left out."""
    target = described_points()
    seen = sequence.to_skeleton(target, allow_missing=True)
    keypoints = np.asarray(seen.keypoints, np.float64)
    has_depth = sequence.unit == "metre" and keypoints.shape[-1] == 3
    if not has_depth:
        keypoints = keypoints[..., :2]
    if sequence.unit == "normalised" and sequence.frame_size is not None:
        # Width and height were divided by different numbers; equal lengths must be equal again.
        width, height = sequence.frame_size
        keypoints = keypoints * np.array([width / height, 1.0])[: keypoints.shape[-1]]
    visible = (seen.scores >= limits.min_score) & _inside(seen, limits.margin)
    keypoints = np.where(visible[..., None], keypoints, np.nan)
    bodies = (
        _measure(name, keypoints[m], seen.scores[m], sequence, has_depth, target, limits)
        for m, name in enumerate(sequence.people)
    )
    return [body for body in bodies if body is not None]


def _inside(sequence: PoseSequence, margin: float) -> np.ndarray:
    """(M, T, V) whether a point lies in the picture: beyond it, estimators only guess."""
    if sequence.frame_size is None or sequence.unit == "metre":
        return np.ones(sequence.scores.shape, bool)
    size = np.array(sequence.frame_size if sequence.unit == "pixel" else (1.0, 1.0))
    flat = sequence.keypoints[..., :2]
    with np.errstate(invalid="ignore"):
        inside = (flat >= -margin * size) & (flat <= (1 + margin) * size)
    return inside[..., 0] & inside[..., 1]


def described_points() -> Skeleton:
    return get_skeleton(Path(__file__).with_name("points.yaml"))


def _measure(
    person: str,
    keypoints: np.ndarray,
    scores: np.ndarray,
    sequence: PoseSequence,
    has_depth: bool,
    skeleton: Skeleton,
    limits: SignalLimits,
) -> Body | None:
    """`keypoints` (T, V, C) with NaN where not seen, `scores` (T, V)."""
    seen = np.isfinite(keypoints[..., 0])
    named = {name: keypoints[:, v] for v, name in enumerate(skeleton.joints)}
    scale, scale_from = _scale({n: p for n, p in named.items() if np.isfinite(p[:, 0]).any()})
    axes = _axes(named, keypoints.shape[-1], image=sequence.unit != "metre")
    if scale is None or axes is None:
        return None
    times = np.asarray(sequence.timestamps, np.float64)
    clock = np.arange(times[0], times[-1] + 0.5 / limits.rate_hz, 1.0 / limits.rate_hz)
    points: dict[str, np.ndarray] = {}
    slow: dict[str, np.ndarray] = {}
    noise: dict[str, float] = {}
    quality: dict[str, float] = {}
    for v, name in enumerate(skeleton.joints):
        there = seen[:, v]
        if there.sum() < 3 or not _often_enough(name, there, sequence.fps, limits):
            continue
        below = name.endswith(_LOWER_BODY)
        if below and np.median(scores[there, v]) < limits.lower_body_min_score:
            continue
        track = (keypoints[there, v] @ axes.T) / scale
        jitter = _noise(track, there)
        if jitter > limits.max_noise:
            continue
        points[name], slow[name] = _on_clock(track, times[there], clock, sequence.fps, limits)
        noise[name] = max(jitter, limits.min_noise)
        quality[name] = float(scores[there, v].mean())
    return Body(
        person, clock, limits.rate_hz, points, slow, noise, quality, has_depth, scale_from,
        float(sequence.fps), limits,
    )  # fmt: skip


def _often_enough(name: str, there: np.ndarray, fps: float, limits: SignalLimits) -> bool:
    """Whether a point is seen for long enough, (T,) `there`, to be described.

    Before a close camera hands are seen only when they come up to the face, and that matters;
    of anything else, the usual must be known before a change can be told.
    """
    if name.endswith(_ARMS):
        return bool(there.sum() >= limits.min_seen_arm_s * fps)
    return bool(there.mean() >= limits.min_seen)


def _scale(named: Mapping[str, np.ndarray]) -> tuple[float | None, str]:
    for origin, a, b, ratio in _SCALES:
        if a in named and b in named:
            lengths = np.linalg.norm(named[a] - named[b], axis=-1)
            lengths = lengths[np.isfinite(lengths)]
            if len(lengths) >= 3 and (length := float(np.median(lengths))) > 0:
                return length / ratio, origin
    return None, ""


def _axes(named: Mapping[str, np.ndarray], dims: int, image: bool) -> np.ndarray | None:
    """(C, C) rows: to the person's left, down, back; in the recording's own coordinates."""
    left = None
    for joint in _LATERAL:
        offset = named[f"left_{joint}"] - named[f"right_{joint}"]
        offset = offset[np.isfinite(offset[:, 0])]
        if len(offset) >= 3:
            left = np.median(offset, axis=0)
            break
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
    for above, below in (("neck", "hip_centre"), ("neck", "spine"), ("head", "spine"),
                         ("nose", "neck")):  # fmt: skip
        offset = named[below] - named[above]
        offset = offset[np.isfinite(offset[:, 0])]
        if len(offset) >= 3:
            return np.median(offset, axis=0)
    return np.eye(dims)[1] * -1.0  # sensors' y axes point up


def _noise(track: np.ndarray, there: np.ndarray) -> float:
    """Standard deviation of one coordinate's jitter, from what a straight line can't explain.

    Args:
        track: (n, C) positions where seen; `there`: (T,) which frames those are.
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
    track: np.ndarray, at: np.ndarray, clock: np.ndarray, fps: float, limits: SignalLimits
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n, C) at times `at` become (C, T) on the clock: as they are, and averaged."""
    surplus = int(round(fps / limits.rate_hz))
    if surplus > 1:
        track = moving_mean(track, surplus, axis=0)
    resampled = np.stack([np.interp(clock, at, track[:, c]) for c in range(track.shape[1])])
    after = np.clip(np.searchsorted(at, clock), 1, len(at) - 1)
    allowed = max(limits.bridge_s, 1.5 / fps)
    lost = (at[after] - at[after - 1] > allowed) & (np.abs(at[after] - clock) > 0.5 / fps)
    lost &= np.abs(at[after - 1] - clock) > 0.5 / fps
    lost |= (clock < at[0] - 0.5 / fps) | (clock > at[-1] + 0.5 / fps)
    window = max(1, int(round(limits.slow_s * limits.rate_hz)))
    averaged = moving_mean(resampled, window)
    averaged = moving_mean(averaged, window)
    resampled[:, lost] = np.nan
    averaged[:, lost] = np.nan
    return resampled.astype(np.float32), averaged.astype(np.float32)
