"""Measures an estimator's errors on real recordings: the numbers of `noise.yaml`.

Two estimates of the same clip, one of them of the mirrored picture, share the truth but not the
errors. Their difference shows offset (its median) and wander (its spread about that); jitter is
what second differences over time leave of one estimate.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.body_scale import shoulder_width
from mgskel.core.sequence import PoseSequence
from mgskel.synthesis.noise import EstimatorErrors
from mgskel.synthesis.signals import Array

_SIGMA = 1.4826  # of a normal distribution, per median absolute deviation
_SURE = 0.8  # what counts as in view


@dataclass(frozen=True)
class GroupMeasure:
    """One group of joints in one clip; lengths in shoulder widths, NaN where nothing was seen."""

    group: str
    seen: float
    score: float
    low_score: float
    jitter: float
    offset: float
    wander: float
    together: float
    jitter_unsure: float
    wander_unsure: float


@dataclass(frozen=True)
class HandMeasure:
    """Frames with a wrist in view in four situations, and in how many a hand was found."""

    side: str
    slow: tuple[int, int]
    medium: tuple[int, int]
    fast: tuple[int, int]
    near_face: tuple[int, int]
    lost_s: float
    swapped: tuple[int, int]


def measure_groups(
    sequence: PoseSequence, mirrored: Array, errors: EstimatorErrors
) -> tuple[GroupMeasure, ...]:
    """Errors per group of joints.

    Args:
        sequence: the raw estimate of a clip.
        mirrored: (T, V, 2) the estimate of its mirror image, mirrored back.
    """
    scale = float(shoulder_width(sequence)[0])
    points, scores = sequence.keypoints[0].astype(float), sequence.scores[0]
    measures, taken = [], set()
    for group, kind in errors.groups.items():
        members = [
            i
            for i, name in enumerate(sequence.skeleton.joints)
            if i not in taken and any(fnmatch.fnmatchcase(name, p) for p in kind.joints)
        ]
        taken.update(members)
        if members:
            at = np.array(members)
            measures.append(_measure(group, points[:, at], scores[:, at], mirrored[:, at], scale))
    return tuple(measures)


def _measure(
    group: str, points: Array, scores: Array, mirrored: Array, scale: float
) -> GroupMeasure:
    sure, there = scores >= _SURE, scores > 0
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    gap = mirrored - points
    centred = gap - _median(gap, axis=0)
    found = scores[there]
    return GroupMeasure(
        group=group,
        seen=float(there.mean()),
        score=float(np.median(found)) if found.size else np.nan,
        low_score=float(np.quantile(found, 0.1)) if found.size else np.nan,
        jitter=_spread(second, sure[1:-1]) / np.sqrt(6) / scale,
        offset=_spread(_median(np.where(sure[..., None], gap, np.nan), axis=0), None)
        / np.sqrt(2) / scale,
        wander=_spread(centred, sure) / np.sqrt(2) / scale,
        together=_together(centred[..., 0]),
        jitter_unsure=_spread(second, (there & ~sure)[1:-1]) / np.sqrt(6) / scale,
        wander_unsure=_spread(centred, there & ~sure) / np.sqrt(2) / scale,
    )  # fmt: skip


def measure_hands(sequence: PoseSequence, errors: EstimatorErrors) -> tuple[HandMeasure, ...]:
    """When the hand model finds its hand, by speed and by nearness to the face."""
    assert errors.hands is not None
    index = sequence.skeleton.index
    scale = float(shoulder_width(sequence)[0])
    points, scores = sequence.keypoints[0].astype(float), sequence.scores[0]
    measures = []
    for side, other in (("left", "right"), ("right", "left")):
        wrist, tip = points[:, index(f"{side}_wrist")], index(f"{side}_middle_tip")
        found = scores[:, tip] > 0
        view = scores[:, index(f"{side}_wrist")] >= _SURE
        speed = np.linalg.norm(np.gradient(wrist, axis=0), axis=-1) * sequence.fps / scale
        near = np.linalg.norm(wrist - points[:, index("nose")], axis=-1) / scale
        near_face = near < errors.hands.near_face_within
        fast = speed >= errors.hands.fast_above
        slow = speed < 0.35 * errors.hands.fast_above
        root = points[:, index(f"{side}_hand_root")]
        apart = [
            np.linalg.norm(root - points[:, index(f"{s}_wrist")], axis=-1) for s in (side, other)
        ]
        swapped = found & view & (apart[1] < 0.6 * apart[0])
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (~found & view).astype(int), [0]])))
        losses = np.diff(edges)[::2]
        measures.append(
            HandMeasure(
                side,
                _count(found, view & ~near_face & slow),
                _count(found, view & ~near_face & ~slow & ~fast),
                _count(found, view & ~near_face & fast),
                _count(found, view & near_face),
                float(losses.mean() / sequence.fps) if losses.size else 0.0,
                (int(swapped.sum()), int((found & view).sum())),
            )
        )
    return tuple(measures)


def fit_size(jitter: Sequence[float], pixels: Sequence[float]) -> tuple[float, float]:
    """The two parts of jitter, in shoulder widths and in pixels, from clips of several sizes."""
    from scipy.optimize import nnls

    known = np.isfinite(jitter)
    value, size = np.array(jitter)[known], np.array(pixels)[known]
    if not value.size:
        return np.nan, np.nan
    # Relative errors count, else the smallest person decides alone.
    parts = np.stack([np.ones_like(size), size**-2.0], axis=1) / value[:, None] ** 2
    squares, _ = nnls(parts, np.ones_like(value))
    return float(np.sqrt(squares[0])), float(np.sqrt(squares[1]))


def summary(
    clips: Sequence[tuple[float, Sequence[GroupMeasure]]],
) -> Mapping[str, Mapping[str, float]]:
    """Per group: what `noise.yaml` holds, as medians over clips (shoulder width px, measures)."""
    names = dict.fromkeys(measure.group for _, measures in clips for measure in measures)
    rows: dict[str, dict[str, float]] = {}
    for name in names:
        mine = [(px, m) for px, measures in clips for m in measures if m.group == name]
        jitter, jitter_px = fit_size([m.jitter for _, m in mine], [px for px, _ in mine])
        rows[name] = {"jitter": jitter, "jitter_px": jitter_px}
        for key in ("offset", "wander", "together", "score", "wander_unsure"):
            values = np.array([getattr(m, key) for _, m in mine], dtype=float)
            rows[name][key] = float(_median(values, axis=0))
    return rows


def _count(found: Array, situation: Array) -> tuple[int, int]:
    return int((found & situation).sum()), int(situation.sum())


def _median(values: Array, axis: int) -> Array:
    with np.errstate(all="ignore"):
        filled = np.isfinite(values).any(axis=axis)
        safe = np.where(np.expand_dims(filled, axis), values, 0.0)
        return np.where(filled, np.nanmedian(safe, axis=axis), np.nan)


def _spread(values: Array, where: Array | None) -> float:
    chosen = values if where is None else values[where]
    chosen = chosen[np.isfinite(chosen)]
    return float(_SIGMA * np.median(np.abs(chosen))) if chosen.size >= 4 else np.nan


def _together(deviation: Array) -> float:
    """Mean correlation between the joints of a group."""
    joints = deviation.shape[1]
    rows = np.isfinite(deviation).all(axis=1)
    if joints < 2 or rows.sum() < 10:
        return np.nan
    return float(np.corrcoef(deviation[rows].T)[np.triu_indices(joints, 1)].mean())
