"""A spotter with random weights (for the plumbing), and recordings with known gestures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decision.decision_rule import DecisionRule, Judge
from mgskel.spotting.decision.hand_place import PLACE_TERMS
from mgskel.spotting.network.features import StreamInput
from mgskel.spotting.network.stream_network import build_stream_network, stream_model
from mgskel.spotting.recognizer import Recognizer
from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer
from mgskel.synthesis import synthesise_recording


@pytest.fixture(scope="session")
def recording():
    return synthesise_recording(40, 5, fps=24)


@pytest.fixture(scope="session")
def tiny(recording) -> StreamRecognizer:
    """A small untrained network whose rule is such that it finds many events."""
    torch.manual_seed(0)
    vocabulary = get_vocabulary("common")
    model = stream_model(channels=(16, 16), heads=2, fusion_window=30)
    network = build_stream_network(model, StreamInput(), len(vocabulary)).eval()
    with torch.no_grad():
        for fusion in network.fusions():
            for parameter in fusion.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
    plain = DecisionRule.plain(vocabulary)
    blank = StreamRecognizer(network, model, StreamInput(), vocabulary, plain, name="tiny")
    track = next(iter(blank.tracks(recording.sequence)))
    judge = Judge(vocabulary, plain)
    presence = judge.presence(judge.limited(track.log_odds, track.served))
    # So that each group is present for about a third of the time, in short stretches.
    usual, spread = np.quantile(presence, 0.7, axis=1), presence.std(1)
    rows = tuple(
        (float(-middle / scale), float(1 / scale), 0.0, 0.0, 0.0)
        for middle, scale in zip(usual, 0.3 * spread, strict=True)
    )
    places = np.random.default_rng(0).normal(size=(len(vocabulary), len(PLACE_TERMS))).round(2)
    rule = replace(plain, presence=rows, places=tuple(map(tuple, places.tolist())))
    return replace(blank, decision=rule)


@pytest.fixture(scope="session")
def saved(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spotter")
    tiny.save(folder)
    return folder


@pytest.fixture(scope="session")
def stored(saved) -> StreamRecognizer:
    """The tiny spotter as it comes back from disk (in half precision)."""
    return Recognizer.load(saved)
