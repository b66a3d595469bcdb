"""Both kinds of recognizer answer every command, from one form of folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import mgskel
from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.classes import ClassList
from mgskel.datasets.normalise import Normalisation
from mgskel.formats import write
from mgskel.models import create_model
from mgskel.spotting import ClipRecognizer, StreamRecognizer
from mgskel.training.runs.clip_model import ClipInput, ClipModel
from mgskel.training.runs.model_folder import ModelSpec


@pytest.fixture(scope="module")
def clip_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of cut clips that is sure of itself."""
    torch.manual_seed(0)
    skeleton = get_skeleton("upper")
    sizes = {"channels": (16, 16, 16), "heads": 2}
    network = create_model("light", skeleton, 2, in_channels=2, **sizes).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        network.head.weight *= 20
    folder = tmp_path_factory.mktemp("clips") / "run"
    ClipModel(
        network,
        skeleton,
        ClassList(("1", "2"), ("first", "second")),
        ModelSpec("light", "on", sizes=sizes),
        ClipInput("joint", 32, 1, 2, 1, Normalisation(), seconds=2.0),
    ).save(folder)
    return folder


@pytest.fixture(params=["clips", "stream"])
def run(request: pytest.FixtureRequest, clip_run: Path, saved: Path) -> Path:
    return clip_run if request.param == "clips" else saved


@pytest.fixture(scope="module")
def data(recording: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sequence = recording.sequence.to_skeleton("upper", allow_missing=True)  # type: ignore[attr-defined]
    clips = [sequence.crop(2.0 + 3 * i, 4.0 + 3 * i) for i in range(4)]
    labelled = [Recording(c, f"clip{i}", label=1 + i % 2) for i, c in enumerate(clips)]
    path = tmp_path_factory.mktemp("data") / "clips.npz"
    write(path, Dataset(tuple(labelled)), "bundle")
    return path


@pytest.fixture(scope="module")
def pose(recording: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pose") / "pose.npz"
    recording.sequence.to_skeleton("upper", allow_missing=True).save(path)  # type: ignore[attr-defined]
    return path


def test_every_command_takes_it(
    run: Path, data: Path, pose: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(run), "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 4
    twin = shutil.copytree(run, tmp_path / "twin")
    assert main(["evaluate", str(run), str(twin), "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["weights"] == [0.5, 0.5]
    assert main(["predict", str(run), "--data", str(data), "-o", str(tmp_path / "p.csv")]) == 0
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 5
    capsys.readouterr()
    assert main(["spot", str(pose), "--model", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["events"]
    assert main(["export", str(run), str(tmp_path / "m.onnx")]) == 0
    look = ["attention", str(run), "--data", str(data), "-o", str(tmp_path / "look")]
    assert main([*look, "--clips", "1"]) == 0


def test_it_comes_back_from_its_folder(run: Path, data: Path, tmp_path: Path) -> None:
    from mgskel.datasets.loading import load_dataset

    one = mgskel.Recognizer.load(run)
    one.save(tmp_path / "copy")
    again = mgskel.Recognizer.load(tmp_path / "copy")
    assert type(again) is type(one) and again.vocabulary == one.vocabulary
    clips = load_dataset(data)
    assert np.allclose(one.predict_proba(clips), again.predict_proba(clips), atol=1e-5)
    assert set(one.predict(clips)) <= set(one.vocabulary.names)


def test_evidence_slid_over_a_recording_is_that_of_clips(clip_run: Path, pose: Path) -> None:
    from mgskel.core.sequence import PoseSequence

    recognizer = mgskel.Recognizer.load(clip_run)
    assert isinstance(recognizer, ClipRecognizer)
    still = PoseSequence.load(pose).frames(np.zeros(1, int))
    count = 480
    held = still.replace(
        keypoints=np.repeat(still.keypoints, count, 1),
        scores=np.repeat(still.scores, count, 1),
        timestamps=np.arange(count) / 24,
    )
    evidence, step_s = recognizer.evidence(held)
    assert np.allclose(evidence.sum(0), 1, atol=1e-5)
    assert evidence.shape[1] * step_s == pytest.approx(20, abs=2 * step_s)
    alone = recognizer.classify(held.frames(slice(0, 48)))
    assert np.allclose(evidence[:, 40:-40], alone[:, None], atol=0.05)


def test_kinds_are_told_apart(clip_run: Path, saved: Path) -> None:
    with pytest.raises(InputError, match="another kind"):
        StreamRecognizer.load(clip_run)
    with pytest.raises(InputError, match="not trained on cut clips"):
        ClipModel.load(saved)
    with pytest.raises(InputError, match="cannot follow"):
        mgskel.Recognizer.load(clip_run).follow()
