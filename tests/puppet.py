"""An estimator that sees the next frame of a known recording, whatever it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.pose.estimator import Detection


class Puppet:
    batch_size = 8

    def __init__(self, played: PoseSequence, size: tuple[int, int] | None = None) -> None:
        """`size`: of the pictures, where they are smaller than those of the recording."""
        self.skeleton = played.skeleton
        self.identity: Mapping[str, object] = {"name": "puppet"}
        scale = 1.0 if size is None or played.frame_size is None else size[0] / played.frame_size[0]
        self._points, self._scores = played.keypoints[0] * np.float32(scale), played.scores[0]
        self.reset()

    def reset(self) -> None:
        self._next = 0

    def close(self) -> None: ...

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        frames = (np.arange(len(images)) + self._next) % len(self._points)
        self._next += len(images)
        return [[Detection(self._points[frame], self._scores[frame])] for frame in frames]
