"""How large a body is in a recording: the lengths that coordinates are divided by.

All are robust over time, since a scale per frame would breathe with the estimator's noise.
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton

Scale = Literal["shoulders", "bones", "none"]
# Turning away only narrows the shoulders: a high quantile is their width seen from the front.
FRONTAL = 0.75
# Lengths that stand for the width where shoulders are not seen, in shoulder widths of an adult.
_IN_WIDTHS = (
    ("shoulders", "left_shoulder", "right_shoulder", 1.0),
    ("ears", "left_ear", "right_ear", 0.42),
    ("eyes", "left_eye", "right_eye", 0.175),
    ("head and spine", "head", "spine", 1.4),
    ("forearms", "left_elbow", "left_wrist", 0.72),
)
_FEWEST = 3
_WIDTHS = (
    ("left_shoulder", "right_shoulder"),
    ("left_elbow", "right_elbow"),
    ("left_hip", "right_hip"),
)


def joint_distances(points: np.ndarray, skeleton: Skeleton, one: str, other: str) -> np.ndarray:
    """Distance between two joints at each moment, (...) from (..., V, C); NaN where unseen."""
    gap = points[..., skeleton.index(one), :] - points[..., skeleton.index(other), :]
    return np.asarray(np.linalg.norm(gap, axis=-1))


def shoulder_distances(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Distance between the shoulders at each moment, (...) from (..., V, C)."""
    return joint_distances(points, skeleton, "left_shoulder", "right_shoulder")


def shoulder_width(sequence: PoseSequence) -> np.ndarray:
    """The recording's measure of each person, (M,): the shoulders' width seen from the front.

    NaN for a person whose shoulders are never seen together.
    """
    result = np.full(sequence.num_people, np.nan, np.float32)
    for person, row in enumerate(shoulder_distances(sequence.keypoints, sequence.skeleton)):
        seen = row[np.isfinite(row)]
        if seen.size:
            result[person] = np.quantile(seen, FRONTAL)
    return result


def estimated_shoulder_width(points: np.ndarray, skeleton: Skeleton) -> tuple[float | None, str]:
    """The typical shoulder width in one person's (T, V, C), and the length that gave it.

    None where no length is seen that tells.
    """
    for name, one, other, widths in _IN_WIDTHS:
        if skeleton.has(one) and skeleton.has(other):
            lengths = joint_distances(points, skeleton, one, other)
            lengths = lengths[np.isfinite(lengths)]
            if len(lengths) >= _FEWEST and (length := float(np.median(lengths))) > 0:
                return length / widths, name
    return None, ""


def body_size(points: np.ndarray, skeleton: Skeleton, scale: Scale = "shoulders") -> float:
    """A length that every layout and every view has, of one person's (T, V, C) coordinates.

    ``shoulders`` is the median width of shoulders, elbows or hips, the first that is seen;
    ``bones``, and where no width is, the mean of the median bone lengths; at last the spread of
    the joints. ``none`` is 1.
    """
    if scale == "none":
        return 1.0
    with warnings.catch_warnings():
        # A joint that is never seen has no median: the next length is then taken.
        warnings.simplefilter("ignore", RuntimeWarning)
        candidates = []
        if scale == "shoulders":
            candidates = [
                np.nanmedian(joint_distances(points, skeleton, left, right))
                for left, right in _WIDTHS
                if skeleton.has(left) and skeleton.has(right)
            ]
        if skeleton.bones:
            child, parent = np.array(skeleton.bones).T
            lengths = np.linalg.norm(points[:, child] - points[:, parent], axis=-1)
            candidates.append(np.nanmean(np.nanmedian(lengths, axis=0)))
        spread = points - np.nanmean(points, axis=1, keepdims=True)
        candidates.append(np.nanmedian(np.linalg.norm(spread, axis=-1)))
    return next((float(size) for size in candidates if np.isfinite(size) and size > 1e-6), 1.0)
