"""Parts of somebody's own: a package built and installed aside, each part used by its name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton

Command = Callable[..., str]


@pytest.fixture(scope="module")
def own(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """own("spot", ...) runs mgskel where the package tests/own_package is installed."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    shutil.copytree(root / "tests" / "own_package", source, dirs_exist_ok=True)
    install = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    install += ["--no-build-isolation", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(source)], check=True)

    def run(*words: object) -> str:
        paths = os.pathsep.join([str(root), str(site)])
        command = [sys.executable, "-m", "mgskel", *map(str, words)]
        environment = os.environ | {"PYTHONPATH": paths}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_an_estimator(own: Command, tmp_path: Path) -> None:
    from PIL import Image

    pictures = tmp_path / "spot"
    pictures.mkdir()
    for index in range(8):
        picture = np.zeros((48, 64), np.uint8)
        picture[20:24, 20 + index : 24 + index] = 255
        Image.fromarray(picture).save(pictures / f"{index}.png")
    own("extract", pictures, "-o", tmp_path, "--estimator", "brightest", "--fps", 10)
    places = PoseSequence.load(tmp_path / "spot.npz").keypoints[0, :, 0, 0]
    np.testing.assert_allclose(places, 21.5 + np.arange(8), atol=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("by_file", [False, True])
def test_a_backbone(own: Command, root: Path, tmp_path: Path, by_file: bool) -> None:
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "set.npz",
        frames=rng.normal(size=(24 * 12, 8, 3)).astype(np.float32),
        offsets=np.arange(25) * 12,
        label=np.arange(24) % 3,
        subject=np.arange(24) % 4,
    )
    name = root / "tests/own_package/own_parts/backbone.py:Lone" if by_file else "lone"
    words = ["--data.train", tmp_path / "set.npz", "--data.layout", "natops8"]
    words += ["--model.backbone", name, "--optim.epochs", 1, "--window", 12]
    own("train", *words, "-o", tmp_path / "run", "--machine.accelerator", "cpu")
    judged = own("evaluate", tmp_path / "run", "--data", tmp_path / "set.npz", "--json",
                 "--layout", "natops8")  # fmt: skip
    assert json.loads(judged)["n"] == 24


def standing(seconds: float = 4.0) -> PoseSequence:
    """Somebody whose left hand goes above the head after half of the time."""
    layout = get_skeleton("coco17")
    pose = np.random.default_rng(0).uniform(100, 300, (layout.num_joints, 2))
    places = {"nose": (200, 60), "left_shoulder": (250, 120), "right_shoulder": (150, 120)}
    for side, x in (("left", 260), ("right", 140)):
        places |= {f"{side}_hip": (x, 280), f"{side}_elbow": (x, 190), f"{side}_wrist": (x, 260)}
    for joint, place in places.items():
        pose[layout.index(joint)] = place
    points = np.repeat(pose[None, None], int(30 * seconds), axis=1)
    points[:, points.shape[1] // 2 :, layout.index("left_wrist")] = (260, -40)
    return PoseSequence.from_arrays(points, fps=30, skeleton=layout)


@pytest.mark.slow
def test_a_format(own: Command, tmp_path: Path) -> None:
    standing().save(tmp_path / "pose.npz")
    own("convert", tmp_path / "pose.npz", tmp_path / "list.nose", "--to", "own-noses")
    assert (tmp_path / "list.nose").read_text().startswith("own noses\n")
    (report,) = json.loads(own("validate", tmp_path / "list.nose", "--json"))["files"]
    assert (report["format"], report["ok"]) == ("list of noses", True)


@pytest.mark.slow
def test_a_kind_of_statement(own: Command, tmp_path: Path) -> None:
    standing().save(tmp_path / "pose.npz")
    own("describe", tmp_path / "pose.npz", "-o", tmp_path / "statements.json")
    found = json.loads((tmp_path / "statements.json").read_text())["statements"]
    (statement,) = [one for one in found if one["kind"] == "own_overhead"]
    assert "above the head" in statement["text"]
    assert statement["from_s"] == pytest.approx(2.0, abs=0.3)
