"""Train one recognizer: config in, run folder out. The same call resumes what was interrupted."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch.utils.data import DataLoader

from mgskel.core.config import to_dict
from mgskel.core.files import writing
from mgskel.core.threads import keep_freed_memory, set_threads
from mgskel.core.weights import DESCRIPTION_FILE, WEIGHTS_FILE
from mgskel.datasets.augment import Policy
from mgskel.datasets.batches import TrainingBatches, view_batches
from mgskel.datasets.classes import ClassList
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.label_text import label_vectors
from mgskel.datasets.streams import stream_channels
from mgskel.models import Backbone
from mgskel.training.callbacks import Checkpoint, EpochProgress, History, Patience
from mgskel.training.checks import check_classes, check_machine, drop_unseen
from mgskel.training.clip_model import ClipInput, ClipModel
from mgskel.training.config import MachineConfig, OptimConfig, TrainConfig
from mgskel.training.distributed import place_among_processes, synchronise_norms, wait_for_all
from mgskel.training.model_folder import ModelSpec
from mgskel.training.module import LossModule, RecognizerModule
from mgskel.training.run_folder import (
    CHECKPOINT,
    METRICS_FILE,
    VALIDATION_FILE,
    claim,
    lasting,
    plot_history,
)
from mgskel.training.sets import TrainingData, load_training_data, mirrored_classes


def train(config: TrainConfig, out: str | Path, data: TrainingData | None = None) -> ClipModel:
    """Train, resume or (where the folder holds this very training, finished) load a recognizer.

    Args:
        out: the run folder. One that holds another training is refused.
        data: ready data; read by the config where absent.
    """
    out = Path(out)
    data = data or load_training_data(config.data)
    claim(out, lasting(config), data.fingerprint, config)
    if (out / WEIGHTS_FILE).is_file() and (out / DESCRIPTION_FILE).is_file():
        return ClipModel.load(out)
    check_machine(config)
    set_threads(config.machine.threads)
    keep_freed_memory()
    torch.manual_seed(config.seed)
    people = config.data.people or max(s.num_people for s in data.train.sequences)
    store = ClipStore.of(data.train, config.normalise, data.classes, people)
    store = drop_unseen(store)
    check_classes(store, data.classes)
    spec = ClipInput(
        config.stream,
        config.window,
        config.views,
        store.dims,
        people,
        config.normalise,
        float(np.median([sequence.duration_s for sequence in data.train.sequences])),
    )
    model = ModelSpec(
        config.model.backbone, config.model.fusion, config.model.leave_out, config.model.sizes
    )
    channels = stream_channels(config.stream, store.skeleton, store.dims)
    network = model.build(store.skeleton, len(data.classes), channels)
    if config.model.pretrained is not None:
        from mgskel.training.pretraining import take_over

        take_over(network, config.model.pretrained)
    validation = None
    if data.validation is not None:
        validation = ClipStore.of(data.validation, config.normalise, data.classes, people)
    if config.machine.devices * config.machine.nodes > 1:
        synchronise_norms(network)
    best = _fit(network, store, validation, data.classes, config, out)
    network.load_state_dict(best)
    recognizer = ClipModel(network.eval(), store.skeleton, data.classes, model, spec)
    if place_among_processes(config.machine.devices, config.machine.nodes)[0] == 0:
        _finish(recognizer, validation, data, config, out)
    wait_for_all()
    return ClipModel.load(out)


def _fit(
    network: Backbone,
    store: ClipStore,
    validation: ClipStore | None,
    classes: ClassList,
    config: TrainConfig,
    out: Path,
) -> dict[str, torch.Tensor]:
    """Run Lightning's trainer; returns the weights to keep."""
    rank, processes = place_among_processes(config.machine.devices, config.machine.nodes)
    batches = TrainingBatches(
        store,
        Policy(config.augment, store.skeleton, mirrored_classes(classes)),
        config.stream,
        config.window,
        len(classes),
        config.optim.batch,
        config.seed,
        config.optim.repeat,
        config.loss.sampling,
        config.loss.mixup,
        (rank, processes),
    )
    module = RecognizerModule(
        network,
        config,
        torch.bincount(store.labels, minlength=len(classes)),
        batches.batches * config.optim.epochs,
        torch.from_numpy(label_vectors(classes.names)) if config.loss.label_text > 0 else None,
    )
    patience = Patience(config.optim.patience) if config.optim.patience else None
    callbacks: list[pl.Callback] = [EpochProgress(f"training {config.stream}")]
    callbacks += [patience] if patience else []
    callbacks += [History(out / METRICS_FILE)]
    judged = list(_judged(validation, config)) if validation is not None else []
    every = 1 if patience else max(1, config.optim.epochs // 20)
    run_trainer(module, batches, judged, callbacks, config.optim, config.machine, out, every)
    return patience.weights if patience and patience.weights else module.evaluated_weights()


def run_trainer(
    module: LossModule,
    batches: TrainingBatches,
    judged: list[Any],
    callbacks: list[pl.Callback],
    optim: OptimConfig,
    machine: MachineConfig,
    out: Path,
    judge_every: int = 1,
) -> None:
    """Lightning's trainer on our batches, going on from the folder's checkpoint if it has one."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    checkpoint = out / CHECKPOINT
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    plan = batches.plan()
    if checkpoint.is_file():
        # Lightning asks for the first batch before it tells the sampler the epoch.
        plan.set_epoch(torch.load(checkpoint, weights_only=True)["epoch"] + 1)
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
            callbacks=[*callbacks, Checkpoint(checkpoint)],
            logger=_tensorboard(out) if machine.tensorboard else False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            check_val_every_n_epoch=judge_every,
            use_distributed_sampler=False,
            default_root_dir=str(out),
        )
        trainer.fit(
            module,
            DataLoader(batches, batch_size=None, sampler=plan),
            DataLoader(judged, batch_size=None) if judged else None,  # type: ignore[arg-type]
            ckpt_path=str(checkpoint) if checkpoint.is_file() else None,
            weights_only=True,
        )
    if trainer.interrupted:
        raise KeyboardInterrupt


def _judged(validation: ClipStore, config: TrainConfig) -> Any:
    for x, mask, indices in view_batches(validation, config.stream, config.window, views=1):
        yield x, mask, validation.labels[indices]


def _finish(
    recognizer: ClipModel,
    validation: ClipStore | None,
    data: TrainingData,
    config: TrainConfig,
    out: Path,
) -> None:
    """Calibrate and judge on validation, then write the run folder's lasting files."""
    from mgskel.training.metrics import calibration_error, fit_temperature, softmax, summary
    from mgskel.training.plots import plot_confusion

    notes: dict[str, Any] = {
        "data": {"fingerprint": data.fingerprint, "train_sequences": len(data.train)},
        "config": to_dict(config),
        "parameters": sum(p.numel() for p in recognizer.network.parameters()),
    }
    temperature = 1.0
    if validation is not None:
        logits, truth = recognizer.logits(validation), validation.labels.numpy()
        temperature = fit_temperature(logits, truth)
        probabilities = softmax(logits, temperature)
        notes["validation"] = summary(probabilities, truth) | {
            "ece": calibration_error(probabilities, truth),
            "ece_before": calibration_error(softmax(logits), truth),
        }
        with writing(out / VALIDATION_FILE) as temporary, open(temporary, "wb") as handle:
            np.savez(handle, logits=logits, truth=truth, names=np.array(validation.names))
        plot_confusion(out / "confusion.png", probabilities, truth, data.classes.names)
    plot_history(out)
    finished = ClipModel(
        recognizer.network,
        recognizer.skeleton,
        recognizer.classes,
        recognizer.model,
        recognizer.input,
        temperature,
        notes,
    )
    finished.save(out)


def _tensorboard(out: Path) -> Any:
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(save_dir=str(out), name="tensorboard", version="")
