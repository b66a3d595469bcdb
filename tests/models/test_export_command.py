"""``mgskel export`` from a run folder to a file that onnxruntime alone can use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.batches import view_batches
from mgskel.datasets.classes import ClassList
from mgskel.datasets.normalise import Normalisation
from mgskel.models import create_model
from mgskel.training.runs.clip_model import ClipInput, ClipModel
from mgskel.training.runs.model_folder import ModelSpec

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    skeleton = get_skeleton("natops8")
    sizes = {"channels": (8, 8, 16), "heads": 4}
    recognizer = ClipModel(
        create_model("light", skeleton, 3, **sizes).eval(),  # type: ignore[arg-type]
        skeleton,
        ClassList(("1", "2", "3"), ("all clear", "not clear", "fold wings")),
        ModelSpec("light", "on", sizes=sizes),
        ClipInput("joint", 16, 1, 3, 1, Normalisation(origin="clip", scale="none")),
    )
    recognizer.save(tmp_path / "run")
    return tmp_path / "run"


def test_file_gives_the_recognizer_s_scores(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.onnx"
    assert main(["export", str(run), str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == "model.onnx"
    assert answer["bytes"] == out.stat().st_size
    assert answer["deviation"] <= 1e-4

    session = onnxruntime.InferenceSession(str(out))
    kept = session.get_modelmeta().custom_metadata_map
    assert json.loads(kept["classes"]) == ["all clear", "not clear", "fold wings"]
    assert json.loads(kept["recognizer"])["input"]["window"] == 16

    recognizer = ClipModel.load(run)
    keypoints = np.random.default_rng(0).normal(size=(1, 16, 8, 3)).astype(np.float32)
    sequence = PoseSequence.from_arrays(keypoints, fps=20, skeleton=recognizer.skeleton)
    store = recognizer.store(sequence)
    ((x, mask, _),) = view_batches(store, "joint", window=16, views=1)
    seen = np.ones((1, 16, 8, 1), bool) if mask is None else mask.numpy()
    (scores,) = session.run(["scores"], {"x": x.numpy(), "mask": seen})
    assert np.abs(scores - recognizer.logits(store)).max() <= 1e-4
    assert np.ptp(scores) > 1e-3


def test_faults_are_told(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), str(tmp_path / "model.txt")]) == 2
    assert "onnx" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "nothing"), str(tmp_path / "model.onnx")]) == 2
    assert "no run folder" in capsys.readouterr().err
    assert not (tmp_path / "model.onnx").exists()
