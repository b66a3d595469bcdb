"""A running average of weights, which is what gets evaluated and saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of a module's parameters and buffers.

    Early in training the average forgets faster, so that it is not held back by the first
    random weights. Integer buffers (counters) are copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.values = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        averages: list[Tensor] = []
        currents: list[Tensor] = []
        for name, value in model.state_dict().items():
            average = self.values[name]
            if average.is_floating_point():
                averages.append(average)
                currents.append(value)
            else:
                average.copy_(value)
        torch._foreach_lerp_(averages, currents, 1 - keep)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """The model with averaged weights for a while."""
        own = {k: v.detach().clone() for k, v in model.state_dict().items()}
        model.load_state_dict(self.values)
        try:
            yield
        finally:
            model.load_state_dict(own)

    def state_dict(self) -> dict[str, object]:
        return {"steps": self.steps, "values": self.values}

    def load_state_dict(self, state: dict[str, object]) -> None:
        steps, values = state["steps"], state["values"]
        assert isinstance(steps, int) and isinstance(values, dict)
        self.steps = steps
        for name, value in values.items():
            self.values[name].copy_(value)
