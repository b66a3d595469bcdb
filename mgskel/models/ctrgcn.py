"""`ctrgcn`: channel-wise refined topology, arranged for speed.

Every channel of every sample is mixed along a graph of its own: a shared learned graph plus a
refinement from how the sample's joints differ. Three things make that fast. The three graphs of a
block are refined together, by one product in which the shared graph is one more input channel.
The values come out of their matrix product in the order in which the graphs take them, so nothing
is moved between. The sum over the three graphs happens inside the batched products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.models.backbone import Backbone, Block
from mgskel.models.graph import spatial_partition
from mgskel.models.layers import InputNorm, frames_of, mean_over_time, pointwise_norm
from mgskel.models.stgcn import STAGES, strides
from mgskel.models.temporal import MultiBranchTemporal
from mgskel.skeleton import Skeleton


class RefinedGraph(nn.Module):
    """Joint mixing along refined graphs, (N, C, T, V) -> (N, C', T, V).

    Args:
        skeleton: the layout of the joint axis.
        in_channels: C.
        out_channels: C'.
        reduction: how many channels share one relation between joints.
    """

    def __init__(
        self, skeleton: Skeleton, in_channels: int, out_channels: int, reduction: int = 8
    ) -> None:
        super().__init__()
        self.graphs = nn.Parameter(spatial_partition(skeleton))
        self.count, self.out_channels = len(self.graphs), out_channels
        self.width = max(in_channels // reduction, 4)
        self.relate = nn.Linear(in_channels, 2 * self.count * self.width)
        self.refine = nn.Parameter(torch.empty(self.count, out_channels, self.width))
        nn.init.normal_(self.refine, std=self.width**-0.5)
        self.strength = nn.Parameter(torch.zeros(()))
        self.values = nn.Parameter(torch.empty(self.count * out_channels, in_channels))
        nn.init.normal_(self.values, std=(2 / (self.count * in_channels)) ** 0.5)
        self.norm = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = pointwise_norm(in_channels, out_channels)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        n, c, t, v = x.shape
        graphs = self.sample_graphs(x, frames)
        tokens = x.permute(0, 2, 3, 1).reshape(n, t * v, c)
        values = torch.matmul(self.values, tokens.transpose(1, 2))
        values = values.view(n, self.count, self.out_channels, t, v)
        # Left to right, (T, V) @ (V, V): graphs[..., u, w] tells what joint w takes from u.
        batches = (n * self.out_channels, t, v), (n * self.out_channels, v, v)
        mixed = torch.bmm(values[:, 0].reshape(batches[0]), graphs[:, 0].reshape(batches[1]))
        for k in range(1, self.count):
            mixed = torch.baddbmm(
                mixed, values[:, k].reshape(batches[0]), graphs[:, k].reshape(batches[1])
            )
        mixed = mixed.view(n, self.out_channels, t, v)
        mixed = self.norm(mixed.contiguous(memory_format=torch.channels_last))
        return functional.relu(mixed + self.shortcut(x))

    def sample_graphs(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """The graph of each sample and channel, (N, 3, C', V, V), from joint to joint."""
        n, _, _, v = x.shape
        ends = self.relate(mean_over_time(x, frames)).view(n, v, 2, self.count, self.width)
        start, end = ends.permute(2, 0, 3, 4, 1).unbind(0)
        relation = torch.tanh(end.unsqueeze(3) - start.unsqueeze(4)).flatten(3)
        shared = self.graphs.transpose(1, 2).reshape(1, self.count, 1, v * v)
        inputs = torch.cat([relation, shared.expand(n, -1, -1, -1)], dim=2)
        ones = torch.ones_like(self.refine[:, :, :1])
        weights = torch.cat([self.strength * self.refine, ones], dim=2)
        return (weights @ inputs).view(n, self.count, self.out_channels, v, v)


class CTRGCNBlock(Block):
    """Joints, then time, with a residual around both."""

    def __init__(
        self, skeleton: Skeleton, in_channels: int, out_channels: int, stride: int
    ) -> None:
        super().__init__(out_channels, stride)
        self.graph = RefinedGraph(skeleton, in_channels, out_channels)
        self.time = MultiBranchTemporal(out_channels, stride, dilations=(1, 2))
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = pointwise_norm(in_channels, out_channels)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        frames = frames_of(valid)
        y = self.time(self.graph(x, frames), frames)
        return functional.relu(y + self.shortcut(x[:, :, :: self.stride]))


class CTRGCN(Backbone):
    """CTR-GCN-like network.

    Args:
        channels: channels of each block; where they grow, time is halved.
    """

    name: ClassVar[str] = "ctrgcn"

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        in_channels: int = 3,
        channels: Sequence[int] = STAGES,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(skeleton, num_classes, in_channels, channels[-1], dropout)
        self.norm = InputNorm(in_channels, skeleton.num_joints)
        self.enter = pointwise_norm(in_channels, channels[0])
        before = (channels[0], *channels)
        self.blocks = nn.ModuleList(
            CTRGCNBlock(skeleton, b, c, stride)
            for b, c, stride in zip(before, channels, strides(channels), strict=False)
        )

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        x = self.norm(x, valid).contiguous(memory_format=torch.channels_last)
        return functional.relu(self.enter(x))
