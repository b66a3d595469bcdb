"""Fixtures that tests of several rooms share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A busy machine is no fault of the code: what must be quick has a test of its own.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real recordings beside the checkout, which is not part of the project."""
    folder = Path(os.environ.get("MGSKEL_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("needs the folder of real recordings (MGSKEL_SHARED)")
    return folder


@pytest.fixture(scope="session")
def sample_clip() -> Path:
    """A real clip of a talking man, 4 s, that comes inside an installed package."""
    from mgskel.core.errors import MissingDependency
    from mgskel.core.machine.samples import sample_clip as find

    try:
        return find()
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; without one, tests that need it skip, or fail where it is required."""
    from mgskel.doctor import BROWSER_FLAGS, find_browser

    executable = find_browser()
    if executable is None:
        if os.environ.get("MGSKEL_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and missing: apt-get install chromium")
        pytest.skip("no Chromium; install it to run the browser tests (apt-get install chromium)")
    from playwright import sync_api

    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def untrained_spotter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained spotter that finds something in everything."""
    import torch

    from mgskel.core.gestures import get_vocabulary
    from mgskel.spotting.decision.decision_rule import DecisionRule
    from mgskel.spotting.network.features import StreamInput
    from mgskel.spotting.network.stream_network import build_stream_network, stream_model
    from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer

    torch.manual_seed(1)
    vocabulary = get_vocabulary("common")
    model, wanted = stream_model(channels=(16, 16), heads=2), StreamInput()
    network = build_stream_network(model, wanted, len(vocabulary)).eval()
    folder = tmp_path_factory.mktemp("spotter")
    StreamRecognizer(
        network, model, wanted, vocabulary, DecisionRule.plain(vocabulary), name="untrained"
    ).save(folder)
    return folder


@pytest.fixture
def as_estimator(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes an object the default estimator."""
    from mgskel.pose.estimator import ESTIMATORS, EstimatorEntry, NoSettings

    ESTIMATORS.names()

    def install(made: Any) -> None:
        entry = EstimatorEntry("puppet", lambda *asked: made, NoSettings, lambda _: made.identity)
        monkeypatch.setitem(ESTIMATORS._entries, "mediapipe", entry)

    return install
