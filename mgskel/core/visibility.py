"""What can be seen: the one answer, per person, moment and joint, that every room goes by.

Estimators guess joints that lie outside the picture, often with good scores. Nothing is seen
there, and nothing may be reported from there. Of what is seen, some is `bridged`: known from the
body alone, and roughly.
"""

from __future__ import annotations

import numpy as np

from mgskel.core.sequence import PoseSequence

USABLE_SCORE = 0.3
"""A joint with a lower score counts as not seen."""
EDGE = 0.01
"""So far beyond the picture's edge (share of its size) a joint may lie, as estimates are rough."""

BRIDGES = ("hand_root", "thumb_ip", "index_mcp", "pinky_mcp")
"""Points of a hand that MediaPipe's body model knows too."""


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


def bridged(sequence: PoseSequence) -> np.ndarray:
    """Joints of hands, (M, T, V) bool, that stand for a hand which the hand model lost.

    MediaPipe's body model knows wrist and knuckles too. Where of a hand nothing else is present,
    these are the body model's: they tell where the hand is, and nothing of its fingers.
    """
    layout, present = sequence.skeleton, sequence.present
    result = np.zeros(present.shape, bool)
    if not layout.name.startswith("mediapipe_holistic"):
        return result
    for side in ("left", "right"):
        bridges = layout.indices(*(f"{side}_{name}" for name in BRIDGES))
        fingers = [joint for joint in layout.parts[f"{side}_hand"] if joint not in bridges]
        found = np.asarray(present[..., fingers].any(-1, keepdims=True))
        result[..., bridges] = present[..., bridges] & ~found
    return result


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
