"""A small labelled set that a small network learns in seconds, and a run trained on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgskel.core.config import from_dict
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.formats import write
from mgskel.training.train_config import TrainConfig

CLASSES = 3


def waving(count: int, seed: int = 0, layout: str = "natops8", dims: int = 3) -> Dataset:
    """Each class swings another joint; labels start at 1, subjects at 1."""
    rng = np.random.default_rng(seed)
    skeleton = get_skeleton(layout)
    rest = np.random.default_rng(7).normal(size=(skeleton.num_joints, dims))
    recordings = []
    for i in range(count):
        length, label = int(rng.integers(12, 25)), i % CLASSES
        points = rest + 0.05 * rng.normal(size=(length, skeleton.num_joints, dims))
        swing = np.sin(np.linspace(0, 6, length) + rng.uniform(0, 6))
        points[:, [label, label + CLASSES]] += 0.8 * swing[:, None, None]
        sequence = PoseSequence.from_arrays(points, fps=25, skeleton=skeleton, unit="metre")
        name = f"v{i // 3}_{i}"
        recordings.append(Recording(sequence, name, label + 1, subject=i // 6 % 4 + 1))
    return Dataset(tuple(recordings))


@pytest.fixture(scope="session")
def train_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "train.npz"
    write(path, waving(48, seed=0), "bundle")
    return path


@pytest.fixture(scope="session")
def test_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "test.npz"
    write(path, waving(24, seed=1), "bundle")
    return path


def small(train: Path, **changes: Any) -> TrainConfig:
    """A config that trains in about a second; `changes` are dotted keys with __ for dots."""
    tree: dict[str, Any] = {
        "data": {"train": train, "validation": "subject", "held": ["4"]},
        "window": 12,
        "views": 2,
        "augment": {"preset": "none", "crop": 0.2, "jitter": 0.02},
        "normalise": {"scale": "none"},
        "model": {"sizes": {"channels": [16, 32], "heads": 4}},
        "optim": {"epochs": 4, "batch": 12, "lr": 0.01, "ema": 0.8},
        "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False},
    }
    for key, value in changes.items():
        *parents, last = key.split("__")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return from_dict(TrainConfig, tree)


@pytest.fixture(scope="session")
def run_folder(train_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, for reading only."""
    from mgskel.training.fit import train

    folder = tmp_path_factory.mktemp("runs") / "joint"
    train(small(train_file, optim__epochs=8, optim__repeat=4), folder)
    return folder


@pytest.fixture(scope="session")
def make_config() -> Callable[..., TrainConfig]:
    return small


@pytest.fixture(scope="session")
def make_set() -> Callable[..., Dataset]:
    return waving
