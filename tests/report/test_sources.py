"""What the page takes from the other rooms."""

from __future__ import annotations

import pytest
from report_cases import a_recording

from mgskel.core.errors import InputError
from mgskel.report.sources import provenance_facts, video_url
from mgskel.spotting import load_spotter


def test_provenance_holds_the_model_card():
    spotter = load_spotter()
    facts = dict(provenance_facts(a_recording(2).noted("import", tool="x"), spotter, {}))
    assert facts["recognizer"] == spotter.name
    assert spotter.fingerprint.startswith(facts["recognizer fingerprint"])
    assert "F1 at overlap 0.3" in facts["recognizer in that test"]
    assert "not validated" in facts["recognizer's use"]
    assert facts["step: import"] == "tool: x"


def test_a_clip_that_no_browser_plays_is_named(tmp_path):
    (tmp_path / "clip.avi").write_bytes(b"")
    with pytest.raises(InputError, match="cannot show"):
        video_url(tmp_path / "clip.avi")
