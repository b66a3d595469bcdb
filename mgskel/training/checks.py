"""What must hold before a training starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import torch

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.datasets.classes import ClassList
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.streams import stream_channels
from mgskel.training.config import TrainConfig


def check_streams(streams: Iterable[str], data: Dataset) -> None:
    """That all streams exist and the layout has what they look from, before one is trained."""
    first = data.sequences[0]
    for stream in streams:
        stream_channels(stream, first.skeleton, first.num_dims)


def check_machine(config: TrainConfig) -> None:
    if config.machine.accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError(
            "a GPU was asked for, but torch finds none",
            remedy="use --machine.accelerator auto, or install a CUDA build of torch",
        )


def check_classes(store: ClipStore, classes: ClassList) -> None:
    counts = torch.bincount(store.labels, minlength=len(classes))
    if (counts > 0).sum() < 2:
        raise InputError(
            "there is nothing to tell apart",
            expected="training sequences of at least two classes",
            found=f"{int((counts > 0).sum())} class with sequences",
        )
    empty = [name for name, count in zip(classes.names, counts.tolist(), strict=True) if not count]
    if empty:
        warnings.warn(
            f"{len(empty)} of {len(classes)} classes have no training sequence and will hardly "
            f"ever be answered: {', '.join(empty[:8])}",
            stacklevel=3,
        )


def drop_unseen(store: ClipStore) -> ClipStore:
    """Leave out recordings in which no joint is ever seen, and say so."""
    starts = store.offsets[:-1]
    seen = (store.scores > 0).flatten(1).any(1)
    running = torch.cat([torch.zeros(1, dtype=torch.int64), seen.long().cumsum(0)])
    some = running[store.offsets[1:]] > running[starts]
    if bool(some.all()):
        return store
    lost = [store.names[i] for i in torch.nonzero(~some).flatten().tolist()]
    if len(lost) == len(store):
        raise InputError("no joint is seen in any training sequence", remedy="validate the file")
    warnings.warn(
        f"{len(lost)} sequences show no joint at all and are left out: {', '.join(lost[:5])}",
        stacklevel=3,
    )
    return store.select(torch.nonzero(some).flatten().tolist())
