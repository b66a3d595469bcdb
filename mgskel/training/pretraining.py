"""Learning motion without labels: masked motion prediction.

Blocks of joints are hidden, moving ones more often than still ones, and the network predicts
how the hidden joints moved from what the others did. The backbone it leaves behind is where a
recogniser with few labels starts from (``model.pretrained``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from mgskel.core.config import Between, to_dict
from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton, skeleton_to_dict
from mgskel.core.storage.files import write_json, writing_together
from mgskel.datasets.augment import Augmentation, Policy
from mgskel.datasets.batches import Batch, TrainingBatches
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.loading import load_dataset
from mgskel.datasets.normalise import Normalisation
from mgskel.datasets.streams import stream_channels
from mgskel.formats import ReadOptions, read
from mgskel.models import Backbone
from mgskel.training.loop import prepare, run
from mgskel.training.module import LossModule
from mgskel.training.runs.model_folder import WEIGHTS_FILE, ModelSpec
from mgskel.training.runs.run_folder import claimed, plot_history
from mgskel.training.sets import data_fingerprint
from mgskel.training.train_config import MachineConfig, ModelConfig, OptimConfig, TrainConfig

_LOG = logging.getLogger("mgskel")
_BLOCK = 4  # frames that are hidden together, so that neighbours in time give nothing away


@dataclass(frozen=True)
class PretrainConfig:
    """One pretraining, whole.

    Args:
        data: files of sequences, labelled or not; all are used.
        seconds: longer recordings are cut into pieces of this length; without it, none is.
        hidden: share of joints and moments that are hidden.
        by_motion: how much more often moving joints are hidden; 0 hides all alike.
    """

    data: tuple[Path, ...] = ()
    layout: str | None = None
    to_layout: str | None = None
    people: Annotated[int | None, Between(1, 100)] = None
    seconds: Annotated[float | None, Between(0.01, 1e6)] = None
    stream: str = "joint"
    window: Annotated[int, Between(2, 10_000)] = 64
    hidden: float = 0.5
    by_motion: Annotated[float, Between(0, 1000)] = 1.0
    normalise: Normalisation = field(default_factory=Normalisation)
    augment: Augmentation = field(default_factory=Augmentation)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    machine: MachineConfig = field(default_factory=MachineConfig)
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0

    def __post_init__(self) -> None:
        if not 0 < self.hidden < 1:
            raise InputError(
                "wrong value for 'hidden'", expected="between 0 and 1", found=self.hidden
            )

    @classmethod
    def before(cls, config: TrainConfig, files: Sequence[Path], data: Dataset) -> PretrainConfig:
        """The pretraining that a training of `data` may start from: all as there, but for labels.

        Recordings are cut into pieces as long as the clips to be told apart.
        """
        return cls(
            tuple(files),
            config.data.layout,
            config.data.to_layout or config.data.layout or data.skeleton.name,
            config.data.people or max(one.num_people for one in data.sequences),
            float(np.median([one.duration_s for one in data.sequences])),
            config.stream,
            config.window,
            normalise=config.normalise,
            augment=config.augment,
            model=config.model,
            optim=config.optim,
            machine=config.machine,
            seed=config.seed,
        )


def hide(x: Tensor, mask: Tensor, share: float, by_motion: float, rng: torch.Generator) -> Tensor:
    """Which joints and moments to hide, (N, T, V, M) bool.

    Args:
        x: (N, C, T, V, M).
        mask: (N, T, V, M), what was seen.
    """
    n, _, t, v, m = x.shape
    blocks = -(-t // _BLOCK)
    energy = torch.zeros(n, blocks * _BLOCK, v, m)
    energy[:, : t - 1] = motion_of(x).norm(dim=1)[:, :-1].cpu()
    energy = energy.unflatten(1, (blocks, _BLOCK)).mean(2)
    energy = energy / energy.mean((1, 2, 3), keepdim=True).clamp(min=1e-6)
    # Gumbel noise on log weights: hiding the largest is drawing without replacement.
    uniform = torch.rand(energy.shape, generator=rng).clamp(1e-9, 1 - 1e-7)
    rank = by_motion * torch.log(energy + 0.1) - torch.log(-torch.log(uniform))
    flat = rank.flatten(1)
    threshold = flat.kthvalue(int(flat.shape[1] * (1 - share)) or 1, dim=1).values
    hidden = rank > threshold[:, None, None, None]
    return hidden.repeat_interleave(_BLOCK, dim=1)[:, :t].to(mask.device) & mask


def motion_of(x: Tensor) -> Tensor:
    """Change to the next frame, (N, C, T, V, M); zero in the last."""
    return nn.functional.pad(x[:, :, 1:] - x[:, :, :-1], (0, 0, 0, 0, 0, 1))


class MotionPredictor(LossModule):
    """A backbone that predicts the motion of hidden joints."""

    def __init__(self, model: Backbone, config: PretrainConfig, steps: int) -> None:
        super().__init__(model, config.optim, steps, config.seed)
        self.config = config
        self.predict_motion = nn.Linear(model.num_features, model.time_stride * model.in_channels)

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        """Mean squared error of the hidden joints' motion, in units of its spread.

        1 is what predicting no motion at all would cost.
        """
        mask = batch.mask
        if mask is None:
            mask = batch.x.new_ones(batch.x.shape[0], *batch.x.shape[2:], dtype=torch.bool)
        rng = torch.Generator().manual_seed(self.current_epoch * 100_003 + index)
        hidden = hide(batch.x, mask, self.config.hidden, self.config.by_motion, rng)
        said = self(batch.x * ~hidden[:, None], mask & ~hidden)
        true = motion_of(batch.x)
        judged = hidden.clone()
        judged[:, :-1] &= mask[:, 1:]
        judged[:, -1] = False
        weight = judged[:, None].to(said.dtype)
        spread = (true.square() * weight).sum() + 1e-6
        return ((said - true).square() * weight).sum() / spread

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Predicted motion (N, C, T, V, M) from what is left to see."""
        features = self.model.forward_features(x, mask)
        said = self.predict_motion(features.permute(0, 1, 3, 4, 2))
        said = said.unflatten(-1, (self.model.time_stride, -1))
        # (N, M, T', V, stride, C) -> (N, C, T' * stride, V, M)
        said = said.permute(0, 5, 2, 4, 3, 1).flatten(2, 3)
        return said[:, :, : x.shape[2]]


def pretrain(config: PretrainConfig, out: str | Path, data: Dataset | None = None) -> Path:
    """Train, resume, or find finished; the folder then serves as ``model.pretrained``.

    Args:
        data: ready sequences; read from the config's files where absent.
    """
    out = Path(out)
    if data is None and not config.data:
        raise InputError("no files to learn from", remedy="give --data FILE,FILE,...")
    fingerprint = [data_fingerprint(path) for path in config.data]
    with claimed(out, config, fingerprint):
        if (out / WEIGHTS_FILE).is_file():
            return out
        prepare(config.machine, config.seed)
        store = _store(config, data)
        spec = ModelSpec(config.model.backbone, config.model.fusion, (), config.model.sizes)
        channels = stream_channels(config.stream, store.skeleton, store.dims)
        batches = TrainingBatches(
            store,
            Policy(config.augment, store.skeleton),
            config.stream,
            config.window,
            1,
            config.optim.batch,
            config.seed,
            config.optim.repeat,
        )
        network = spec.build(store.skeleton, 1, channels)
        module = MotionPredictor(network, config, len(batches) * config.optim.epochs)
        network.load_state_dict(run(module, batches, out, config.machine, "pretraining"))
        _save(module, spec, store, fingerprint, out)
        plot_history(out)
        return out


def _store(config: PretrainConfig, given: Dataset | None) -> ClipStore:
    sequences: list[PoseSequence] = []
    names: list[str] = []
    options = ReadOptions(layout=config.layout)
    # Rest between gestures is motion of these people, too.
    reader = load_dataset if config.seconds is None else read
    files = (reader(path, options) for path in config.data)
    for data in files if given is None else (given,):
        for text in data.notes if given is None else ():
            _LOG.info("note: %s", text)
        if config.to_layout is not None:
            data = data.to_skeleton(get_skeleton(config.to_layout))
        for sequence, name in zip(data.sequences, data.names, strict=True):
            cut = pieces(sequence, config.seconds)
            sequences += cut
            names += [str(name)] * len(cut)
    zeros = [0] * len(names)
    return ClipStore.from_sequences(sequences, config.normalise, zeros, names, config.people)


def pieces(sequence: PoseSequence, seconds: float | None) -> list[PoseSequence]:
    """A recording in equal pieces of about this length, without those in which nobody is seen."""
    count = 1 if seconds is None else max(1, round(sequence.duration_s / seconds))
    cuts = np.array_split(np.arange(sequence.num_frames), min(count, sequence.num_frames))
    parts = [sequence.frames(part) for part in cuts] if count > 1 else [sequence]
    return [part for part in parts if bool((part.scores > 0).any())]


def _save(
    module: MotionPredictor, spec: ModelSpec, store: ClipStore, fingerprint: list[str], out: Path
) -> None:
    from safetensors.torch import save

    about = {
        "model": to_dict(spec) | {"leave_out": []},
        "skeleton": skeleton_to_dict(store.skeleton),
        "config": to_dict(module.config),
        "sequences": len(store),
        "data": fingerprint,
    }
    state = {k: v.detach().cpu().contiguous() for k, v in module.model.state_dict().items()}
    with writing_together(out) as place:
        write_json(place / "pretraining.json", about)
        (place / WEIGHTS_FILE).write_bytes(save(state))
