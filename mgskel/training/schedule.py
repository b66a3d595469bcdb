"""Optimisers and the warm-up and cosine schedule."""

from __future__ import annotations

import math

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mgskel.training.config import OptimConfig


def make_optimizer(module: nn.Module, config: OptimConfig) -> Optimizer:
    """Weight decay acts on matrices and filters, not on biases, scales and other vectors."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        return SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)
    return AdamW(groups, lr=config.lr)


def warmup_cosine(optimizer: Optimizer, steps: int, warmup: float) -> LambdaLR:
    """The rate rises linearly over the first share of all steps, then falls to zero as a cosine."""
    rising = max(1, round(steps * warmup)) if warmup > 0 else 0

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        done = (step - rising) / max(1, steps - rising)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    return LambdaLR(optimizer, factor)
