"""A spotter with random weights (for the plumbing), and recordings with known gestures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decoding import DecodingSettings
from mgskel.spotting.network import DenseNetwork, NetworkSettings
from mgskel.spotting.spotter import Spotter, load_spotter
from mgskel.synthesis import synthesise_recording


@pytest.fixture(scope="session")
def recording():
    return synthesise_recording(40, 5, fps=24)


@pytest.fixture(scope="session")
def tiny(recording) -> Spotter:
    """A small untrained network whose thresholds lie so that it finds many events."""
    torch.manual_seed(0)
    vocabulary = get_vocabulary("common")
    network = DenseNetwork(len(vocabulary), NetworkSettings(channels=(16, 16), heads=2)).eval()
    blank = Spotter(network, vocabulary, DecodingSettings.uniform(len(vocabulary)))
    scores = next(iter(blank.tracks(recording.sequence))).scores[:-1]
    enter, leave = np.quantile(scores, 0.9, axis=1), np.quantile(scores, 0.7, axis=1)
    decoding = DecodingSettings(
        tuple(map(float, enter)), tuple(map(float, leave)), (0.25,) * len(vocabulary)
    )
    return Spotter(network, vocabulary, decoding, name="tiny")


@pytest.fixture(scope="session")
def saved(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spotter")
    tiny.save(folder)
    return folder


@pytest.fixture(scope="session")
def stored(saved) -> Spotter:
    """The tiny spotter as it comes back from disk (in half precision)."""
    return load_spotter(saved)
