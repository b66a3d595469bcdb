"""The one training loop: any network with any loss, on batches that follow from their number.

A `LossModule` says what the loss of a batch is; history, checkpoints and patience are the same for
all. Interrupted, `run` goes on where it stopped, bit by bit.
"""

from __future__ import annotations

import csv
import errno
import io
import logging
import os
import pickle
import signal
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mgskel.core.errors import InputError, shown
from mgskel.core.machine.progress import Progress
from mgskel.core.machine.threads import keep_freed_memory, set_threads
from mgskel.core.storage.files import write_text, writing
from mgskel.core.storage.intake import open_file
from mgskel.datasets.batches import Batch, BatchPlan
from mgskel.training.module import LossModule
from mgskel.training.runs.run_folder import CHECKPOINT, METRICS_FILE
from mgskel.training.train_config import MachineConfig

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


# What a checkpoint that no training wrote makes torch and Lightning run into.
_DAMAGED = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
_CHECKPOINT_KEYS = ("epoch", "state_dict", "optimizer_states", "loops", "callbacks")


class Batches(Protocol):
    """As many batches an epoch as its length; each follows from its (epoch, number) alone."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: tuple[int, int]) -> Batch: ...


def prepare(machine: MachineConfig, seed: int) -> None:
    """Before the network is made: that the machine is there, its threads, and the seed."""
    if machine.accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError(
            "a GPU was asked for, but torch finds none",
            remedy="use --machine.accelerator auto, or install a CUDA build of torch",
        )
    cards = torch.cuda.device_count() if machine.accelerator != "cpu" else 0
    most = cards or os.cpu_count() or 1
    if machine.devices > most:
        raise InputError(
            "wrong value for 'machine.devices'",
            expected=f"at most {most}, which this machine has",
            found=machine.devices,
            remedy="a training over more would wait for processes that never start",
        )
    if machine.nodes > 1 and not {"MASTER_ADDR", "SLURM_JOB_ID"} & set(os.environ):
        raise InputError(
            "several nodes were asked for, and nothing says where the others are",
            expected="MASTER_ADDR in the environment, or a SLURM job",
            remedy="start it by torchrun or SLURM, or leave machine.nodes at 1",
        )
    set_threads(machine.threads)
    torch.manual_seed(seed)


def run(
    module: LossModule,
    batches: Batches,
    out: Path,
    machine: MachineConfig,
    label: str,
    judged: Sequence[Any] = (),
) -> dict[str, Tensor]:
    """Train, going on from the folder's checkpoint if it has one; returns the weights to keep.

    Args:
        label: what the progress line says.
        judged: batches of validation, for the module's own steps.
    """
    keep_freed_memory()
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    checkpoint = out / CHECKPOINT
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    optim = module.optim
    patience = Patience(optim.patience) if optim.patience else None
    plan = BatchPlan(len(batches))
    if os.path.lexists(checkpoint):
        # Lightning asks for the first batch before it tells the sampler the epoch.
        plan.set_epoch(_checkpoint_epoch(checkpoint, module) + 1)
    history = History(out / METRICS_FILE)
    with warnings.catch_warnings():
        # Lightning's hints on worker processes and logging intervals do not fit in-memory data.
        warnings.filterwarnings("ignore", module="lightning")
        trainer = pl.Trainer(
            max_epochs=optim.epochs,
            accelerator=machine.accelerator,
            devices=machine.devices,
            num_nodes=machine.nodes,
            strategy="ddp" if machine.devices * machine.nodes > 1 else "auto",
            precision=machine.precision,
            gradient_clip_val=optim.clip or None,
            callbacks=[
                EpochProgress(label),
                *([patience] if patience else []),
                history,
                Checkpoint(checkpoint),
            ],
            logger=_tensorboard(out) if machine.tensorboard else False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            check_val_every_n_epoch=1 if patience else max(1, optim.epochs // 20),
            use_distributed_sampler=False,
            default_root_dir=str(out),
        )
        try:
            trainer.fit(
                module,
                DataLoader(batches, batch_size=None, sampler=plan),  # type: ignore[arg-type]
                DataLoader(judged, batch_size=None) if judged else None,  # type: ignore[arg-type]
                ckpt_path=str(checkpoint) if checkpoint.is_file() else None,
                weights_only=True,
            )
        except SystemExit:
            # Lightning turns Ctrl-C into an exit of its own, and is deaf to it from then on.
            if not trainer.interrupted:
                raise
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt from None
        except _DAMAGED as error:
            if history.stepped or not checkpoint.is_file():
                raise
            raise _damaged(checkpoint, error) from error
    return patience.weights if patience and patience.weights else module.judged_weights()


def _checkpoint_epoch(path: Path, module: LossModule) -> int:
    """The epoch after which a checkpoint was written; a damaged one is refused."""
    try:
        with open_file(path, "checkpoint") as handle:
            content = torch.load(handle, weights_only=True, map_location="cpu")
        missing = [key for key in _CHECKPOINT_KEYS if key not in content]
        if missing:
            raise KeyError(f"nothing of {', '.join(missing)}")
        _check_tensors(content, module)
        if not 0 <= int(content["epoch"]) < 1 << 31:
            raise ValueError(f"epoch {content['epoch']}")
        return int(content["epoch"])
    except (*_DAMAGED, pickle.UnpicklingError, OSError, EOFError) as error:
        raise _damaged(path, error) from error


def _check_tensors(content: dict[str, Any], module: LossModule) -> None:
    """That weights, and what the optimiser knows of them, are such as this training has."""
    own, stored = module.state_dict(), content["state_dict"]
    if not content["optimizer_states"] or History.__name__ not in content["callbacks"]:
        raise KeyError("nothing of the optimiser, or of the history")
    for name in sorted(own.keys() ^ stored.keys()):
        raise KeyError(f"'{name}' is missing, or too much")
    shapes = {(), *(value.shape for value in own.values())}
    known = [state for one in content["optimizer_states"] for state in one["state"].values()]
    held = [pair for state in known for pair in state.items() if isinstance(pair[1], Tensor)]
    for name, value in [*stored.items(), *held]:
        fits = name not in own or (value.shape, value.dtype) == (own[name].shape, own[name].dtype)
        if not fits or value.shape not in shapes or not bool(torch.isfinite(value).all()):
            raise ValueError(f"'{name}' is of another shape or kind, or not finite")


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        "the checkpoint is damaged",
        place=path,
        expected="what an interrupted training left",
        found=shown(f"{type(error).__name__}: {error}".split("\n")[0], 300)[1:-1],
        remedy="remove this file to begin the training anew, or copy it again",
    )


class History(pl.Callback):
    """One row per epoch in ``metrics.csv`` (and TensorBoard), whole after every epoch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self.stepped = False
        self._start = self._cpu_start = 0.0

    def on_train_batch_end(self, *_: Any) -> None:
        self.stepped = True

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
        if trainer.is_global_zero:
            text = io.StringIO()
            writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
            write_text(self.path, text.getvalue())

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]


class Checkpoint(pl.Callback):
    """Everything needed to go on, after each epoch; the file is whole at every moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            trainer.save_checkpoint(self.path)  # only takes part in gathering it
            return
        with writing(self.path) as temporary:
            try:
                trainer.save_checkpoint(temporary)
            except RuntimeError as error:  # what torch makes of a full disk
                raise OSError(errno.ENOSPC, str(error).split("\n")[0]) from error


class Patience(pl.Callback):
    """Keeps the best weights on validation and stops when they no longer improve."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.best = -1.0
        self.waited = 0
        self.weights: dict[str, Tensor] = {}

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, LossModule)
        reached = pl_module.validation["top1"]
        if reached > self.best:
            self.best, self.waited = reached, 0
            self.weights = pl_module.judged_weights()
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
        done = trainer.current_epoch  # before this call, where a training is resumed or prolonged
        label = f"{self.label}, going on after {done}" if done else self.label
        self._progress = Progress(trainer.max_epochs - done, label, "epochs", quiet=quiet)

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


def _tensorboard(out: Path) -> Any:
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(save_dir=str(out), name="tensorboard", version="")
