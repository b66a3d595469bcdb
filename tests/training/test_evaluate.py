"""Evaluation, ensembles, predictions and the commands around them."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.core.recording import Dataset
from mgskel.datasets.classes import ClassList
from mgskel.formats import write
from mgskel.training.fit import train
from mgskel.training.runs.class_metrics import softmax, summary
from mgskel.training.runs.ensemble import fit_ensemble
from mgskel.training.runs.evaluate import ma52_measures
from mgskel.training.runs.submission import ma52, ma52_groups, miga, write_predictions


@pytest.fixture(scope="module")
def bone_run(train_file: Path, make_config: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "bone"
    train(make_config(train_file, stream="bone", optim__epochs=2), folder)
    return folder


def test_evaluate_prints_one_json_object(
    run_folder: Path, bone_run: Path, test_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(run_folder), "--data", str(test_file), "--json"]) == 0
    single = json.loads(capsys.readouterr().out)
    assert {"n", "top1", "top5", "mean_class", "macro_f1", "per_class"} <= set(single)
    low, high = single["intervals"]["top1"]
    assert low <= single["top1"] <= high
    assert single["resampled"] == "subjects"
    runs = [str(run_folder), str(bone_run)]
    assert main(["evaluate", *runs, "--data", str(test_file), "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert both["weights_from"] == "fitted on validation"
    assert sum(both["weights"]) == pytest.approx(1)
    assert both["top1"] >= single["top1"] - 0.1


def test_evaluate_for_reading_and_the_confusion_picture(
    run_folder: Path, test_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "confusion.png"
    words = ["evaluate", str(run_folder), "--data", str(test_file), "--plot", str(picture)]
    assert main(words) == 0
    assert "macro_f1" in capsys.readouterr().out
    assert picture.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("weights", ["1,2,3", "a,b", "0,0", "-1,2"])
def test_wrong_weights_are_refused(
    weights: str, run_folder: Path, bone_run: Path, test_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    runs = [str(run_folder), str(bone_run)]
    words = ["evaluate", *runs, "--data", str(test_file), f"--weights={weights}"]
    assert main(words) == 2
    assert "ensemble weights" in capsys.readouterr().err


def members(n: int, sharpness: list[float], seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Members with independent errors, the sharper the better, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    logits = [sharp * np.eye(3)[truth] + rng.normal(size=(n, 3)) for sharp in sharpness]
    return [
        softmax(one, 1 / max(abs(sharp), 0.1)) for one, sharp in zip(logits, sharpness, strict=True)
    ], truth


@pytest.mark.parametrize(
    ("n", "sharpness", "kept"),
    [
        (300, [2.0, -1.0], [True, False]),
        (300, [3.0, 1.5, -1.0], [True, True, False]),
        (300, [2.0, 1.8, 1.6], [True, True, True]),
        (12, [2.0, 1.8, 1.6], [True, True, True]),
        (48, [2.0, -2.0, -2.0], [True, False, False]),
    ],
)
def test_an_ensemble_leaves_out_who_does_not_help(
    n: int, sharpness: list[float], kept: list[bool]
) -> None:
    probabilities, truth = members(n, sharpness)
    found = fit_ensemble(probabilities, truth)
    assert (found.weights > 0).tolist() == kept
    assert found.weights.sum() == pytest.approx(1) and len(set(found.weights)) <= 2


def test_members_that_err_apart_are_better_together() -> None:
    probabilities, truth = members(400, [1.5, 1.5, 1.5])
    found = fit_ensemble([one[:100] for one in probabilities], truth[:100])
    together = found.combine([one[100:] for one in probabilities])
    judged = [summary(one[100:], truth[100:])["top1"] for one in probabilities]
    assert summary(together, truth[100:])["top1"] > max(judged) + 0.03


def test_other_classes_cannot_join_an_ensemble(
    run_folder: Path, make_set: Any, make_config: Any, test_file: Path, tmp_path: Path
) -> None:
    data = Dataset([one.replace(label=one.label + 10) for one in make_set(24)])
    write(tmp_path / "set.npz", data)
    train(make_config(tmp_path / "set.npz", optim__epochs=1), tmp_path / "other")
    runs = [str(run_folder), str(tmp_path / "other")]
    assert main(["evaluate", *runs, "--data", str(test_file)]) == 2


def test_predict_writes_scores(run_folder: Path, test_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    assert main(["predict", str(run_folder), "--data", str(test_file), "-o", str(out)]) == 0
    with open(out, newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 24
    for row in rows:
        shares = {k[2:]: float(v) for k, v in row.items() if k.startswith("p:")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert row["class"] == max(shares, key=lambda k: shares[k])
        assert float(row["score"]) == pytest.approx(max(shares.values()))


def test_unlabelled_files_predict_but_do_not_evaluate(
    run_folder: Path, make_set: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plain.npz"
    write(path, Dataset([one.replace(label=None) for one in make_set(6)]))
    words = [str(run_folder), "--data", str(path)]
    assert main(["predict", *words, "-o", str(tmp_path / "p.csv")]) == 0
    assert main(["evaluate", *words]) == 2
    assert "no labels" in capsys.readouterr().err


def test_miga_lines_are_name_and_class() -> None:
    assert miga(["0004_0", "0004_1"], np.eye(32)[[30, 0]]) == "0004_0,30\n0004_1,0\n"


def test_ma52_ranks_actions_and_body_groups(tmp_path: Path) -> None:
    classes = ClassList.of_vocabulary(get_vocabulary("ma52"))
    vocabulary = get_vocabulary("ma52")
    probabilities = np.full((1, 52), 0.001)
    nodding = next(g for g in vocabulary.classes if g.name.lower().startswith("nodding"))
    probabilities[0, nodding.id] = 0.9
    path = tmp_path / "submission.zip"
    write_predictions(path, "ma52", ["clip.mp4"], probabilities, classes)
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("prediction.csv").decode().splitlines()
    header, values = lines[0].split(","), lines[1].split(",")
    assert header == ["vid"] + [f"action_pred_{i}" for i in range(1, 6)] + [
        f"body_pred_{i}" for i in range(1, 6)
    ]
    assert values[0] == "clip.mp4" and values[1] == str(nodding.id)
    assert values[6] == str(vocabulary.groups.index(nodding.group))
    with pytest.raises(InputError, match="MA-52"):
        ma52(["a"], probabilities[:, :3], ClassList(("1", "2", "3"), ("a", "b", "c")))


def test_ma52_measures_count_groups_and_actions() -> None:
    groups = ma52_groups()
    truth = np.array([0, 5, 20, 45])
    right = ma52_measures(np.eye(52)[truth], truth)
    assert right == {"body_top1": 1, "body_macro_f1": 1, "f1_mean": 1}
    neighbour = int(np.flatnonzero(groups == groups[5])[1])
    answers = np.array([0, neighbour, 20, 45])
    assert answers[1] != truth[1]
    partly = ma52_measures(np.eye(52)[answers], truth)
    assert partly["body_top1"] == 1 and partly["f1_mean"] < 1


def test_train_and_resume_by_command(train_file: Path, tmp_path: Path) -> None:
    words = ["train", "-o", str(tmp_path / "run"), "--data.train", str(train_file)]
    words += ["--window", "12", "--model.sizes.channels", "[16, 32]", "--model.sizes.heads", "4"]
    words += ["--optim.epochs=1", "--streams", "joint,bone", "--all-streams"]
    words += ["--machine.threads", "1", "--machine.tensorboard", "off"]
    assert main(words) == 0
    assert (tmp_path / "run" / "joint" / "recognizer.json").is_file()
    assert (tmp_path / "run" / "bone" / "recognizer.json").is_file()
    assert main(words) == 0


def test_a_misspelt_key_names_the_nearest(
    train_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--data.train", str(train_file), "--optim.epoch", "3"]) == 2
    assert "did you mean 'optim.epochs'" in capsys.readouterr().err
