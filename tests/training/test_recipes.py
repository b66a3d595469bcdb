"""The recipes load, and those of the gated sets train end to end on files in their formats."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.config import load_config
from mgskel.models import create_model
from mgskel.training.train_config import TrainConfig

SETS = (
    "imigue", "smg", "ma52", "ntu60", "nw_ucla", "utd_mhad", "natops", "jhmdb14", "synthetic"
)  # fmt: skip
QUICK = [
    "--optim.epochs", "1", "--optim.batch", "32", "--window", "16", "--views", "1",
    "--model.sizes.channels", "[8, 16]",
    "--machine.accelerator", "cpu", "--machine.threads", "1", "--machine.tensorboard", "off",
]  # fmt: skip
SMALLER = {"heatmap.yaml": ["--model.sizes.grid", "8"]}


@pytest.mark.parametrize("name", SETS)
def test_every_set_has_a_recipe(name: str, root: Path) -> None:
    config = load_config(TrainConfig, root / "configs" / name / "recipe.yaml")
    assert config.optim.epochs >= 10 and len(config.streams) >= 4
    assert any(config.augment.strengths().values())


@pytest.mark.parametrize("name", ["imigue", "smg", "ma52", "ntu60"])
def test_the_heavier_network_is_the_recipe_with_another_backbone(name: str, root: Path) -> None:
    folder = root / "configs" / name
    heavy, recipe = (
        load_config(TrainConfig, folder / file) for file in ("ctrgcn.yaml", "recipe.yaml")
    )
    assert heavy.model.backbone == "ctrgcn" and heavy.model.fusion == "on"
    assert len(heavy.model.sizes["channels"]) == 10 and heavy.optim.name == "sgd"
    assert (heavy.data, heavy.normalise) == (recipe.data, recipe.normalise)


either = pytest.mark.parametrize("config", ["recipe.yaml", "ctrgcn.yaml"])


def long_tail(count: int, classes: int, rng: np.random.Generator) -> np.ndarray:
    shares = 1 / np.arange(1, classes + 1) ** 1.5
    return rng.choice(classes, count, p=shares / shares.sum())


@pytest.mark.parametrize("config", ["recipe.yaml", "ctrgcn.yaml", "heatmap.yaml"])
def test_imigue_from_the_challenge_arrays_to_a_submission(
    config: str, root: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    count = 64
    data = np.zeros((count, 3, 90, 22, 1), np.float32)
    rest = rng.uniform(300, 700, (2, 1, 22))
    for clip in data:
        length = int(rng.integers(20, 91))
        clip[:2, :length, :, 0] = rest + rng.normal(0, 5, (2, length, 22))
        clip[2, :length, :, 0] = rng.uniform(0.2, 1, (length, 22))
    names = [f"{i // 10:04d}_{i % 10}" for i in range(count)]
    np.save(tmp_path / "train_data.npy", data)
    labels = long_tail(count, 32, rng).tolist()
    with open(tmp_path / "train_label.pkl", "wb") as handle:
        pickle.dump((names, labels), handle)
    run = tmp_path / "run"
    recipe = root / "configs" / "imigue" / config
    file = str(tmp_path / "train_data.npy")
    with pytest.warns(UserWarning, match="of 32 classes have no training sequence"):
        words = ["train", "-c", str(recipe), "-o", str(run), "--data.train", file]
        assert main([*words, "--pretrain", file, *QUICK, *SMALLER.get(config, ())]) == 0
    assert (run / "pretrained" / "model.safetensors").is_file()
    out = tmp_path / "Submission.csv"
    assert main(["predict", str(run), "--data", file, "-o", str(out), "--format", "miga"]) == 0
    rows = list(csv.reader(out.open()))
    assert [row[0] for row in rows] == names
    assert all(0 <= int(row[1]) < 32 for row in rows)


def imigue_tables(folder: Path, rng: np.random.Generator) -> Path:
    """Four videos of 35 points, and their gestures."""
    folder.mkdir()
    for video in range(1, 5):
        values = rng.uniform(0.2, 1, (200, 35, 3))
        values[..., :2] = rng.uniform(300, 700, (1, 35, 2)) + rng.normal(0, 5, (200, 35, 2))
        rows = np.concatenate([np.arange(200)[:, None], values.reshape(200, -1)], 1)
        np.savetxt(folder / f"{video:04d}_light_hand.csv", rows, "%.4f", ",")
        text = "".join(f"{(1, 17, 99)[i % 3]},{20 * i},{20 * i + 15}\n" for i in range(9))
        (folder / f"{video:04d}_label.csv").write_text("gestureID,start,end\n" + text)
    return folder


def imigue_pickle(path: Path, rng: np.random.Generator) -> Path:
    """36 clips of four videos, 137 points each: body, hands and face."""
    annotations = [
        {
            "frame_dir": f"{1 + i // 9:04d}_{i % 9}",
            "label": (1, 17, 99)[i % 3],
            "img_shape": (720, 1280),
            "original_shape": (720, 1280),
            "total_frames": 20,
            "keypoint": rng.uniform(100, 600, (1, 20, 137, 2)).astype(np.float32),
            "keypoint_score": rng.uniform(0.3, 1, (1, 20, 137)).astype(np.float32),
        }
        for i in range(36)
    ]
    with open(path, "wb") as handle:
        pickle.dump(annotations, handle)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("points", "layout"), [(35, "imigue35"), (137, "openpose137")])
def test_imigue_by_heat_maps_of_all_points_in_one_command(
    points: int, layout: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    make = imigue_tables if points == 35 else imigue_pickle
    data = str(make(tmp_path / ("tables" if points == 35 else "clips.pkl"), rng))
    run = tmp_path / "run"
    recipe = root / "configs" / "imigue" / "heatmap.yaml"
    with pytest.warns(UserWarning, match="29 of 32 classes"):
        words = ["train", "-c", str(recipe), "-o", str(run), "--data.train", data]
        assert main([*words, "--pretrain", data, *QUICK, *SMALLER["heatmap.yaml"]]) == 0
    description = json.loads((run / "recognizer.json").read_text())
    assert description["model"]["backbone"] == "heatmap"
    assert description["skeleton"]["name"] == layout
    assert description["notes"]["config"]["loss"]["label_text"] > 0
    assert description["notes"]["validation"]["n"] == 9, "one whole video"
    capsys.readouterr()
    assert main(["evaluate", str(run), "--data", data, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 36
    out = tmp_path / "scores.csv"
    assert main(["predict", str(run), "--data", data, "-o", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 37
    assert main(["export", str(run), str(tmp_path / "model.onnx")]) == 0


def test_heat_maps_are_the_recipe_of_imigue_with_another_network(root: Path) -> None:
    heat, recipe = (
        load_config(TrainConfig, root / "configs" / "imigue" / file)
        for file in ("heatmap.yaml", "recipe.yaml")
    )
    assert heat.model.backbone == "heatmap" and heat.loss.label_text > 0
    assert (heat.data, heat.loss, heat.normalise) == (recipe.data, recipe.loss, recipe.normalise)
    assert heat.data.to_layout is None, "all points that a file has"
    model = create_model("heatmap", "openpose137", 32, **heat.model.sizes)
    assert model.time_stride == 4


@either
def test_smg_from_its_tables_by_the_official_split(
    config: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "smg"
    for subject in (1, 2, 34, 36, 40):
        sample = folder / f"Sample{subject:04d}"
        sample.mkdir(parents=True)
        frames = 400
        table = np.zeros((frames, 25, 11))
        table[:, :, :3] = rng.normal(size=(1, 25, 3)) + 0.01 * rng.normal(size=(frames, 25, 3))
        np.savetxt(sample / f"{sample.name}_skeleton.csv", table.reshape(frames, -1), "%.4f", ",")
        starts = range(1, frames - 40, 30)
        rows = [(1 + int(c), s, s + 25) for c, s in zip(long_tail(20, 17, rng), starts)]  # noqa: B905
        text = "".join(f"{label},{start},{end}\n" for label, start, end in rows)
        (sample / f"{sample.name}_finelabels.csv").write_text(text)
    run = tmp_path / "run"
    recipe = root / "configs" / "smg" / config
    with pytest.warns(UserWarning, match="of 17 classes"):
        words = ["train", "-c", str(recipe), "-o", str(run), "--data.train", str(folder), *QUICK]
        assert main(words) == 0
    notes = json.loads((run / "recognizer.json").read_text())["notes"]
    assert notes["data"]["train_sequences"] == 36
    assert notes["validation"]["n"] == 24, "subjects 36 and 40"
    assert main(["evaluate", str(run), "--data", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 60


@either
def test_ntu_from_the_npz_with_two_people_by_its_own_parts(
    config: str, root: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.zeros((count, 30, 150), np.float32)
        x[:, :20, :75] = rng.normal(size=(count, 20, 75))
        x[: count // 2, :20, 75:] = rng.normal(size=(count // 2, 20, 75))
        return x, np.eye(60, dtype=np.int64)[np.arange(count) % 4]

    (x, y), (x_test, y_test) = part(24), part(12)
    path = tmp_path / "ntu.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    run = tmp_path / "run"
    recipe = root / "configs" / "ntu60" / config
    assert (
        main(["train", "-c", str(recipe), "-o", str(run), "--data.train", str(path), *QUICK]) == 0
    )
    description = json.loads((run / "recognizer.json").read_text())
    assert description["input"]["people"] == 2
    assert description["notes"]["validation"]["n"] == 12
    assert main(["evaluate", str(run), "--data", str(path), "--split", "test"]) == 0


@either
def test_ma52_from_pickles_of_the_published_split(config: str, root: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, count in (("train", 48), ("val", 16)):
        annotations = [
            {
                "frame_dir": f"{name}{i}.mp4",
                "label": i % 8,
                "img_shape": (1080, 1920),
                "original_shape": (1080, 1920),
                "total_frames": 20,
                "keypoint": rng.uniform(100, 900, (1, 20, 17, 2)).astype(np.float32),
                "keypoint_score": rng.uniform(0.3, 1, (1, 20, 17)).astype(np.float32),
            }
            for i in range(count)
        ]
        with open(tmp_path / f"{name}.pkl", "wb") as handle:
            pickle.dump(annotations, handle)
    run = tmp_path / "run"
    words = ["train", "-c", str(root / "configs" / "ma52" / config), "-o", str(run)]
    words += ["--data.train", str(tmp_path / "train.pkl"), "--data.layout", "coco17"]
    words += ["--data.validation_file", str(tmp_path / "val.pkl"), *QUICK]
    with pytest.warns(UserWarning, match="44 of 52 classes"):
        assert main(words) == 0
    out = tmp_path / "submission.zip"
    words = ["predict", str(run), "--data", str(tmp_path / "val.pkl"), "--layout", "coco17"]
    assert main([*words, "-o", str(out), "--format", "ma52"]) == 0
    assert out.read_bytes()[:2] == b"PK"
