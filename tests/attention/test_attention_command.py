"""`mgskel attention`: pictures, film, tables and a verdict, for what finds and what classifies."""

from __future__ import annotations

import csv
import json
import sys

import numpy as np
import pytest
from attention_cases import LAYOUT, planted, small_network

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.classes import ClassList
from mgskel.datasets.normalise import Normalisation
from mgskel.synthesis import SynthesisSettings, synthesise_recording
from mgskel.training.runs.clip_model import ClipInput, ClipModel
from mgskel.training.runs.model_folder import ModelSpec


def rows(path):
    with (path / "attention.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    made = synthesise_recording(20, 6, SynthesisSettings(layout="mediapipe_holistic"), fps=20)
    path = tmp_path_factory.mktemp("recording") / "talk.npz"
    made.sequence.crop(4, 9).save(path)  # a bowed head
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small network in a run folder, as training writes it."""
    folder = tmp_path_factory.mktemp("run")
    network = small_network("light")
    spec = ClipInput("joint", 24, 1, 2, 1, Normalisation())
    model = ModelSpec("light", "on", (), {"channels": (32, 32, 64), "heads": 4})
    classes = ClassList((0, 1), ("rest", "swing"))
    ClipModel(network, get_skeleton(LAYOUT), classes, model, spec).save(folder)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    x, _ = planted(2, 3)
    points = x[1, :, :, :, 0].permute(1, 2, 0).numpy()[None] * 40 + 300
    sequence = PoseSequence.from_arrays(points, fps=24, skeleton=LAYOUT, frame_size=(640, 480))
    path = tmp_path_factory.mktemp("clip") / "swing.npz"
    sequence.save(path)
    return path


def test_what_the_shipped_recognizer_finds_is_shown(recording, tmp_path, capsys):
    assert main(["attention", "--data", str(recording), "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "recognised gesture" in said and "Hiding joints and moments" in said
    names = {path.name for path in tmp_path.iterdir() if path.name != ".lock"}
    assert names == {"heat_map.png", "key_moments.png", "classes.png", "overlay.mp4",
                     "attention.csv", "attention.json"}  # fmt: skip
    summary = json.loads((tmp_path / "attention.json").read_text())
    assert summary["gestures"] and summary["deletion_gain"] > 0
    table = rows(tmp_path)
    joints = get_skeleton("mediapipe_holistic").num_joints
    assert len(table) == joints * len(summary["gestures"])
    assert all(0 <= float(row["weight"]) <= 1 for row in table)


@pytest.mark.parametrize("method", [None, "occlusion"])
def test_a_trained_run_is_looked_into(trained, clip, tmp_path, capsys, method):
    words = ["attention", str(trained), "--data", str(clip), "-o", str(tmp_path), "--json"]
    words += ["--target", "swing"] + (["--method", method] if method else [])
    assert main(words) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["method"] == (method or "gradient")
    assert [gesture["label"] for gesture in summary["gestures"]] == ["swing"]
    assert set(summary["files"]) == {
        path.name for path in tmp_path.iterdir() if path.name != ".lock"
    }
    assert len(rows(tmp_path)) == get_skeleton(LAYOUT).num_joints


def test_without_opencv_only_the_film_is_missing(trained, clip, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["attention", str(trained), "--data", str(clip), "-o", str(tmp_path)]) == 0
    assert "no film; an overlay needs the package" in capsys.readouterr().err
    assert (tmp_path / "heat_map.png").exists() and not (tmp_path / "overlay.mp4").exists()


def test_recordings_in_which_nothing_is_found_say_so(tmp_path, capsys):
    hidden = np.full((1, 60, get_skeleton("upper").num_joints, 2), np.nan)
    hidden[:, :, 0] = 100.0
    path = tmp_path / "hidden.npz"
    PoseSequence.from_arrays(hidden, fps=20, skeleton="upper").save(path)
    assert main(["attention", "--data", str(path), "-o", str(tmp_path / "out")]) == 0
    assert "nothing was recognised" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "attention.json").read_text())["gestures"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "occlusion"], "leave out --method"),
        (["{run}", "--method", "oclusion"], "did you mean 'occlusion'"),
        (["{run}", "--target", "swign"], "did you mean 'swing'"),
        (["nowhere"], "nowhere"),
        (["--clips", "0"], "1 to 10000"),
    ],
)
def test_wrong_questions_are_refused(trained, clip, tmp_path, capsys, words, said):
    words = [word.format(run=trained) for word in words]
    assert main(["attention", *words, "--data", str(clip), "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()
