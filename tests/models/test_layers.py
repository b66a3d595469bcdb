"""The small layers, against plain ways of computing the same."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mgskel.models.layers.basic import (
    ConvNorm,
    InputNorm,
    Pointwise,
    fold,
    mean_over_time,
    shrink_time,
    stride_of,
    temporal_conv,
)
from mgskel.models.layers.temporal import MultiBranchTemporal


def test_pointwise_is_a_convolution() -> None:
    layer = Pointwise(3, 5)
    x = torch.randn(2, 3, 4, 6)
    torch.testing.assert_close(layer(x), nn.functional.conv2d(x, layer.weight, layer.bias))


@pytest.mark.parametrize("stride", (1, 2, 3))
@pytest.mark.parametrize("dilation", (1, 2))
@pytest.mark.parametrize("frames", (1, 2, 5, 8))
def test_temporal_length(stride: int, dilation: int, frames: int) -> None:
    conv = temporal_conv(2, 4, 5, stride, dilation)
    assert conv(torch.randn(1, 2, frames, 3)).shape == (1, 4, -(-frames // stride), 3)


def test_folded_convolution_is_the_normalised_one() -> None:
    unit = ConvNorm(temporal_conv(3, 4, 3))
    unit.train()
    for _ in range(3):
        unit(torch.randn(8, 3, 5, 2) * 2 + 1)
    unit.eval()
    x = torch.randn(2, 3, 5, 2)
    folded = fold(nn.Sequential(unit))
    assert isinstance(folded[0], nn.Conv2d)
    torch.testing.assert_close(folded(x), unit(x))
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert isinstance(unit.norm, nn.BatchNorm2d), "the original is as it was"


class TestInputNorm:
    def test_standardises_what_is_there(self) -> None:
        norm = InputNorm(2, 3)
        x = torch.randn(16, 2, 10, 3) * 5 + 3
        valid = (torch.rand(16, 1, 10, 3) > 0.4).float()
        y = norm(torch.where(valid.bool(), x, torch.zeros(())), valid)
        assert (y[~valid.bool().expand_as(y)] == 0).all()
        for joint in range(3):
            seen = y[:, 0, :, joint][valid[:, 0, :, joint].bool()]
            assert abs(seen.mean()) < 1e-4
            assert abs(seen.std(correction=0) - 1) < 1e-3

    def test_missing_values_do_not_touch_the_statistics(self) -> None:
        x = torch.randn(4, 2, 10, 3)
        valid = (torch.rand(4, 1, 10, 3) > 0.4).float()
        one, two = InputNorm(2, 3), InputNorm(2, 3)
        one(x, valid)
        two(x + 100 * (1 - valid), valid)
        torch.testing.assert_close(one.mean, two.mean)
        torch.testing.assert_close(one.variance, two.variance)

    def test_a_joint_never_seen_keeps_its_statistics(self) -> None:
        norm = InputNorm(1, 2)
        valid = torch.ones(2, 1, 5, 2)
        valid[..., 1] = 0
        norm(torch.randn(2, 1, 5, 2) * valid + 7 * valid, valid)
        assert norm.mean[..., 1].item() == 0
        assert norm.variance[..., 1].item() == 1
        assert norm.mean[..., 0].item() > 0.5

    def test_evaluation_uses_what_training_saw(self) -> None:
        norm = InputNorm(1, 2, momentum=1.0)
        x = torch.randn(8, 1, 9, 2) * 3 + 1
        trained = norm(x, None)
        torch.testing.assert_close(norm.eval()(x, None), trained)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 20), padding=st.integers(0, 9), stride=st.integers(1, 4))
def test_padding_is_padding_after_a_stride(frames: int, padding: int, stride: int) -> None:
    valid = torch.ones(1, 1, frames + padding, 2)
    valid[:, :, frames:] = 0
    shrunk = shrink_time(valid, stride)
    assert shrunk is not None
    assert shrunk.shape[2] == -(-(frames + padding) // stride)
    assert shrunk[0, 0, :, 0].sum() == -(-frames // stride)


def test_mean_over_the_frames_that_are_there() -> None:
    x = torch.randn(2, 3, 5, 4)
    frames = torch.ones(2, 1, 5, 1)
    torch.testing.assert_close(mean_over_time(x, None), x.mean(2).transpose(1, 2))
    torch.testing.assert_close(mean_over_time(x, frames), mean_over_time(x, None))
    frames[0, :, 3:] = 0
    expected = x[0, :, :3].mean(1).t()
    torch.testing.assert_close(mean_over_time(x, frames)[0], expected)
    assert (mean_over_time(x, torch.zeros_like(frames)) == 0).all()


def test_stride_of_anything() -> None:
    assert stride_of(nn.ReLU()) == 1
    assert stride_of(temporal_conv(1, 1, 3, stride=2)) == 2


@pytest.mark.parametrize("stride", (1, 2))
def test_branches_cover_all_channels(stride: int) -> None:
    mix = MultiBranchTemporal(22, stride, dilations=(1, 2)).eval()
    assert mix.widths == [5, 5, 5, 7]
    x = torch.randn(2, 22, 9, 3)
    y = mix(x, None)
    assert y.shape == (2, 22, -(-9 // stride), 3)
    torch.testing.assert_close(y[:, -7:], mix.enter(x)[:, -7:, ::stride])
