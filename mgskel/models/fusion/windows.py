"""Sums over a sliding window of moments, the same however a recording is cut into pieces."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def window_sums(values: Tensor, window: int, ahead: int, wanted: slice = slice(None)) -> Tensor:
    """Sums of values (N, T, ...) over `window` moments that end `ahead` moments after each wanted.

    Sums of twice as many moments are made of two, so a sum does not depend on what lies
    outside its window: a recording in pieces has the very sums of the whole.
    """
    outside = (window - 1 - ahead, ahead)
    if wanted != slice(None):
        start, stop, _ = wanted.indices(values.shape[1])
        begin, end = start - outside[0], stop + ahead
        outside = max(-begin, 0), max(end - values.shape[1], 0)
        values = values[:, max(begin, 0) : end]
    if any(outside):
        values = functional.pad(values, (0, 0) * (values.dim() - 2) + outside)
    if torch.is_grad_enabled() and values.requires_grad:
        return _WindowSums.apply(values, window)
    return _window_sums(values, window)


def _window_sums(power: Tensor, window: int) -> Tensor:
    """Of (N, T + window - 1, ...) the sums (N, T, ...)."""
    t = power.shape[1] + 1 - window
    total: Tensor | None = None
    taken, size = 0, 1
    while True:
        if window & size:
            part = power[:, taken : taken + t]
            total = part if total is None else total + part
            taken += size
        if 2 * size > window:
            break
        power = power[:, size:] + power[:, :-size]
        size *= 2
    assert total is not None
    return total


class _WindowSums(torch.autograd.Function):
    """Its slope is a sum over windows too, those that a moment lies in: nothing need be kept."""

    @staticmethod
    def forward(context: Any, values: Tensor, window: int) -> Tensor:
        context.window = window
        return _window_sums(values, window)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        sides = (0, 0) * (slope.dim() - 2) + (context.window - 1,) * 2
        return _window_sums(functional.pad(slope, sides), context.window), None
