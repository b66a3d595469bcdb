"""Own gestures from a few annotated recordings."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, write_events
from mgskel.core.gestures import get_vocabulary
from mgskel.core.recording import Recording
from mgskel.spotting import Recognizer
from mgskel.spotting.learning.corpus import annotated_recordings
from mgskel.spotting.learning.finetune import (
    FinetuneSettings,
    extended,
    finetune,
    on_kept_apart,
    widened,
)
from mgskel.spotting.metrics import score_events
from mgskel.synthesis import FlowSettings, SynthesisSettings, synthesise_recording

WATCH = """
programs:
  look-at-watch:
    hands: {use: left, targets: [space], contact: wrist, fingers: relaxed, manner: hold,
            along: [-1, 0.2, 0.2], palm: [0, -0.3, -1]}
    body:
      - {channel: head_pitch, amount: [10, 25]}
      - {channel: head_yaw, amount: [5, 20]}
    onset: [0.3, 0.6]
    hold: [0.5, 1.5]
    offset: [0.3, 0.7]
"""


QUICK = "--fit.batches 3 --fit.optim.epochs 1 --fit.optim.batch 4".split()


def test_a_new_label_becomes_a_class_and_old_answers_stay(stored):
    more = extended(stored.vocabulary, ["look-at-watch", "Nodding"])
    assert more.names == (*stored.vocabulary.names, "look-at-watch")
    wide = widened(stored.network, 1).eval()
    x = torch.randn(1, 6, 40, 27, 1)
    with torch.no_grad():
        old, new = stored.network.forward_frames(x), wide.forward_frames(x)
    torch.testing.assert_close(new[..., :-2], old[..., :-1])
    torch.testing.assert_close(new[..., -1], old[..., -1])


def annotated(folder, recording):
    folder.mkdir()
    events = [GestureEvent("1", "my gesture", -1, s, s + 1.5) for s in (3.0, 9.0, 20.0)]
    for name in "abcd":
        recording.sequence.save(folder / f"{name}.npz")
        write_events(folder / f"{name}.eaf", events)
    return folder


def test_folder_to_spotter(saved, recording, tmp_path, capsys):
    folder, run = annotated(tmp_path / "annotated", recording), tmp_path / "run"
    words = ["finetune", folder, "-o", run, "--model", saved, "--replay", 0, "--rests", 4, *QUICK]
    assert main([*map(str, words)]) == 0
    out = capsys.readouterr()
    assert "d (kept apart): Of 3 true gestures" in out.out
    assert "only 9 examples" not in out.err
    taught = Recognizer.load(run)
    assert taught.vocabulary.names[-1] == "my gesture"
    taught.spot(recording.sequence)
    assert main([*map(str, words), "--share", "0.3"]) == 2
    assert "share 0.5" in capsys.readouterr().err
    before = (run / "model.safetensors").read_bytes()
    assert main([*map(str, words), "--fit.optim.epochs", "2"]) == 0, "it may be lengthened"
    assert (run / "metrics.csv").read_text().count("\n") == 3
    assert (run / "model.safetensors").read_bytes() != before


def test_what_was_known_and_is_found_less_well_is_told(recording):
    truth = recording.events[:3]

    def knows(count):
        return SimpleNamespace(
            vocabulary=get_vocabulary("synthetic"), spot=lambda _, s=0.5: truth[:count]
        )

    one = Recording(recording.sequence, "a", events=truth)
    (kept,) = on_kept_apart(knows(3), knows(1), [one])
    assert kept.worse and (kept.before, kept.now) == (1.0, pytest.approx(0.5))
    (kept,) = on_kept_apart(knows(1), knows(3), [one])
    assert not kept.worse and kept.found == truth


@pytest.mark.parametrize("content", ["nothing", "no annotation", "no events", "outside", "found"])
def test_what_cannot_be_learned_from(saved, recording, tmp_path, capsys, content):
    folder = tmp_path / "annotated"
    folder.mkdir()
    if content != "nothing":
        recording.sequence.save(folder / "a.npz")
    if content == "no events":
        write_events(folder / "a.csv", [])
    if content == "found":  # by a machine: nobody's annotation
        write_events(folder / "a.csv", [GestureEvent("1", "x", -1, 1.0, 2.0, 0.7, source="net")])
    if content == "outside":
        write_events(folder / "a.csv", [GestureEvent("1", "x", -1, 900.0, 901.0)])
    words = ["finetune", folder, "-o", tmp_path / "run", "--model", saved]
    assert main([str(word) for word in words]) == 2
    assert capsys.readouterr().err.startswith("mgskel finetune: ")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(InputError):
        annotated_recordings(tmp_path / "none")


@pytest.mark.slow
def test_ten_examples_teach_a_new_gesture(tmp_path):
    programs = tmp_path / "watch.yaml"
    programs.write_text(WATCH)
    settings = SynthesisSettings(
        programs=(programs,),
        labels=("look-at-watch",),
        flow=FlowSettings(per_minute=(5.0, 5.0), illustrate=0.0),
    )

    def made_up(seed, seconds):
        made = synthesise_recording(seconds, seed, settings)
        return Recording(made.sequence, events=made.events)

    lessons = [made_up(seed, 40) for seed in range(4)]
    assert sum(len(lesson.events) for lesson in lessons) <= 14
    taught = finetune(Recognizer.load(), lessons, FinetuneSettings(replay=3), tmp_path / "run")
    scores = []
    for seed in range(50, 54):
        test = made_up(seed, 90)
        found = [e for e in taught.spot(test.sequence) if e.label == "look-at-watch"]
        scores.append(score_events(test.events, found).f1[0.3])
    assert np.mean(scores) > 0.6
