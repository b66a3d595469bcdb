"""Where somebody is and how large: head, shoulders and hips of a detection, in any layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.core.skeleton import Skeleton
from mgskel.pose.estimator import Detection

_SURE = 0.2
_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head")
# Shoulder width in terms of other lengths of an average body; the widest estimate counts,
# because turning away narrows each of them but never widens it.
_PER_TORSO, _PER_EARS = 0.6, 2.2
_PER_BOX = 0.3


@dataclass(frozen=True, eq=False)
class Anchors:
    """Head, left shoulder, right shoulder and hips, (4, 2), or in layouts without them the centre
    of all joints, (1, 2), NaN where not seen; and the person's size, about a shoulder width."""

    points: np.ndarray
    size: float

    @property
    def neck(self) -> np.ndarray:
        """From the middle of the shoulders to the head."""
        return np.asarray(self.points[0] - (self.points[1] + self.points[2]) / 2)


class AnchorReader:
    """Reads anchors of detections in one layout; no person is smaller than `least_size`."""

    def __init__(self, skeleton: Skeleton, least_size: float) -> None:
        self._least_size = least_size

        def have(*names: str) -> list[int]:
            return [skeleton.index(name) for name in names if skeleton.has(name)]

        groups = [
            have(*_HEAD),
            have("left_shoulder"),
            have("right_shoulder"),
            have("left_hip", "right_hip", "hip_centre"),
        ]
        # Without both a head and a shoulder there is no shape to speak of.
        self._groups = groups if all(groups[:3]) else [list(range(skeleton.num_joints))]
        self._ears = have("left_ear", "right_ear")
        self._shape = len(self._groups) > 1
        self._used = np.array(sorted({joint for group in self._groups for joint in group}))
        self._mean = np.zeros((len(self._groups), len(self._used)))
        for row, group in enumerate(self._groups):
            self._mean[row, np.searchsorted(self._used, group)] = 1.0

    def read(self, detection: Detection) -> Anchors:
        joints = detection.keypoints[self._used]
        sure = detection.scores[self._used] >= _SURE
        if not sure.any():
            sure = detection.scores[self._used] > 0
        weights = self._mean * sure
        total = weights.sum(1)
        sums = weights @ np.where(sure[:, None], joints, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            points = sums / total[:, None]
        return Anchors(points, max(self._size(points, detection), self._least_size))

    def _size(self, points: np.ndarray, detection: Detection) -> float:
        lengths = []
        if self._shape:
            lengths.append(length(points[1] - points[2]))
            lengths.append(_PER_TORSO * length((points[1] + points[2]) / 2 - points[3]))
            if len(self._ears) == 2 and detection.scores[self._ears].min() >= _SURE:
                ears = detection.keypoints[self._ears]
                lengths.append(_PER_EARS * length(ears[0] - ears[1]))
        known = [length for length in lengths if length == length]
        if known:
            return max(known)
        seen = detection.keypoints[detection.scores > 0]
        if not len(seen):
            return 0.0
        return _PER_BOX * length(seen.max(0) - seen.min(0))


def mean_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance of the anchors that both know; infinite where they share none."""
    gap = one - other
    lengths = np.hypot(gap[:, 0], gap[:, 1])
    known = lengths[lengths == lengths]
    return float(known.mean()) if len(known) else float("inf")


def length(vector: np.ndarray) -> float:
    return float(np.hypot(vector[0], vector[1]))


def known_median(points: np.ndarray) -> np.ndarray:
    """Median over frames, (n, 4, 2) to (4, 2); NaN where never known."""
    result = np.full(points.shape[1:], np.nan)
    for k in range(points.shape[1]):
        known = points[~np.isnan(points[:, k, 0]), k]
        if len(known):
            result[k] = np.median(known, axis=0)
    return result
