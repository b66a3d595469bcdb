"""Several processes that together do exactly what one would do.

Each process makes the same global batch and takes its slice; batch statistics are then summed
over all processes, on CPU as on GPU, with gradients. What remains different is dropout's draws
and the order of sums.
"""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from mgskel.models.layers.basic import InputNorm


def place_among_processes(devices: int, nodes: int) -> tuple[int, int]:
    """(rank, processes) of this process, as Lightning's launcher tells by the environment."""
    processes = devices * nodes
    if processes == 1:
        return 0, 1
    local = int(os.environ.get("LOCAL_RANK", 0))
    return int(os.environ.get("NODE_RANK", 0)) * devices + local, processes


def wait_for_all() -> None:
    """Until every process has come here; nothing in a single one."""
    if dist.is_available() and dist.is_initialized():
        dist.barrier()


class _SumOverProcesses(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum over all processes; the gradient, likewise, gathers from all."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return values
    return _SumOverProcesses.apply(values)


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the batch of all processes."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V) -> the same"""
        if not self.training:
            return super().forward(x)
        assert self.running_mean is not None and self.running_var is not None
        ones = x.new_full((1,), x.numel() / x.shape[1])
        sums = torch.cat([x.sum((0, 2, 3)), x.square().sum((0, 2, 3)), ones])
        sums = sum_over_processes(sums)
        count = sums[-1]
        mean, square = (sums[:-1] / count).chunk(2)
        variance = (square - mean.square()).clamp(min=0)
        with torch.no_grad():
            rate = 0.1 if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean, rate)
            self.running_var.lerp_(variance * count / (count - 1), rate)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked += 1
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return x * scale[:, None, None] + shift[:, None, None]


class SharedInputNorm(InputNorm):
    """`InputNorm` whose statistics are those of all processes."""

    def _batch_statistics(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        weight = torch.ones_like(x[:, :1]) if valid is None else valid
        count = sum_over_processes(weight.sum((0, 2), keepdim=True))
        total = count.clamp(min=1)
        mean = sum_over_processes((x * weight).sum((0, 2), keepdim=True)) / total
        apart = ((x - mean).square() * weight).sum((0, 2), keepdim=True)
        variance = sum_over_processes(apart) / total
        with torch.no_grad():
            rate = self.momentum * (count > 0)
            self.mean += rate * (mean - self.mean)
            self.variance += rate * (variance - self.variance)
        return mean, variance


def synchronise_norms(model: nn.Module) -> None:
    """Let every normalisation of a model, in place, use the batch of all processes."""
    for module in model.modules():
        # The same parameters and buffers under the same names; only the statistics differ.
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm
        elif type(module) is InputNorm:
            module.__class__ = SharedInputNorm
        elif isinstance(module, nn.BatchNorm1d):
            raise NotImplementedError("no synchronised form of BatchNorm1d")
