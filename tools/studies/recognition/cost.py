"""What a network costs: parameters and multiply-adds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mgskel.models.backbone import Backbone
from mgskel.models.layers.basic import fold


@dataclass(frozen=True)
class Cost:
    """Attributes:
    params: numbers that are trained.
    macs: multiply-adds of the matrix products and convolutions for one sequence, as inference
        does them (normalisations folded in).
    """

    params: int
    macs: int


def count_params(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def measure_cost(model: Backbone, frames: int = 64, people: int = 1) -> Cost:
    """The cost of one sequence of so many frames and people."""
    params = count_params(model)
    x = torch.zeros(1, model.in_channels, frames, model.skeleton.num_joints, people)
    device = next(model.parameters()).device
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        fold(model)(x.to(device))
    return Cost(params, counter.get_total_flops() // 2)
