"""Piece by piece is all at once, and long recordings take no more memory than short ones."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mgskel.core.events import in_order
from mgskel.spotting.features import EVERY, FeatureBlocks, Features, features_of, on_grid
from mgskel.spotting.following import Following
from mgskel.spotting.quick import sigmoid
from mgskel.spotting.reach import STRIDE, chunks
from mgskel.spotting.stretches import stretches


@pytest.fixture(scope="module")
def features(recording) -> Features:
    return features_of(recording.sequence)[0]


def at_once(network, features) -> np.ndarray:
    """The network over windows that hold all that their answers look at."""
    parts = [
        network.logits(c.x, c.mask)[:, c.first : c.first + c.count]
        for c in chunks(features, network.reach)
    ]
    return sigmoid(np.concatenate(parts, 1))


@pytest.mark.parametrize("frames", [1, 2, 3, 58, 301])
@pytest.mark.parametrize("size", [1, 2, 5, 120])
def test_answers_do_not_depend_on_the_pieces(stored, features, frames, size):
    values, mask = features.values[:, :frames], features.mask[:frames]
    following = Following(stored.quick)
    cuts = range(0, frames, size)
    parts = [following.push(values[:, i : i + size], mask[i : i + size]) for i in cuts]
    answers = np.concatenate([*parts, following.finish()], 1)
    whole = at_once(stored.quick, Features(values, mask, 0.0, features.rate_hz))
    assert answers.shape == whole.shape == (len(stored.vocabulary) + 1, -(-frames // STRIDE))
    assert np.abs(answers - whole).max() < 1e-6


def test_blocks_of_features_are_the_features(stored, recording, features):
    settings, size = stored.quick.features, 11 * EVERY
    blocks = FeatureBlocks(settings)
    parts = []
    for start in range(0, features.num_frames, size):
        stop = min(start + size, features.num_frames)
        grid = on_grid(recording.sequence, settings, start, stop)
        parts.append(blocks.push(grid.keypoints[0]))
    assert np.array_equal(np.concatenate([values for values, _ in parts], 1), features.values)
    assert np.array_equal(np.concatenate([mask for _, mask in parts]), features.mask)


def test_stretches_make_one_recording(stored, recording):
    short, long = (
        list(stretches(stored.quick, recording.sequence, 0, size)) for size in (60, 10_000)
    )
    assert len(short) > len(long) == 1
    scores = np.concatenate([part.scores for part in short], 1)
    assert np.abs(scores - long[0].scores).max() < 1e-6
    assert np.array_equal(np.concatenate([part.usable for part in short]), long[0].usable)


def test_events_in_parts_are_the_events_of_the_track(stored, recording):
    (track,) = stored.tracks(recording.sequence)
    assert stored.spot(recording.sequence) == in_order(stored.decode(track))


def test_memory_does_not_grow_with_the_recording(stored, recording):
    one = recording.sequence

    def spotting_takes(times):
        frames = one.num_frames * times
        long = one.replace(
            keypoints=np.tile(one.keypoints, (1, times, 1, 1)),
            scores=np.tile(one.scores, (1, times, 1)),
            timestamps=np.arange(frames) / one.fps,
        )
        tracemalloc.start()
        stored.spot(long)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    spotting_takes(1)
    # The events themselves are all that is more.
    assert spotting_takes(12) < 1.1 * spotting_takes(3)
