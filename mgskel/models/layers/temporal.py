"""The temporal half of the classical graph networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.models.layers.basic import ConvNorm, Pointwise, Span, temporal_conv


class MultiBranchTemporal(nn.Module):
    """Several time scales side by side, (N, C, T, V) -> (N, C, ceil(T / stride), V).

    One branch per dilation, one that takes the maximum, one that passes through. All branches
    enter through a single matrix product, and the strided pass-through needs no copy.

    Args:
        channels: C, divided evenly among the branches (the pass-through takes what remains).
        dilations: one branch each.
    """

    def __init__(
        self, channels: int, stride: int = 1, kernel: int = 5, dilations: tuple[int, ...] = (1, 2)
    ) -> None:
        super().__init__()
        width = channels // (len(dilations) + 2)
        self.stride = stride
        side = max(1, kernel // 2 * max(dilations))
        self.span = Span(side, side)
        self.widths = [width] * (len(dilations) + 1)
        self.widths.append(channels - sum(self.widths))
        self.enter = ConvNorm(Pointwise(channels, channels, bias=False))
        self.branches = nn.ModuleList(
            ConvNorm(temporal_conv(width, width, kernel, stride, dilation))
            for dilation in dilations
        )
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        entered = self.enter(x)
        active, passing = entered.split((sum(self.widths[:-1]), self.widths[-1]), dim=1)
        if self.stride > 1:
            passing = passing[:, :, :: self.stride]
        active = functional.relu(active)
        if frames is not None:
            active = active * frames
        *narrow, peaks = active.split(self.widths[:-1], dim=1)
        mixed = [branch(part) for branch, part in zip(self.branches, narrow, strict=True)]
        # Nothing active is below zero, so a padding of zeros never wins over a frame.
        peaks = functional.max_pool2d(
            functional.pad(peaks, (0, 0, 1, 1)), (3, 1), stride=(self.stride, 1)
        )
        return torch.cat([*mixed, self.norm(peaks), passing], dim=1)
