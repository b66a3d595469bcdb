"""The entry of our own networks: what coordinates are relative to, over a few frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.skeleton import Skeleton
from mgskel.models.layers.basic import ConvNorm, InputNorm, Span, temporal_conv
from mgskel.models.layers.graph import reference_points


class RelativeStem(nn.Module):
    """Coordinates to features: positions and what they are relative to, over a few frames.

    A missing joint is zero in every view and is told by a channel of its own; a reference point
    with missing members is the mean of those present.
    """

    references: Tensor

    def __init__(
        self, skeleton: Skeleton, in_channels: int, out_channels: int, kernel: int, stride: int
    ) -> None:
        super().__init__()
        self.span = Span(kernel // 2, kernel // 2)
        references = reference_points(skeleton)
        self.register_buffer("references", references.flatten(0, 1), persistent=False)
        views = (1 + references.shape[0]) * in_channels
        self.norm = InputNorm(views, skeleton.num_joints)
        self.conv = ConvNorm(temporal_conv(views + 1, out_channels, kernel, stride))
        self.joint = nn.Parameter(torch.randn(1, out_channels, 1, skeleton.num_joints) * 0.02)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """x (N, C, T, V), valid (N, 1, T, V) or None -> (N, C', T / stride, V)"""
        v = x.shape[3]
        relative = (x @ self.references.t()).unflatten(3, (-1, v))
        if valid is None:
            seen = torch.ones_like(x[:, :1])
        else:
            seen = valid
            known = (valid @ self.references.t()).unflatten(3, (-1, v))
            relative = relative / known.clamp(min=1e-6)
        views = torch.cat([x, (x.unsqueeze(3) - relative).permute(0, 3, 1, 2, 4).flatten(1, 2)], 1)
        if valid is not None:
            comparable = (known > 0).to(x.dtype) * valid.unsqueeze(3)
            comparable = comparable.permute(0, 3, 1, 2, 4).expand(-1, -1, x.shape[1], -1, -1)
            views = views * torch.cat([valid.expand_as(x), comparable.flatten(1, 2)], 1)
        views = torch.cat([self.norm(views, valid), seen], 1)
        views = views.contiguous(memory_format=torch.channels_last)
        return functional.relu(self.conv(views) + self.joint)
