"""An estimator that sees one bright spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.core.skeleton import get_skeleton
from mgskel.pose.estimator import Detection, estimator


@dataclass(frozen=True)
class Brightness:
    threshold: float = 200  # a setting, with its default


@estimator("brightest", settings=Brightness)
class BrightestSpot:
    batch_size = 8  # pictures per call; more where your network likes it

    def __init__(self, settings, threads=None):
        self.skeleton = get_skeleton("gesture_phase6")  # a known layout, or your own YAML file
        self.identity = {"name": "brightest", "version": 1, "threshold": settings.threshold}
        self.threshold = settings.threshold

    def reset(self):
        """A new clip begins: forget the last one."""

    def close(self):
        """Let go of the network."""

    def estimate(self, images):  # a list of (H, W, 3) uint8 RGB pictures
        return [self.people(image) for image in images]

    def people(self, image):  # nobody there: an empty list. Something broke: raise.
        rows, columns = np.nonzero(image.mean(axis=2) > self.threshold)
        if not len(rows):
            return []
        points = np.full((self.skeleton.num_joints, 2), np.nan, np.float32)  # NaN: not found
        points[0] = columns.mean(), rows.mean()  # x, y in pixels of this picture
        scores = np.where(np.isnan(points[:, 0]), 0, 0.9).astype(np.float32)
        return [Detection(points, scores)]
