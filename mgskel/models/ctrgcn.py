"""`ctrgcn`: channel-wise refined topology, arranged for speed.

Every channel of every sample is mixed along a graph of its own: a shared learned graph plus a
refinement from how the sample's joints differ. Three things make that fast. The three graphs of a
block are refined together, by one product in which the shared graph is one more input channel.
The values come out of their matrix product in the order in which the graphs take them, so nothing
is moved between. The sum over the three graphs happens inside the batched products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.skeleton import Skeleton
from mgskel.models.backbone import Block, backbone
from mgskel.models.layers.basic import frames_of, mean_over_time, shortcut
from mgskel.models.layers.graph import spatial_partition
from mgskel.models.layers.temporal import MultiBranchTemporal
from mgskel.models.stgcn import STGCN


class RefinedGraph(nn.Module):
    """Joint mixing along refined graphs, (N, C, T, V) -> (N, C', T, V).

    Args:
        reduction: how many channels share one relation between joints.
    """

    def __init__(
        self, skeleton: Skeleton, in_channels: int, out_channels: int, reduction: int = 8
    ) -> None:
        super().__init__()
        self.graphs = nn.Parameter(spatial_partition(skeleton))
        count = len(self.graphs)
        self.width = max(in_channels // reduction, 4)
        self.relate = nn.Linear(in_channels, 2 * count * self.width)
        self.refine = nn.Parameter(torch.empty(count, out_channels, self.width))
        nn.init.normal_(self.refine, std=self.width**-0.5)
        self.strength = nn.Parameter(torch.zeros(()))
        self.values = nn.Parameter(torch.empty(count, out_channels, in_channels))
        nn.init.normal_(self.values, std=(2 / (count * in_channels)) ** 0.5)
        self.norm = nn.BatchNorm2d(out_channels)
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        n, c, t, v = x.shape
        tokens = x.permute(0, 2, 3, 1).reshape(n, t * v, c).transpose(1, 2)
        mixed: Tensor | None = None
        for weight, graph in zip(self.values, self.sample_graphs(x, frames), strict=True):
            values = torch.bmm(weight.expand(n, -1, -1), tokens).view(-1, t, v)
            graph = graph.reshape(-1, v, v)
            # From the right: graph[..., u, w] tells what joint w takes from joint u.
            if mixed is None:
                mixed = torch.bmm(values, graph)
            else:
                mixed = torch.baddbmm(mixed, values, graph)
        assert mixed is not None
        mixed = mixed.view(n, -1, t, v).contiguous(memory_format=torch.channels_last)
        return functional.relu(self.norm(mixed) + self.shortcut(x))

    def sample_graphs(self, x: Tensor, frames: Tensor | None) -> list[Tensor]:
        """The three graphs of each sample and channel, each (N, C', V, V), from joint to joint."""
        n, _, _, v = x.shape
        count = len(self.graphs)
        ends = self.relate(mean_over_time(x, frames)).view(n, v, 2, count, self.width)
        start, end = ends.permute(2, 3, 0, 4, 1).unbind(0)
        relation = torch.tanh(end.unsqueeze(3) - start.unsqueeze(4)).flatten(3)
        shared = self.graphs.transpose(1, 2).reshape(count, 1, 1, v * v)
        inputs = torch.cat([relation, shared.expand(-1, n, -1, -1)], dim=2)
        ones = torch.ones_like(self.refine[:, :, :1])
        weights = torch.cat([self.strength * self.refine, ones], dim=2)
        return [
            torch.bmm(weight.expand(n, -1, -1), several).view(n, -1, v, v)
            for weight, several in zip(weights.unbind(0), inputs.unbind(0), strict=True)
        ]


class CTRGCNBlock(Block):
    """Joints, then time, with a residual around both."""

    def __init__(
        self, skeleton: Skeleton, in_channels: int, out_channels: int, stride: int
    ) -> None:
        super().__init__(out_channels, stride)
        self.graph = RefinedGraph(skeleton, in_channels, out_channels)
        self.time = MultiBranchTemporal(out_channels, stride, dilations=(1, 2))
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        frames = frames_of(valid)
        y = self.time(self.graph(x, frames), frames)
        return functional.relu(y + self.shortcut(x[:, :, :: self.stride]))


@backbone
class CTRGCN(STGCN):
    """CTR-GCN-like network: the frame of `STGCN` with topologies refined per channel.

    Args:
        channels: channels of each block; where they grow, time is halved.
    """

    name: ClassVar[str] = "ctrgcn"
    block: ClassVar[Callable[..., Block]] = CTRGCNBlock
