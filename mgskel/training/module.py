"""What the training loop trains: a network, its loss, its optimiser and schedule, its average."""

from __future__ import annotations

import math
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from mgskel.core.errors import MgskelError
from mgskel.datasets.batches import Batch
from mgskel.models import Backbone
from mgskel.models.layers.basic import InputNorm
from mgskel.training.train_config import OptimConfig

_SHOWN_NAMES = 8


class NonFiniteLoss(MgskelError):
    """The loss became infinite or undefined; the last checkpoint is kept."""

    exit_code = 1


class LossModule(pl.LightningModule):
    """A network in training, with its average; subclasses say what the loss of a batch is.

    Args:
        steps: optimiser steps of the whole training.
    """

    def __init__(self, model: Backbone, optim: OptimConfig, steps: int, seed: int) -> None:
        super().__init__()
        self.model, self.optim, self.steps, self.seed = model, optim, steps, seed
        self.epoch_loss: list[Tensor] = []
        self.validation: dict[str, float] = {}
        self.average = weight_average(model, optim.ema) if optim.ema > 0 else None
        norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm2d, InputNorm))]
        self._norms = [(norm, norm.momentum or 0.1) for norm in norms]
        counted = (m.num_batches_tracked for m, _ in self._norms if isinstance(m, nn.BatchNorm2d))
        self._known_batches = max((int(n) for n in counted if n is not None), default=0)

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        raise NotImplementedError

    @property
    def judged(self) -> nn.Module:
        """What validation judges and the run keeps: the average, or the network itself."""
        if self.average is not None and self.average.n_averaged > 0:
            return self.average.module
        return self.model

    def judged_weights(self) -> dict[str, Tensor]:
        return {key: value.detach().clone() for key, value in self.judged.state_dict().items()}

    def configure_optimizers(self) -> dict[str, Any]:  # type: ignore[override]
        optimizer = make_optimizer(self, self.optim)
        schedule = warmup_cosine(optimizer, self.steps, self.optim.warmup)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        # At first the norms' running statistics are the mean of all batches so far, or they would
        # remember their blank start for longer than a short training lasts.
        share = 1 / (self._known_batches + self.global_step + 1)
        for norm, momentum in self._norms:
            norm.momentum = max(momentum, share)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        # Dropout follows from place and seed alone: a resumed run repeats an undisturbed one.
        torch.manual_seed(
            ((self.seed * 7919 + self.current_epoch) * 7919 + index) * 64 + self.global_rank
        )
        loss = self.loss_of(batch, index)
        if not torch.isfinite(loss):
            raise NonFiniteLoss(
                "the loss is not finite; training stopped, the last checkpoint is kept",
                place=f"epoch {self.current_epoch + 1}, batch {index + 1}",
                found=f"loss {float(loss.detach())} on "
                + ", ".join(batch.names[:_SHOWN_NAMES])
                + (" ..." if len(batch.names) > _SHOWN_NAMES else ""),
                remedy="look at these sequences with 'mgskel validate', or lower the learning rate",
            )
        self.epoch_loss.append(loss.detach())
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.average is not None:
            self.average.update_parameters(self.model)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, index: int) -> Any:
        if isinstance(batch, Batch):
            return batch.to(device)
        return super().transfer_batch_to_device(batch, device, index)


def weight_average(model: nn.Module, decay: float) -> AveragedModel:
    """The exponential moving average of weights and statistics.

    Early in training it forgets faster, so that the first random weights do not hold it back.
    """

    def blend(averages: Any, currents: Any, updates: Tensor | int) -> None:
        keep = min(decay, (1 + int(updates)) / (10 + int(updates)))
        if torch.is_floating_point(averages[0]):
            torch._foreach_lerp_(averages, currents, 1 - keep)
        else:
            torch._foreach_copy_(averages, currents)

    average = AveragedModel(model, multi_avg_fn=torch.no_grad()(blend), use_buffers=True)
    return average.requires_grad_(False)


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
