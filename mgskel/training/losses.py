"""Losses on soft targets: smoothed, class-balanced, and aware of what class names mean."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Balance = Literal["none", "sqrt", "effective", "inverse"]
_EFFECTIVE_BETA = 0.999
_HEAVIEST = 10.0


def class_weights(counts: Tensor, balance: Balance) -> Tensor:
    """(K,) loss weights with mean 1 over the training samples.

    Classes without samples get weight 0; no class weighs more than 10 times the average.
    """
    present = counts > 0
    number = counts.clamp(min=1).double()
    if balance == "none":
        weights = torch.ones_like(number)
    elif balance == "sqrt":
        weights = number.rsqrt()
    elif balance == "inverse":
        weights = 1 / number
    else:
        weights = (1 - _EFFECTIVE_BETA) / (1 - _EFFECTIVE_BETA**number)
    weights = weights * present
    # Cutting the heaviest raises the others in turn; a few rounds settle it.
    for _ in range(20):
        weights = weights * (counts.sum() / (weights * counts).sum())
        weights = weights.clamp(max=_HEAVIEST)
    return weights.float()


class SoftCrossEntropy(nn.Module):
    """Cross-entropy against soft targets (N, K), with smoothing and class weights.

    The mean is over samples, not over weights, so that splitting a batch over processes and
    averaging their gradients changes nothing.
    """

    weights: Tensor

    def __init__(self, weights: Tensor, smoothing: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.smoothing = smoothing

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        importance = target @ self.weights
        smooth = target * (1 - self.smoothing) + self.smoothing / target.shape[1]
        loss = -(smooth * logits.log_softmax(-1)).sum(-1)
        return (loss * importance).mean()


class LabelTextLoss(nn.Module):
    """Pull the features of a clip towards the vector of its class's name.

    A linear map takes features (N, F) to text space; the loss is one minus the cosine to the
    target's (mixed) text vector. The map is used in training only.
    """

    vectors: Tensor

    def __init__(self, vectors: Tensor, features: int) -> None:
        super().__init__()
        self.register_buffer("vectors", vectors)
        self.project = nn.Linear(features, vectors.shape[1])

    def forward(self, features: Tensor, target: Tensor) -> Tensor:
        aim = target @ self.vectors
        return (1 - nn.functional.cosine_similarity(self.project(features), aim, dim=-1)).mean()
