"""Teaching a network that answers at every moment, from pieces of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from mgskel.core.config import Between
from mgskel.datasets.batches import Batch
from mgskel.models import Backbone, balance_loss
from mgskel.spotting.learning.corpus import Piece
from mgskel.spotting.learning.examples import ExampleSettings, draw_examples
from mgskel.spotting.network.features import StreamInput
from mgskel.spotting.network.stream_network import Timing
from mgskel.training.loop import run
from mgskel.training.module import LossModule
from mgskel.training.train_config import MachineConfig, OptimConfig


@dataclass(frozen=True)
class FitSettings:
    """How a network is taught.

    Attributes:
        batches: that make an epoch; recordings are drawn from, not gone through.
        rare: how much more a frame with a gesture counts than one without.
        focus: how much less what is already known counts (focal loss).
        balance: weight of the fusion's own balance loss.
        examples: how examples are drawn and varied.
    """

    optim: OptimConfig = OptimConfig(
        lr=3e-3, weight_decay=0.02, epochs=30, batch=16, warmup=0.03, clip=5.0, ema=0.997
    )
    machine: MachineConfig = MachineConfig(tensorboard=False)
    batches: Annotated[int, Between(1, 100_000)] = 100
    rare: float = 3.0
    focus: float = 1.0
    balance: float = 0.01
    examples: ExampleSettings = ExampleSettings()
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0

    @property
    def steps(self) -> int:
        return self.batches * self.optim.epochs


def fit(
    network: Backbone,
    wanted: StreamInput,
    pieces: Sequence[Piece],
    settings: FitSettings,
    out: Path,
) -> None:
    """Teach the network in place; `out` keeps history and checkpoint, so that it can be resumed."""
    examples = WindowExamples(pieces, network, wanted, settings)
    module = DenseLoss(network, settings)
    network.load_state_dict(run(module, examples, out, settings.machine, "training"))
    network.eval()


class WindowExamples(Dataset[Batch]):
    """Batches of windows: x (N, C, T, V, 1), targets and what is known of them (N, K + 1, T')."""

    def __init__(
        self, pieces: Sequence[Piece], network: Backbone, wanted: StreamInput, settings: FitSettings
    ) -> None:
        self.pieces, self.skeleton = pieces, network.skeleton
        self.timing, self.settings = Timing.of(network, wanted), settings

    def __len__(self) -> int:
        return self.settings.batches

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        settings, step = self.settings, place[0] * len(self) + place[1]
        return draw_examples(
            self.pieces,
            self.skeleton,
            self.timing,
            settings.examples,
            settings.optim.batch,
            np.random.default_rng([settings.seed, step]),
        )


class DenseLoss(LossModule):
    """A network in training of which every moment is judged."""

    def __init__(self, model: Backbone, settings: FitSettings) -> None:
        super().__init__(model, settings.optim, settings.steps, settings.seed)
        self.settings = settings

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        logits = self.model.forward_frames(batch.x, batch.mask)[:, 0].float().transpose(1, 2)
        assert batch.known is not None
        loss = dense_loss(logits, batch.target, batch.known, self.settings)
        return loss + self.settings.balance * balance_loss(self.model)


def dense_loss(logits: Tensor, targets: Tensor, known: Tensor, settings: FitSettings) -> Tensor:
    """Focal cross-entropy over all gestures and moments (N, K, T) whose target is known."""
    truth = targets.to(logits.dtype)
    loss = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    missed = (truth - logits.sigmoid()).abs().detach() ** settings.focus
    weight = known * torch.where(targets > 0, settings.rare, 1.0) * missed
    return (loss * weight).sum() / known.sum().clamp(min=1) * logits.shape[1]
