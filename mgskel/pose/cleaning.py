"""Optional repairs of raw keypoints, each recorded in the sequence's provenance.

The order is fixed: left/right swaps, score threshold, outliers, gaps, smoothing. The defaults
are gentle, because a micro-gesture is small and quick: a movement of 8 Hz and 2% of a shoulder
width keeps more than 80% of its amplitude. All lengths are in shoulder widths, all durations in
seconds, so the same settings fit any picture size and frame rate.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mgskel.core.body_scale import shoulder_width
from mgskel.core.config import Between
from mgskel.core.sequence import PoseSequence
from mgskel.pose.smoothing import SmoothingSettings, smooth

_MAD_TO_SIGMA = 1.4826
_BLOCK = 16


@dataclass(frozen=True)
class SwapSettings:
    """Left/right swap repair: a limb pair that trades places and soon trades back.

    Attributes:
        least: shortest exchange (shoulder widths) that counts; smaller ones change nothing.
        longest_s: an exchange that lasts longer is believed.
    """

    enabled: bool = True
    least: float = 0.25
    longest_s: float = 0.5


@dataclass(frozen=True)
class OutlierSettings:
    """Hampel filter: a point far from the running median becomes missing.

    Attributes:
        sigmas: how many robust standard deviations count as far.
        least: and at least this many shoulder widths, so that brief real movements stay.
    """

    enabled: bool = True
    window_s: float = 0.25
    sigmas: float = 4.0
    least: float = 0.15


@dataclass(frozen=True)
class GapSettings:
    """Straight filling of gaps no longer than `longest_s`; a filled point has half the score."""

    enabled: bool = True
    longest_s: float = 0.2


@dataclass(frozen=True)
class CleaningSettings:
    """Everything that may happen between the estimator's numbers and the pose file.

    Attributes:
        enabled: false leaves the estimator's numbers as they are.
        min_score: points with a lower score become missing.
    """

    enabled: bool = True
    min_score: Annotated[float, Between(0, 1)] = 0.2
    swaps: SwapSettings = SwapSettings()
    outliers: OutlierSettings = OutlierSettings()
    gaps: GapSettings = GapSettings()
    smoothing: SmoothingSettings = SmoothingSettings()


def clean(sequence: PoseSequence, settings: CleaningSettings = CleaningSettings()) -> PoseSequence:
    """The repaired sequence; its provenance tells what each step did."""
    if not settings.enabled or sequence.num_frames == 0:
        return sequence
    scale = body_scale(sequence)
    if settings.swaps.enabled:
        sequence = repair_swaps(sequence, scale, settings.swaps)
    if settings.min_score > 0:
        sequence = drop_unsure(sequence, settings.min_score)
    if settings.outliers.enabled:
        sequence = drop_outliers(sequence, scale, settings.outliers)
    if settings.gaps.enabled:
        sequence = fill_gaps(sequence, settings.gaps)
    if settings.smoothing.method != "off":
        sequence = smooth(sequence, scale, settings.smoothing)
    return sequence


def body_scale(sequence: PoseSequence) -> np.ndarray:
    """(M,) shoulder width, or where it can't be had a third of the body's extent; never zero."""
    has_shoulders = all(sequence.skeleton.has(f"{side}_shoulder") for side in ("left", "right"))
    scale = (
        shoulder_width(sequence)
        if has_shoulders
        else np.full(sequence.num_people, np.nan, np.float32)
    )
    for person in np.flatnonzero(~(scale > 0)):
        points = sequence.keypoints[person]
        seen = points[~np.isnan(points[..., 0])]
        extent = (
            np.linalg.norm(np.quantile(seen, 0.95, 0) - np.quantile(seen, 0.05, 0))
            if len(seen)
            else 0
        )
        scale[person] = extent / 3 if extent > 0 else 1.0
    return scale


def drop_unsure(sequence: PoseSequence, min_score: float) -> PoseSequence:
    """Points below the score threshold become missing."""
    unsure = (sequence.scores > 0) & (sequence.scores < min_score)
    return _without(sequence, unsure).noted(
        "score threshold", min_score=min_score, dropped=int(unsure.sum())
    )


def drop_outliers(
    sequence: PoseSequence, scale: np.ndarray, settings: OutlierSettings
) -> PoseSequence:
    """Hampel: points far from the median of their window become missing."""
    half = max(round(settings.window_s * sequence.fps / 2), 1)
    if sequence.num_frames < 2 * half + 1:
        return sequence.noted("outliers", **dataclasses.asdict(settings), skipped="too few frames")
    far = np.zeros(sequence.scores.shape, bool)
    for person in range(sequence.num_people):
        least = settings.least * scale[person]
        # In blocks of joints, so that the windows of an hour fit into memory.
        for begin in range(0, sequence.num_joints, _BLOCK):
            joints = slice(begin, begin + _BLOCK)
            far[person, :, joints] = _hampel(
                sequence.keypoints[person, :, joints], half, settings.sigmas, least
            )
    return _without(sequence, far).noted(
        "outliers", **dataclasses.asdict(settings), dropped=int(far.sum())
    )


def fill_gaps(sequence: PoseSequence, settings: GapSettings) -> PoseSequence:
    """Straight lines over gaps up to `longest_s` between two sightings; longer gaps stay."""
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    times = sequence.timestamps
    filled = 0
    for person, joint in np.ndindex(points.shape[0], points.shape[2]):
        seen = np.flatnonzero(scores[person, :, joint])
        # The lost time lies between the last sighting's end and the next sighting.
        holes = np.flatnonzero(
            (np.diff(seen) > 1)
            & (np.diff(times[seen]) - 1 / sequence.fps <= settings.longest_s + 1e-9)
        )
        for hole in holes:
            left, right = seen[hole], seen[hole + 1]
            inner = slice(left + 1, right)
            weight = ((times[inner] - times[left]) / (times[right] - times[left]))[:, None]
            points[person, inner, joint] = (
                points[person, left, joint] * (1 - weight) + points[person, right, joint] * weight
            )
            scores[person, inner, joint] = 0.5 * min(
                scores[person, left, joint], scores[person, right, joint]
            )
            filled += int(right - left - 1)
    return sequence.replace(keypoints=points, scores=scores).noted(
        "gaps", **dataclasses.asdict(settings), filled=filled
    )


def repair_swaps(sequence: PoseSequence, scale: np.ndarray, settings: SwapSettings) -> PoseSequence:
    """Undo short exchanges of left and right arm, hand or leg."""
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    longest = max(round(settings.longest_s * sequence.fps), 1)
    repaired = 0
    for left, right in _limb_pairs(sequence):
        for person in range(sequence.num_people):
            swapped = _swapped_frames(
                points[person][:, left],
                points[person][:, right],
                settings.least * scale[person],
                longest,
            )
            if swapped.any():
                repaired += int(swapped.sum())
                where = np.flatnonzero(swapped)[:, None]
                for array in (points[person], scores[person]):
                    array[where, left], array[where, right] = (
                        array[where, right],
                        array[where, left],
                    )
    return sequence.replace(keypoints=points, scores=scores).noted(
        "left/right swaps", **dataclasses.asdict(settings), repaired_limb_frames=repaired
    )


def _limb_pairs(sequence: PoseSequence) -> list[tuple[np.ndarray, np.ndarray]]:
    """Joint indices of left and right arms, hands and legs."""
    layout = sequence.skeleton
    mirror = dict(layout.mirror_pairs)
    pairs = []
    for part in ("left_arm", "left_hand", "left_leg"):
        left = [joint for joint in layout.parts.get(part, ()) if joint in mirror]
        if left:
            pairs.append((np.array(left), np.array([mirror[joint] for joint in left])))
    return pairs


def _swapped_frames(left: np.ndarray, right: np.ndarray, least: float, longest: int) -> np.ndarray:
    """(T,) bool: frames of short exchanges.

    From one frame to the next, an exchange brings the left joints much closer to the former
    right ones than to the former left ones, and the other way round. It counts when a second
    exchange follows within `longest` frames.

    Args:
        left, right: (T, L, C) joints of the two limbs.
    """
    stay = _moved(left[1:], left[:-1]) + _moved(right[1:], right[:-1])
    cross = _moved(left[1:], right[:-1]) + _moved(right[1:], left[:-1])
    with np.errstate(invalid="ignore"):
        exchange = np.flatnonzero((stay > 2 * least) & (cross < 0.4 * stay)) + 1
    swapped = np.zeros(len(left), bool)
    position = 0
    while position + 1 < len(exchange):
        begin, end = exchange[position], exchange[position + 1]
        if end - begin <= longest:
            swapped[begin:end] = True
            position += 2
        else:
            position += 1
    return swapped


def _moved(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """(T - 1,) mean distance over the joints known in both; NaN where there are none."""
    lengths = np.linalg.norm(now - before, axis=-1)
    known = ~np.isnan(lengths)
    count = known.sum(-1)
    total = np.where(known, lengths, 0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _hampel(points: np.ndarray, half: int, sigmas: float, least: float) -> np.ndarray:
    """(T, L) bool: far from the running median in any coordinate.

    Args:
        points: (T, L, C), NaN where missing; missing neighbours don't vote.
    """
    padded = np.pad(points, ((half, half), (0, 0), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    votes = np.sort(windows, axis=-1)
    count = (~np.isnan(votes)).sum(-1)
    median = _middle(votes, count)
    spread = np.sort(np.abs(windows - median[..., None]), axis=-1)
    limit = np.maximum(sigmas * _MAD_TO_SIGMA * _middle(spread, count), least)
    with np.errstate(invalid="ignore"):
        far = (np.abs(points - median) > limit) & (count >= 3)
    return far.any(-1)


def _middle(ordered: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Median along the last axis of sorted values whose first `count` are numbers."""
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.minimum(count // 2, ordered.shape[-1] - 1)[..., None]
    return (
        np.take_along_axis(ordered, low, -1)[..., 0] + np.take_along_axis(ordered, high, -1)[..., 0]
    ) / 2


def _without(sequence: PoseSequence, gone: np.ndarray) -> PoseSequence:
    """The sequence with some points made missing; `gone` is (M, T, V) bool."""
    if not gone.any():
        return sequence
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    points[gone] = np.nan
    scores[gone] = 0
    return sequence.replace(keypoints=points, scores=scores)
