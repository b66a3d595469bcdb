"""A person's way through a recording, a stretch at a time: memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.spotting.features import EVERY, FeatureBlocks, FeatureSettings, on_grid
from mgskel.spotting.following import Following
from mgskel.spotting.grid import grid_length
from mgskel.spotting.needs import usable_joints
from mgskel.spotting.quick import QuickNetwork
from mgskel.spotting.reach import STRIDE

STRETCH = 48 * EVERY * STRIDE
"""Frames of the grid that are worked on at once (half a minute)."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """The next moments, as many as are now known.

    Attributes:
        scores: (K + 1, T) probabilities of the gestures and of any gesture.
        usable: (T, V) bool, joints that were not only guessed.
    """

    scores: np.ndarray
    usable: np.ndarray


def usable_of(sequence: PoseSequence, settings: FeatureSettings, person: int) -> np.ndarray:
    """Joints of one person that were not only guessed, (T, V) bool on the network's grid."""
    total = grid_length(sequence, settings.rate_hz)
    parts = [np.zeros((0, settings.skeleton.num_joints), bool)]
    for start in range(0, total, STRETCH):
        grid = on_grid(sequence, settings, start, min(start + STRETCH, total), person)
        parts.append(usable_joints(grid.scores[0]))
    return np.concatenate(parts)


def stretches(
    network: QuickNetwork, sequence: PoseSequence, person: int, size: int = STRETCH
) -> Iterator[Stretch]:
    """What the network makes of one person.

    Args:
        size: frames of the grid at once, a multiple of `EVERY` and `STRIDE`; the result does not
            depend on it.
    """
    settings = network.features
    blocks, following = FeatureBlocks(settings), Following(network)
    waiting = np.zeros((0, settings.skeleton.num_joints), bool)
    total = grid_length(sequence, settings.rate_hz)
    for start in range(0, total, size):
        stop = min(start + size, total)
        grid = on_grid(sequence, settings, start, stop, person)
        waiting = np.concatenate([waiting, usable_joints(grid.scores[0])[::STRIDE]])
        scores = following.push(*blocks.push(grid.keypoints[0]))
        if stop == total:
            scores = np.concatenate([scores, following.finish()], 1)
        now, waiting = waiting[: scores.shape[1]], waiting[scores.shape[1] :]
        # Where nobody is seen, nobody gestures.
        yield Stretch(scores * now.any(1), now)
