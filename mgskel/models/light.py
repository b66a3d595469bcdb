"""`light`: the default network, made for accuracy per CPU second.

Coordinates are first compared with reference points (bones, the other hand, the head), then two
frames become one. Each block mixes joints (learned graphs per head, sharpened by what the sample
shows), then time (one long depthwise filter per channel), each followed by one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from mgskel.core.skeleton import Skeleton
from mgskel.models.backbone import Backbone, Block, backbone
from mgskel.models.layers.basic import (
    Span,
    frames_of,
    mean_over_time,
    pointwise_norm,
    shortcut,
    temporal_conv,
)
from mgskel.models.layers.graph import head_graphs
from mgskel.models.layers.stem import RelativeStem


class GraphMix(nn.Module):
    """Mixes joints within heads (groups of channels), each along a graph of its own.

    A head's graph is learned, and shifted for each sample by how its joints relate on average over
    time, unless `follow` is false: then an answer rests on its own moment alone.
    """

    def __init__(
        self, skeleton: Skeleton, channels: int, heads: int, width: int = 8, follow: bool = True
    ) -> None:
        super().__init__()
        self.heads, self.width, self.follow = heads, width, follow
        self.graphs = nn.Parameter(head_graphs(skeleton, heads))
        if follow:
            self.relate = nn.Linear(channels, 2 * heads * width)
            self.strength = nn.Parameter(torch.zeros(heads, 1, 1))

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """x (N, C, T, V), frames (N, 1, T, 1) or None -> (N, C, T, V)"""
        n, c, t, v = x.shape
        heads = self.heads
        tokens = x.permute(0, 2, 3, 1).reshape(n, t, v, heads, c // heads)
        tokens = tokens.permute(0, 3, 2, 1, 4).reshape(n * heads, v, t * (c // heads))
        graphs = self.sample_graphs(x, frames) if self.follow else self.graphs.expand(n, -1, -1, -1)
        mixed = torch.bmm(graphs.reshape(n * heads, v, v), tokens)
        mixed = mixed.view(n, heads, v, t, c // heads).permute(0, 3, 2, 1, 4)
        return mixed.reshape(n, t, v, c).permute(0, 3, 1, 2)

    def sample_graphs(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """The graphs that each sample is mixed along, (N, heads, V, V)."""
        n, _, _, v = x.shape
        related = self.relate(mean_over_time(x, frames))
        related = related.view(n, v, 2, self.heads, self.width).permute(2, 0, 3, 1, 4)
        affinity = torch.tanh(related[0] @ related[1].transpose(2, 3) * self.width**-0.5)
        return torch.addcmul(self.graphs, self.strength, affinity)


class LightBlock(Block):
    """Joints, then time, each by a cheap mix and one matrix product; residual around both."""

    def __init__(
        self,
        skeleton: Skeleton,
        in_channels: int,
        out_channels: int,
        stride: int,
        heads: int,
        kernel: int,
        follow: bool,
        causal: bool,
    ) -> None:
        super().__init__(out_channels, stride)
        ahead = 0 if causal else kernel // 2
        self.span = None if follow else Span(kernel - 1 - ahead, ahead)
        self.graph = GraphMix(skeleton, in_channels, heads, follow=follow)
        self.spatial = pointwise_norm(in_channels, out_channels)
        self.filter = temporal_conv(
            out_channels,
            out_channels,
            kernel,
            stride,
            groups=out_channels,
            bias=True,
            causal=causal,
        )
        self.temporal = pointwise_norm(out_channels, out_channels)
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """(N, C, T, V) -> (N, C', ceil(T / stride), V)"""
        frames = frames_of(valid)
        y = self.spatial(self.graph(x, frames)).relu_()
        if frames is not None:
            y = y * frames
        y = self.temporal(self.filter(y))
        kept = x[:, :, :: self.stride] if self.stride > 1 else x
        return y.add_(self.shortcut(kept)).relu_()


@backbone
class Light(Backbone):
    """Our default network.

    Args:
        channels: channels of each block; where they grow, time is halved.
        heads: graphs per block.
        kernel: frames (after the stem) that a block sees at once.
        stem_stride: input frames per frame of features in the first block.
        follow_sample: graphs are shifted by what the sample shows. A network that follows
            streams must not: it would look at all of their time.
        causal: blocks see the past alone, so that all their paths know the moment that a stream
            has come to, and not only the outermost.
    """

    name: ClassVar[str] = "light"

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 64, 64, 128, 128, 128),
        heads: int = 8,
        kernel: int = 7,
        stem_stride: int = 2,
        dropout: float = 0.2,
        follow_sample: bool = True,
        causal: bool = False,
    ) -> None:
        super().__init__(skeleton, num_classes, in_channels, channels[-1], dropout)
        self.stem_stride = stem_stride
        self.stem = RelativeStem(skeleton, in_channels, channels[0], kernel=5, stride=stem_stride)
        self.stem_span = self.stem.span
        before = (channels[0], *channels)
        self.blocks = nn.ModuleList(
            LightBlock(skeleton, c, d, 1 if c == d else 2, heads, kernel, follow_sample, causal)
            for c, d in zip(before, channels, strict=False)
        )

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        return self.stem(x, valid)
