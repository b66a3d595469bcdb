"""What else could be done with fusion's cost: `light` with other attention, or simply wider.

Networks that `--model.backbone FILE:NAME` finds. Each starts as the plain network.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mgskel.core.skeleton import Skeleton
from mgskel.models import BalancedPooling, backbone
from mgskel.models.fusion.pooling import MeanPooling
from mgskel.models.light import Light


def _starting_at_zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class SqueezeExcite(nn.Module):
    """Channels weighed by what all of the clip shows on average."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, max(channels // reduction, 4))
        self.gate = _starting_at_zero(nn.Linear(self.narrow.out_features, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V) -> (N, C, T, V)"""
        gate = 2 * torch.sigmoid(self.gate(torch.relu(self.narrow(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


class ChannelThenPlace(nn.Module):
    """Channels by mean and maximum, then joints and moments by those over channels (CBAM)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, max(channels // reduction, 4))
        self.gate = _starting_at_zero(nn.Linear(self.narrow.out_features, channels))
        self.place = nn.Conv2d(2, 1, (7, 1), padding=(3, 0))
        nn.init.zeros_(self.place.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V) -> (N, C, T, V)"""
        summaries = x.mean((2, 3)), x.amax((2, 3))
        gate = sum(self.gate(torch.relu(self.narrow(one))) for one in summaries)
        x = x * (2 * torch.sigmoid(gate))[:, :, None, None]
        places = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * (2 * torch.sigmoid(self.place(places)))


class PartAttention(nn.Module):
    """Body parts weighed per channel, by what each shows on average."""

    parts: Tensor

    def __init__(self, skeleton: Skeleton, channels: int, reduction: int = 8) -> None:
        super().__init__()
        members = torch.zeros(len(skeleton.parts), skeleton.num_joints)
        for i, joints in enumerate(skeleton.parts.values()):
            members[i, list(joints)] = 1
        self.register_buffer("parts", members, persistent=False)
        self.narrow = nn.Linear(channels, max(channels // reduction, 4))
        self.gate = _starting_at_zero(nn.Linear(self.narrow.out_features, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V) -> (N, C, T, V)"""
        means = x.mean(2) @ (self.parts / self.parts.sum(1, keepdim=True)).T  # (N, C, P)
        codes = self.gate(torch.relu(self.narrow(means.transpose(1, 2))))
        weights = len(self.parts) * torch.softmax(codes, 1)  # (N, P, C)
        share = (self.parts / self.parts.sum(0).clamp(min=1)).T @ weights  # (N, V, C)
        return x * share.transpose(1, 2).unsqueeze(2)


class AttendingMean(MeanPooling):
    """The mean of features that an attention has weighed before."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        return super().forward(self.attention(x), valid)


@backbone
class LightSqueezeExcite(Light):
    name: ClassVar[str] = "light-se"

    def __init__(self, skeleton: Skeleton, num_classes: int, **sizes: Any) -> None:
        super().__init__(skeleton, num_classes, **sizes)
        self.pool = AttendingMean(SqueezeExcite(self.num_features))


@backbone
class LightChannelThenPlace(Light):
    name: ClassVar[str] = "light-cbam"

    def __init__(self, skeleton: Skeleton, num_classes: int, **sizes: Any) -> None:
        super().__init__(skeleton, num_classes, **sizes)
        self.pool = AttendingMean(ChannelThenPlace(self.num_features))


@backbone
class LightPartAttention(Light):
    name: ClassVar[str] = "light-parts"

    def __init__(self, skeleton: Skeleton, num_classes: int, **sizes: Any) -> None:
        super().__init__(skeleton, num_classes, **sizes)
        self.pool = AttendingMean(PartAttention(skeleton, self.num_features))


@backbone
class LightFixedShares(Light):
    """Balanced pooling whose shares are never learned."""

    name: ClassVar[str] = "light-fixed"

    def __init__(self, skeleton: Skeleton, num_classes: int, **sizes: Any) -> None:
        super().__init__(skeleton, num_classes, **sizes)
        self.pool = BalancedPooling(self.num_features, 0.25).requires_grad_(False)


@backbone
class LightFromMean(Light):
    """Balanced pooling that starts as the mean."""

    name: ClassVar[str] = "light-from-mean"

    def __init__(self, skeleton: Skeleton, num_classes: int, **sizes: Any) -> None:
        super().__init__(skeleton, num_classes, **sizes)
        self.pool = BalancedPooling(self.num_features)
