"""What one training learns from and is judged by."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, join, said_by_people
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.files import content_hash, json_hash
from mgskel.datasets.classes import ClassList, class_list
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.loading import load_dataset
from mgskel.datasets.splits import Split, by_group, hold_out, official_split, stratified
from mgskel.datasets.streams import stream_channels
from mgskel.formats import ReadOptions, read
from mgskel.training.train_config import DataConfig


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What one training learns from and is judged by (judged by nothing where there is none)."""

    train: Dataset
    validation: Dataset | None
    classes: ClassList
    fingerprint: str = ""


def read_training_files(config: DataConfig) -> list[Dataset]:
    """What each file of a config holds."""
    if not config.train:
        raise InputError("no training file", remedy="give --data.train FILE")
    return [said_by_people(read(path, _options(config))) for path in config.train]


def load_training_data(config: DataConfig, files: Sequence[Dataset] | None = None) -> TrainingData:
    """Read, convert and split the clips of a config's files, unless these are read already."""
    read_ones = read_training_files(config) if files is None else files
    everything = join([one.clips() for one in read_ones])
    if not len(everything):
        raise InputError("the files hold no sequences", place=config.train[0])
    everything = leave_out(everything, config.leave_out)
    if config.to_layout is not None:
        everything = everything.to_skeleton(get_skeleton(config.to_layout))
    fingerprint = data_fingerprint(*config.train)
    classes = class_list(everything, config.vocabulary)
    if config.validation == "file":
        if config.validation_file is None:
            raise InputError(
                "data.validation is 'file', but no file is given",
                remedy="give --data.validation_file FILE, or another --data.validation",
            )
        other = load_dataset(config.validation_file, _options(config))
        other = other.to_skeleton(everything.skeleton)
        return TrainingData(everything, other, classes, fingerprint)
    return split_training_data(everything, classes, config, fingerprint)


def leave_out(everything: Dataset, names: Sequence[str]) -> Dataset:
    """All but some; a recipe's list of a public set also serves a file with a part of that set."""
    if not names:
        return everything
    known = everything.names.astype(str)
    left_out = np.isin(known, names)
    if left_out.all():
        raise InputError(
            "data.leave_out leaves nothing",
            expected="names of some of the sequences",
            found=f"those of all {len(known)}",
        )
    if absent := sorted(set(names) - set(known)):
        warnings.warn(
            f"{len(absent)} of {len(names)} sequences that data.leave_out names are not in the "
            f"files: {', '.join(absent[:5])}",
            stacklevel=3,
        )
    return everything.select(~left_out)


def _options(config: DataConfig) -> ReadOptions:
    return ReadOptions(layout=config.layout, hand_order=config.hand_order)


def data_fingerprint(*paths: Path) -> str:
    """SHA-256 of a file, of a folder's files and their names, or of several of these."""
    hashes = [content_hash(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else json_hash(hashes)


def split_training_data(
    everything: Dataset, classes: ClassList, config: DataConfig, fingerprint: str = ""
) -> TrainingData:
    """Hold out validation by the config's rule, and thin the training labels where asked."""
    assert everything.labels is not None
    classes.indices(everything.labels)
    if config.validation == "none":
        split = Split(np.arange(len(everything)), np.zeros(0, dtype=int))
    else:
        split = hold_apart(everything, config)
        if not len(split.validation):
            raise InputError(
                "the validation part is empty",
                expected=f"sequences held out by data.validation {config.validation}",
                remedy="hold out more (data.share, data.held), or use --data.validation none",
            )
    train = split.train
    if config.labels_share < 1:
        thinned = stratified(everything.labels[train], 1 - config.labels_share, seed=0)
        train = train[thinned.train]
    validation = everything.select(split.validation) if len(split.validation) else None
    return TrainingData(everything.select(train), validation, classes, fingerprint)


def hold_apart(everything: Dataset, config: DataConfig) -> Split:
    """What is learned from and what is kept for validation, by the config's rule."""
    if config.validation == "random":
        assert everything.labels is not None
        return stratified(everything.labels, config.share, config.split_seed)
    if config.validation == "official":
        if config.vocabulary not in ("imigue", "smg"):
            raise InputError(
                "there is no official subject split for this vocabulary",
                expected="data.vocabulary imigue or smg",
                found=config.vocabulary,
            )
        return official_split(config.vocabulary, everything.groups("subject"))  # type: ignore[arg-type]
    groups = everything.groups(config.validation)
    if config.held:
        return hold_out(groups, config.held)
    return by_group(groups, config.share, config.split_seed)


def mirrored_classes(classes: ClassList) -> tuple[int, ...]:
    """For each class the class of its mirror image, by "left" and "right" in its name."""
    names = [name.lower() for name in classes.names]
    twins = [
        name.replace("left", "\0").replace("right", "left").replace("\0", "right") for name in names
    ]
    return tuple(names.index(twin) if twin in names else i for i, twin in enumerate(twins))


def check_streams(streams: Iterable[str], data: Dataset) -> None:
    """That all streams exist and the layout has what they look from, before one is trained."""
    first = data.sequences[0]
    for stream in streams:
        stream_channels(stream, first.skeleton, first.num_dims)


def check_classes(store: ClipStore, classes: ClassList) -> None:
    counts = torch.bincount(store.labels, minlength=len(classes))
    if (counts > 0).sum() < 2:
        raise InputError(
            "there is nothing to tell apart",
            expected="training sequences of at least two classes",
            found=f"{int((counts > 0).sum())} class with sequences",
        )
    if empty := [classes.names[i] for i in torch.nonzero(counts == 0).flatten().tolist()]:
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
