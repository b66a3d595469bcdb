"""The preparation scripts printed in docs/data-sets.md work on files in the original formats."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mgskel.core.recording import Dataset
from mgskel.formats import read

RANDOM = np.random.default_rng(4)


def prepare(root: Path, folder: Path, script: str, *arguments: str) -> Dataset:
    """Run the script of that name as printed on the page, and read what it makes."""
    page = (root / "docs/data-sets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# (\S+\.py) .*\n((?:.|\n)*?)```", page)
    code = dict(blocks)[script]
    command = [sys.executable, "-c", code, *arguments, "out.npz"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return read(folder / "out.npz")


def test_utd_mhad(root: Path, tmp_path: Path) -> None:
    takes = {name: RANDOM.normal(size=(20, 3, length)) for name, length in
             (("a2_s1_t1", 7), ("a27_s8_t4", 5))}  # fmt: skip
    for name, take in takes.items():
        savemat(tmp_path / f"{name}_skeleton.mat", {"d_skel": take})
    data = prepare(root, tmp_path, "utd_mhad.py", ".")
    assert data.skeleton.name == "utd_kinect20"
    assert data.names.tolist() == ["a27_s8_t4", "a2_s1_t1"]
    assert [one.label for one in data] == [27, 2]
    assert [one.subject for one in data] == [8, 1]
    assert [sequence.num_frames for sequence in data.sequences] == [5, 7]
    # joint 4, frame 2, axis y
    assert data.sequences[1].keypoints[0, 2, 4, 1] == pytest.approx(
        takes["a2_s1_t1"][4, 1, 2], rel=1e-6
    )


def test_natops(root: Path, tmp_path: Path) -> None:
    series = RANDOM.normal(size=(3, 24, 51)).round(4)
    lines = [
        ":".join([*(",".join(map(str, one)) for one in row), f"{label}.0"])
        for label, row in zip((1, 6, 2), series, strict=True)
    ]
    head = "#comment\n@problemName NATOPS\n@classLabel true 1.0 2.0 6.0\n@data\n"
    (tmp_path / "NATOPS_TRAIN.ts").write_text(head + "\n".join(lines) + "\n")
    data = prepare(root, tmp_path, "natops.py", "NATOPS_TRAIN.ts")
    assert data.skeleton.name == "natops8"
    assert [one.label for one in data] == [1, 6, 2]
    assert [sequence.num_frames for sequence in data.sequences] == [51] * 3
    # series 3 * joint + axis
    assert data.sequences[1].keypoints[0, 30, 5, 2] == pytest.approx(series[1, 17, 30], rel=1e-6)


def test_jhmdb(root: Path, tmp_path: Path) -> None:
    (tmp_path / "splits").mkdir()
    clips = {}
    for action in ("wave", "catch"):
        for part in (1, 2):
            folder = tmp_path / f"joint_positions/{action}/{action}_{part}"
            folder.mkdir(parents=True)
            clips[folder.name] = RANDOM.uniform(1, 300, size=(2, 15, 4 + part))
            savemat(folder / "joint_positions.mat", {"pos_img": clips[folder.name]})
        listed = f"{action}_1.avi 1\n{action}_2.avi 2\n"
        (tmp_path / f"splits/{action}_test_split1.txt").write_text(listed)
    data = prepare(root, tmp_path, "jhmdb.py", ".", "1", "2")
    assert data.skeleton.name == "jhmdb15"
    assert data.names.tolist() == ["catch_2", "wave_2"]
    assert [one.label for one in data] == [1, 2]
    assert data.sequences[0].unit == "pixel"
    expected = clips["wave_2"][1, 7, 3] - 1
    assert data.sequences[1].keypoints[0, 3, 7, 1] == pytest.approx(expected, rel=1e-6)


def test_gesture_phase(root: Path, tmp_path: Path) -> None:
    names = [f"{joint}{axis}" for joint in ("lh", "rh", "h", "s", "lw", "rw") for axis in "xyz"]
    tables = {}
    for recording, length in (("a1", 6), ("b3", 4)):
        values = RANDOM.normal(size=(length, 18)).round(4)
        rows = [",".join([*names, "timestamp", "phase"])]
        rows += [
            ",".join([*map(str, row), str(1000 + 40 * i), "Rest" if i < 2 else "Stroke"])
            for i, row in enumerate(values)
        ]
        (tmp_path / f"{recording}_raw.csv").write_text("\n".join(rows) + "\n")
        tables[recording] = values
    data = prepare(root, tmp_path, "gesture_phase.py", ".")
    assert data.skeleton.name == "gesture_phase6"
    assert [one.subject for one in data] == ["a", "b"]
    assert [sequence.fps for sequence in data.sequences] == [25.0, 25.0]
    for recording, length in zip(data, (6, 4), strict=True):
        assert recording.frame_labels is not None
        assert recording.frame_labels.tolist() == ["Rest"] * 2 + ["Stroke"] * (length - 2)
    assert data.sequences[1].keypoints[0, 3, 2, 0] == pytest.approx(tables["b3"][3, 6], rel=1e-6)
