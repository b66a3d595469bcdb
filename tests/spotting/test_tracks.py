"""Piece by piece is all at once, and long recordings take no more memory than short ones."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from mgskel.core.events import in_order
from mgskel.spotting.decision.tracks import MomentStream, parts_of
from mgskel.spotting.network.features import EVERY, FeatureBlocks, Features, features_of, on_grid
from mgskel.spotting.network.joint_evidence import chunks


@pytest.fixture(scope="module")
def features(recording) -> Features:
    return features_of(recording.sequence)[0]


def at_once(network, timing, features) -> np.ndarray:
    """The network over windows that hold all that their answers look at."""
    parts = []
    for c in chunks(features, timing):
        x, mask = (torch.from_numpy(part)[None, ..., None] for part in (c.x, c.mask))
        with torch.inference_mode():
            scores = network.forward_frames(x, mask)[0, 0].T.numpy()
        parts.append(scores[:, c.first : c.first + c.count])
    return np.concatenate(parts, 1)


@pytest.mark.parametrize(("frames", "size"), [(1, 1), (2, 1), (3, 2), (58, 1), (58, 5), (301, 120)])
def test_answers_do_not_depend_on_the_pieces(stored, features, frames, size):
    values, mask = features.values[:, :frames], features.mask[:frames]
    stream = MomentStream(stored.folded, stored.input)
    cuts = range(0, frames, size)
    parts = [stream.push(values[:, i : i + size], mask[i : i + size]) for i in cuts]
    answers = np.concatenate([*parts, stream.finish()], 1)
    piece = Features(values, mask, 0.0, features.rate_hz)
    whole = at_once(stored.folded, stream.timing, piece)
    assert answers.shape == whole.shape
    assert answers.shape == (len(stored.vocabulary) + 1, -(-frames // stream.timing.stride))
    assert np.abs(answers - whole).max() < 1e-4


def test_an_answer_sees_little_of_the_future(stored):
    timing = MomentStream(stored.folded, stored.input).timing
    assert 0 <= timing.ahead / stored.input.features.rate_hz <= 0.5


def test_blocks_of_features_are_the_features(stored, recording, features):
    settings, size = stored.input.features, 11 * EVERY
    blocks = FeatureBlocks(settings)
    parts = []
    for start in range(0, features.num_frames, size):
        stop = min(start + size, features.num_frames)
        grid = on_grid(recording.sequence, settings, start, stop)
        parts.append(blocks.push(grid.keypoints[0]))
    assert np.array_equal(np.concatenate([values for values, _ in parts], 1), features.values)
    assert np.array_equal(np.concatenate([mask for _, mask in parts]), features.mask)


def test_parts_make_one_recording(stored, recording):
    asked = stored.folded, stored.input, stored.vocabulary
    short, long = (list(parts_of(*asked, recording.sequence, 0, size)) for size in (60, 10_000))
    assert len(short) > len(long) == 1
    log_odds = np.concatenate([part.log_odds for part in short], 1)
    assert np.abs(log_odds - long[0].log_odds).max() < 1e-4
    assert np.array_equal(np.concatenate([part.served for part in short], 1), long[0].served)
    assert np.allclose(np.concatenate([part.places for part in short], 1), long[0].places)


def test_events_in_parts_are_the_events_of_the_track(stored, recording):
    (track,) = stored.tracks(recording.sequence)
    assert stored.spot(recording.sequence) == in_order(stored.decode(track))


def test_memory_does_not_grow_with_the_recording(saved, recording, tmp_path):
    recording.sequence.save(tmp_path / "one.npz")
    code = """
import resource, sys
import numpy as np
from mgskel.core.sequence import PoseSequence
from mgskel.spotting import Recognizer
one, spotter = PoseSequence.load(sys.argv[1]), Recognizer.load(sys.argv[2])
def spot(times):
    long = one.replace(
        keypoints=np.tile(one.keypoints, (1, times, 1, 1)),
        scores=np.tile(one.scores, (1, times, 1)),
        timestamps=np.arange(one.num_frames * times) / one.fps,
    )
    spotter.spot(long)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(spot(4), spot(24))
"""
    words = [sys.executable, "-c", code, str(tmp_path / "one.npz"), str(saved)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    short, long = map(int, done.stdout.split())
    # The recording itself and its events are all that is more: kilobytes, of hundreds of MB.
    assert long - short < 40_000
