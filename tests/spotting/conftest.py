"""A spotter with random weights (for the plumbing), and recordings with known gestures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decoding import DecodingSettings
from mgskel.spotting.features import StreamInput
from mgskel.spotting.network import build_stream_network, stream_model
from mgskel.spotting.recognizer import Recognizer
from mgskel.spotting.stream_recognizer import StreamRecognizer
from mgskel.synthesis import synthesise_recording


@pytest.fixture(scope="session")
def recording():
    return synthesise_recording(40, 5, fps=24)


@pytest.fixture(scope="session")
def tiny(recording) -> StreamRecognizer:
    """A small untrained network whose thresholds lie so that it finds many events."""
    torch.manual_seed(0)
    vocabulary = get_vocabulary("common")
    model = stream_model(channels=(16, 16), heads=2, fusion_window=30)
    network = build_stream_network(model, StreamInput(), len(vocabulary)).eval()
    with torch.no_grad():
        for fusion in network.fusions():
            for parameter in fusion.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
    uniform = DecodingSettings.uniform(len(vocabulary))
    blank = StreamRecognizer(network, model, StreamInput(), vocabulary, uniform, name="tiny")
    scores = next(iter(blank.tracks(recording.sequence))).scores[:-1]
    enter, leave = np.quantile(scores, 0.9, axis=1), np.quantile(scores, 0.7, axis=1)
    decoding = DecodingSettings(
        tuple(map(float, enter)), tuple(map(float, leave)), (0.25,) * len(vocabulary)
    )
    return replace(blank, decoding=decoding)


@pytest.fixture(scope="session")
def saved(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spotter")
    tiny.save(folder)
    return folder


@pytest.fixture(scope="session")
def stored(saved) -> StreamRecognizer:
    """The tiny spotter as it comes back from disk (in half precision)."""
    return Recognizer.load(saved)
