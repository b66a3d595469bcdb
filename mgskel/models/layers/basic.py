"""Small layers that all networks are made of.

Features are (N, C, T, V) to every reader, and lie in memory as (N, T, V, C) (PyTorch's channels
last): a mix of channels is then one large matrix product, and a mix of joints one product per
frame, both without copies.
"""

from __future__ import annotations

import copy
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

ModelT = TypeVar("ModelT", bound=nn.Module)


class Span(NamedTuple):
    """Frames of its input, before and after its own place, that an answer of a layer rests on."""

    back: int
    ahead: int


HERE = Span(0, 0)


class Pointwise(nn.Conv2d):
    """A 1x1 convolution: one matrix product over all joints and frames.

    As a convolution, since oneDNN's kernels run at over twice the speed of BLAS on some processors.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel_size=1, bias=bias)


class CausalConv(nn.Conv2d):
    """A convolution that was padded on both sides along time, padded before the first alone."""

    def forward(self, x: Tensor) -> Tensor:
        before = 2 * int(self.padding[0])
        x = functional.pad(x, (0, 0, before, 0))
        return functional.conv2d(
            x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups
        )


class ConvNorm(nn.Module):
    """A convolution followed by batch normalisation; one convolution after `fold`."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))

    def folded(self) -> nn.Conv2d:
        """The same map in evaluation mode as one convolution."""
        return fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())


def pointwise_norm(in_channels: int, out_channels: int) -> ConvNorm:
    return ConvNorm(Pointwise(in_channels, out_channels, bias=False))


def shortcut(in_channels: int, out_channels: int) -> nn.Module:
    """What passes a block by: its input, mapped where the number of channels changes."""
    same = in_channels == out_channels
    return nn.Identity() if same else pointwise_norm(in_channels, out_channels)


def temporal_conv(
    in_channels: int,
    out_channels: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = False,
    causal: bool = False,
) -> nn.Conv2d:
    """A convolution along time alone that gives ceil(T / stride) frames for every T.

    Args:
        causal: each frame is made from itself and those before it.
    """
    kind = CausalConv if causal else nn.Conv2d
    return kind(
        in_channels,
        out_channels,
        kernel_size=(kernel, 1),
        stride=(stride, 1),
        padding=((kernel - 1) * dilation // 2, 0),
        dilation=(dilation, 1),
        groups=groups,
        bias=bias,
    )


class InputNorm(nn.Module):
    """Standardises each coordinate of each joint, counting only what is present.

    Missing values stay exactly zero and do not shift the statistics of the others.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, num_joints: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(1, channels, 1, num_joints))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, num_joints))
        self.register_buffer("mean", torch.zeros(1, channels, 1, num_joints))
        self.register_buffer("variance", torch.ones(1, channels, 1, num_joints))

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """x (N, C, T, V), valid (N, 1, T, V) of 0 and 1 or None -> (N, C, T, V)"""
        mean, variance = self.mean, self.variance
        if self.training:
            mean, variance = self._batch_statistics(x, valid)
        scale = self.weight * torch.rsqrt(variance + 1e-5)
        y = torch.addcmul(self.bias - mean * scale, x, scale)
        return y if valid is None else y * valid

    def _batch_statistics(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        weight = torch.ones_like(x[:, :1]) if valid is None else valid
        count = weight.sum((0, 2), keepdim=True)
        total = count.clamp(min=1)
        mean = (x * weight).sum((0, 2), keepdim=True) / total
        variance = ((x - mean).square() * weight).sum((0, 2), keepdim=True) / total
        with torch.no_grad():
            # A joint that this batch never shows keeps what earlier batches have told.
            rate = self.momentum * (count > 0)
            self.mean += rate * (mean - self.mean)
            self.variance += rate * (variance - self.variance)
        return mean, variance


def shrink_time(valid: Tensor | None, stride: int) -> Tensor | None:
    """The validity (N, 1, T, V) of frames after a temporal stride: valid if any frame was."""
    if valid is None or stride == 1:
        return valid
    return functional.max_pool2d(valid, (stride, 1), ceil_mode=True)


def stride_of(block: nn.Module) -> int:
    """A block's stride along time, also of a bare convolution; 1 where it does not say."""
    stride = getattr(block, "stride", 1)
    return int(stride[0] if isinstance(stride, tuple) else stride)


def span_of(layer: object) -> Span | None:
    """What a layer's answers rest on; None where that is the whole sequence, or is not told."""
    span = getattr(layer, "span", None)
    return span if isinstance(span, Span) else None


def frames_of(valid: Tensor | None) -> Tensor | None:
    """Frames with any joint, (N, 1, T, 1), from the validity of joints (N, 1, T, V)."""
    return None if valid is None else valid.amax(3, keepdim=True)


def mean_over_time(x: Tensor, frames: Tensor | None) -> Tensor:
    """Mean of (N, C, T, V) over the frames (N, 1, T, 1) that are there -> (N, V, C)."""
    n, c, t, v = x.shape
    flat = x.permute(0, 2, 3, 1).reshape(n, t, v * c)
    if frames is None:
        return flat.mean(1).view(n, v, c)
    weight = frames.view(n, 1, t)
    return (weight @ flat).view(n, v, c) / weight.sum(2, keepdim=True).clamp(min=1)


def fold(model: ModelT) -> ModelT:
    """A copy of the model for inference alone, with every normalisation that can be folded in.

    Gives the same results as ``model.eval()``; training it further makes no sense.
    """
    model = copy.deepcopy(model).eval()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, ConvNorm):
                setattr(parent, name, child.folded())
    return model.requires_grad_(False)
