"""Can the glow on the report page be believed? Joints hidden and shown under found gestures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.attention import randomised
from mgskel.models import Backbone
from mgskel.report.attention_pictures import WINDOWS, passage_faithfulness
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.network.joint_evidence import Passage, passages
from mgskel.synthesis import SynthesisSettings, synthesise_recording

PAGE, OCCLUSION, MOVEMENT = "gradient x input", "occlusion", "movement"
_FIRST_SEED, _FPS = 90_000, 25.0


@dataclass(frozen=True, eq=False)
class Look:
    """What one way of looking gave, over all found gestures.

    Attributes:
        deletion, insertion: gains over random orders, (n,).
        maps, lost_maps: (frames, V) weights of each, from the network and from a shuffled one.
    """

    way: str
    deletion: np.ndarray
    insertion: np.ndarray
    maps: list[np.ndarray]
    lost_maps: list[np.ndarray]


def found_gestures(spotter: StreamRecognizer, recordings: int, seconds: float) -> list[Passage]:
    """Gestures found in synthetic recordings that nobody trained on."""
    found = []
    for seed in range(_FIRST_SEED, _FIRST_SEED + recordings):
        settings = SynthesisSettings(layout="mediapipe_holistic")
        sequence = synthesise_recording(seconds, seed, settings, fps=_FPS).sequence
        events = spotter.spot(sequence)
        found += passages(spotter.folded, spotter.input, sequence, events, shortest=WINDOWS)
    return found


def looks(network: Backbone, found: Sequence[Passage]) -> Iterator[Look]:
    """Deletion and insertion of every gesture, in the order of its weights and at random."""
    lost = randomised(network)
    for way, weigh in _WAYS.items():
        maps = [weigh(network, passage) for passage in found]
        curves = [passage_faithfulness(network, *pair) for pair in zip(found, maps, strict=True)]
        yield Look(
            way,
            np.array([curve.deletion_gain for curve in curves]),
            np.array([curve.insertion_gain for curve in curves]),
            maps,
            [weigh(lost, passage) for passage in found],
        )


def _occlusion(network: Backbone, passage: Passage) -> np.ndarray:
    """The fall of the log odds when a joint is hidden during the gesture."""
    joints = passage.mask.shape[1]
    masks = np.repeat(passage.mask[None], joints + 1, axis=0)
    for joint in range(joints):
        masks[joint, passage.frames, joint] = False
    odds = passage.log_odds(network, masks).mean(1)
    length = passage.frames.stop - passage.frames.start
    return np.tile(odds[-1] - odds[:-1], (length, 1))


def _movement(network: Backbone, passage: Passage) -> np.ndarray:
    """How fast each joint moves: no look into the network at all."""
    return np.asarray(np.linalg.norm(passage.x[2:4], axis=0)[passage.frames])


_WAYS: dict[str, Callable[[Backbone, Passage], np.ndarray]] = {
    PAGE: lambda network, passage: passage.weights(network),
    OCCLUSION: _occlusion,
    MOVEMENT: _movement,
}
