"""Can the glow on the report page be believed? Joints hidden and shown under found gestures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from mgskel.attention import randomised
from mgskel.core.events import GestureEvent
from mgskel.models import Backbone
from mgskel.spotting import Spotter
from mgskel.spotting.evidence import joint_weights
from mgskel.spotting.features import Features, features_of
from mgskel.spotting.network import Timing
from mgskel.spotting.tracks import probability
from mgskel.synthesis import SynthesisSettings, synthesise_recording

PAGE, OCCLUSION, MOVEMENT = "gradient x input", "occlusion", "movement"
WINDOWS, _SHARES, _RANDOM_ORDERS = 2, 8, 3
_FIRST_SEED, _FPS = 90_000, 25.0


@dataclass(frozen=True, eq=False)
class Case:
    """One found gesture with all that its answers look at.

    Attributes:
        x, mask: (C, T, V), (T, V).
        frames: those of the gesture.
        answers: the network's answers for them.
    """

    x: np.ndarray
    mask: np.ndarray
    frames: slice
    answers: slice
    class_id: int

    def goal(self, network: Backbone) -> np.ndarray:
        goal = np.zeros(
            (network.num_classes, -(-len(self.mask) // network.time_stride)), np.float32
        )
        goal[self.class_id, self.answers] = 1
        return goal

    def logit(self, network: Backbone, mask: np.ndarray) -> float:
        return float(self._logits(network, mask).mean())

    def chance(self, network: Backbone, mask: np.ndarray) -> float:
        return float(probability(self._logits(network, mask)).mean())

    @torch.inference_mode()
    def _logits(self, network: Backbone, mask: np.ndarray) -> np.ndarray:
        x, seen = (torch.from_numpy(part)[None, ..., None] for part in (self.x, mask))
        return network.forward_frames(x, seen)[0, 0, self.answers, self.class_id].numpy()


@dataclass(frozen=True, eq=False)
class Look:
    """What one way of looking gave, over all cases.

    Attributes:
        deletion, insertion: gains over random orders, (n,).
        maps, lost_maps: (frames, V) weights of each case, from the network and from a shuffled one.
    """

    way: str
    deletion: np.ndarray
    insertion: np.ndarray
    maps: list[np.ndarray]
    lost_maps: list[np.ndarray]
    seconds: float


def cases(spotter: Spotter, recordings: int, seconds: float) -> list[Case]:
    """Gestures found in synthetic recordings that nobody trained on."""
    found = []
    for seed in range(_FIRST_SEED, _FIRST_SEED + recordings):
        settings = SynthesisSettings(layout="mediapipe_holistic")
        sequence = synthesise_recording(seconds, seed, settings, fps=_FPS).sequence
        features = features_of(sequence, spotter.input.features)[0]
        timing = Timing.of(spotter.network, spotter.input)
        found += [_case(timing, features, event) for event in spotter.spot(sequence)]
    return found


def looks(network: Backbone, found: list[Case]) -> Iterator[Look]:
    """Deletion and insertion of every case, in the order of its weights and at random."""
    lost = randomised(network)
    chance = np.array([_by_chance(network, case, number) for number, case in enumerate(found)])
    for way, weigh in _WAYS.items():
        start = time.perf_counter()
        maps = [weigh(network, case) for case in found]
        seconds = (time.perf_counter() - start) / max(len(found), 1)
        mine = np.array(
            [_areas(network, *pair) for pair in zip(found, map(_order, maps), strict=True)]
        )
        yield Look(
            way,
            chance[:, 0] - mine[:, 0],
            mine[:, 1] - chance[:, 1],
            maps,
            [weigh(lost, case) for case in found],
            seconds,
        )


def _order(weights: np.ndarray) -> np.ndarray:
    """Cells (windows x joints), the heaviest first."""
    cells = np.concatenate([part.mean(0) for part in np.array_split(weights, WINDOWS)])
    return np.argsort(-cells, kind="stable")


def _by_chance(network: Backbone, case: Case, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells = WINDOWS * case.mask.shape[1]
    orders = [rng.permutation(cells) for _ in range(_RANDOM_ORDERS)]
    return np.mean([_areas(network, case, order) for order in orders], axis=0)


def _case(timing: Timing, features: Features, event: GestureEvent) -> Case:
    stride = timing.stride
    first, last = (
        round((time_s - features.start_s) * features.rate_hz)
        for time_s in (event.start_s, event.end_s)
    )
    last = max(last, first + WINDOWS)
    begin = (first - timing.past) // stride * stride
    frames = last + timing.ahead + stride - begin
    x = np.zeros((features.values.shape[0], frames, features.values.shape[2]), np.float32)
    mask = np.zeros((frames, features.values.shape[2]), bool)
    low, high = max(begin, 0), min(begin + frames, features.num_frames)
    x[:, low - begin : high - begin] = features.values[:, low:high]
    mask[low - begin : high - begin] = features.mask[low:high]
    answers = slice(
        -(-(first - begin - timing.shift) // stride), -(-(last - begin - timing.shift) // stride)
    )
    return Case(x, mask, slice(first - begin, last - begin), answers, event.class_id)


def _areas(network: Backbone, case: Case, order: np.ndarray) -> tuple[float, float]:
    """Mean probability while cells (windows x joints) are hidden in an order, and shown in it."""
    places = list(_cells(case))
    hidden, shown = [], []
    for count in np.linspace(0, len(order), _SHARES).astype(int):
        hidden.append(case.chance(network, _without(case.mask, places, order[:count])))
        shown.append(case.chance(network, _without(case.mask, places, order[count:])))
    return float(np.mean(hidden)), float(np.mean(shown))


def _cells(case: Case) -> Iterator[tuple[np.ndarray, int]]:
    """Frames and joint of each cell."""
    inside = np.arange(case.frames.start, case.frames.stop)
    for window in np.array_split(inside, WINDOWS):
        for joint in range(case.mask.shape[1]):
            yield window, joint


def _without(
    mask: np.ndarray, places: list[tuple[np.ndarray, int]], chosen: np.ndarray
) -> np.ndarray:
    left = mask.copy()
    for index in chosen:
        frames, joint = places[index]
        left[frames, joint] = False
    return left


def _gradient(network: Backbone, case: Case) -> np.ndarray:
    return joint_weights(network, case.x, case.mask, case.goal(network))[case.frames]


def _occlusion(network: Backbone, case: Case) -> np.ndarray:
    """The fall of the logit when a joint is hidden during the gesture."""
    whole = case.logit(network, case.mask)
    weights = np.zeros((case.frames.stop - case.frames.start, case.mask.shape[1]))
    for joint in range(case.mask.shape[1]):
        left = case.mask.copy()
        left[case.frames, joint] = False
        weights[:, joint] = whole - case.logit(network, left)
    return weights


def _movement(network: Backbone, case: Case) -> np.ndarray:
    """How fast each joint moves: no look into the network at all."""
    return np.asarray(np.linalg.norm(case.x[2:4], axis=0)[case.frames])


_WAYS: dict[str, Callable[[Backbone, Case], np.ndarray]] = {
    PAGE: _gradient,
    OCCLUSION: _occlusion,
    MOVEMENT: _movement,
}
