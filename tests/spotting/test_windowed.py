"""Windows judged one by one: the rival that spotting is compared with."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from studies.spotting.windowed import Windows, fit_threshold, join_windows, judge_windows

from mgskel.core.events import GestureEvent


def windows(classes, confidence, hop_s=0.5) -> Windows:
    middles = 1.0 + hop_s * np.arange(len(classes))
    return Windows(middles, np.array(classes), np.array(confidence, float), hop_s)


def test_neighbours_that_agree_are_one_event(stored):
    vocabulary = stored.vocabulary
    made = windows([3, 3, 3, 5, 5, 3], [0.9, 0.8, 0.2, 0.7, 0.9, 0.9])
    events = join_windows(made, 0.5, vocabulary)
    assert [(e.class_id, e.start_s, e.end_s) for e in events] == [
        (3, 0.75, 1.75), (5, 2.25, 3.25), (3, 3.25, 3.75),
    ]  # fmt: skip
    assert events[0].score == pytest.approx(0.85)
    assert join_windows(made, 1.1, vocabulary) == []
    assert join_windows(windows([], []), 0.5, vocabulary) == []


def test_the_threshold_that_separates_is_found(stored):
    name = stored.vocabulary.names[3]
    truth = [GestureEvent("1", name, 3, 0.75, 1.75)]
    made = windows([3] * 12, [0.9, 0.8, *[0.2] * 10])
    threshold, f1 = fit_threshold([made], [truth], stored.vocabulary)
    assert f1 == 1
    assert 0.2 < threshold <= 0.8


def test_every_window_of_a_recording_is_judged(stored, recording):
    made = judge_windows(stored, recording.sequence, 2.0, 1.0)
    assert len(made.middles_s) == 39
    assert made.middles_s[[0, -1]] == pytest.approx([1, 39])
    assert ((made.confidence >= 0) & (made.confidence <= 1)).all()
    one = stored.classify(recording.sequence.frames(slice(0, 48)))
    assert made.classes[0] == one.argmax()


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_shorter_than_a_window(stored, recording, frames):
    made = judge_windows(stored, recording.sequence.frames(slice(0, frames)), 2.0)
    assert len(made.classes) == min(frames, 1)


def test_the_study_prints_both(saved, root, tmp_path, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("windowed", root / "tools/study_windowed.py")
    study = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "windowed", study)
    spec.loader.exec_module(study)
    words = ["-o", tmp_path, "--model", saved, "--recordings", 1, "--seconds", 12]
    page = tmp_path / "page.md"
    assert study.main([*map(str, words), "--write", str(page)]) == 0
    assert "| one pass (`mgskel spot`) |" in page.read_text()
    assert "| windows of " in page.read_text()
    assert study.main(["-o", str(tmp_path), "--model", str(tmp_path / "none")]) == 2
    assert "study_windowed: " in capsys.readouterr().err
