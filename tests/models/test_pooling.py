"""The pooling that knows its peaks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mgskel.models import BalancedPooling, reading
from mgskel.models.fusion.pooling import MeanPooling


def features() -> Tensor:
    return torch.randn(3, 8, 6, 4, generator=torch.Generator().manual_seed(1))


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
