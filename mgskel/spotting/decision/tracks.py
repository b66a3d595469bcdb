"""What a network makes of a person at every moment: of a recording, a cut clip, or a camera.

A recording is judged a part at a time, so memory does not grow with its length. Before its
first frame that frame is held: an answer looks back over seconds, and with nobody seen there the
first gestures would be missed, whatever they show; a still person is no gesture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.models import Backbone, Stream
from mgskel.spotting.decision.decoding import MomentTrack
from mgskel.spotting.decision.hand_place import PLACE_TERMS, place_terms
from mgskel.spotting.decision.needs import served_classes, usable_joints
from mgskel.spotting.network.features import (
    EVERY,
    FeatureBlocks,
    FeatureSettings,
    StreamInput,
    on_grid,
)
from mgskel.spotting.network.grid import grid_length, with_still_past
from mgskel.spotting.network.stream_network import Timing

NOBODY = -30.0
"""The log-odds of everything where nobody is seen."""
_PART = 96 * EVERY


class MomentStream:
    """Follows one person: features in piece by piece, log-odds out as soon as they are known.

    Args:
        network: folded, of `build_stream_network`.
    """

    def __init__(self, network: Backbone, wanted: StreamInput) -> None:
        self.timing = Timing.of(network, wanted)
        self._stream = Stream(network)
        self._given = self._answered = self._early = 0

    def push(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Log-odds (K + 1, n) of the moments that are now known.

        Args:
            x, mask: the next frames, (C, T, V) and (T, V).
        """
        if not self._given and len(mask):
            self._hold(x[:, :1], mask[:1])
        self._given += len(mask)
        return self._answers(x, mask)

    def finish(self) -> np.ndarray:
        """Log-odds of the last moments: nobody is seen any more."""
        missing = -(-self._given // self.timing.stride) - self._answered
        ahead = self.timing.ahead + self.timing.stride
        network = self._stream.network
        blank = np.zeros((network.in_channels, ahead, network.skeleton.num_joints), np.float32)
        return self._answers(blank, np.zeros(blank.shape[1:], bool))[:, :missing]

    def _hold(self, x: np.ndarray, mask: np.ndarray) -> None:
        """Let time pass in front of the first frame, (C, 1, V) and (1, V)."""
        timing = self.timing
        moments = -(-timing.past // timing.stride)
        frames = moments * timing.stride
        # The first answers are for moments before the recording.
        self._early = moments - timing.shift // timing.stride
        self._answers(np.repeat(x, frames, 1), np.repeat(mask, frames, 0))

    def _answers(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        scores = self._stream.push(torch.from_numpy(x)[None], torch.from_numpy(mask)[None])
        early = min(self._early, scores.shape[1])
        self._early -= early
        self._answered += scores.shape[1] - early
        return scores[0, early:].T.numpy()


def parts_of(
    network: Backbone,
    wanted: StreamInput,
    vocabulary: Vocabulary,
    sequence: PoseSequence,
    person: int,
    size: int = _PART,
) -> Iterator[MomentTrack]:
    """What the network makes of one person, as many moments at once as become known.

    Args:
        network: folded.
        size: frames of the grid at once, a multiple of `EVERY` and of the network's stride; the
            result does not depend on it.
    """
    settings = wanted.features
    layout, name = settings.skeleton, sequence.people[person]
    blocks, stream = FeatureBlocks(settings), MomentStream(network, wanted)
    stride, step_s = stream.timing.stride, network.time_stride / settings.rate_hz
    waiting = np.zeros((0, layout.num_joints), bool)
    places = np.zeros((len(PLACE_TERMS), 0))
    moments, total = 0, grid_length(sequence, settings.rate_hz)
    for start in range(0, total, size):
        stop = min(start + size, total)
        grid = on_grid(sequence, settings, start, stop, person)
        usable = usable_joints(grid.scores[0])[::stride]
        waiting = np.concatenate([waiting, usable])
        values, mask = blocks.push(grid.keypoints[0])
        terms = place_terms(values[:2, ::stride], mask[::stride] & usable, layout)
        places = np.concatenate([places, terms], 1)
        log_odds = stream.push(values, mask)
        if stop == total:
            log_odds = np.concatenate([log_odds, stream.finish()], 1)
        known = log_odds.shape[1]
        now, waiting = waiting[:known], waiting[known:]
        yield MomentTrack(
            name,
            silent_alone(log_odds, now),
            served_classes(vocabulary, now, layout),
            places[:, :known],
            sequence.start_s + moments * step_s,
            step_s,
        )
        places, moments = places[:, known:], moments + known


def silent_alone(log_odds: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Log-odds (K + 1, T): where nobody is seen (usable (T, V)), nobody gestures."""
    return np.where(usable.any(1), log_odds, np.float32(NOBODY))


def track_of(
    network: Backbone,
    wanted: StreamInput,
    vocabulary: Vocabulary,
    sequence: PoseSequence,
    person: int,
) -> MomentTrack:
    """One person's whole way through a recording."""
    empty = MomentTrack(
        sequence.people[person],
        np.zeros((len(vocabulary) + 1, 0), np.float32),
        np.zeros((len(vocabulary), 0), bool),
        np.zeros((len(PLACE_TERMS), 0)),
        sequence.start_s,
        network.time_stride / wanted.features.rate_hz,
    )
    parts = [empty, *parts_of(network, wanted, vocabulary, sequence, person)]
    return replace(
        empty,
        log_odds=np.concatenate([part.log_odds for part in parts], 1),
        served=np.concatenate([part.served for part in parts], 1),
        places=np.concatenate([part.places for part in parts], 1),
    )


def clip_track_of(
    network: Backbone,
    wanted: StreamInput,
    vocabulary: Vocabulary,
    sequence: PoseSequence,
    person: int,
) -> MomentTrack:
    """The same for a cut clip, in the clip's own moments.

    Before any recording the first frame is held for the network alone. A clip is too short to
    show what is usual, so here it is held for scale and usual places too.
    """
    timing = Timing.of(network, wanted)
    still = timing.past // timing.stride + 1
    length_s = still * timing.stride / wanted.features.rate_hz
    longer = with_still_past(sequence, length_s)
    track = track_of(network, wanted, vocabulary, longer, person)
    return replace(
        track,
        log_odds=track.log_odds[:, still:],
        served=track.served[:, still:],
        places=track.places[:, still:],
        start_s=track.start_s + length_s,
    )


def usable_of(sequence: PoseSequence, settings: FeatureSettings, person: int) -> np.ndarray:
    """Joints of one person that were not only guessed, (T, V) bool on the network's grid."""
    total = grid_length(sequence, settings.rate_hz)
    parts = [np.zeros((0, settings.skeleton.num_joints), bool)]
    for start in range(0, total, _PART):
        grid = on_grid(sequence, settings, start, min(start + _PART, total), person)
        parts.append(usable_joints(grid.scores[0]))
    return np.concatenate(parts)
