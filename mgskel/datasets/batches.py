"""Batches for training: which recordings come when, augmented, mixed, in a stream's form.

Every batch follows from (seed, epoch, batch number) alone. A resumed training therefore sees
what an undisturbed one sees, and each of several processes makes the same global batch and
takes its own slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from mgskel.datasets.augment import Policy
from mgskel.datasets.clips import Clips, ClipStore, view_times
from mgskel.datasets.streams import model_input

_STRIDE = 1_000_003


@dataclass(frozen=True, eq=False)
class Batch:
    """One training batch.

    Args:
        x: (N, C, T, V, M).
        mask: (N, T, V, M), or None where every joint is seen.
        target: (N, K) shares of each class, or (N, K, T) of what goes on at every moment.
        names: what the samples are called, for messages.
        known: (N, K, T), where the targets of moments are beyond doubt.
    """

    x: Tensor
    mask: Tensor | None
    target: Tensor
    names: tuple[str, ...]
    known: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        mask = None if self.mask is None else self.mask.to(device)
        known = None if self.known is None else self.known.to(device)
        return Batch(self.x.to(device), mask, self.target.to(device), self.names, known)


class BatchPlan(Sampler[tuple[int, int]]):
    """The (epoch, batch) pairs of one epoch; Lightning tells it the epoch."""

    def __init__(self, batches: int) -> None:
        self.batches = batches
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter([(self.epoch, number) for number in range(self.batches)])


class TrainingBatches(Dataset[Batch]):
    """Augmented batches from a store; item (epoch, number) is one of them.

    Args:
        batch: samples in a global batch.
        repeat: how often an epoch shows each recording.
        sampling: ``balanced`` shows all classes equally often, ``sqrt`` halfway to that.
        mixup: parameter of the beta distribution of mixing shares; 0 mixes nothing.
        part: (rank, processes): the slice of each global batch to hand out.
        teach: makes softer targets (N, K) of clips and the targets that are their labels.
    """

    def __init__(
        self,
        store: ClipStore,
        policy: Policy,
        stream: str,
        window: int,
        classes: int,
        batch: int,
        seed: int,
        repeat: int = 1,
        sampling: Literal["none", "sqrt", "balanced"] = "none",
        mixup: float = 0.0,
        part: tuple[int, int] = (0, 1),
        teach: Callable[[Clips, Tensor], Tensor] | None = None,
    ) -> None:
        self.store, self.policy, self.stream = store, policy, stream
        self.window, self.classes, self.seed = window, classes, seed
        self.batch, self.teach = batch, teach
        self.repeat, self.sampling, self.mixup, self.part = repeat, sampling, mixup, part
        self._order: tuple[int, Tensor] = (-1, torch.zeros(0, dtype=torch.int64))

    def __len__(self) -> int:
        return max(1, -(-len(self.store) * self.repeat // self.batch))

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        epoch, number = place
        if self._order[0] != epoch:
            self._order = (epoch, self.order(epoch))
        indices = self._order[1][number * self.batch : (number + 1) * self.batch]
        rng = self._generator(epoch, number + 1)
        clips = self.policy.cut(self.store, indices, self.window, rng)
        x, mask = model_input(clips, self.stream, self.store.skeleton)
        target = torch.nn.functional.one_hot(clips.labels, self.classes).float()
        if self.teach is not None:
            target = self.teach(clips, target)
        if self.mixup > 0:
            x, mask, target = _mix(x, mask, target, self.mixup, rng)
        mine = slice(self.part[0], None, self.part[1])
        names = tuple(self.store.names[i] for i in indices[mine].tolist())
        seen = mask[mine]
        return Batch(x[mine], None if bool(seen.all()) else seen, target[mine], names)

    def order(self, epoch: int) -> Tensor:
        """Recordings of an epoch; the last batch is filled up from the beginning."""
        rng = self._generator(epoch, 0)
        wanted = len(self) * self.batch
        if self.sampling != "none":
            counts = torch.bincount(self.store.labels, minlength=self.classes).double()
            power = 1.0 if self.sampling == "balanced" else 0.5
            weight = counts[self.store.labels] ** -power
            return torch.multinomial(weight, wanted, replacement=True, generator=rng)
        passes = [
            torch.randperm(len(self.store), generator=rng)
            for _ in range(-(-wanted // len(self.store)))
        ]
        return torch.cat(passes)[:wanted]

    def _generator(self, epoch: int, number: int) -> torch.Generator:
        return torch.Generator().manual_seed(
            (self.seed * _STRIDE + epoch) * _STRIDE % (1 << 62) + number
        )


def view_batches(
    store: ClipStore, stream: str, window: int, views: int, batch: int = 64
) -> Iterator[tuple[Tensor, Tensor | None, Tensor]]:
    """All recordings in order, in `views` temporal views each: x, mask, and their indices.

    Views of one recording follow each other: x is (n * views, C, T, V, M).
    """
    for begin in range(0, len(store), batch):
        indices = torch.arange(begin, min(begin + batch, len(store)))
        times = view_times(store.lengths[indices], window, views).flatten(0, 1)
        clips = store.cut(indices.repeat_interleave(views), times)
        x, mask = model_input(clips, stream, store.skeleton)
        yield x, None if bool(mask.all()) else mask, indices


def _mix(
    x: Tensor, mask: Tensor, target: Tensor, alpha: float, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mixup: each sample and its neighbour in proportion. Joints missing in either are missing."""
    # Torch's own beta distribution takes no generator.
    seed = int(torch.randint(1 << 62, (1,), generator=rng))
    shares = np.random.default_rng(seed).beta(alpha, alpha, size=len(x)).astype(np.float32)
    share = torch.from_numpy(np.maximum(shares, 1 - shares))
    seen = mask & mask.roll(1, 0)
    wide = share[:, None, None, None, None]
    mixed = (x * wide + x.roll(1, 0) * (1 - wide)) * seen[:, None]
    return mixed, seen, target * share[:, None] + target.roll(1, 0) * (1 - share[:, None])
