"""Moments between frames: the one way in which recordings come onto another time grid.

Between two frames everything is interpolated linearly. A joint that either frame lacks is
lacking between them, so gaps stay gaps; on a frame, its neighbours have no say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mgskel.core.errors import InputError

_MOST_MOMENTS = 50_000_000


def even_times(times: np.ndarray, fps: float, slack: float = 1e-6) -> np.ndarray:
    """Moments at an even rate over increasing `times` (T,), from the first one on.

    Args:
        slack: a last moment that lies beyond the end by this share of a step still counts.
    """
    if len(times) < 2:
        return np.asarray(times, np.float64)
    steps = (times[-1] - times[0]) * fps + slack
    if not steps < _MOST_MOMENTS:
        raise InputError(
            "too many moments",
            expected=f"at most {_MOST_MOMENTS:g}",
            found=f"{steps:.3g}: {times[-1] - times[0]:g} s at {fps:g} per second",
            remedy="correct the times, which are in seconds, or the rate",
        )
    count = int(np.floor(steps)) + 1
    return np.asarray(times[0] + np.arange(count) / fps)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Where moments lie among frames.

    Attributes:
        left, right: (T',) the frames around each moment; the same one where it is on a frame.
        weight: (T',) float32, how far it is from the left to the right one.
        gap_s: (T',) seconds between these frames; 0 on a frame.
    """

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    gap_s: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray, moments: np.ndarray, snap: float = 0.0) -> Neighbours:
        """Moments (T',) among increasing `times` (T,), at least two; beyond them the ends hold.

        Args:
            snap: closer to a frame than this share of a step, the frame itself counts.
        """
        right = np.clip(np.searchsorted(times, moments, "right"), 1, len(times) - 1)
        left = right - 1
        share = (moments - times[left]) / (times[right] - times[left])
        weight = np.clip(share, 0, 1).astype(np.float32)
        late, early = weight >= 1 - snap, weight <= snap
        left, right = np.where(late, right, left), np.where(early, left, right)
        weight = np.where(late | early, np.float32(0), weight)
        return cls(left, right, weight, times[right] - times[left])

    def shifted(self, frames: int) -> Neighbours:
        """The same moments among frames that are counted from another one on."""
        return replace(self, left=self.left + frames, right=self.right + frames)

    def blend(
        self, points: np.ndarray, scores: np.ndarray, longest_gap_s: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points (M, T, V, C) and scores (M, T, V) at the moments; a score is the lower of two.

        Args:
            longest_gap_s: over a longer time between frames, everything is missing.
        """
        blended = blend(
            (points[:, self.left], scores[:, self.left]),
            (points[:, self.right], scores[:, self.right]),
            self.weight[:, None],
        )
        if longest_gap_s is not None:
            hole = self.gap_s > longest_gap_s
            blended[0][:, hole], blended[1][:, hole] = np.nan, 0
        return blended


def blend(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points (..., V, C) and scores (..., V) between two frames; weight 1 is the later one."""
    w = np.asarray(weight, np.float32)
    points = before[0] * (1 - w[..., None]) + after[0] * w[..., None]
    scores = np.minimum(before[1], after[1])
    points[scores == 0] = np.nan
    return points, scores
