"""Everything that decides a training, as one frozen config; recipes in `configs/` are these.

Each key is also a command-line option by its dotted name (``--optim.lr 0.05``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mgskel.core.errors import InputError, unknown
from mgskel.datasets.augment import Augmentation
from mgskel.datasets.normalise import Normalisation
from mgskel.datasets.streams import STREAMS


@dataclass(frozen=True)
class DataConfig:
    """What to learn from.

    Args:
        train: bundles, or any labelled files and folders that the readers know.
        layout: skeleton of a file that does not name its own.
        hand_order: of iMiGUE challenge arrays; found from the data by default.
        to_layout: convert to this layout before anything else.
        vocabulary: ``imigue``, ``smg``, ``ma52`` or a YAML file; without one the classes are
            the labels found in the training file.
        validation: ``none`` (train on everything), ``random`` (a share of every class),
            ``subject``, ``view`` or ``video`` (whole groups), ``split`` (what the file itself
            names, such as test), ``official`` (the vocabulary's own subject split) or ``file``.
        held: which groups to hold out; without it, about `share` of the sequences, chosen by
            `split_seed`.
        validation_file: for ``file``.
        labels_share: use only this share of the training labels (for few-label studies).
        people: size of the person axis; without it, as many as the file has.
    """

    train: tuple[Path, ...] = ()
    layout: str | None = None
    to_layout: str | None = None
    vocabulary: str | None = None
    hand_order: Literal["auto", "right-first", "left-first"] = "auto"
    validation: Literal[
        "none", "random", "subject", "view", "video", "split", "official", "file"
    ] = "random"
    held: tuple[str, ...] = ()
    share: float = 0.2
    split_seed: int = 0
    validation_file: Path | None = None
    labels_share: float = 1.0
    people: int | None = None


@dataclass(frozen=True)
class ModelConfig:
    """Backbone, balanced fusion on or off, the backbone's own sizes, and where to start from.

    Args:
        leave_out: parts of the fusion to leave out, for ablations.
        pretrained: a folder written by ``mgskel pretrain`` or an earlier run; every tensor that
            fits is taken over.
    """

    backbone: str = "light"
    fusion: Literal["on", "off"] = "on"
    leave_out: tuple[Literal["spread", "joint_gate", "time_gate", "balance"], ...] = ()
    sizes: Mapping[str, Any] = field(default_factory=dict)
    pretrained: Path | None = None


@dataclass(frozen=True)
class OptimConfig:
    """Optimiser, schedule and length.

    Args:
        epochs: passes over the training sequences, each seen `repeat` times per epoch.
        warmup: share of all steps over which the rate rises from zero.
        clip: largest gradient norm; 0 for no clipping.
        patience: epochs without better validation accuracy before stopping; 0 for never.
            With it, the best epoch's weights are kept, otherwise the last.
    """

    name: Literal["adamw", "sgd"] = "adamw"
    lr: float = 2e-3
    weight_decay: float = 0.05
    momentum: float = 0.9
    epochs: int = 60
    repeat: int = 1
    batch: int = 32
    warmup: float = 0.1
    clip: float = 1.0
    ema: float = 0.99
    patience: int = 0


@dataclass(frozen=True)
class LossConfig:
    """Losses and sampling.

    Args:
        balance: class weights in the loss.
        sampling: ``balanced`` draws every class equally often, ``sqrt`` halfway to that.
        label_text: weight of the label-text embedding loss.
        fusion_balance: weight of the balanced fusion's own balance loss.
        mixup: parameter of the beta distribution; 0 for no mixup.
    """

    smoothing: float = 0.1
    balance: Literal["none", "sqrt", "effective", "inverse"] = "none"
    sampling: Literal["none", "sqrt", "balanced"] = "none"
    label_text: float = 0.0
    fusion_balance: float = 0.01
    mixup: float = 0.0


@dataclass(frozen=True)
class MachineConfig:
    """Where it runs."""

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = 1
    nodes: int = 1
    precision: Literal["32", "16-mixed", "bf16-mixed"] = "32"
    threads: int | None = None
    tensorboard: bool = True


@dataclass(frozen=True)
class TrainConfig:
    """One recognizer's training, whole."""

    data: DataConfig = field(default_factory=DataConfig)
    stream: str = "joint"
    window: int = 64
    views: int = 3
    normalise: Normalisation = field(default_factory=Normalisation)
    augment: Augmentation = field(default_factory=Augmentation)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    machine: MachineConfig = field(default_factory=MachineConfig)
    streams: tuple[str, ...] = ("joint", "bone", "joint_motion", "bone_motion")
    seed: int = 0

    def __post_init__(self) -> None:
        for stream in (self.stream, *self.streams):
            if stream not in STREAMS:
                raise unknown("stream", stream, STREAMS)
        _require(self.window >= 2, "window", "at least 2 frames", self.window)
        _require(self.views >= 1, "views", "at least 1", self.views)
        _require(self.optim.epochs >= 1, "optim.epochs", "at least 1", self.optim.epochs)
        _require(self.optim.batch >= 2, "optim.batch", "at least 2", self.optim.batch)
        _require(self.optim.repeat >= 1, "optim.repeat", "at least 1", self.optim.repeat)
        _require(self.optim.lr > 0, "optim.lr", "above 0", self.optim.lr)
        _require(0 <= self.optim.ema < 1, "optim.ema", "0 (off) to below 1", self.optim.ema)
        _require(0 <= self.optim.warmup < 1, "optim.warmup", "0 to below 1", self.optim.warmup)
        _require(0 < self.data.share < 1, "data.share", "between 0 and 1", self.data.share)
        share = self.data.labels_share
        _require(0 < share <= 1, "data.labels_share", "above 0, at most 1", share)
        _require(
            0 <= self.loss.smoothing < 1, "loss.smoothing", "0 to below 1", self.loss.smoothing
        )
        self.augment.strengths()


def _require(holds: bool, key: str, expected: str, found: object) -> None:
    if not holds:
        raise InputError(f"wrong value for '{key}'", expected=expected, found=found)
