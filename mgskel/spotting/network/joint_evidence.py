"""Where the evidence of found gestures lies: how much each joint's course moved their scores.

Input gradients times inputs. Whether that can be believed is measured by
`tools/study_attention.py --spotter`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.models import Backbone
from mgskel.spotting.network.features import Features, StreamInput, features_of, window_of
from mgskel.spotting.network.stream_network import Timing

_STEP_S = 0.2
_CHUNK = 1024


def evidence_of(
    network: Backbone, wanted: StreamInput, sequence: PoseSequence, events: Sequence[GestureEvent]
) -> tuple[np.ndarray, float] | None:
    """Weights (M, steps, V) in 0..1 over the recording's own joints, and seconds per step.

    None where nothing was found.

    Args:
        network: folded.
        events: what was found in the recording.
    """
    if not events:
        return None
    rate_hz = wanted.features.rate_hz
    every = max(1, round(_STEP_S * rate_hz))
    maps = []
    for name, features in zip(sequence.people, features_of(sequence, wanted.features), strict=True):
        own = [event for event in events if event.person == name]
        weights = _weights(network, wanted, features, own)
        padded = np.pad(weights, ((0, -len(weights) % every), (0, 0)))
        maps.append(padded.reshape(-1, every, weights.shape[1]).mean(1))
    stacked = np.stack(maps)
    # Each moment is shown by itself: a quiet nod must not vanish beside a large movement.
    peak = stacked.max(2, keepdims=True)
    shares = np.divide(stacked, peak, out=np.zeros_like(stacked), where=peak > 0)
    return _in_layout(shares, wanted.features.skeleton, sequence.skeleton), every / rate_hz


def joint_weights(
    network: Backbone, x: np.ndarray, mask: np.ndarray, goal: np.ndarray
) -> np.ndarray:
    """Slope times input of the logits in the goal, (T, V).

    Args:
        x, mask: (C, T, V), (T, V).
        goal: how much each answer counts, (K + 1, ceil(T / stride)).
    """
    source = torch.from_numpy(x)[None, ..., None].requires_grad_(True)
    seen = torch.from_numpy(mask)[None, ..., None]
    with torch.enable_grad():
        logits = network.forward_frames(source, seen)[0, 0]
        (slope,) = torch.autograd.grad((logits.T * torch.from_numpy(goal)).sum(), source)
    return (slope * source).detach()[0, ..., 0].abs().sum(0).numpy()


@dataclass(frozen=True, eq=False)
class Chunk:
    """A piece of a recording with all that its answers look at.

    Attributes:
        x: (C, T, V), 0 where missing.
        mask: (T, V) bool.
        begin: the recording's frame (maybe before its first) that x starts with.
        start, stop: the recording's frames that are answered here.
        first, count: which of the network's answers these are.
    """

    x: np.ndarray
    mask: np.ndarray
    begin: int
    start: int
    stop: int
    first: int
    count: int


def chunks(features: Features, timing: Timing) -> Iterator[Chunk]:
    """Pieces that overlap by the network's span; before the first frame that frame is held."""
    values, seen = features.values, features.mask
    stride = timing.stride
    size = _CHUNK // stride * stride
    for start in range(0, features.num_frames, size):
        stop = min(start + size, features.num_frames)
        begin = start - -(-timing.past // stride) * stride
        end = stop + timing.ahead + 1
        x = window_of(values, begin, end - begin, axis=1, held=True)
        mask = window_of(seen, begin, end - begin, axis=0, held=True)
        first = (start - begin - timing.shift) // stride
        yield Chunk(x, mask, begin, start, stop, first, -(-(stop - start) // stride))


def _weights(
    network: Backbone, wanted: StreamInput, features: Features, events: list[GestureEvent]
) -> np.ndarray:
    """How much each joint's course moved the scores of what was found, (T, V)."""
    timing = Timing.of(network, wanted)
    goals = np.zeros((network.num_classes, features.num_frames), np.float32)
    times = features.start_s + np.arange(features.num_frames) / features.rate_hz
    for event in events:
        goals[event.class_id] += (times >= event.start_s) & (times < event.end_s)
    total = np.zeros((features.num_frames, features.values.shape[2]), np.float32)
    for chunk in chunks(features, timing):
        if not goals[:, chunk.start : chunk.stop].any():
            continue
        goal = np.zeros((len(goals), -(-len(chunk.mask) // timing.stride)), np.float32)
        here = slice(chunk.first, chunk.first + chunk.count)
        goal[:, here] = goals[:, chunk.start : chunk.stop : timing.stride]
        moved = joint_weights(network, chunk.x, chunk.mask, goal)
        low, high = max(chunk.begin, 0), min(chunk.begin + len(moved), len(total))
        total[low:high] += moved[low - chunk.begin : high - chunk.begin]
    return total * (goals.sum(0) > 0)[:, None]


@dataclass(frozen=True, eq=False)
class Passage:
    """The part of a recording in which a gesture was found, with all that its answers look at.

    Attributes:
        x, mask: (C, T, V), (T, V).
        frames: those of the gesture.
        answers: the network's answers for them.
    """

    event: GestureEvent
    x: np.ndarray
    mask: np.ndarray
    frames: slice
    answers: slice

    def weights(self, network: Backbone) -> np.ndarray:
        """Slope times input of the gesture's own answers, (frames, V)."""
        goal = np.zeros(
            (network.num_classes, -(-len(self.mask) // network.time_stride)), np.float32
        )
        goal[self.event.class_id, self.answers] = 1
        return joint_weights(network, self.x, self.mask, goal)[self.frames]

    @torch.inference_mode()
    def log_odds(self, network: Backbone, masks: np.ndarray) -> np.ndarray:
        """The gesture's answers where only this is there: masks (n, T, V) to (n, answers)."""
        seen = torch.from_numpy(masks)[..., None]
        x = torch.from_numpy(self.x)[None, ..., None].expand(len(seen), -1, -1, -1, -1)
        answers = network.forward_frames(x, seen)[:, 0, self.answers, self.event.class_id]
        return np.asarray(answers.numpy())


def passages(
    network: Backbone,
    wanted: StreamInput,
    sequence: PoseSequence,
    events: Sequence[GestureEvent],
    shortest: int = 2,
) -> list[Passage]:
    """Where the network found gestures; events of a group have no class and are left out.

    Args:
        network: folded.
        shortest: frames that each passage has at least.
    """
    timing = Timing.of(network, wanted)
    features = dict(zip(sequence.people, features_of(sequence, wanted.features), strict=True))
    return [
        _passage(timing, features[event.person], event, shortest)
        for event in events
        if event.class_id >= 0 and event.person in features
    ]


def _passage(timing: Timing, features: Features, event: GestureEvent, shortest: int) -> Passage:
    stride = timing.stride
    first, last = (
        round((time_s - features.start_s) * features.rate_hz)
        for time_s in (event.start_s, event.end_s)
    )
    last = max(last, first + shortest)
    begin = (first - timing.past) // stride * stride
    length = last + timing.ahead + stride - begin
    x = window_of(features.values, begin, length, axis=1)
    mask = window_of(features.mask, begin, length, axis=0)
    answers = slice(
        -(-(first - begin - timing.shift) // stride), -(-(last - begin - timing.shift) // stride)
    )
    return Passage(event, x, mask, slice(first - begin, last - begin), answers)


def _in_layout(weights: np.ndarray, own: Skeleton, wanted: Skeleton) -> np.ndarray:
    """Weights (..., V) over the joints of another layout; 0 for those that `own` lacks."""
    result = np.zeros((*weights.shape[:-1], wanted.num_joints), np.float32)
    for index, joint in enumerate(own.joints):
        if wanted.has(joint):
            result[..., wanted.index(joint)] = weights[..., index]
    return result
