"""Where the evidence of found gestures lies: input gradients of their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from mgskel.spotting.network import STRIDE

if TYPE_CHECKING:
    from mgskel.events import GestureEvent
    from mgskel.sequence import PoseSequence
    from mgskel.spotting.features import Features
    from mgskel.spotting.spotter import Spotter

_STEP_S = 0.2


def look(spotter: Spotter, sequence: PoseSequence) -> tuple[np.ndarray, float] | None:
    """Weights (M, steps, V) in 0..1 over the recording's own joints, and seconds per step."""
    grid = spotter.grid(sequence)
    every = max(1, round(_STEP_S * spotter.network.features.rate_hz))
    maps, found = [], False
    for person, track in enumerate(spotter.tracks(sequence)):
        events = spotter.decode(track)
        found = found or bool(events)
        features = spotter.features(grid, person)
        weights = _input_weights(spotter, features, events)
        padded = np.pad(weights, ((0, -len(weights) % every), (0, 0)))
        maps.append(padded.reshape(-1, every, weights.shape[1]).mean(1))
    if not found:
        return None
    stacked = np.stack(maps)
    # Each moment is shown by itself: a quiet nod must not vanish beside a large movement.
    peak = stacked.max(2, keepdims=True)
    shares = np.divide(stacked, peak, out=np.zeros_like(stacked), where=peak > 0)
    columns = np.zeros((*shares.shape[:2], sequence.num_joints), np.float32)
    for index, joint in enumerate(grid.skeleton.joints):
        if sequence.skeleton.has(joint):
            columns[..., sequence.skeleton.index(joint)] = shares[..., index]
    return columns, every / spotter.network.features.rate_hz


def _input_weights(spotter: Spotter, features: Features, events: list[GestureEvent]) -> np.ndarray:
    """How much each joint's course moved the scores of what was found, (T, V)."""
    wanted = np.zeros((len(spotter.vocabulary), features.num_frames), np.float32)
    times = features.start_s + np.arange(features.num_frames) / features.rate_hz
    for event in events:
        wanted[event.class_id] += (times >= event.start_s) & (times < event.end_s)
    total = np.zeros((features.num_frames, features.values.shape[2]), np.float32)
    start = 0
    network = spotter.quick
    for x, mask, first, count in network.chunks(features):
        stop = min(start + count * STRIDE, features.num_frames)
        goal = torch.from_numpy(np.ascontiguousarray(wanted[:, start:stop:STRIDE]))
        if goal.any():
            x.requires_grad_(True)
            logits = network(x, mask)[0, :-1, first : first + count]
            (gradient,) = torch.autograd.grad((logits * goal).sum(), x)
            weights = (gradient * x.detach())[0].abs().sum(0).numpy()
            # Frame `start` of the recording lies `lead` frames into the chunk.
            lead = first * STRIDE + network.shift
            low, high = max(start - lead, 0), min(start - lead + len(weights), len(total))
            total[low:high] += weights[low - start + lead : high - start + lead]
        start = stop
    return total * (wanted.sum(0) > 0)[:, None]
