"""`gat`: attention along the bones, by PyTorch Geometric's `GATv2Conv`.

Each frame is a graph; a joint gathers from itself and from the joints it shares a bone with, by
weights that depend on both ends. Those weights can be read out per bone. What lies further away
(the other hand, the head) a joint knows from the entry, which compares it with reference points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.skeleton import Skeleton
from mgskel.models.backbone import Backbone, Block, backbone
from mgskel.models.layers.basic import frames_of, shortcut
from mgskel.models.layers.graph import edge_index
from mgskel.models.layers.stem import RelativeStem
from mgskel.models.layers.temporal import MultiBranchTemporal
from mgskel.models.stgcn import strides


class BoneAttention(nn.Module):
    """`GATv2Conv` over every frame of a batch, (N, C, T, V) -> (N, C', T, V)."""

    edges: Tensor

    def __init__(self, skeleton: Skeleton, in_channels: int, out_channels: int, heads: int) -> None:
        # Imported here: PyTorch Geometric loads only for the network that uses it.
        from torch_geometric.nn import GATv2Conv

        super().__init__()
        joints = torch.arange(skeleton.num_joints)
        edges = torch.cat([edge_index(skeleton), torch.stack([joints, joints])], dim=1)
        self.register_buffer("edges", edges, persistent=False)
        self.attend = GATv2Conv(in_channels, out_channels // heads, heads, add_self_loops=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x)[0]

    def mix(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, C', T, V), and the weight of each edge (N, T, E, heads)."""
        n, c, t, v = x.shape
        nodes = x.permute(0, 2, 3, 1).reshape(n * t * v, c)
        first = torch.arange(n * t, device=x.device) * v
        edges = (self.edges.unsqueeze(1) + first.view(1, -1, 1)).flatten(1)
        mixed, (_, weights) = self.attend(nodes, edges, return_attention_weights=True)
        mixed = mixed.view(n, t, v, -1).permute(0, 3, 1, 2)
        return self.norm(mixed), weights.view(n, t, self.edges.shape[1], -1)


class GATBlock(Block):
    """Attention along bones, then time, with a residual around each."""

    def __init__(
        self, skeleton: Skeleton, in_channels: int, out_channels: int, stride: int, heads: int
    ) -> None:
        super().__init__(out_channels, stride)
        self.bones = BoneAttention(skeleton, in_channels, out_channels, heads)
        self.time = MultiBranchTemporal(out_channels, stride)
        self.span = self.time.span
        self.widen = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        kept = self.widen(x)
        y = functional.relu(self.bones(x) + kept)
        y = self.time(y, frames_of(valid))
        return functional.relu(y + kept[:, :, :: self.stride])


@backbone
class GAT(Backbone):
    """Graph attention network.

    Args:
        channels: channels of each block; where they grow, time is halved.
        heads: attentions per bone.
    """

    name: ClassVar[str] = "gat"
    stem_stride = 2

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 64, 64, 128, 128, 128),
        heads: int = 4,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(skeleton, num_classes, in_channels, channels[-1], dropout)
        self.stem = RelativeStem(skeleton, in_channels, channels[0], 5, self.stem_stride)
        self.stem_span = self.stem.span
        before = (channels[0], *channels)
        self.blocks = nn.ModuleList(
            GATBlock(skeleton, b, c, stride, heads)
            for b, c, stride in zip(before, channels, strides(channels), strict=False)
        )

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        return self.stem(x, valid)

    @property
    def edges(self) -> Tensor:
        """Which joint is looked at, by which, (2, E): bones both ways, then the joint itself."""
        return next(m.edges for m in self.modules() if isinstance(m, BoneAttention))

    @torch.no_grad()
    def bone_attention(self, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """How much each joint takes along each edge, one (N, M, T', E, heads) per block.

        The weights of the edges that end in one joint sum to 1.
        """
        seen: list[Tensor] = []
        layers = [module for module in self.modules() if isinstance(module, BoneAttention)]

        def keep(layer: BoneAttention, inputs: tuple[Tensor]) -> None:
            seen.append(layer.mix(inputs[0])[1].unflatten(0, (-1, x.shape[4])))

        hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
        try:
            self(x, mask)
        finally:
            for hook in hooks:
                hook.remove()
        return seen
