from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mgskel.core.config import from_dict
from mgskel.core.errors import InputError
from mgskel.models import take_over
from mgskel.training.fit import train
from mgskel.training.pretraining import PretrainConfig, hide, motion_of, pieces, pretrain


def config(file: Path, **changes: Any) -> PretrainConfig:
    tree = {
        "data": [str(file)],
        "window": 12,
        "normalise": {"scale": "none"},
        "augment": {"preset": "none"},
        "model": {"sizes": {"channels": [16, 32], "heads": 4}},
        "optim": {"epochs": 12, "batch": 12, "lr": 0.01, "repeat": 4},
        "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False},
    }
    return from_dict(PretrainConfig, tree | changes)


@pytest.fixture(scope="module")
def pretrained(train_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pretrain(config(train_file), tmp_path_factory.mktemp("pre") / "run")


def test_moving_joints_are_hidden_more_often_and_in_blocks() -> None:
    x = torch.zeros(200, 3, 16, 10, 1)
    x[:, :, :, 0] = torch.randn(200, 3, 16, 1)
    mask = torch.ones(200, 16, 10, 1, dtype=torch.bool)
    mask[:, :, 9] = False
    hidden = hide(x, mask, 0.4, 1.0, torch.Generator().manual_seed(0))
    assert hidden[:, :, 0].float().mean() > hidden[:, :, 5].float().mean() + 0.2
    assert not hidden[:, :, 9].any(), "what was never seen cannot be hidden"
    assert float(hidden[:, :, :9].float().mean()) == pytest.approx(0.4, abs=0.08)
    blocks = hidden.unflatten(1, (4, 4))
    assert torch.equal(blocks, blocks[:, :, :1].expand_as(blocks))


def test_recordings_are_cut_into_pieces_as_long_as_clips(make_set: Any) -> None:
    sequence = make_set(1)[0].sequence
    parts = pieces(sequence, sequence.duration_s / 3)
    assert len(parts) == 3 and sum(part.num_frames for part in parts) == sequence.num_frames
    assert pieces(sequence, None) == pieces(sequence, 1e3) == [sequence]
    unseen = sequence.replace(keypoints=sequence.keypoints * np.nan, scores=sequence.scores * 0)
    assert pieces(unseen, None) == []


def test_motion_has_the_frames_of_its_input() -> None:
    x = torch.arange(5.0)[None, None, :, None, None].square()
    assert motion_of(x).flatten().tolist() == [1, 3, 5, 7, 0]


def test_it_predicts_hidden_motion_better_than_stillness(pretrained: Path) -> None:
    with open(pretrained / "metrics.csv", newline="") as handle:
        losses = [float(row["train_loss"]) for row in csv.DictReader(handle)]
    assert losses[-1] < 0.9, "1 is what predicting no motion costs"
    assert losses[-1] < losses[0]


def test_a_recogniser_starts_from_it(
    pretrained: Path, train_file: Path, make_config: Any, tmp_path: Path
) -> None:
    changed = make_config(train_file, model__pretrained=pretrained, optim__epochs=1)
    recognizer = train(changed, tmp_path / "run")
    assert recognizer.notes["validation"]["n"] > 0
    from mgskel.models import create_model

    network = create_model("light", recognizer.skeleton, 3, channels=(16, 32), heads=4)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    left = take_over(network, pretrained)
    after = network.state_dict()
    moved = sum(not torch.equal(before[k], after[k]) for k in after)
    assert set(left) == {"head.weight", "head.bias"}
    assert moved > len(after) / 2
    assert torch.equal(before["head.weight"], after["head.weight"])


def test_another_network_is_refused(pretrained: Path) -> None:
    with pytest.raises(InputError, match="no pretrained tensor fits"):
        take_over(torch.nn.Linear(2, 2), pretrained)


def test_wrong_input_is_named(train_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files"):
        pretrain(config(train_file, data=[]), tmp_path / "a")
    with pytest.raises(InputError, match="hidden"):
        config(train_file, hidden=1.5)
    with pytest.raises(InputError, match="not found|nowhere|cannot read"):
        pretrain(config(tmp_path / "nowhere.npz"), tmp_path / "b")
