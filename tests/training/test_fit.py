"""Training from config to run folder: learns, resumes bit by bit, refuses wrong input."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.datasets.classes import ClassList
from mgskel.formats import write
from mgskel.spotting.recognizer import load_all
from mgskel.training.fit import ClassLoss, train
from mgskel.training.loop import Checkpoint
from mgskel.training.module import NonFiniteLoss
from mgskel.training.runs.clip_model import ClipModel
from mgskel.training.runs.evaluate import evaluate
from mgskel.training.sets import mirrored_classes

Make = Callable[..., Any]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def history(folder: Path) -> list[dict[str, str]]:
    with open(folder / "metrics.csv", newline="") as handle:
        return [{k: v for k, v in r.items() if "seconds" not in k} for r in csv.DictReader(handle)]


def test_it_learns_and_leaves_a_whole_run_folder(run_folder: Path, test_file: Path) -> None:
    result = evaluate(load_all([run_folder]), test_file)
    assert result["n"] == 24
    assert result["top1"] >= 0.8, "chance is one third"
    assert set(result["per_class"]) == {"1", "2", "3"}
    for name in ("recognizer.json", "config.yaml", "metrics.csv", "curves.png", "confusion.png"):
        assert (run_folder / name).stat().st_size > 100
    assert not list(run_folder.glob("**/.*part*"))
    rows = history(run_folder)
    assert [row["epoch"] for row in rows] == [str(i) for i in range(1, 9)]
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    assert rows[-1]["val_top1"]


class Stop(Exception):
    pass


class StopAfter(Checkpoint):
    """Dies right after the checkpoint of an epoch is written."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.current_epoch == 1:
            raise Stop


@pytest.mark.parametrize(
    "changes",
    [{}, {"optim__patience": 3, "loss__label_text": 0.5, "loss__mixup": 0.3, "optim__ema": 0.0}],
    ids=["plain", "patient"],
)
def test_a_resumed_training_equals_an_undisturbed_one(
    changes: dict[str, Any],
    make_config: Make,
    train_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = make_config(train_file, **changes)
    train(config, tmp_path / "undisturbed")
    with monkeypatch.context() as patch:
        patch.setattr("mgskel.training.loop.Checkpoint", StopAfter)
        with pytest.raises(Stop):
            train(config, tmp_path / "killed")
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    train(config, tmp_path / "killed")
    assert same(weights(tmp_path / "undisturbed"), weights(tmp_path / "killed"))
    assert history(tmp_path / "undisturbed") == history(tmp_path / "killed")


def test_a_finished_run_is_not_trained_again(
    make_config: Make, train_file: Path, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("mgskel.training.fit._fit", never)
    again = train(make_config(train_file, optim__epochs=8, optim__repeat=4), run_folder)
    assert len(again.classes) == 3
    with pytest.raises(InputError, match=r"another training(.|\n)*seed 0(.|\n)*found: seed 5"):
        train(make_config(train_file, optim__epochs=8, optim__repeat=4, seed=5), run_folder)
    with pytest.raises(InputError, match=r"optim.epochs 8(.|\n)*found: optim.epochs 7"):
        train(make_config(train_file, optim__epochs=7, optim__repeat=4), run_folder)


def test_a_short_training_is_better_than_chance_and_can_be_lengthened(
    make_config: Make, train_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {"optim__ema": 0.99, "optim__repeat": 3}
    short = train(make_config(train_file, optim__epochs=3, **keys), tmp_path / "r")
    assert short.notes["validation"]["top1"] > 0.7, "chance is one third"
    capsys.readouterr()
    train(make_config(train_file, optim__epochs=5, **keys), tmp_path / "r")
    assert "going on after 3: 2 epochs in" in capsys.readouterr().err
    assert [row["epoch"] for row in history(tmp_path / "r")] == list("12345")


def test_seeds_differ_and_repeat(make_config: Make, train_file: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(make_config(train_file, seed=seed, optim__epochs=1), tmp_path / name)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


@pytest.mark.parametrize(
    "changes",
    [
        {"loss__balance": "sqrt", "loss__sampling": "balanced"},
        {"optim__name": "sgd", "optim__lr": 0.05, "machine__precision": "bf16-mixed"},
        {"stream": "relative", "model__fusion": "off", "data__validation": "none"},
        {"stream": "distance_motion", "model__leave_out": ["spread", "balance"]},
        {"model__backbone": "stgcn", "model__sizes": {}, "optim__epochs": 1},
        {"data__validation": "random", "data__labels_share": 0.5, "machine__tensorboard": True},
        {
            "data__validation": "video",
            "data__held": ["v3", "v5"],
            "augment": {"preset": "action", "mirror": 0.5},
        },
    ],
    ids=["balanced", "sgd-bf16", "no-validation", "ablation", "stgcn", "few-labels", "action"],
)
def test_every_choice_trains(
    changes: dict[str, Any], make_config: Make, train_file: Path, tmp_path: Path
) -> None:
    recognizer = train(make_config(train_file, **({"optim__epochs": 1} | changes)), tmp_path / "r")
    assert recognizer.input.stream == changes.get("stream", "joint")
    assert ("validation" in recognizer.notes) == (changes.get("data__validation") != "none")


def test_patience_keeps_the_best_epoch(
    make_config: Make, train_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = iter([0.1, 0.5, 0.9, 0.2, 0.3, 0.4, 0.5])
    original = ClassLoss.on_validation_epoch_end
    kept: list[dict[str, torch.Tensor]] = []

    def scripted(self: ClassLoss) -> None:
        original(self)
        self.validation["top1"] = next(reached)
        kept.append(self.judged_weights())

    monkeypatch.setattr(ClassLoss, "on_validation_epoch_end", scripted)
    train(make_config(train_file, optim__patience=2, optim__epochs=7), tmp_path / "r")
    assert len(kept) == 5, "two epochs without improvement stop it"
    assert same(weights(tmp_path / "r"), kept[2])


def unseen(recording: Recording) -> Recording:
    shape = recording.sequence.keypoints.shape
    return recording.replace(
        sequence=recording.sequence.replace(
            keypoints=np.full(shape, np.nan), scores=np.zeros(shape[:3])
        )
    )


def broken(recording: Recording, what: str) -> Recording:
    if what == "one class":
        return recording.replace(label=1)
    if what == "no labels":
        return recording.replace(label=None)
    return unseen(recording) if what == "nobody" else recording.replace(subject=4)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("one class", "nothing to tell apart"),
        ("no labels", "no labels"),
        ("nobody", "no joint is seen"),
        ("one subject", "training part is empty"),
    ],
)
def test_wrong_sets_are_refused(
    what: str, message: str, make_set: Make, make_config: Make, tmp_path: Path
) -> None:
    write(tmp_path / "set.npz", Dataset([broken(one, what) for one in make_set(24)]))
    with pytest.raises(InputError, match=message):
        train(make_config(tmp_path / "set.npz"), tmp_path / "run")
    assert not (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"machine__accelerator": "gpu"}, "torch finds none"),
        ({"stream": "joints"}, "did you mean 'joint'"),
        ({"optim__epochs": 0}, "optim.epochs"),
        ({"optim__lr": -1.0}, "optim.lr"),
        ({"window": 1}, "window"),
        ({"augment__jitter": 3.0}, "jitter"),
        ({"model__backbone": "lite"}, "did you mean 'light'"),
        ({"model__sizes": {"chanels": [4]}}, "chanels"),
        ({"data__validation": "view"}, "does not say the view"),
        ({"data__validation": "official"}, "no official subject split"),
        ({"data__validation": "file"}, "no file is given"),
        ({"data__held": ["9"]}, "do not have"),
        ({"data__validation": "random", "data__share": 0.001}, "validation part is empty"),
        ({"data__vocabulary": "imigue2"}, "imigue"),
        ({"data__layout": "kinect20"}, "natops8"),
        ({"data__train": "nowhere.npz"}, "nowhere.npz"),
        ({"model__pretrained": "nowhere"}, "nowhere"),
    ],
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="one case is about machines without a GPU")
def test_wrong_settings_are_refused(
    changes: dict[str, Any], message: str, make_config: Make, train_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        train(make_config(train_file, **changes), tmp_path / "run")


def test_labels_outside_the_vocabulary_are_counted_and_named(
    make_set: Make, make_config: Make, tmp_path: Path
) -> None:
    data = Dataset([one.replace(label=one.label + 50) for one in make_set(24)])
    write(tmp_path / "set.npz", data)
    with pytest.raises(InputError, match="24 of 24 sequences") as caught:
        train(make_config(tmp_path / "set.npz", data__vocabulary="smg"), tmp_path / "run")
    assert "51" in str(caught.value)


def test_classes_without_samples_and_one_frame_sequences_are_survived(
    make_set: Make, make_config: Make, tmp_path: Path
) -> None:
    recordings = list(make_set(24))
    recordings[5] = recordings[5].replace(sequence=recordings[5].sequence.frames(slice(0, 1)))
    short = Dataset(recordings)
    write(tmp_path / "set.npz", short)
    config = make_config(tmp_path / "set.npz", data__vocabulary="smg", optim__epochs=1)
    with pytest.warns(UserWarning, match="14 of 17 classes have no training sequence"):
        recognizer = train(config, tmp_path / "run")
    probabilities = recognizer.predict_proba(short)
    assert probabilities.shape == (24, 17) and np.isfinite(probabilities).all()


def test_unseen_sequences_are_left_out_and_named(
    make_set: Make, make_config: Make, tmp_path: Path
) -> None:
    recordings = list(make_set(24))
    recordings[2] = unseen(recordings[2])
    write(tmp_path / "set.npz", Dataset(recordings))
    with pytest.warns(UserWarning, match="v0_2"):
        train(make_config(tmp_path / "set.npz", optim__epochs=1), tmp_path / "run")


def test_a_non_finite_loss_stops_with_the_names_and_keeps_the_checkpoint(
    make_config: Make, train_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ClassLoss.training_step

    def poisoned(self: ClassLoss, batch: Any, index: int) -> Any:
        if self.current_epoch == 1:
            batch = replace(batch, x=batch.x * torch.inf)
        return original(self, batch, index)

    monkeypatch.setattr(ClassLoss, "training_step", poisoned)
    with pytest.raises(NonFiniteLoss, match=r"epoch 2, batch 1(.|\n)*v\d+_\d+"):
        train(make_config(train_file), tmp_path / "run")
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").is_file()


def test_sided_classes_know_their_mirror_image() -> None:
    names = ("swipe left", "clap", "swipe right", "Left arm up")
    classes = ClassList(names, names)
    assert mirrored_classes(classes) == (2, 1, 0, 3)


def test_recognizer_works_with_other_sequences(run_folder: Path, make_set: Make) -> None:
    recognizer = ClipModel.load(run_folder)
    data = make_set(6, seed=3)
    by_set = recognizer.predict_proba(data)
    by_list = recognizer.predict_proba(list(data.sequences))
    np.testing.assert_allclose(by_set, by_list, atol=1e-6)
    np.testing.assert_allclose(by_set.sum(1), 1, atol=1e-6)
    assert recognizer.predict(data)[0] in ("1", "2", "3")
    unfolded = ClipModel.load(run_folder, folded=False).predict_proba(data)
    np.testing.assert_allclose(by_set, unfolded, atol=1e-4)
    with pytest.raises(InputError, match="lacks|missing|cannot"):
        recognizer.predict_proba(make_set(3, layout="jhmdb15"))
    with pytest.raises(InputError, match="2-D"):
        recognizer.predict_proba(make_set(3, dims=2))
