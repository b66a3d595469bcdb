"""Teaching labels of frames from a few annotated recordings, in any layout, with any labels.

What an annotation leaves uncovered is rest; a cut clip counts as a recording all of whose frames
carry its label. Minutes are enough: there is much variation, and a small network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset as TorchDataset

from mgskel.core.config import Between, to_dict
from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.batches import Batch
from mgskel.datasets.classes import ClassList
from mgskel.models import Backbone
from mgskel.spotting.learning.corpus import every_fourth
from mgskel.spotting.network.frame_features import (
    CHANNELS,
    Course,
    channels,
    course_of,
    mirror_order,
)
from mgskel.spotting.recognizers.clip_recognizer import vocabulary_of
from mgskel.spotting.recognizers.frame_recognizer import (
    REST,
    UNLABELLED,
    FrameRecognizer,
    frame_logits,
)
from mgskel.training.loop import prepare, run
from mgskel.training.module import LossModule
from mgskel.training.runs.class_metrics import summary
from mgskel.training.runs.model_folder import DESCRIPTION_FILE, WEIGHTS_FILE, ModelSpec
from mgskel.training.runs.run_folder import claimed, plot_history
from mgskel.training.sets import data_fingerprint, hold_apart, leave_out
from mgskel.training.train_config import DataConfig, MachineConfig, ModelConfig, OptimConfig

_NOT_TOLD = -1
_SIZES = {"channels": (32, 32, 32, 32), "heads": 4, "kernel": 11, "follow_sample": False}


@dataclass(frozen=True)
class FramesConfig:
    """One training of frame labels, whole.

    Attributes:
        rest: the label that means nothing is going on; by default the one called "rest".
        window: moments of each example (30 a second); `batches` of examples make an epoch.
        balance: 1 makes all labels count alike, 0 leaves them as frequent as they are.
        doubt: label smoothing.
        tempo, size: spreads of pace and of extent (logarithms).
        jitter: largest error of the keypoints, in what the joints move per second.
        context: spread added to how usual and how still it is.
        lose: share of joints, and of what is told of them, that an example lacks.
    """

    data: DataConfig = field(default_factory=DataConfig)
    rest: str | None = None
    model: ModelConfig = ModelConfig(fusion="off", sizes=_SIZES | {"dropout": 0.3})
    optim: OptimConfig = OptimConfig(
        lr=4e-3, weight_decay=0.05, epochs=10, batch=12, warmup=0.3, clip=5.0, ema=0.97
    )
    # Products this small do not gain from threads.
    machine: MachineConfig = MachineConfig(threads=1, tensorboard=False)
    batches: Annotated[int, Between(1, 100_000)] = 25
    window: Annotated[int, Between(2, 10_000)] = 128
    balance: float = 1.0
    doubt: Annotated[float, Between(0, 1)] = 0.05
    tempo: Annotated[float, Between(0, 0.9)] = 0.25
    size: float = 0.2
    jitter: float = 0.03
    context: float = 0.3
    lose: Annotated[float, Between(0, 1)] = 0.1
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0


@dataclass(frozen=True, eq=False)
class Lesson:
    """A recording's course with labels (T,) int, -1 where not told."""

    course: Course
    labels: np.ndarray


def train_frames(config: FramesConfig, out: Path, data: Dataset) -> FrameRecognizer:
    """Train, resume, or (where the folder holds this very training, finished) load a recognizer.

    Args:
        data: recordings with text as labels of frames, see `with_frame_labels`.
    """
    fingerprint = data_fingerprint(*config.data.train)
    with claimed(out, config, fingerprint):
        if (out / WEIGHTS_FILE).is_file() and (out / DESCRIPTION_FILE).is_file():
            return FrameRecognizer.load(out)
        learned, apart = split(data, config.data)
        prepare(config.machine, config.seed)
        taught = teach(learned, config, out)
        notes: dict[str, Any] = {
            "data": {"fingerprint": fingerprint, "train_sequences": len(learned)},
            "config": to_dict(config),
        }
        if len(apart):
            notes["validation"] = judge(taught, apart)
        replace(taught, name=out.name, notes=notes).save(out)
        plot_history(out)
        return FrameRecognizer.load(out)


def teach(recordings: Sequence[Recording], config: FramesConfig, out: Path) -> FrameRecognizer:
    """What `train_frames` writes, before it is judged; `out` keeps the checkpoint."""
    if not recordings:
        raise InputError("there are no recordings to learn from")
    names = label_names(recordings)
    if len(names) < 2:
        raise InputError(
            "one label alone teaches nothing",
            expected="two or more labels per frame",
            found=", ".join(names) or "none",
        )
    rest = config.rest or next((name for name in names if name.casefold() == REST), None)
    if rest is not None and rest not in names:
        raise InputError(f"no frame is labelled '{rest}'", expected="one of " + ", ".join(names))
    skeleton = recordings[0].sequence.skeleton
    for one in recordings:
        if one.sequence.skeleton.joints != skeleton.joints:
            raise InputError(
                "a recording in another layout",
                place=one.name or None,
                expected=f"'{skeleton.name}'",
                found=f"'{one.sequence.skeleton.name}'",
                remedy="convert all to one: --data.to_layout NAME",
            )
    lessons = [lesson_of(one, names) for one in recordings]
    model = ModelSpec(
        config.model.backbone, config.model.fusion, config.model.leave_out, config.model.sizes
    )
    torch.manual_seed(config.seed)
    network = model.build(skeleton, len(names) + 1, CHANNELS)
    place = None if rest is None else names.index(rest)
    module = FrameLoss(network, lessons, len(names), place, config)
    examples = FrameExamples(lessons, skeleton, config)
    network.load_state_dict(run(module, examples, out, config.machine, "training"))
    vocabulary = vocabulary_of(ClassList(names, names))
    return FrameRecognizer(network.eval(), model, skeleton, vocabulary, rest)


def judge(recognizer: FrameRecognizer, recordings: Sequence[Recording]) -> dict[str, float]:
    """`summary` over the frames whose label the recognizer knows."""
    answers, truth = [], []
    for one in recordings:
        assert one.frame_labels is not None
        own = label_ids(one.frame_labels, recognizer.names)
        answers.append(recognizer.answers(one.sequence).labels[own >= 0])
        truth.append(own[own >= 0])
    return summary(np.concatenate(answers), np.concatenate(truth))


def split(data: Dataset, config: DataConfig) -> tuple[Dataset, Dataset]:
    """Recordings to learn from and to judge by: whole groups, or every fourth recording."""
    data = leave_out(data, config.leave_out)
    if config.validation == "none":
        return data, data[:0]
    if config.validation in ("random", "official", "file"):
        return every_fourth(data)
    parts = hold_apart(data, config)
    return data.select(parts.train), data.select(parts.validation)


def with_frame_labels(data: Dataset, rest: str | None = None) -> Dataset:
    """The recordings with text as labels of frames, empty where nobody has said what happens."""
    labelled = (
        one.replace(frame_labels=frame_labels(one, data.class_names, rest or REST)) for one in data
    )
    return data.replace(recordings=tuple(labelled))


def frame_labels(one: Recording, class_names: tuple[str, ...] | None, rest: str) -> np.ndarray:
    """A label for every frame, (T,) text: as told; of events, and rest between them; or the clip's.

    Where events overlap, the one that begins later counts.
    """
    if one.frame_labels is not None:
        labels = one.frame_labels
        if labels.dtype.kind in "iu" and class_names is not None:
            labels = np.array([*class_names, UNLABELLED])[labels]
        return labels.astype(str)
    if not one.events:
        if one.label is None:
            return np.full(one.sequence.num_frames, UNLABELLED)
        label = str(one.label) if class_names is None else class_names[one.label]
        return np.full(one.sequence.num_frames, label)
    if one.sequence.num_people != 1:
        raise InputError(
            "labels of frames are learned from recordings of one person",
            place=one.name or None,
            found=f"{one.sequence.num_people} people",
            remedy="choose one: mgskel convert --person",
        )
    labels = np.full(one.sequence.num_frames, rest, dtype=object)
    times = one.sequence.timestamps
    for event in sorted(one.events, key=lambda e: e.start_s):
        labels[(times >= event.start_s) & (times < event.end_s)] = event.label
    return labels.astype(str)


def label_names(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """The labels that occur, in the order of their first frame."""
    names: dict[str, None] = {}
    for one in recordings:
        assert one.frame_labels is not None
        found, first = np.unique(one.frame_labels, return_index=True)
        names |= dict.fromkeys(map(str, found[np.argsort(first)]))
    names.pop(UNLABELLED, None)
    return tuple(names)


def label_ids(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Places in `names`, (T,) int; -1 for other labels and for none."""
    known = {name: index for index, name in enumerate(names)}
    return np.array([known.get(str(label), _NOT_TOLD) for label in labels], int)


def lesson_of(recording: Recording, names: Sequence[str]) -> Lesson:
    """A recording as a network learns from it: each moment has the nearest frame's label."""
    assert recording.frame_labels is not None
    course, labels = course_of(recording.sequence), label_ids(recording.frame_labels, names)
    moments = np.arange(len(course.seen))
    after = np.clip(np.searchsorted(course.frame, moments), 0, max(len(labels) - 1, 0))
    before = np.maximum(after - 1, 0)
    nearer = np.abs(course.frame[before] - moments) < np.abs(course.frame[after] - moments)
    told = labels[np.where(nearer, before, after)]
    return Lesson(course, np.where(course.seen, told, _NOT_TOLD))


class FrameExamples(TorchDataset[Batch]):
    """Batches of stretches at another pace and size; the target is a label per moment (N, T)."""

    def __init__(self, lessons: Sequence[Lesson], skeleton: Skeleton, config: FramesConfig) -> None:
        self.lessons = [lesson for lesson in lessons if (lesson.labels >= 0).any()]
        if not self.lessons:
            raise InputError("there are no labelled frames to learn from")
        self.skeleton, self.config = skeleton, config
        self.mirror = mirror_order(skeleton)

    def __len__(self) -> int:
        return self.config.batches

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        rng = np.random.default_rng([self.config.seed, *place])
        lengths = np.array([len(lesson.labels) for lesson in self.lessons], float)
        count = self.config.optim.batch
        chosen = rng.choice(len(lengths), count, p=lengths / lengths.sum())
        batch = [self._stretch(self.lessons[i], rng) for i in chosen]
        places, context, truth = (np.stack(parts) for parts in zip(*batch, strict=True))
        x, mask = channels(places, context, self.skeleton)
        joints = rng.random((count, 1, 1, x.shape[3], 1)) >= self.config.lose
        told = rng.random((count, x.shape[1], 1, 1, 1)) >= self.config.lose
        names = tuple(f"recording {i + 1}" for i in chosen)
        seen = torch.from_numpy(x * (joints & told))
        return Batch(seen, torch.from_numpy(mask), torch.from_numpy(truth), names)

    def _stretch(
        self, lesson: Lesson, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places (T, shown joints, 2), context (T, R) and labels (T,)."""
        config, course, last = self.config, lesson.course, len(lesson.labels) - 1
        pace = float(np.exp(rng.uniform(-config.tempo, config.tempo)))
        start = rng.integers(0, max(1, len(lesson.labels) - int(config.window * pace)))
        times = np.clip(start + np.arange(config.window) * pace, 0, last)
        low = times.astype(int)
        high, part = np.minimum(low + 1, last), times - low
        places = _between(course.places, low, high, part)
        context = _between(course.context, low, high, part)
        places = places * np.exp(rng.normal(0, config.size, 2))
        places = places + rng.normal(0, rng.uniform(0, config.jitter), places.shape)
        context = context * np.exp(rng.normal(0, config.size)) + rng.normal(0, config.context)
        if rng.random() < 0.5:
            places = places[:, self.mirror] * [-1, 1]
        return places, context, lesson.labels[np.round(times).astype(int)]


def _between(values: np.ndarray, low: np.ndarray, high: np.ndarray, part: np.ndarray) -> np.ndarray:
    share = part.reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(values[low] * (1 - share) + values[high] * share)


class FrameLoss(LossModule):
    """Cross-entropy of the labels and, where there is a rest, of rest against all others."""

    weights: Tensor
    resting: Tensor

    def __init__(
        self,
        model: Backbone,
        lessons: Sequence[Lesson],
        num_labels: int,
        rest: int | None,
        config: FramesConfig,
    ) -> None:
        super().__init__(model, config.optim, config.batches * config.optim.epochs, config.seed)
        self.rest, self.doubt = rest, config.doubt
        labels = np.concatenate([lesson.labels[lesson.labels >= 0] for lesson in lessons])
        counts = np.bincount(labels, minlength=num_labels)
        self.register_buffer("weights", _weights(counts, config.balance))
        counts = np.bincount(labels == rest, minlength=2)
        self.register_buffer("resting", _weights(counts, config.balance))

    def loss_of(self, batch: Batch, index: int) -> Tensor:
        logits, truth = frame_logits(self.model, batch.x, batch.mask), batch.target
        if not (truth >= 0).any():
            return (logits * 0).sum()
        loss = functional.cross_entropy(
            logits[:, :-1],
            truth,
            weight=self.weights,
            ignore_index=_NOT_TOLD,
            label_smoothing=self.doubt,
        )
        if self.rest is None:
            return loss
        resting = torch.eq(truth, self.rest).long().masked_fill(truth < 0, _NOT_TOLD)
        two = torch.stack([torch.zeros_like(logits[:, -1]), logits[:, -1]], 1)
        return loss + functional.cross_entropy(
            two, resting, weight=self.resting, ignore_index=_NOT_TOLD, label_smoothing=self.doubt
        )


def _weights(counts: np.ndarray, balance: float) -> Tensor:
    """How much a frame of each label counts; labels that do not occur count nothing."""
    shares = counts / max(counts.sum(), 1)
    present = np.maximum((counts > 0).sum(), 1)
    weights = np.where(counts > 0, (1 / (present * np.maximum(shares, 1e-9))) ** balance, 0)
    return torch.tensor(weights, dtype=torch.float32)
