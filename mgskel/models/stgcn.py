"""`stgcn`: the spatio-temporal graph network in its modern form.

Ten blocks; learned adjacency started from the skeleton, residual around the joint mix,
multi-branch time, three stages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.skeleton import Skeleton
from mgskel.models.backbone import Backbone, Block, backbone
from mgskel.models.layers.basic import InputNorm, frames_of, pointwise_norm, shortcut
from mgskel.models.layers.graph import spatial_partition
from mgskel.models.layers.temporal import MultiBranchTemporal

STAGES = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)


def strides(channels: Sequence[int]) -> list[int]:
    """Time is halved wherever the channels of the blocks grow."""
    return [1, *(2 if c > b else 1 for b, c in zip(channels, channels[1:], strict=False))]


class AdaptiveGraph(nn.Module):
    """Joint mixing along three learned graphs, (N, C, T, V) -> (N, C', T, V).

    The graphs start as the joint itself, its children and its parent. All three are applied by
    one matrix product per frame, and all their channel mixes by one over all frames.
    """

    def __init__(self, skeleton: Skeleton, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.graphs = nn.Parameter(spatial_partition(skeleton))
        self.mix = pointwise_norm(3 * in_channels, out_channels)
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        n, c, t, v = x.shape
        tokens = x.permute(0, 2, 3, 1).reshape(n * t, v, c)
        gathered = torch.matmul(self.graphs.flatten(0, 1), tokens)
        gathered = gathered.view(n, t, 3, v, c).transpose(2, 3).reshape(n, t, v, 3 * c)
        return functional.relu(self.mix(gathered.permute(0, 3, 1, 2)) + self.shortcut(x))


class STGCNBlock(Block):
    """Joints, then time, with a residual around both."""

    def __init__(self, skeleton: Skeleton, in_channels: int, out_channels: int, stride: int):
        super().__init__(out_channels, stride)
        self.graph = AdaptiveGraph(skeleton, in_channels, out_channels)
        self.time = MultiBranchTemporal(out_channels, stride, dilations=(1, 2, 3, 4))
        self.span = self.time.span
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        y = self.time(self.graph(x), frames_of(valid))
        return functional.relu(y + self.shortcut(x[:, :, :: self.stride]))


@backbone
class STGCN(Backbone):
    """ST-GCN++-like network.

    Args:
        channels: channels of each block; where they grow, time is halved.
    """

    name: ClassVar[str] = "stgcn"
    block: ClassVar[Callable[..., Block]] = STGCNBlock

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
            self.block(skeleton, b, c, stride)
            for b, c, stride in zip(before, channels, strides(channels), strict=False)
        )

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        x = self.norm(x, valid).contiguous(memory_format=torch.channels_last)
        return functional.relu(self.enter(x))
