"""What happens around the epochs: history, whole checkpoints, patience, progress."""

from __future__ import annotations

import csv
import io
import os
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from mgskel.core.files import write_text
from mgskel.core.progress import Progress
from mgskel.training.module import LossModule, RecognizerModule

_COLUMNS = (
    "epoch",
    "lr",
    "train_loss",
    "val_loss",
    "val_top1",
    "val_top5",
    "val_mean_class",
    "val_macro_f1",
    "seconds",
    "cpu_seconds",
)


class History(pl.Callback):
    """One row per epoch in ``metrics.csv`` (and TensorBoard), whole after every epoch."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self._start = self._cpu_start = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, LossModule)
        row = {
            "epoch": trainer.current_epoch + 1,
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "train_loss": float(torch.stack(pl_module.epoch_loss).mean()),
        }
        pl_module.epoch_loss.clear()
        row |= {f"val_{k}": v for k, v in pl_module.validation.items() if k != "n"}
        pl_module.validation = {}
        if trainer.logger is not None:
            trainer.logger.log_metrics(row, step=trainer.current_epoch + 1)
        row["seconds"] = round(time.monotonic() - self._start, 3)
        row["cpu_seconds"] = round(time.process_time() - self._cpu_start, 3)
        self.rows.append(row)
        if self.path is not None and trainer.is_global_zero:
            self._write(self.path)

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]

    def _write(self, path: Path) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(path, text.getvalue())


class Checkpoint(pl.Callback):
    """Everything needed to go on, after each epoch; the file is whole at every moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        temporary = self.path.with_name(f".part-{self.path.name}")
        trainer.save_checkpoint(temporary)
        if trainer.is_global_zero:
            os.replace(temporary, self.path)


class Patience(pl.Callback):
    """Keeps the best weights on validation and stops when they no longer improve."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.best = -1.0
        self.waited = 0
        self.weights: dict[str, Tensor] = {}

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, RecognizerModule)
        reached = pl_module.validation["top1"]
        if reached > self.best:
            self.best, self.waited = reached, 0
            self.weights = {k: v.clone() for k, v in pl_module.evaluated_weights().items()}
        else:
            self.waited += 1
        trainer.should_stop = trainer.should_stop or self.waited >= self.epochs

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.waited = state_dict["best"], state_dict["waited"]
        self.weights = state_dict["weights"]


class EpochProgress(pl.Callback):
    """One line on standard error: epochs done, rate, time left."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._progress: Progress | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert trainer.max_epochs is not None
        quiet = not trainer.is_global_zero
        self._progress = Progress(trainer.max_epochs, self.label, "epochs", quiet=quiet)
        self._progress.advance(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._progress is not None:
            self._progress.advance()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._progress is not None:
            self._progress.close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if self._progress is not None:
            self._progress.close(finished=False)
