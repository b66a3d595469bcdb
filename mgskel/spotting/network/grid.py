"""Any recording on one even time grid: at once, or frame by frame as a camera gives them.

Between two frames keypoints are interpolated, but not across a hole in the recording, and a
joint that either frame lacks is lacking between them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgskel.core.resample import Neighbours, blend, even_times
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.visibility import doubt_unseen

_LONGEST_GAP_S = 0.5
_GAP_FRAMES = 2.5
# Closer to a frame than this share of a step, the frame itself counts: clocks are not exact.
_SNAP = 1e-3


def flat_view(sequence: PoseSequence, layout: Skeleton) -> PoseSequence:
    """The recording in a layout, in two dimensions with equal units and y downwards.

    Joints outside the picture have a guess's score.
    """
    flat = doubt_unseen(sequence).to_skeleton(layout, allow_missing=True)
    points = flat.keypoints[..., :2]
    if flat.unit == "metre":
        points = points * np.array([1, -1], np.float32)
    elif flat.unit == "normalised" and flat.frame_size:
        points = points * np.array(flat.frame_size, np.float32)
    return flat.replace(keypoints=points)


def to_grid(sequence: PoseSequence, rate_hz: float) -> PoseSequence:
    """The recording at an even rate, from its first frame on."""
    return grid_part(sequence, rate_hz, 0, grid_length(sequence, rate_hz))


def grid_length(sequence: PoseSequence, rate_hz: float) -> int:
    """Moments of the even grid over a recording."""
    return len(even_times(sequence.timestamps, rate_hz, _SNAP))


def grid_part(
    sequence: PoseSequence,
    rate_hz: float,
    start: int,
    stop: int,
    layout: Skeleton | None = None,
    person: int | None = None,
) -> PoseSequence:
    """Moments `start` to `stop` of the grid; only the frames around them are looked at.

    Args:
        layout: also bring these frames to `flat_view`.
        person: only this one.
    """
    times = sequence.timestamps
    if len(times) < 2:
        return _chosen(sequence, slice(start, stop), layout, person).replace(fps=rate_hz)
    moments = times[0] + np.arange(start, stop) / rate_hz
    between = Neighbours.of(times, moments, _SNAP)
    first = int(between.left.min(initial=len(times)))
    last = int(between.right.max(initial=0))
    around = _chosen(sequence, slice(first, last + 1), layout, person)
    points, scores = between.shifted(-first).blend(
        around.keypoints, around.scores, longest_gap_s(sequence.fps)
    )
    return around.replace(keypoints=points, scores=scores, timestamps=moments, fps=rate_hz)


def _chosen(
    sequence: PoseSequence, frames: slice, layout: Skeleton | None, person: int | None
) -> PoseSequence:
    some = sequence.frames(frames)
    some = some if person is None else some.person(person)
    return some if layout is None else flat_view(some, layout)


def with_still_past(sequence: PoseSequence, length_s: float) -> PoseSequence:
    """The sequence after `length_s` seconds in which its first frame is held."""
    if sequence.num_frames == 0:
        return sequence
    count = max(int(np.ceil(length_s * sequence.fps)), 1)
    before = sequence.timestamps[0] - length_s * np.arange(count, 0, -1) / count
    return sequence.replace(
        keypoints=np.concatenate(
            [np.repeat(sequence.keypoints[:, :1], count, axis=1), sequence.keypoints], axis=1
        ),
        scores=np.concatenate(
            [np.repeat(sequence.scores[:, :1], count, axis=1), sequence.scores], axis=1
        ),
        timestamps=np.concatenate([before, sequence.timestamps]),
    )


def longest_gap_s(fps: float) -> float:
    """Time between frames from which on nothing is known of what was between them."""
    return max(_LONGEST_GAP_S, _GAP_FRAMES / fps)


class GridStream:
    """`to_grid` for one person, frame by frame.

    Args:
        rate_hz: moments per second.
        fps: nominal rate of the frames to come.
    """

    def __init__(self, rate_hz: float, fps: float) -> None:
        self.rate_hz = rate_hz
        self.gap_s = longest_gap_s(fps)
        self.start_s = 0.0
        self._count = 0
        self._last: tuple[np.ndarray, np.ndarray, float] | None = None

    def push(
        self, points: np.ndarray, scores: np.ndarray, time_s: float
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Take in one frame (V, 2), (V,); yields the moments up to it that are now known."""
        frame = (points, scores)
        if self._last is None:
            self.start_s = time_s
            self._last = (*frame, time_s)
            self._count = 1
            yield points, scores
            return
        before, then = self._last[:2], self._last[2]
        step = time_s - then
        while True:
            moment = self.start_s + self._count / self.rate_hz
            weight = (moment - then) / step
            # Of a moment just after this frame, the next frame may know more.
            if weight > 1 and (moment - time_s) * self.rate_hz > _SNAP:
                break
            self._count += 1
            yield self._between(before, frame, weight, step)
        self._last = (*frame, time_s)

    def _between(
        self,
        before: tuple[np.ndarray, np.ndarray],
        after: tuple[np.ndarray, np.ndarray],
        weight: float,
        step: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        if weight < _SNAP:
            return before
        if weight > 1 - _SNAP:
            return after
        if step > self.gap_s:
            return np.full_like(after[0], np.nan), np.zeros_like(after[1])
        return blend(before, after, np.array(weight))
