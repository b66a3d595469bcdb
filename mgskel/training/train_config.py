"""Everything that decides a training, as one frozen config; recipes in `configs/` are these.

Each key is also a command-line option by its dotted name (``--optim.lr 0.05``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from mgskel.core.config import Between, check_bounds
from mgskel.core.errors import unknown
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
        leave_out: names of sequences that must not be learned from, nor judged by, such as those
            whose labels are known to be wrong.
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
    share: Annotated[float, Between(0.001, 0.999)] = 0.2
    split_seed: Annotated[int, Between(0, 2**32 - 1)] = 0
    validation_file: Path | None = None
    leave_out: tuple[str, ...] = ()
    labels_share: Annotated[float, Between(1e-6, 1)] = 1.0
    people: Annotated[int | None, Between(1, 100)] = None


@dataclass(frozen=True)
class ModelConfig:
    """Backbone, balanced fusion on or off, the backbone's own sizes, and where to start from.

    Args:
        fusion: ``gates`` for gates behind the stages beside the balanced pooling.
        leave_out: parts of the fusion to leave out, for ablations.
        pretrained: a folder written by ``mgskel pretrain`` or an earlier run; every tensor that
            fits is taken over.
    """

    backbone: str = "light"
    fusion: Literal["on", "off", "gates"] = "on"
    leave_out: tuple[
        Literal["moment_peak", "joint_peak", "spread", "joint_gate", "time_gate", "balance"], ...
    ] = ()
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
    lr: Annotated[float, Between(1e-12, 100)] = 2e-3
    weight_decay: Annotated[float, Between(0, 100)] = 0.05
    momentum: Annotated[float, Between(0, 0.9999)] = 0.9
    epochs: Annotated[int, Between(1, 1_000_000)] = 60
    repeat: Annotated[int, Between(1, 100_000)] = 1
    batch: Annotated[int, Between(2, 100_000)] = 32
    warmup: Annotated[float, Between(0, 0.999)] = 0.1
    clip: Annotated[float, Between(0, 1e6)] = 1.0
    ema: Annotated[float, Between(0, 0.999999)] = 0.99
    patience: Annotated[int, Between(0, 1_000_000)] = 0


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

    smoothing: Annotated[float, Between(0, 0.999)] = 0.1
    balance: Literal["none", "sqrt", "effective", "inverse"] = "none"
    sampling: Literal["none", "sqrt", "balanced"] = "none"
    label_text: Annotated[float, Between(0, 1e6)] = 0.0
    fusion_balance: Annotated[float, Between(0, 1e6)] = 0.01
    mixup: Annotated[float, Between(0, 1000)] = 0.0


@dataclass(frozen=True)
class DistilConfig:
    """What to learn beside the labels: what several finished runs say together.

    Args:
        runs: run folders.
        weights: of the runs, as an ensemble's: ``auto``, ``equal``, ``validation`` or numbers.
        share: of the target that is theirs; the rest is the label's.
        temperature: softens what they say; 1 leaves it.
    """

    runs: tuple[Path, ...] = ()
    weights: str = "auto"
    share: Annotated[float, Between(0, 1)] = 0.7
    temperature: Annotated[float, Between(0.1, 100)] = 2.0


@dataclass(frozen=True)
class MachineConfig:
    """Where it runs."""

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: Annotated[int, Between(1, 1024)] = 1
    nodes: Annotated[int, Between(1, 1024)] = 1
    precision: Literal["32", "16-mixed", "bf16-mixed"] = "32"
    threads: Annotated[int | None, Between(1, 1024)] = None
    tensorboard: bool = True


@dataclass(frozen=True)
class TrainConfig:
    """One recognizer's training, whole."""

    data: DataConfig = field(default_factory=DataConfig)
    stream: str = "joint"
    window: Annotated[int, Between(2, 10_000)] = 64
    views: Annotated[int, Between(1, 100)] = 3
    normalise: Normalisation = field(default_factory=Normalisation)
    augment: Augmentation = field(default_factory=Augmentation)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    distil: DistilConfig | None = None
    machine: MachineConfig = field(default_factory=MachineConfig)
    streams: tuple[str, ...] = ("joint", "bone", "joint_motion", "bone_motion")
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0

    def __post_init__(self) -> None:
        for stream in (self.stream, *self.streams):
            if stream not in STREAMS:
                raise unknown("stream", stream, STREAMS)
        check_bounds(self)
        self.augment.strengths()
