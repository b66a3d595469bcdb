"""The preparation scripts printed in docs/data-sets.md work on files in the original formats."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mgskel.formats.bundle import Bundle, load_bundle

RANDOM = np.random.default_rng(4)


def prepare(root: Path, folder: Path, script: str, *arguments: str) -> Bundle:
    """Run the script of that name as printed on the page, and load the bundle it makes."""
    page = (root / "docs/data-sets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# (\S+\.py) .*\n((?:.|\n)*?)```", page)
    code = dict(blocks)[script]
    command = [sys.executable, "-c", code, *arguments, "out.npz"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return load_bundle(folder / "out.npz")


def test_utd_mhad(root: Path, tmp_path: Path) -> None:
    takes = {name: RANDOM.normal(size=(20, 3, length)) for name, length in
             (("a2_s1_t1", 7), ("a27_s8_t4", 5))}  # fmt: skip
    for name, take in takes.items():
        savemat(tmp_path / f"{name}_skeleton.mat", {"d_skel": take})
    bundle = prepare(root, tmp_path, "utd_mhad.py", ".")
    assert bundle.skeleton.name == "utd_kinect20"
    assert bundle.name.tolist() == ["a27_s8_t4", "a2_s1_t1"]
    assert bundle.label.tolist() == [27, 2]
    assert bundle.subject.tolist() == [8, 1]
    assert bundle.lengths.tolist() == [5, 7]
    # joint 4, frame 2, axis y
    assert bundle.keypoints(1)[2, 4, 1] == pytest.approx(takes["a2_s1_t1"][4, 1, 2], rel=1e-6)


def test_natops(root: Path, tmp_path: Path) -> None:
    series = RANDOM.normal(size=(3, 24, 51)).round(4)
    lines = [
        ":".join([*(",".join(map(str, one)) for one in row), f"{label}.0"])
        for label, row in zip((1, 6, 2), series, strict=True)
    ]
    head = "#comment\n@problemName NATOPS\n@classLabel true 1.0 2.0 6.0\n@data\n"
    (tmp_path / "NATOPS_TRAIN.ts").write_text(head + "\n".join(lines) + "\n")
    bundle = prepare(root, tmp_path, "natops.py", "NATOPS_TRAIN.ts")
    assert bundle.skeleton.name == "natops8"
    assert bundle.label.tolist() == [1, 6, 2]
    assert bundle.lengths.tolist() == [51] * 3
    # series 3 * joint + axis
    assert bundle.keypoints(1)[30, 5, 2] == pytest.approx(series[1, 17, 30], rel=1e-6)


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
    bundle = prepare(root, tmp_path, "jhmdb.py", ".", "1", "2")
    assert bundle.skeleton.name == "jhmdb15"
    assert bundle.name.tolist() == ["catch_2", "wave_2"]
    assert bundle.label.tolist() == [1, 2]
    assert bundle.unit == "pixel"
    expected = clips["wave_2"][1, 7, 3] - 1
    assert bundle.keypoints(1)[3, 7, 1] == pytest.approx(expected, rel=1e-6)


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
    bundle = prepare(root, tmp_path, "gesture_phase.py", ".")
    assert bundle.skeleton.name == "gesture_phase6"
    assert bundle.subject.tolist() == ["a", "b"]
    assert [bundle.fps_of(i) for i in range(2)] == [25.0, 25.0]
    assert bundle.frame_label is not None
    assert (
        bundle.frame_label.tolist() == ["Rest"] * 2 + ["Stroke"] * 4 + ["Rest"] * 2 + ["Stroke"] * 2
    )
    assert bundle.keypoints(1)[3, 2, 0] == pytest.approx(tables["b3"][3, 6], rel=1e-6)
