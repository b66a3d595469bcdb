"""Balanced fusion: identity at the start, learning from the first step, masks, read-outs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton
from mgskel.models import (
    BalancedFusion,
    BalancedPooling,
    FusionParts,
    add_fusion,
    balance_loss,
    create_model,
    fold,
    list_models,
    reading,
    with_fusion,
)
from mgskel.models.fusion.insertion import set_window, stage_ends
from mgskel.models.fusion.pooling import MeanPooling
from mgskel.models.fusion.windows import window_sums

if TYPE_CHECKING:
    from conftest import Tiny

ABLATIONS = (
    FusionParts(),
    FusionParts(spread=False),
    FusionParts(joint_gate=False),
    FusionParts(time_gate=False),
    FusionParts(balance=False),
)


def lively(
    skeleton: Skeleton,
    parts: FusionParts | None = None,
    channels: int = 8,
    window: int | None = None,
) -> BalancedFusion:
    """A fusion whose gates are off their start."""
    torch.manual_seed(0)
    fusion = BalancedFusion(skeleton, channels, parts, window=window)
    for parameter in fusion.parameters():
        nn.init.normal_(parameter, std=0.5)
    return fusion


def features(n: int = 3, channels: int = 8, frames: int = 6, joints: int = 4) -> Tensor:
    return torch.randn(n, channels, frames, joints, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("window", (None, 4))
@pytest.mark.parametrize("parts", ABLATIONS, ids=str)
def test_starts_as_the_identity(chain: Skeleton, parts: FusionParts, window: int | None) -> None:
    x = features()
    assert torch.equal(BalancedFusion(chain, 8, parts, window=window)(x), x)


@pytest.mark.parametrize("name", list_models())
def test_inserted_into_a_trained_network_changes_nothing(tiny: Tiny, name: str) -> None:
    model = tiny.model(name, "off", "natops8")
    x = tiny.batch("natops8")
    mask = tiny.holes(x)
    before = model(x, mask)
    torch.testing.assert_close(with_fusion(model, parts=FusionParts(gates=True))(x, mask), before)
    assert model.fusions()


def test_learns_from_the_first_step(chain: Skeleton) -> None:
    fusion = BalancedFusion(chain, 8)
    x = features()
    target = x * torch.tensor([2.0, 1, 1, 1])
    (fusion(x) - target).square().mean().backward()
    assert fusion.joint_gate.weight.grad.abs().max() > 0
    assert fusion.time_gate.weight.grad.abs().max() > 0
    optimizer = torch.optim.Adam(fusion.parameters(), lr=0.02)
    losses = []
    for _ in range(120):
        loss = (fusion(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # Doubling is the edge of what the gate can do; most of the way is enough.
    assert losses[-1] < 0.3 * losses[0]
    with reading(fusion):
        fusion(x)
    joints = fusion.readout.joints.mean((0, 1))
    assert joints.argmax() == 0


@pytest.mark.parametrize("parts", ABLATIONS, ids=str)
def test_no_idle_parameters(chain: Skeleton, parts: FusionParts) -> None:
    """Training in several processes stumbles over parameters that take no part."""
    fusion = lively(chain, parts)
    fusion(features()).square().sum().backward()
    idle = [key for key, value in fusion.named_parameters() if value.grad is None]
    assert idle == []


@pytest.mark.parametrize("window", (None, 4))
@pytest.mark.parametrize("parts", ABLATIONS, ids=str)
def test_masked_features_reach_nothing_else(
    chain: Skeleton, parts: FusionParts, window: int | None
) -> None:
    fusion = lively(chain, parts, window=window)
    x = features()
    valid = (torch.rand(3, 1, 6, 4, generator=torch.Generator().manual_seed(2)) > 0.3).float()
    valid[:, :, :, 3] = 0
    valid[0, :, 2] = 0
    changed = x + 10 * (1 - valid)
    seen = valid.bool().expand_as(x)
    torch.testing.assert_close(fusion(changed, valid)[seen], fusion(x, valid)[seen])
    everything = torch.ones_like(valid)
    torch.testing.assert_close(fusion(x, everything), fusion(x))


def test_gates_follow_the_formula(chain: Skeleton) -> None:
    fusion = lively(chain)
    x = features()
    with reading(fusion):
        y = fusion(x)
    out = fusion.readout
    assert out.joints.shape == (3, 4, 4)
    assert out.moments.shape == (3, 4, 6)
    assert out.balance.shape == (3, 8)
    assert ((out.balance > 0) & (out.balance < 1)).all()
    share = out.balance[:, :, None, None]
    joints = (out.joints - 1).repeat_interleave(2, dim=1)[:, :, None, :]
    moments = (out.moments - 1).repeat_interleave(2, dim=1)[:, :, :, None]
    torch.testing.assert_close(y, x * (1 + share * joints + (1 - share) * moments))
    torch.testing.assert_close(out.effect, (y - x).abs().mean(1))


@pytest.mark.parametrize("window", (3, 4, 7, 8, 13))
def test_window_sums_are_sums_over_windows(window: int) -> None:
    values = torch.randn(2, 11, 3)
    expected = torch.stack(
        [values[:, max(t + 3 - window, 0) : t + 3].sum(1) for t in range(11)], dim=1
    )
    torch.testing.assert_close(window_sums(values, window, ahead=2), expected)


def test_a_window_over_everything_is_no_window(chain: Skeleton) -> None:
    """At the moment whose window holds the whole clip, the gates are those of the clip."""
    clip, stream = lively(chain), lively(chain, window=6)
    x = features()
    valid = (torch.rand(3, 1, 6, 4, generator=torch.Generator().manual_seed(2)) > 0.3).float()
    with reading(clip), reading(stream):
        y, z = clip(x, valid), stream(x, valid)
    # The window ends two moments after its place.
    torch.testing.assert_close(stream.readout.joints[:, :, 3], clip.readout.joints)
    torch.testing.assert_close(stream.readout.balance[:, :, 3], clip.readout.balance)
    torch.testing.assert_close(stream.readout.moments, clip.readout.moments)
    torch.testing.assert_close(z[:, :, 3], y[:, :, 3])
    assert not torch.allclose(z[:, :, 0], y[:, :, 0])


def test_windowed_gates_follow_the_formula(chain: Skeleton) -> None:
    fusion = lively(chain, window=4)
    x = features()
    with reading(fusion):
        y = fusion(x)
    out = fusion.readout
    assert out.joints.shape == (3, 4, 6, 4) and out.balance.shape == (3, 8, 6)
    share = out.balance[..., None]
    joints = (out.joints - 1).repeat_interleave(2, dim=1)
    moments = (out.moments - 1).repeat_interleave(2, dim=1)[..., None]
    torch.testing.assert_close(y, x * (1 + share * joints + (1 - share) * moments))


def test_windows_are_told_in_frames_of_the_input() -> None:
    model = create_model("stgcn", "natops8", 3, channels=(8, 16, 32), fusion_window=60)
    assert [fusion.window for fusion in model.fusions()] == [60, 30]
    set_window(model, None)
    assert [fusion.window for fusion in model.fusions()] == [None, None]
    with pytest.raises(InputError, match="too short"):
        model.fusions()[0].window = 2


def test_an_open_gate_has_no_effect_where_nothing_passes(chain: Skeleton) -> None:
    fusion = lively(chain)
    x = features()
    x[:, :, :, 2] = 0
    with reading(fusion):
        fusion(x)
    out = fusion.readout
    assert (out.joints[:, :, 2] != 1).all()
    assert (out.effect[:, :, 2] == 0).all() and (out.effect[:, :, :2] > 0).all()


def test_gates_look_at_their_neighbourhood(chain: Skeleton) -> None:
    fusion = BalancedFusion(chain, 8, reach=2)
    nn.init.normal_(fusion.joint_gate.weight)
    nn.init.normal_(fusion.time_gate.weight)
    x = features(frames=9)
    changed = x.clone()
    changed[:, :, 4, 3] += 3
    outs = []
    for clip in (x, changed):
        with reading(fusion):
            fusion(clip)
        outs.append(fusion.readout)
    joints = (outs[0].joints - outs[1].joints).abs().amax((0, 1))
    moments = (outs[0].moments - outs[1].moments).abs().amax((0, 1))
    # Joint 3 hangs on joint 1; joints 0 and 2 are two bones away.
    assert (joints > 1e-4).tolist() == [False, True, False, True]
    assert (moments > 1e-4).tolist() == [False] * 2 + [True] * 5 + [False] * 2


def test_spread_tells_stillness_from_motion(chain: Skeleton) -> None:
    """Two clips with equal means and unequal motion are alike only without the spread."""
    still = torch.zeros(1, 8, 6, 4)
    moving = still.clone()
    moving[:, :, ::2, 2], moving[:, :, 1::2, 2] = 1.0, -1.0
    for parts, alike in ((FusionParts(), False), (FusionParts(spread=False), True)):
        fusion = lively(chain, parts)
        weights = []
        for x in (still, moving):
            with reading(fusion):
                fusion(x)
            weights.append(fusion.readout.joints)
        assert torch.allclose(*weights, atol=1e-5) == alike


def test_switched_off_parts_do_nothing(chain: Skeleton) -> None:
    x = features()
    for parts in ABLATIONS[2:]:
        fusion = lively(chain, parts)
        with reading(fusion):
            fusion(x)
        out = fusion.readout
        assert (out.joints == 1).all() == (not parts.joint_gate)
        assert (out.moments == 1).all() == (not parts.time_gate)
        assert (out.balance == 0.5).all() == (not parts.balance)


def test_balance_loss_grows_with_the_lean_and_corrects_it(chain: Skeleton) -> None:
    fusion = lively(chain).train()
    x = features()
    nn.init.zeros_(fusion.balance.weight)
    losses = []
    for lean in (0.0, 1.0, 4.0):
        nn.init.constant_(fusion.balance.bias, lean)
        fusion(x)
        losses.append(balance_loss(fusion).item())
    assert losses[0] == 0
    assert losses[0] < losses[1] < losses[2] < 1
    # Channels that lean to opposite sides are what the balance is for.
    with torch.no_grad():
        fusion.balance.bias.copy_(torch.tensor([4.0, -4.0] * 4))
    fusion(x)
    assert balance_loss(fusion).item() < 1e-6
    nn.init.constant_(fusion.balance.bias, 4.0)
    fusion(x)
    balance_loss(fusion).backward()
    assert (fusion.balance.bias.grad > 0).all()


def test_balance_loss_without_fusion_is_zero() -> None:
    assert balance_loss(nn.Linear(2, 2)) == 0


def test_copies_after_a_training_pass(chain: Skeleton) -> None:
    fusion = lively(chain).train()
    fusion(features())
    again = copy.deepcopy(fusion)
    assert balance_loss(again) == 0
    torch.testing.assert_close(fold(fusion)(features()), fusion(features()))


def test_reading_ends(chain: Skeleton) -> None:
    fusion = lively(chain)
    with reading(fusion) as fusions:
        assert fusions == [fusion]
        fusion(features())
    before = fusion.readout
    fusion(features(n=2))
    assert fusion.readout is before


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

    def __init__(self) -> None:
        super().__init__()
        self.l1, self.l2, self.l3 = (ManyBranches(8, stride) for stride in (1, 1, 2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        for block in (self.l1, self.l2, self.l3):
            x, graph = block(x, graph)
        return self.fc(self.pool(x).flatten(1))


def test_is_added_to_networks_that_know_nothing_of_it(chain: Skeleton) -> None:
    model = FarAway()
    arguments = features(), torch.eye(4)
    trained, before = model.state_dict(), model(*arguments)
    assert add_fusion(model, chain, arguments) == ("l2", "pool")
    torch.testing.assert_close(model(*arguments), before)
    assert not model.load_state_dict(trained, strict=False).unexpected_keys, "names stay"
    again = copy.deepcopy(model)
    again(*arguments).sum().backward()
    assert again.l2.balanced_fusion.joint_gate.weight.grad.abs().max() > 0
    assert again.pool.balanced_pooling.moment_share.grad.abs().max() > 0
    with pytest.raises(InputError, match="no row of blocks"):
        add_fusion(nn.Sequential(nn.Linear(4, 4)), chain, (torch.zeros(2, 4),))


@pytest.mark.parametrize("share", (0.0, 0.25))
def test_pooling_follows_the_formula(share: float) -> None:
    pool = BalancedPooling(8, share)
    x = features()
    mean = x.mean((2, 3))
    moment, joint = x.mean(3).amax(2), x.mean(2).amax(2)
    expected = mean + share * (moment - mean) + share * (joint - mean)
    torch.testing.assert_close(pool(x), expected)
    torch.testing.assert_close(pool(x, torch.ones_like(x[:, :1])), expected)
    one = pool.at_moments(x)[:, 2]
    torch.testing.assert_close(one, pool(x[:, :, 2:3]), msg="a moment is a clip of its own")


def test_pooling_leaves_out_what_is_not_there() -> None:
    pool = BalancedPooling(8, 0.25)
    x = features()
    valid = torch.ones_like(x[:, :1])
    valid[:, :, 4:], valid[:, :, :, 3], valid[2] = 0, 0, 0
    changed = x + 50 * (1 - valid)
    torch.testing.assert_close(pool(changed, valid), pool(x, valid))
    torch.testing.assert_close(pool(x, valid)[:2], pool(x[:2, :, :4, :3]))
    assert (pool(x, valid)[2] == 0).all(), "nobody is there"
    torch.testing.assert_close(
        pool.at_moments(changed, valid)[:2, :4], pool.at_moments(x[:2, :, :4, :3])
    )


def test_pooling_hears_a_brief_movement_of_one_joint() -> None:
    """The same movement in a clip four times as long: its share of the mean falls to a quarter."""
    short = torch.zeros(1, 8, 4, 4)
    short[:, :, 1, 2] = 1.0
    long = torch.cat([short, torch.zeros(1, 8, 12, 4)], 2)
    pool = BalancedPooling(8, 0.25)
    kept = pool(long) / pool(short)
    assert (kept > 0.5).all() and torch.allclose(
        MeanPooling()(long) / MeanPooling()(short), torch.tensor(0.25)
    )
    with reading(pool):
        pool(long)
    out = pool.readout
    assert out.joints.argmax() == 2 and out.moments.argmax() == 1
    assert out.effect.flatten().argmax() == 1 * 4 + 2 and out.balance.shape == (1, 8)


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
