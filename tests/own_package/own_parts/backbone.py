"""A network in which every joint is alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mgskel.core.skeleton import Skeleton
from mgskel.models import Backbone, Block, backbone


class LoneBlock(Block):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.time = nn.Conv2d(channels, channels, (5, 1), padding=(2, 0))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        return torch.relu(self.time(x))


@backbone
class Lone(Backbone):
    name = "lone"

    def __init__(
        self, skeleton: Skeleton, num_classes: int, in_channels: int = 3, channels: int = 8
    ) -> None:
        super().__init__(skeleton, num_classes, in_channels, channels, dropout=0.0)
        self.stem = nn.Conv2d(in_channels, channels, 1)
        self.blocks = nn.ModuleList([LoneBlock(channels)])

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        return self.stem(x)
