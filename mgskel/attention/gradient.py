"""Gradient-weighted class activation: features that raise the score, where they are active."""

from __future__ import annotations

import torch
from torch import Tensor

from mgskel.attention.readout import stretch
from mgskel.models import Backbone


def gradient_weights(network: Backbone, x: Tensor, mask: Tensor, target: int) -> Tensor:
    """(M, T, V): the last block's features, weighed by their effect on the target's score."""
    kept: list[Tensor] = []

    def keep(module: torch.nn.Module, inputs: object, output: Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    handle = network.blocks[-1].register_forward_hook(keep)
    # Parameters of a folded or frozen network ask for no gradient, so the input does.
    source = x.clone().requires_grad_(True)
    try:
        with torch.enable_grad():
            network(source, mask)[0, target].backward()
    finally:
        handle.remove()
        network.zero_grad(set_to_none=True)
    features, slope = kept[0], kept[0].grad
    assert slope is not None
    channel = slope.mean((2, 3), keepdim=True)
    return stretch((channel * features).sum(1).clamp(min=0), x.shape[2])
