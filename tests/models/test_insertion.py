"""Balanced fusion goes into networks, ours and others', and changes nothing until trained."""

from __future__ import annotations

import copy
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.formats import write
from mgskel.models import (
    BalancedFusion,
    BalancedPooling,
    FusionParts,
    add_fusion,
    create_model,
    list_models,
    with_fusion,
)
from mgskel.models.fusion.insertion import set_window, stage_ends
from mgskel.models.fusion.pooling import MeanPooling

if TYPE_CHECKING:
    from conftest import Tiny


def features() -> Tensor:
    return torch.randn(3, 8, 6, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", list_models())
def test_inserted_into_a_trained_network_changes_nothing(tiny: Tiny, name: str) -> None:
    model = tiny.model(name, "off", "natops8")
    x = tiny.batch("natops8")
    mask = tiny.holes(x)
    before = model(x, mask)
    torch.testing.assert_close(with_fusion(model, parts=FusionParts(gates=True))(x, mask), before)
    assert model.fusions()


def test_windows_are_told_in_frames_of_the_input() -> None:
    model = create_model("stgcn", "natops8", 3, channels=(8, 16, 32), fusion_window=60)
    assert [fusion.window for fusion in model.fusions()] == [60, 30]
    set_window(model, None)
    assert [fusion.window for fusion in model.fusions()] == [None, None]
    with pytest.raises(InputError, match="too short"):
        model.fusions()[0].window = 2


class Foreign(nn.Module):
    """Someone else's network: plain modules in `blocks`, and no masks."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


def test_goes_into_foreign_networks(chain: Skeleton) -> None:
    model = Foreign()
    x = features()
    before = model(x)
    with_fusion(model, chain, after=(0, 2))
    assert [type(block).__name__ for block in model.blocks] == [
        "FusedBlock",
        "Conv2d",
        "FusedBlock",
    ]
    assert torch.equal(model(x), before)


class ManyBranches(nn.Module):
    """A block as others write them: inner rows of layers, two answers."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(8, channels, 1) for _ in range(4))
        self.time = nn.Conv2d(channels, 8, (3, 1), (stride, 1), (1, 0))

    def forward(self, x: Tensor, graph: Tensor) -> tuple[Tensor, Tensor]:
        return self.time(sum(branch(x @ graph) for branch in self.branches)), graph


class FarAway(nn.Module):
    """In the manner of CTR-GCN and MMAction: blocks by name, a pooling layer, M in the batch."""

    def __init__(self, pool: Callable[[Tensor], Tensor] | None = None) -> None:
        super().__init__()
        self.l1, self.l2, self.l3 = (ManyBranches(8, stride) for stride in (1, 1, 2))
        self.pool = pool or nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        for block in (self.l1, self.l2, self.l3):
            x, graph = block(x, graph)
        return self.fc(self.pool(x).flatten(1))


@pytest.mark.parametrize(
    ("parts", "pools", "places"),
    (
        (FusionParts(), True, ("pool",)),
        (FusionParts(gates=True), True, ("pool", "l2")),
        (FusionParts(), False, ("l2",)),
    ),
    ids=("pooling", "and gates", "gates where a mean is written out"),
)
def test_is_added_to_networks_that_know_nothing_of_it(
    chain: Skeleton, parts: FusionParts, pools: bool, places: tuple[str, ...]
) -> None:
    model = FarAway() if pools else FarAway(lambda x: x.mean((2, 3)))
    arguments = features(), torch.eye(4)
    trained, before = model.state_dict(), model(*arguments)
    assert add_fusion(model, chain, arguments, parts) == places
    torch.testing.assert_close(model(*arguments), before)
    assert not model.load_state_dict(trained, strict=False).unexpected_keys, "names stay"
    again = copy.deepcopy(model)
    again(*arguments).sum().backward()
    new = [value for name, value in again.named_parameters() if "balanced_" in name]
    assert new and any(value.grad.abs().max() > 0 for value in new)


def test_says_where_nothing_can_be_fused(chain: Skeleton) -> None:
    with pytest.raises(InputError, match="no row of blocks"):
        add_fusion(nn.Sequential(nn.Linear(4, 4)), chain, (torch.zeros(2, 4),))


def test_the_printed_example_trains(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On two classes that move one joint in directions of their own."""
    page = (root / "docs" / "howto" / "fusion-elsewhere.md").read_text(encoding="utf-8")
    example = tmp_path / "theirs.py"
    example.write_text(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1])
    points = np.random.default_rng(0).normal(0, 0.1, (80, 12, 8, 3)).astype(np.float32)
    for i, clip in enumerate(points):
        clip[4:8, 3, i % 2] += 2
    clips = (
        Recording(
            PoseSequence.from_arrays(one, fps=20.0, skeleton="natops8", unit="metre"),
            str(i),
            label=i % 2,
        )
        for i, one in enumerate(points)
    )
    write(tmp_path / "clips.npz", Dataset(tuple(clips), class_names=("a", "b")), "bundle")
    runpy.run_path(str(example))["main"](tmp_path / "clips.npz", epochs=10, seeds=1)
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" fusion")[0] for line in told] == ["without", "with"]
    assert min(float(line.split()[-1]) for line in told) > 0.7


def test_fusion_of_clips_pools_and_fusion_of_streams_gates() -> None:
    sizes = {"channels": (8, 16)}
    clips = create_model("light", "natops8", 3, **sizes)
    assert isinstance(clips.pool, BalancedPooling) and not clips.fusions()
    stream = create_model("light", "natops8", 3, fusion_window=30, **sizes)
    assert type(stream.pool) is MeanPooling and len(stream.fusions()) == 1
    both = create_model("light", "natops8", 3, fusion="gates", **sizes)
    assert isinstance(both.pool, BalancedPooling) and len(both.fusions()) == 1
    one = create_model("light", "natops8", 3, FusionParts(moment_peak=False), **sizes)
    assert [name for name, _ in one.pool.named_parameters()] == ["joint_share"]


def test_refuses_what_it_cannot_fuse(chain: Skeleton) -> None:
    with pytest.raises(InputError, match="Linear"):
        with_fusion(nn.Linear(2, 2), chain)
    model = Foreign()
    with pytest.raises(InputError, match="skeleton"):
        with_fusion(model)
    model.blocks[2] = nn.ReLU()
    with pytest.raises(InputError, match="out_channels"):
        with_fusion(model, chain, after=(2,))
    with pytest.raises(InputError, match="heads"):
        BalancedFusion(chain, 6)


def test_stage_ends() -> None:
    model = create_model("stgcn", "natops8", 3, fusion="off")
    assert stage_ends(model.blocks) == [3, 6]
    assert stage_ends(Foreign().blocks) == [1]
