"""One training step and one validation pass, as a Lightning module."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from mgskel.core.errors import MgskelError
from mgskel.datasets.batches import Batch
from mgskel.models import Backbone, balance_loss
from mgskel.training.config import TrainConfig
from mgskel.training.ema import WeightAverage
from mgskel.training.losses import LabelTextLoss, SoftCrossEntropy, class_weights
from mgskel.training.metrics import softmax, summary
from mgskel.training.schedule import make_optimizer, warmup_cosine

_SHOWN_NAMES = 8


class NonFiniteLoss(MgskelError):
    """The loss became infinite or undefined; the last checkpoint is kept."""

    exit_code = 1


class LossModule(pl.LightningModule):
    """What the callbacks of every training need: the epoch's losses, the last validation.

    Subclasses implement `loss_of`; a loss that is not finite stops the training by name.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.epoch_loss: list[Tensor] = []
        self.validation: dict[str, float] = {}

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        raise NotImplementedError

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
                remedy="look at these sequences with 'mgskel validate', or lower optim.lr",
            )
        self.epoch_loss.append(loss.detach())
        return loss

    def transfer_batch_to_device(self, batch: Any, device: torch.device, index: int) -> Any:
        if isinstance(batch, Batch):
            return batch.to(device)
        return super().transfer_batch_to_device(batch, device, index)


class RecognizerModule(LossModule):
    """A backbone in training, with its losses and its weight average.

    Args:
        counts: (K,) training samples of each class.
        steps: optimiser steps of the whole training.
        text_vectors: (K, D) vectors of the class names, for the label-text loss.
    """

    def __init__(
        self,
        model: Backbone,
        config: TrainConfig,
        counts: Tensor,
        steps: int,
        text_vectors: Tensor | None = None,
    ) -> None:
        super().__init__(config.seed)
        self.model = model
        self.config = config
        self.steps = steps
        weights = class_weights(counts, config.loss.balance)
        self.loss = SoftCrossEntropy(weights, config.loss.smoothing)
        self.text_loss: LabelTextLoss | None = None
        if config.loss.label_text > 0 and text_vectors is not None:
            self.text_loss = LabelTextLoss(text_vectors, model.num_features)
        self._features: Tensor | None = None
        model.head.register_forward_pre_hook(self._keep_features)
        decay = config.optim.ema
        self.average = WeightAverage(model, decay) if decay > 0 else None
        self._own_weights: dict[str, Tensor] | None = None
        self._logits: list[Tensor] = []
        self._truth: list[Tensor] = []

    def configure_optimizers(self) -> dict[str, Any]:  # type: ignore[override]
        optimizer = make_optimizer(self, self.config.optim)
        schedule = warmup_cosine(optimizer, self.steps, self.config.optim.warmup)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        loss = self.loss(self.model(batch.x, batch.mask), batch.target)
        if self.text_loss is not None:
            assert self._features is not None
            text = self.text_loss(self._features, batch.target)
            loss = loss + self.config.loss.label_text * text
        if self.config.loss.fusion_balance > 0:
            loss = loss + self.config.loss.fusion_balance * balance_loss(self.model)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.average is not None:
            self.average.update(self.model)

    def evaluated_weights(self) -> dict[str, Tensor]:
        """What validation judges and the run keeps: the average, or the weights themselves."""
        if self.average is not None and self.average.steps:
            return self.average.values
        return {k: v.detach() for k, v in self.model.state_dict().items()}

    def on_validation_epoch_start(self) -> None:
        self._logits, self._truth = [], []
        self._own_weights = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(self.evaluated_weights())

    def validation_step(self, batch: tuple[Tensor, Tensor | None, Tensor], index: int) -> None:
        x, mask, truth = batch
        self._logits.append(self.model(x, mask).float().cpu())
        self._truth.append(truth.cpu())

    def on_validation_epoch_end(self) -> None:
        assert self._own_weights is not None
        self.model.load_state_dict(self._own_weights)
        self._own_weights = None
        logits, truth = torch.cat(self._logits).numpy(), torch.cat(self._truth).numpy()
        probabilities = softmax(logits)
        chosen = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)
        self.validation = summary(probabilities, truth) | {"loss": float(-np.log(chosen).mean())}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self.average is not None:
            checkpoint["weight_average"] = self.average.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self.average is not None:
            self.average.load_state_dict(checkpoint["weight_average"])

    def _keep_features(self, _: Any, inputs: tuple[Tensor, ...]) -> None:
        self._features = inputs[0] if self.text_loss is not None and self.training else None
