"""Distillation: softer targets from finished runs, and what cannot teach."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.datasets.classes import ClassList
from mgskel.datasets.clips import ClipStore, whole_times
from mgskel.training.distil import load_teachers
from mgskel.training.runs.clip_model import ClipModel
from mgskel.training.sets import TrainingData, load_training_data
from mgskel.training.train_config import DistilConfig, TrainConfig


@pytest.fixture(scope="module")
def config(make_config: Any, train_file: Path) -> TrainConfig:
    return make_config(train_file, optim__epochs=1)


@pytest.fixture(scope="module")
def data(config: TrainConfig) -> TrainingData:
    return load_training_data(config.data)


def test_teachers_say_of_each_clip_what_they_would_answer(
    run_folder: Path, data: TrainingData
) -> None:
    run = ClipModel.load(run_folder)
    config = DistilConfig((run_folder,), share=1.0, temperature=1.0)
    teachers = load_teachers(config, data, run.input)
    assert teachers is not None
    store = ClipStore.of(data.train, run.input.normalise, data.classes)
    indices = torch.arange(5)
    clips = store.cut(indices, whole_times(store.lengths[indices], run.input.window))
    labels = torch.nn.functional.one_hot(clips.labels, 3).float()
    said = teachers(clips, labels)
    expected = run.predict_proba(data.train.select(range(5)), views=1)
    torch.testing.assert_close(said, torch.from_numpy(expected))
    softer = dataclasses.replace(teachers, temperature=3.0)(clips, labels)
    assert (softer.max(1).values < said.max(1).values).all()
    none = dataclasses.replace(teachers, share=0.0)(clips, labels)
    torch.testing.assert_close(none, labels)


def test_a_student_by_command_goes_on_and_belongs_to_its_teachers(
    run_folder: Path, train_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "-o", str(tmp_path / "one"), "--data.train", str(train_file)]
    words += ["--window", "12", "--model.sizes", "{channels: [16, 32], heads: 4}"]
    words += ["--data.validation", "subject", "--data.held", "4", "--normalise.scale", "none"]
    words += ["--machine.threads", "1", "--machine.tensorboard", "off", "--stream", "bone"]
    words += ["--distil", str(run_folder)]
    assert main([*words, "--optim.epochs", "1"]) == 0
    assert main([*words, "--optim.epochs", "2"]) == 0, "goes on from its checkpoint"
    notes = json.loads((tmp_path / "one" / "recognizer.json").read_text())["notes"]
    assert notes["config"]["distil"]["runs"] == [str(run_folder)]
    assert len((tmp_path / "one" / "metrics.csv").read_text().splitlines()) == 3
    assert main([*words, "--optim.epochs", "2", "--distil.share", "0.2"]) == 2
    assert "holds another training" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "input", "message"),
    [
        ({"fingerprint": "0" * 64}, {}, "was trained on other data"),
        ({"classes": ClassList(("1", "2"), ("a", "b"))}, {}, "answers other classes"),
        ({}, {"window": 20}, "sees its clips otherwise"),
        ({"validation": "train"}, {}, "what this training is judged by"),
    ],
)
def test_what_cannot_teach_is_refused(
    changed: dict[str, Any], input: dict[str, Any], message: str, run_folder: Path,
    data: TrainingData,
) -> None:  # fmt: skip
    if changed.get("validation"):
        changed = {"validation": data.train}
    student = dataclasses.replace(ClipModel.load(run_folder).input, **input)
    with pytest.raises(InputError, match=message):
        load_teachers(DistilConfig((run_folder,)), dataclasses.replace(data, **changed), student)


def test_a_folder_without_a_run_cannot_teach(
    train_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "-o", str(tmp_path / "one"), "--data.train", str(train_file)]
    assert main([*words, "--distil", str(tmp_path)]) == 2
    assert "no finished run to learn from" in capsys.readouterr().err
