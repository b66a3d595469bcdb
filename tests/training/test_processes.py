"""Several processes train the same network as one; a killed process loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mgskel.models import create_model
from mgskel.models.layers.basic import InputNorm
from mgskel.training.distributed import SharedBatchNorm, SharedInputNorm, synchronise_norms


def words(train_file: Path, out: Path, **keys: str) -> list[str]:
    settings = {
        "data.train": str(train_file),
        "window": "12",
        "model.sizes": "{channels: [16, 32], heads: 4, dropout: 0.0}",
        "optim.epochs": "3",
        "optim.batch": "12",
        "machine.accelerator": "cpu",
        "machine.threads": "1",
        "machine.tensorboard": "off",
    } | keys
    command = [sys.executable, "-m", "mgskel", "train", "-o", str(out)]
    return command + [f"--{key}={value}" for key, value in settings.items()]


def run(command: list[str], root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]


def test_shared_norms_equal_the_plain_ones_in_one_process() -> None:
    x = torch.randn(4, 6, 5, 3) * 3 + 1
    plain, shared = nn.BatchNorm2d(6), nn.BatchNorm2d(6)
    synchronise_norms(shared)
    assert type(shared) is SharedBatchNorm
    first, second = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.testing.assert_close(plain(first), shared(second), atol=1e-4, rtol=1e-4)
    plain(first).square().sum().backward()
    shared(second).square().sum().backward()
    torch.testing.assert_close(first.grad, second.grad, atol=1e-3, rtol=1e-3)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[key], value, atol=1e-4, rtol=1e-4)


def test_every_norm_of_every_network_is_shared() -> None:
    for name in ("light", "stgcn", "ctrgcn", "gat", "heatmap"):
        model = create_model(name, "natops8", 3)
        synchronise_norms(model)
        norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm2d, InputNorm))]
        assert norms
        assert all(isinstance(m, (SharedBatchNorm, SharedInputNorm)) for m in norms)


@pytest.mark.slow
def test_two_processes_equal_one(train_file: Path, tmp_path: Path, root: Path) -> None:
    # Plain descent: Adam would blow up the rounding noise of biases that a norm cancels.
    keys = {"optim.name": "sgd", "optim.lr": "0.05", "optim.weight_decay": "0.0005"}
    run(words(train_file, tmp_path / "one", **keys), root)
    run(words(train_file, tmp_path / "two", **keys | {"machine.devices": "2"}), root)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, atol=1e-3, rtol=1e-2, msg=key)


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(
    train_file: Path, tmp_path: Path, root: Path
) -> None:
    keys = {"optim.epochs": "8", "optim.repeat": "10"}
    run(words(train_file, tmp_path / "undisturbed", **keys), root)
    command = words(train_file, tmp_path / "killed", **keys)
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / "checkpoints" / "last.ckpt"
    while not checkpoint.is_file() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    run(command, root)
    one, two = (
        load_file(tmp_path / name / "model.safetensors") for name in ("undisturbed", "killed")
    )
    assert all(torch.equal(one[key], two[key]) for key in one)
