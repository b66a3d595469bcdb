"""What balanced fusion decided for a batch, for those who want to look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class FusionReadout:
    """What one fusion decided for a batch.

    Attributes:
        joints: weight of each joint per head, (N, H, V), over windows (N, H, T, V); 1 leaves a
            joint as it was.
        moments: weight of each moment per head, (N, H, T).
        balance: the joint axis' share in each channel, (N, C), over windows (N, C, T); the
            rest is the time axis'.
        effect: how much the fusion changes what each joint contributes at each moment,
            (N, T, V): a wide gate where nothing happens has none.
    """

    joints: Tensor
    moments: Tensor
    balance: Tensor
    effect: Tensor


class Trace:
    """What the last forward pass left behind. Not part of the module's state: copies are empty."""

    def __init__(self) -> None:
        self.listening = False
        self.readout: FusionReadout | None = None
        self.lean: Tensor | None = None

    def __reduce__(self) -> tuple[type[Trace], tuple[()]]:
        return (Trace, ())


class Traced(nn.Module):
    """A module that can be read."""

    def __init__(self) -> None:
        super().__init__()
        self._trace = Trace()

    @property
    def readout(self) -> FusionReadout | None:
        """What was decided for the last batch, if someone is `reading`."""
        return self._trace.readout


@contextmanager
def reading(model: nn.Module) -> Iterator[list[Any]]:
    """While open, each forward pass leaves a `FusionReadout` at ``fusion.readout``.

    ::

        with reading(model) as fusions:
            model(x, mask)
        weights = fusions[-1].readout.joints
    """
    fusions = [module for module in model.modules() if isinstance(module, Traced)]
    for fusion in fusions:
        fusion._trace.listening = True
    try:
        yield fusions
    finally:
        for fusion in fusions:
            fusion._trace.listening = False
