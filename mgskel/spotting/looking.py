"""Where the evidence of found gestures lies: input gradients of their scores.

Whether that can be believed is measured by `tools/study_attention.py --spotter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgskel.spotting.reach import STRIDE, chunks

if TYPE_CHECKING:
    from mgskel.core.events import GestureEvent
    from mgskel.core.sequence import PoseSequence
    from mgskel.spotting.features import Features
    from mgskel.spotting.quick import QuickNetwork
    from mgskel.spotting.spotter import Spotter

_STEP_S = 0.2


def look(
    spotter: Spotter, sequence: PoseSequence, events: Sequence[GestureEvent]
) -> tuple[np.ndarray, float] | None:
    """Weights (M, steps, V) in 0..1 over the recording's own joints, and seconds per step.

    Args:
        events: what the spotter found in the recording.
    """
    if not events:
        return None
    grid = spotter.grid(sequence)
    every = max(1, round(_STEP_S * spotter.network.features.rate_hz))
    maps = []
    for person, name in enumerate(sequence.people):
        features = spotter.features(grid, person)
        own = [event for event in events if event.person == name]
        weights = _input_weights(spotter, features, own)
        padded = np.pad(weights, ((0, -len(weights) % every), (0, 0)))
        maps.append(padded.reshape(-1, every, weights.shape[1]).mean(1))
    stacked = np.stack(maps)
    # Each moment is shown by itself: a quiet nod must not vanish beside a large movement.
    peak = stacked.max(2, keepdims=True)
    shares = np.divide(stacked, peak, out=np.zeros_like(stacked), where=peak > 0)
    columns = np.zeros((*shares.shape[:2], sequence.num_joints), np.float32)
    for index, joint in enumerate(grid.skeleton.joints):
        if sequence.skeleton.has(joint):
            columns[..., sequence.skeleton.index(joint)] = shares[..., index]
    return columns, every / spotter.network.features.rate_hz


def joint_weights(
    network: QuickNetwork, x: np.ndarray, mask: np.ndarray, goal: np.ndarray
) -> np.ndarray:
    """Slope times input of the logits in the goal, (T, V).

    Args:
        x, mask: (C, T, V), (T, V).
        goal: how much each answer counts, (K + 1, ceil(T / 2)).
    """
    return np.asarray(np.abs(network.slopes(x, mask, goal) * x).sum(0))


def _input_weights(spotter: Spotter, features: Features, events: list[GestureEvent]) -> np.ndarray:
    """How much each joint's course moved the scores of what was found, (T, V)."""
    wanted = np.zeros((len(spotter.vocabulary) + 1, features.num_frames), np.float32)
    times = features.start_s + np.arange(features.num_frames) / features.rate_hz
    for event in events:
        wanted[event.class_id] += (times >= event.start_s) & (times < event.end_s)
    total = np.zeros((features.num_frames, features.values.shape[2]), np.float32)
    network = spotter.quick
    for chunk in chunks(features, network.reach):
        if not wanted[:, chunk.start : chunk.stop].any():
            continue
        goal = np.zeros((len(wanted), -(-len(chunk.mask) // STRIDE)), np.float32)
        goal[:, chunk.first : chunk.first + chunk.count] = wanted[
            :, chunk.start : chunk.stop : STRIDE
        ]
        moved = joint_weights(network, chunk.x, chunk.mask, goal)
        low, high = max(chunk.begin, 0), min(chunk.begin + len(moved), len(total))
        total[low:high] += moved[low - chunk.begin : high - chunk.begin]
    return total * (wanted.sum(0) > 0)[:, None]
