"""The recording as the page's player (`page/player.js`) receives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.core.strokes import strokes
from mgskel.report.pack import STEPS, Packed, pack, pack_points, pack_shares

FINE_PARTS = ("head", "face", "left_hand", "right_hand")
MOST_POINTS = 3_000_000
"""More joint positions than this make the page heavy: joints, then frames, are thinned."""
_UNEVEN_S = 0.002


@dataclass(frozen=True)
class Attention:
    """How much each joint counted at each moment: weights in 0..1, (M, steps, V)."""

    weights: np.ndarray
    step_s: float


def player_data(
    recording: PoseSequence, glow: Attention | None, whole_picture: bool
) -> dict[str, Any]:
    """The JSON of the player.

    Args:
        glow: what the recognizer looked at, if that is to be shown.
        whole_picture: show the whole frame, as the video under the skeleton does.
    """
    sequence, attention = _thin(recording, glow)
    layout = sequence.skeleton
    points = sequence.keypoints[..., :2].astype(np.float64)
    if sequence.unit == "metre":
        points[..., 1] *= -1
    low, size = _extent(sequence, points, exact=whole_picture)
    longest = float(size.max())
    parts = [layout.part_of(joint) for joint in range(layout.num_joints)]
    steps = np.diff(sequence.timestamps)
    even = steps.size == 0 or float(np.ptp(steps)) < _UNEVEN_S
    step = float(steps.mean()) if steps.size else 1.0 / sequence.fps
    levels = np.ceil(np.clip(sequence.scores, 0, 1) * 3).astype(np.uint8)
    series = (sequence.num_people * layout.num_joints, sequence.num_frames)
    weights = None if attention is None else attention.weights.transpose(0, 2, 1)
    return {
        "frames": sequence.num_frames,
        "step_s": step,
        "start_s": sequence.start_s,
        "times": None if even else _uneven(steps),
        "people": list(sequence.people),
        "joints": list(layout.joints),
        "parts": parts,
        "fine": [part for part in layout.parts if part in FINE_PARTS],
        "strokes": [[line.start, line.end, line.part] for line in strokes(layout)],
        "colours": dict(layout.colours),
        "extent": [float(size[0] / longest), float(size[1] / longest)],
        "aspect": float(size[1] / size[0]),
        "steps": STEPS,
        "points": pack_points(points, low, longest),
        "scores": pack(levels.transpose(0, 2, 1).reshape(series)),
        "attention": None
        if weights is None
        else pack_shares(weights.reshape(-1, weights.shape[-1])),
        "attention_steps": 0 if weights is None else weights.shape[-1],
        "attention_step_s": 0 if attention is None else attention.step_s,
    }


def _thin(
    sequence: PoseSequence, attention: Attention | None
) -> tuple[PoseSequence, Attention | None]:
    """A recording light enough for a page: the working layout's joints, then fewer frames."""
    if sequence.scores.size > MOST_POINTS:
        upper = get_skeleton("upper")
        keep = [i for i, joint in enumerate(sequence.skeleton.joints) if upper.has(joint)]
        if attention is not None and len(keep) < sequence.num_joints:
            column = [
                sequence.skeleton.index(joint) if sequence.skeleton.has(joint) else -1
                for joint in upper.joints
            ]
            padded = np.pad(attention.weights, ((0, 0), (0, 0), (0, 1)))
            attention = Attention(padded[:, :, column], attention.step_s)
        sequence = sequence.to_skeleton(upper, allow_missing=True)
    every = int(np.ceil(sequence.scores.size / MOST_POINTS))
    return (sequence.frames(slice(None, None, every)) if every > 1 else sequence), attention


def _extent(
    sequence: PoseSequence, points: np.ndarray, exact: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The corner and the size (width, height) of what the player shows."""
    if exact and sequence.frame_size and sequence.unit == "pixel":
        return np.zeros(2), np.array(sequence.frame_size, float)
    flat = points.reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(-1)]
    if not len(flat):
        return np.zeros(2), np.ones(2)
    low, high = np.quantile(flat, [0.001, 0.999], axis=0)
    size = np.maximum(high - low, 1e-6)
    margin = 0.08 * float(size.max())
    low, size = low - margin, size + 2 * margin
    # Neither a needle nor a slit, however the person stands.
    wanted = np.maximum(size, size[::-1] * np.array([0.75, 0.5]))
    return low - (wanted - size) / 2, wanted


def _uneven(steps: np.ndarray) -> Packed:
    """Milliseconds since the frame before, (1, frames)."""
    gaps = np.concatenate([[0], np.clip(np.rint(steps * 1000), 0, 65535)])
    return pack(gaps.astype(np.uint16)[None])
