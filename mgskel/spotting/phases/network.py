"""The phase network: a few widening convolutions along time, small enough for minutes of labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class PhaseNetworkSettings:
    """Sizes.

    Attributes:
        width: channels inside.
        layers: each looks twice as far as the one before.
        kernel: moments that a layer combines.
        dropout: inside; `lose` is the share of input channels dropped.
    """

    width: int = 32
    layers: int = 4
    kernel: int = 5
    dropout: float = 0.3
    lose: float = 0.1


class PhaseNetwork(nn.Module):
    """Logits of K labels and of "rest" at every moment.

    Args:
        channels: C, of the input.
    """

    def __init__(self, channels: int, num_labels: int, settings: PhaseNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.norm = nn.BatchNorm1d(channels)
        self.lose = nn.Dropout1d(settings.lose)
        self.enter = nn.Conv1d(channels, settings.width, 1)
        self.layers = nn.ModuleList(_Layer(settings, 2**depth) for depth in range(settings.layers))
        self.head = nn.Conv1d(settings.width, num_labels + 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T) -> (N, K + 1, T)"""
        y = self.enter(self.lose(self.norm(x)))
        for layer in self.layers:
            y = y + layer(y)
        return self.head(torch.relu(y))


class _Layer(nn.Module):
    def __init__(self, settings: PhaseNetworkSettings, dilation: int) -> None:
        super().__init__()
        width, kernel = settings.width, settings.kernel
        self.along = nn.Conv1d(
            width, width, kernel, padding=kernel // 2 * dilation, dilation=dilation
        )
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.mix(torch.relu(self.norm(self.along(x)))))
