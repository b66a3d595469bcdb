"""Balanced fusion: identity at the start, learning from the first step, masks, read-outs."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from mgskel.core.skeleton import Skeleton
from mgskel.models import BalancedFusion, FusionParts, balance_loss, fold, reading
from mgskel.models.fusion.windows import window_sums

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


def holes() -> Tensor:
    """Validity for `features`, about a third of it missing."""
    return (torch.rand(3, 1, 6, 4, generator=torch.Generator().manual_seed(2)) > 0.3).float()


@pytest.mark.parametrize("window", (None, 4))
@pytest.mark.parametrize("parts", ABLATIONS, ids=str)
def test_starts_as_the_identity(chain: Skeleton, parts: FusionParts, window: int | None) -> None:
    x = features()
    assert torch.equal(BalancedFusion(chain, 8, parts, window=window)(x), x)


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
    x, valid = features(), holes()
    valid[:, :, :, 3] = 0
    valid[0, :, 2] = 0
    changed = x + 10 * (1 - valid)
    seen = valid.bool().expand_as(x)
    torch.testing.assert_close(fusion(changed, valid)[seen], fusion(x, valid)[seen])
    everything = torch.ones_like(valid)
    torch.testing.assert_close(fusion(x, everything), fusion(x))


@pytest.mark.parametrize("window", (None, 4))
def test_gates_follow_the_formula(chain: Skeleton, window: int | None) -> None:
    fusion = lively(chain, window=window)
    x = features()
    with reading(fusion):
        y = fusion(x)
    out = fusion.readout
    steps = (6,) if window else ()
    assert out.joints.shape == (3, 4, *steps, 4)
    assert out.moments.shape == (3, 4, 6)
    assert out.balance.shape == (3, 8, *steps)
    assert ((out.balance > 0) & (out.balance < 1)).all()
    share = out.balance.reshape(3, 8, -1, 1)
    joints = (out.joints - 1).repeat_interleave(2, dim=1).reshape(3, 8, -1, 4)
    moments = (out.moments - 1).repeat_interleave(2, dim=1)[..., None]
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
    x, valid = features(), holes()
    with reading(clip), reading(stream):
        y, z = clip(x, valid), stream(x, valid)
    # The window ends two moments after its place.
    torch.testing.assert_close(stream.readout.joints[:, :, 3], clip.readout.joints)
    torch.testing.assert_close(stream.readout.balance[:, :, 3], clip.readout.balance)
    torch.testing.assert_close(stream.readout.moments, clip.readout.moments)
    torch.testing.assert_close(z[:, :, 3], y[:, :, 3])
    assert not torch.allclose(z[:, :, 0], y[:, :, 0])


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
