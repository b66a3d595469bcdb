"""The recognizer that comes with the package."""

from __future__ import annotations

import json

import numpy as np
from studies.shipped.card import model_card

from mgskel.core.gestures import get_vocabulary
from mgskel.spotting import Recognizer
from mgskel.spotting.recognizer import SHIPPED
from mgskel.synthesis import FlowSettings, SynthesisSettings, synthesise_clip
from mgskel.synthesis import synthesise_recording as synthesise


def test_it_is_small_and_tells_what_it_is():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 2_000_000
    card = (SHIPPED / "README.md").read_text()
    assert "not validated for any decision about people" in card
    spotter = Recognizer.load()
    assert spotter.vocabulary == get_vocabulary("common")
    assert spotter.notes["figures"]["clip_macro_f1"] > 0.8


def test_card_and_pages_quote_its_own_figures(root):
    figures = json.loads((SHIPPED / "figures.json").read_text())
    spotter = Recognizer.load()
    assert spotter.notes["figures"] == figures
    assert (SHIPPED / "README.md").read_text() == model_card(spotter, figures)
    for page in ("README.md", "docs/results/spotting.md"):
        text = (root / page).read_text()
        for name in ("f1_0.3", "clip_macro_f1"):
            assert f"| {figures[name]:.3f} |" in text, (page, name)
        assert f"| {figures['false_per_5_min_rest']:.2f} |" in text, page


def test_it_recognises_what_it_was_made_for():
    spotter = Recognizer.load()
    wanted = {
        "fold-arms": "folding arms",
        "shake-head": "shaking head",
        "bow-head": "bowing head",
        "turn-body": "turning around",
        "sit-straight": "sitting straight",
    }
    right = [
        spotter.vocabulary.names[spotter.classify(synthesise_clip(label, seed).sequence).argmax()]
        == name
        for label, name in wanted.items()
        for seed in (501, 502, 503)
    ]
    assert np.mean(right) > 0.7


def test_rest_is_quiet():
    rest = SynthesisSettings(flow=FlowSettings(per_minute=(0.0, 0.0)))
    spotter = Recognizer.load()
    said = sum(len(spotter.spot(synthesise(60, seed, rest).sequence)) for seed in range(4))
    assert said <= 3
