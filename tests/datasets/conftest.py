"""Small labelled clips for the tests of streams, augmentation and batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.normalise import Normalisation


@pytest.fixture(scope="session")
def kinect() -> Skeleton:
    return get_skeleton("kinect20")


def moving_person(
    skeleton: Skeleton, frames: int, seed: int, dims: int = 3, people: int = 1
) -> PoseSequence:
    """A random rest pose whose joints swing, with one joint lost for a while."""
    rng = np.random.default_rng(seed)
    rest = rng.normal(size=(people, 1, skeleton.num_joints, dims))
    time = np.linspace(0, 2 * np.pi, frames)[None, :, None, None]
    swing = 0.2 * np.sin(time * rng.uniform(0.5, 3, rest.shape))
    points = (rest + swing).astype(np.float32)
    points[:, : frames // 3, skeleton.num_joints - 1] = np.nan
    scores = rng.uniform(0.2, 1, points.shape[:3]).astype(np.float32)
    return PoseSequence.from_arrays(
        points, scores, fps=30, skeleton=skeleton, unit="metre", source=f"clip{seed}"
    )


@pytest.fixture(scope="session")
def store(kinect: Skeleton) -> ClipStore:
    sequences = [moving_person(kinect, frames, i) for i, frames in enumerate((30, 44, 17, 60))]
    return ClipStore.from_sequences(
        sequences, Normalisation(), labels=[0, 1, 2, 1], names=["a", "b", "c", "d"]
    )


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(3)
