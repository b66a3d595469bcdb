"""Train one recognizer: config in, run folder out. The same call resumes what was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mgskel.core.config import to_dict
from mgskel.core.storage.files import writing
from mgskel.datasets.augment import Policy
from mgskel.datasets.batches import Batch, TrainingBatches, view_batches
from mgskel.datasets.classes import ClassList
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.label_text import label_vectors
from mgskel.datasets.streams import stream_channels
from mgskel.models import Backbone, balance_loss, take_over
from mgskel.training.distil import Teachers, load_teachers, teachers_fingerprint
from mgskel.training.distributed import place_among_processes, synchronise_norms, wait_for_all
from mgskel.training.loop import prepare, run
from mgskel.training.losses import LabelTextLoss, SoftCrossEntropy, class_weights
from mgskel.training.module import LossModule
from mgskel.training.runs.class_metrics import (
    calibration_error,
    fit_temperature,
    negative_log_likelihood,
    softmax,
    summary,
)
from mgskel.training.runs.clip_model import ClipInput, ClipModel
from mgskel.training.runs.model_folder import DESCRIPTION_FILE, WEIGHTS_FILE, ModelSpec
from mgskel.training.runs.run_folder import VALIDATION_FILE, claimed, plot_history
from mgskel.training.sets import (
    TrainingData,
    check_classes,
    drop_unseen,
    load_training_data,
    mirrored_classes,
)
from mgskel.training.train_config import TrainConfig


class ClassLoss(LossModule):
    """A network of cut clips in training, and its judgement on validation.

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
        super().__init__(model, config.optim, steps, config.seed)
        self.config = config
        weights = class_weights(counts, config.loss.balance)
        self.loss = SoftCrossEntropy(weights, config.loss.smoothing)
        self.text_loss: LabelTextLoss | None = None
        if config.loss.label_text > 0 and text_vectors is not None:
            self.text_loss = LabelTextLoss(text_vectors, model.num_features)
        self._features: Tensor | None = None
        model.head.register_forward_pre_hook(self._keep_features)
        self._logits: list[Tensor] = []
        self._truth: list[Tensor] = []

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        loss = self.loss(self.model(batch.x, batch.mask), batch.target)
        if self.text_loss is not None:
            assert self._features is not None
            text = self.text_loss(self._features, batch.target)
            loss = loss + self.config.loss.label_text * text
        if self.config.loss.fusion_balance > 0:
            loss = loss + self.config.loss.fusion_balance * balance_loss(self.model)
        return loss

    def on_validation_epoch_start(self) -> None:
        self._logits, self._truth = [], []

    def validation_step(self, batch: tuple[Tensor, Tensor | None, Tensor], index: int) -> None:
        x, mask, truth = batch
        self._logits.append(self.judged(x, mask).float().cpu())
        self._truth.append(truth.cpu())

    def on_validation_epoch_end(self) -> None:
        logits, truth = torch.cat(self._logits).numpy(), torch.cat(self._truth).numpy()
        probabilities = softmax(logits)
        loss = negative_log_likelihood(probabilities, truth)
        self.validation = summary(probabilities, truth) | {"loss": loss}

    def _keep_features(self, _: Any, inputs: tuple[Tensor, ...]) -> None:
        self._features = inputs[0] if self.text_loss is not None and self.training else None


def train(config: TrainConfig, out: str | Path, data: TrainingData | None = None) -> ClipModel:
    """Train, resume or (where the folder holds this very training, finished) load a recognizer.

    Args:
        out: the run folder. One that holds another training is refused.
        data: ready data; read by the config where absent.
    """
    out = Path(out)
    data = data or load_training_data(config.data)
    with claimed(out, config, teachers_fingerprint(config.distil, data.fingerprint)):
        if (out / WEIGHTS_FILE).is_file() and (out / DESCRIPTION_FILE).is_file():
            return ClipModel.load(out)
        prepare(config.machine, config.seed)
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
            take_over(network, config.model.pretrained)
        validation = None
        if data.validation is not None:
            validation = ClipStore.of(data.validation, config.normalise, data.classes, people)
        if config.machine.devices * config.machine.nodes > 1:
            synchronise_norms(network)
        teachers = load_teachers(config.distil, data, spec)
        best = _fit(network, store, validation, data.classes, config, out, teachers)
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
    teachers: Teachers | None,
) -> dict[str, torch.Tensor]:
    """The weights to keep."""
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
        teachers,
    )
    module = ClassLoss(
        network,
        config,
        torch.bincount(store.labels, minlength=len(classes)),
        len(batches) * config.optim.epochs,
        torch.from_numpy(label_vectors(classes.names)) if config.loss.label_text > 0 else None,
    )
    judged = list(_judged(validation, config)) if validation is not None else []
    return run(module, batches, out, config.machine, f"training {config.stream}", judged)


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
    from mgskel.training.runs.plots import plot_confusion

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
    replace(recognizer, temperature=temperature, notes=notes).save(out)
