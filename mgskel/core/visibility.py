"""What can be seen: the one answer, per person, moment and joint, that every room goes by.

Estimators guess joints that lie outside the picture, often with good scores. Nothing is seen
there, and nothing may be reported from there.
"""

from __future__ import annotations

import numpy as np

from mgskel.core.sequence import PoseSequence

USABLE_SCORE = 0.3
"""A joint with a lower score counts as not seen."""
EDGE = 0.01
"""So far beyond the picture's edge (share of its size) a joint may lie, as estimates are rough."""


def visible(
    sequence: PoseSequence, min_score: float = USABLE_SCORE, edge: float = EDGE
) -> np.ndarray:
    """Whether each joint is seen, (M, T, V): believably estimated and inside the picture.

    The picture counts where its size is known and the coordinates lie in it.
    """
    seen = sequence.scores >= min_score
    for axis in range(sequence.keypoints.shape[-1]):
        seen &= np.isfinite(sequence.keypoints[..., axis])
    if sequence.frame_size is not None and sequence.unit != "metre":
        size = sequence.frame_size if sequence.unit == "pixel" else (1.0, 1.0)
        for axis, length in enumerate(size):
            at = sequence.keypoints[..., axis]
            with np.errstate(invalid="ignore"):
                seen &= (at >= -edge * length) & (at <= (1 + edge) * length)
    return np.asarray(seen)


def hide_unseen(
    sequence: PoseSequence, min_score: float = USABLE_SCORE, edge: float = EDGE
) -> PoseSequence:
    """The recording with every joint missing that is not `visible`."""
    seen = visible(sequence, min_score, edge)
    return sequence.replace(
        keypoints=np.where(seen[..., None], sequence.keypoints, np.float32("nan")),
        scores=np.where(seen, sequence.scores, np.float32(0)),
    )


def doubt_unseen(sequence: PoseSequence) -> PoseSequence:
    """The recording with a guess's score at every joint that is not `visible`.

    The guesses stay: a network that has learned from such guesses makes something of them, but
    nothing that rests on them may be said.
    """
    seen = visible(sequence)
    if seen.all():
        return sequence
    doubtful = np.minimum(sequence.scores, np.float32(USABLE_SCORE / 2))
    return sequence.replace(scores=np.where(seen, sequence.scores, doubtful))
