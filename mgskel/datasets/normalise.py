"""Body normalisation: origin and scale from the body itself, robust over the clip.

Small amplitudes survive because one origin and one scale hold for the whole clip (a scale per
frame would breathe with the estimator's noise), both are medians, and nothing is squeezed into
a fixed box. Missing joints stay missing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgskel.core.body_scale import Scale, body_size
from mgskel.core.skeleton import Skeleton

_FACING = (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"))
_UPRIGHT = (("hip_centre", "neck"), ("spine", "neck"), ("left_hip", "left_shoulder"))
_ORIGINS = (
    ("hip_centre", "neck"),
    ("left_shoulder", "right_shoulder"),
    ("spine",),
    ("neck",),
    ("left_elbow", "right_elbow"),
)


@dataclass(frozen=True)
class Normalisation:
    """How a clip's coordinates become body coordinates.

    Args:
        origin: ``clip`` subtracts the body's median place over the clip (travel through the
            scene stays visible), ``frame`` the place in each frame (travel is removed),
            ``start`` the place where the clip begins, ``none`` nothing.
        scale: ``shoulders`` divides by the median shoulder width, ``bones`` by the mean of the
            median bone lengths (steadier in 2-D, where a side view has no shoulder width),
            ``none`` by nothing.
        rotate: ``front`` turns 3-D clips so that the body's median pose stands upright and
            faces the camera, ``start`` so that it does in the first quarter of the clip, before
            the action has bent or turned it; ``none`` leaves the view alone.
    """

    origin: Literal["clip", "frame", "start", "none"] = "clip"
    scale: Scale = "shoulders"
    rotate: Literal["front", "start", "none"] = "none"


def normalise(keypoints: np.ndarray, skeleton: Skeleton, settings: Normalisation) -> np.ndarray:
    """Body coordinates of one clip.

    Args:
        keypoints: (M, T, V, C), NaN where missing.

    Returns:
        (M, T, V, C) float32, NaN exactly where the input is. All people share the first
        visible person's origin, scale and view, so that their distances stay meaningful.
    """
    points = keypoints.astype(np.float32, copy=True)
    visible = np.isfinite(points).all(-1)
    if not visible.any():
        return points
    main = points[int(visible.sum((1, 2)).argmax())]
    with warnings.catch_warnings():
        # A joint that is never seen has no median: the fallbacks below deal with that.
        warnings.simplefilter("ignore", RuntimeWarning)
        points -= _origin(main, skeleton, settings.origin)
        if settings.rotate != "none" and points.shape[-1] == 3:
            points = points @ _facing_rotation(_judged(main, settings.rotate), skeleton).T
    return points / np.float32(body_size(main, skeleton, settings.scale))


def _origin(points: np.ndarray, skeleton: Skeleton, kind: str) -> np.ndarray:
    """(T or 1, 1, C): what is subtracted from every joint."""
    if kind == "none":
        return np.zeros((1, 1, points.shape[-1]), np.float32)
    centre = _body_centre(points, skeleton)
    overall = np.nanmedian(centre, axis=0, keepdims=True)
    if not np.isfinite(overall).all():
        overall = np.nanmedian(points.reshape(-1, points.shape[-1]), axis=0, keepdims=True)
    if kind == "frame":
        return np.where(np.isfinite(centre), centre, overall)[:, None]
    if kind == "start":
        seen = np.flatnonzero(np.isfinite(centre).all(-1))
        overall = centre[seen[:1]] if len(seen) else overall
    return overall[:, None]


def _body_centre(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T, C): the middle of the torso, or of all joints where the layout has no torso."""
    for names in _ORIGINS:
        if all(skeleton.has(name) for name in names):
            return points[:, [skeleton.index(name) for name in names]].mean(1)
    return np.nanmean(points, axis=1)


def _judged(points: np.ndarray, rotate: str) -> np.ndarray:
    """The frames of (T, V, C) by which the facing is judged: all, or the first seen quarter."""
    if rotate == "front":
        return points
    seen = points[np.isfinite(points).any((1, 2))]
    return seen[: max(1, len(seen) // 4)]


def _facing_rotation(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(3, 3): from the sensor's axes to x across the body, y up its spine, z through it."""
    across = _median_vector(points, skeleton, _FACING)
    up = _median_vector(points, skeleton, _UPRIGHT)
    if across is None or up is None:
        return np.eye(3, dtype=np.float32)
    across = across - up * float(across @ up)
    norm = np.linalg.norm(across)
    if norm < 1e-3:
        return np.eye(3, dtype=np.float32)
    across = across / norm
    return np.stack([across, up, np.cross(across, up)]).astype(np.float32)


def _median_vector(
    points: np.ndarray, skeleton: Skeleton, pairs: tuple[tuple[str, str], ...]
) -> np.ndarray | None:
    """The unit median vector from the first to the second joint of the first usable pair."""
    for start, end in pairs:
        if skeleton.has(start) and skeleton.has(end):
            gap = points[:, skeleton.index(end)] - points[:, skeleton.index(start)]
            vector = np.nanmedian(gap, axis=0)
            length = np.linalg.norm(vector)
            if np.isfinite(length) and length > 1e-6:
                return vector / length
    return None
