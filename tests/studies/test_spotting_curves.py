"""The study of the decision rule: its page and figure."""

from __future__ import annotations

from studies.shipped.heldout import Example, HeldOut
from studies.spotting import curves

from mgskel.core.gestures import get_vocabulary
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.learning.synthetic import relabelled
from mgskel.synthesis import synthesise_recording


def test_its_page_tells_every_level_and_layout(tmp_path):
    made = synthesise_recording(30, 5)
    spotter = StreamRecognizer.load()
    events = relabelled(made.events, get_vocabulary("synthetic"), spotter.vocabulary)
    one = Example(made.sequence, tuple(events))
    curves.study(spotter, HeldOut((one,), (one,), ()), tmp_path, "the command")
    page = (tmp_path / "spotting_rule.md").read_text()
    assert all(f"\n| {level:.1f} | " in page for level in curves.SENSITIVITIES)
    assert all(f"\n| {layout} | " in page for layout in ("mediapipe_holistic", "kinect25"))
    assert "clips of 1 to 3 s" in page
    assert (tmp_path / "spotting_rule.svg").stat().st_size > 1000
