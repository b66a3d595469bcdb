"""Can the glow on the report page be believed? Joints hidden and shown under found gestures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.spotting import Spotter
from mgskel.spotting.features import Features
from mgskel.spotting.looking import joint_weights
from mgskel.spotting.quick import QuickNetwork, sigmoid
from mgskel.spotting.reach import STRIDE
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

    def goal(self, network: QuickNetwork) -> np.ndarray:
        goal = np.zeros((network.num_classes + 1, -(-len(self.mask) // STRIDE)), np.float32)
        goal[self.class_id, self.answers] = 1
        return goal

    def logit(self, network: QuickNetwork, mask: np.ndarray) -> float:
        return float(network.logits(self.x, mask)[self.class_id, self.answers].mean())

    def chance(self, network: QuickNetwork, mask: np.ndarray) -> float:
        logits = network.logits(self.x, mask)[self.class_id, self.answers]
        return float(sigmoid(logits).mean())


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
        features = spotter.features(spotter.grid(sequence), 0)
        found += [_case(spotter.quick, features, event) for event in spotter.spot(sequence)]
    return found


def looks(network: QuickNetwork, found: list[Case]) -> Iterator[Look]:
    """Deletion and insertion of every case, in the order of its weights and at random."""
    lost = shuffled(network)
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


def _by_chance(network: QuickNetwork, case: Case, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells = WINDOWS * case.mask.shape[1]
    orders = [rng.permutation(cells) for _ in range(_RANDOM_ORDERS)]
    return np.mean([_areas(network, case, order) for order in orders], axis=0)


def shuffled(network: QuickNetwork, seed: int = 0) -> QuickNetwork:
    """The same network with its weights shuffled within each tensor."""
    rng = np.random.default_rng(seed)
    state = {k: rng.permutation(v.ravel()).reshape(v.shape) for k, v in network.state.items()}
    return QuickNetwork(state, network.settings, network.features)


def _case(network: QuickNetwork, features: Features, event: GestureEvent) -> Case:
    reach = network.reach
    first, last = (
        round((time_s - features.start_s) * features.rate_hz)
        for time_s in (event.start_s, event.end_s)
    )
    last = max(last, first + WINDOWS)
    begin = (first - reach.past) // STRIDE * STRIDE
    frames = last + reach.ahead + STRIDE - begin
    x = np.zeros((features.values.shape[0], frames, features.values.shape[2]), np.float32)
    mask = np.zeros((frames, features.values.shape[2]), bool)
    low, high = max(begin, 0), min(begin + frames, features.num_frames)
    x[:, low - begin : high - begin] = features.values[:, low:high]
    mask[low - begin : high - begin] = features.mask[low:high]
    answers = slice(
        -(-(first - begin - reach.shift) // STRIDE), -(-(last - begin - reach.shift) // STRIDE)
    )
    return Case(x, mask, slice(first - begin, last - begin), answers, event.class_id)


def _areas(network: QuickNetwork, case: Case, order: np.ndarray) -> tuple[float, float]:
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


def _gradient(network: QuickNetwork, case: Case) -> np.ndarray:
    return joint_weights(network, case.x, case.mask, case.goal(network))[case.frames]


def _occlusion(network: QuickNetwork, case: Case) -> np.ndarray:
    """The fall of the logit when a joint is hidden during the gesture."""
    whole = case.logit(network, case.mask)
    weights = np.zeros((case.frames.stop - case.frames.start, case.mask.shape[1]))
    for joint in range(case.mask.shape[1]):
        left = case.mask.copy()
        left[case.frames, joint] = False
        weights[:, joint] = whole - case.logit(network, left)
    return weights


def _movement(network: QuickNetwork, case: Case) -> np.ndarray:
    """How fast each joint moves: no look into the network at all."""
    return np.asarray(np.linalg.norm(case.x[2:4], axis=0)[case.frames])


_WAYS: dict[str, Callable[[QuickNetwork, Case], np.ndarray]] = {
    PAGE: _gradient,
    OCCLUSION: _occlusion,
    MOVEMENT: _movement,
}
