"""Valid input for commands that get one thing of it hostile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence

FRAMES = 40


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of valid input: a recording, events, statements, a run of cut clips."""
    import torch

    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    points = 200 + 40 * rng.normal(size=(1, 17, 2)) + rng.normal(size=(FRAMES, 17, 2))
    PoseSequence.from_arrays(points, fps=20, skeleton="coco17", frame_size=(640, 480)).save(
        folder / "pose.npz"
    )
    (folder / "events.csv").write_text("label,start_s,end_s\nnod,0.5,1\n")
    assert main(["describe", str(folder / "pose.npz"), "--events", "none", "-q",
                 "-o", str(folder / "statements.json")]) == 0  # fmt: skip
    from mgskel.core.skeleton import get_skeleton
    from mgskel.datasets.classes import ClassList
    from mgskel.datasets.normalise import Normalisation
    from mgskel.training.runs.clip_model import ClipInput, ClipModel
    from mgskel.training.runs.model_folder import ModelSpec

    torch.manual_seed(0)
    spec = ModelSpec("light", "on", sizes={"channels": [8, 8]})
    skeleton, classes = get_skeleton("coco17"), ClassList(("a", "b"), ("a", "b"))
    ClipModel(
        spec.build(skeleton, 2, 2),
        skeleton,
        classes,
        spec,
        ClipInput("joint", 8, 1, 2, 1, Normalisation()),
    ).save(folder / "run")
    return folder


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "train.npz"
    words = ["clips", "8", "-o", str(path), "--labels", "nod,shrug", "--layout", "coco17", "-q"]
    assert main(["synthesise", *words]) == 0
    return path
