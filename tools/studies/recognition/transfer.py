"""Train on one data set and skeleton, judge on another, through a common layout.

Only classes that mean the same in both vocabularies are judged. The network learns all classes
of its own set; for judging, its probabilities are restricted to the shared ones.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.gestures import Vocabulary, map_classes
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.classes import ClassList
from mgskel.training.fit import train
from mgskel.training.runs.class_metrics import summary
from mgskel.training.sets import TrainingData
from mgskel.training.train_config import TrainConfig


@dataclass(frozen=True, eq=False)
class TransferSet:
    """One side of a transfer: labelled sequences and what their labels mean."""

    name: str
    data: Dataset
    vocabulary: Vocabulary

    def indices(self) -> np.ndarray:
        """(n,) class ids of the sequences."""
        if self.data.labels is None:
            raise InputError("the file has no labels", place=self.name)
        return ClassList.of_vocabulary(self.vocabulary).indices(self.data.labels, self.name)


def shared_classes(source: TransferSet, target: TransferSet) -> dict[int, int]:
    """Target class ids to source class ids, for the classes that mean the same."""
    shared = map_classes(target.vocabulary, source.vocabulary)
    if len(shared) < 2:
        raise InputError(
            "the sets share too few classes to judge a transfer",
            expected="two or more with the same `means`",
            found=len(shared),
        )
    return shared


def transfer(
    source: TransferSet, target: TransferSet, layout: Skeleton, config: TrainConfig, out: Path
) -> dict[str, float]:
    """Train on all of `source`, judge on the shared classes of `target`.

    Returns:
        n, top1, macro_f1 and mean_class over the shared classes, and `majority`, the accuracy
        of always answering the commonest one.
    """
    shared = shared_classes(source, target)
    learned = source.data.to_skeleton(layout)
    data = TrainingData(learned, None, ClassList.of_vocabulary(source.vocabulary))
    everything = dataclasses.replace(config.data, validation="none")
    recognizer = train(dataclasses.replace(config, data=everything), out, data)
    ids = target.indices()
    judged = np.flatnonzero(np.isin(ids, list(shared)))
    columns = list(shared.values())
    truth = np.array([columns.index(shared[int(i)]) for i in ids[judged]])
    sequences = target.data.select(judged).to_skeleton(layout).sequences
    probabilities = recognizer.predict_proba(sequences)[:, columns]
    probabilities = probabilities / probabilities.sum(1, keepdims=True)
    scores = summary(probabilities, truth)
    scores.pop("top5")
    return scores | {
        "classes": len(columns),
        "majority": float(np.bincount(truth).max() / len(truth)),
    }
