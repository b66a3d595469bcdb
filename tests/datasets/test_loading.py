"""Labelled clips from any readable file: labels as text, events as clips, groups."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.classes import ClassList, class_list
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.loading import load_dataset
from mgskel.datasets.normalise import Normalisation
from mgskel.formats import ReadOptions, write


def written(path: Path, labels: list[int], names: tuple[str, ...] | None = None) -> Path:
    rng = np.random.default_rng(0)
    recordings = [
        Recording(
            PoseSequence.from_arrays(
                rng.normal(size=(5, 20, 3)), fps=30, skeleton="kinect20", unit="metre"
            ),
            f"a{i // 2}_{i}",
            label=label,
        )
        for i, label in enumerate(labels)
    ]
    write(path, Dataset(recordings, class_names=names), "bundle")
    return path


def test_numbers_are_classes_in_numeric_order(tmp_path: Path) -> None:
    data = load_dataset(written(tmp_path / "b.npz", [9, 10, 11, 9]))
    classes = class_list(data, None)
    assert classes.keys == ("9", "10", "11")
    store = ClipStore.of(data, Normalisation(), classes)
    assert store.labels.tolist() == [0, 1, 2, 0]
    assert store.names == tuple(data.names)


def test_named_classes_match_by_name_whatever_their_numbers(tmp_path: Path) -> None:
    """Train and test files may number the same names differently."""
    a = load_dataset(written(tmp_path / "a.npz", [0, 1, 0, 1], ("nod", "shake")))
    b = load_dataset(written(tmp_path / "b.npz", [0, 1, 0, 1], ("shake", "nod")))
    classes = class_list(a, None)
    assert a.labels is not None and b.labels is not None
    assert classes.indices(a.labels).tolist() == [0, 1, 0, 1]
    assert classes.indices(b.labels).tolist() == [1, 0, 1, 0]


def test_a_folder_of_recordings_is_cut_at_its_events(tmp_path: Path) -> None:
    for subject in (3, 36):
        sample = tmp_path / "smg" / f"Sample{subject:04d}"
        sample.mkdir(parents=True)
        table = np.random.default_rng(subject).normal(size=(120, 275))
        np.savetxt(sample / f"{sample.name}_skeleton.csv", table, "%.4f", ",")
        (sample / f"{sample.name}_finelabels.csv").write_text("3,10,40\n17,50,110\n")
    data = load_dataset(tmp_path / "smg")
    assert data.labels is not None and data.labels.tolist() == ["3", "17", "3", "17"]
    assert data.groups("subject").tolist() == ["3", "3", "36", "36"]
    assert [s.num_frames for s in data.sequences] == pytest.approx([30, 60, 30, 60], abs=2)
    assert data.groups("video").tolist()[0] != data.groups("video").tolist()[2]
    classes = class_list(data, "smg")
    assert len(classes) == 17 and classes.indices(data.labels).tolist() == [2, 16, 2, 16]
    assert class_list(data, None).names[0].lower().startswith("folding arms")


def test_parts_that_a_file_names_can_be_chosen(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 9, 150)).astype(np.float32)
    y = np.eye(60)[[0, 1, 2, 0, 1, 2]]
    np.savez(tmp_path / "ntu.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    assert len(load_dataset(tmp_path / "ntu.npz")) == 8
    assert len(load_dataset(tmp_path / "ntu.npz", split="test")) == 2
    with pytest.raises(InputError, match="part 'val'"):
        load_dataset(tmp_path / "ntu.npz", split="val")


def test_a_half_labelled_file_is_refused(tmp_path: Path) -> None:
    keypoint = np.random.default_rng(0).normal(size=(1, 9, 25, 3)).astype(np.float32)
    annotations = [
        {"frame_dir": f"c{i}", "total_frames": 9, "keypoint": keypoint}
        | ({"label": 1} if i else {})
        for i in range(3)
    ]
    with open(tmp_path / "set.pkl", "wb") as handle:
        pickle.dump(annotations, handle)
    with pytest.raises(InputError, match="1 of 3 sequences have no label"):
        _ = load_dataset(tmp_path / "set.pkl", ReadOptions(layout="kinect25")).labels


def test_unknown_labels_are_counted() -> None:
    classes = ClassList(("1", "2"), ("nod", "shake"))
    assert classes.indices(np.array(["2", "nod"])).tolist() == [1, 0]
    with pytest.raises(InputError, match="1 of 3 sequences"):
        classes.indices(np.array(["1", "7", "2"]), "file.npz")


def waving(folder: Path, count: int, seed: int) -> Path:
    """Class folders of `.csv` recordings in which the left or the right hand goes up and down."""
    rng = np.random.default_rng(seed)
    rest = np.random.default_rng(7).normal(size=(8, 3))
    for i in range(count):
        side = ("left", "right")[i % 2]
        points = rest + 0.05 * rng.normal(size=(16, 8, 3))
        points[:, get_skeleton("natops8").index(f"{side}_wrist")] += np.sin(np.arange(16))[:, None]
        sequence = PoseSequence.from_arrays(points, fps=25, skeleton="natops8", unit="metre")
        path = folder / f"wave {side}" / f"clip_{i}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, Dataset([Recording(sequence, path.stem)]))
    return folder


def test_class_folders_train_are_judged_and_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = waving(tmp_path / "train", 24, 0)
    test = waving(tmp_path / "test", 10, 1)
    config = tmp_path / "config.yaml"
    config.write_text(
        f"data: {{train: {train}, layout: natops8, validation: random}}\n"
        "window: 12\nviews: 1\naugment: {preset: none}\n"
        "model: {sizes: {channels: [16, 32], heads: 4}}\n"
        "optim: {epochs: 8, batch: 8, lr: 0.01, repeat: 4, ema: 0.8}\n"
        "machine: {accelerator: cpu, threads: 1, tensorboard: false}\n"
    )
    run = str(tmp_path / "run")
    assert main(["train", "-c", str(config), "-o", run]) == 0
    capsys.readouterr()
    assert main(["evaluate", run, "--data", str(test), "--layout", "natops8", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["n"], set(answer["per_class"])) == (10, {"wave left", "wave right"})
    assert answer["top1"] > 0.8
    out = tmp_path / "labels.csv"
    words = ["predict", run, "--data", str(test), "--layout", "natops8", "-o", str(out)]
    assert main(words) == 0
    assert "wave left/clip_0" in out.read_text()
