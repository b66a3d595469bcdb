"""`MicroGestureClassifier`: a recognizer in scikit-learn's clothes.

::

    classifier = MicroGestureClassifier(layout="natops8", epochs=60)
    scores = cross_val_score(classifier, sequences, labels, groups=people, cv=GroupKFold(4))

`sequences` is a list of arrays (T, V, C), a list of `PoseSequence`, or an array (n, T, V, C).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.datasets.augment import Augmentation
from mgskel.datasets.classes import ClassList
from mgskel.datasets.normalise import Normalisation
from mgskel.training.fit import train
from mgskel.training.runs.clip_model import ClipModel
from mgskel.training.sets import TrainingData
from mgskel.training.train_config import (
    DataConfig,
    LossConfig,
    MachineConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)


class MicroGestureClassifier(ClassifierMixin, BaseEstimator):
    """Graph-network classifier of skeleton sequences.

    Args:
        layout: skeleton of sequences given as plain arrays.
        backbone, fusion, sizes: the network.
        stream: what it looks at.
        window: frames every sequence is resampled to.
        augment: ``micro``, ``action`` or ``none``.
        scale: see `Normalisation`.
        run_folder: keep the trained run here; a temporary folder otherwise.
    """

    def __init__(
        self,
        layout: str | Path | Skeleton | None = None,
        *,
        backbone: str = "light",
        fusion: str = "on",
        sizes: dict[str, Any] | None = None,
        stream: str = "joint",
        window: int = 64,
        augment: str = "micro",
        scale: str = "shoulders",
        epochs: int = 60,
        batch: int = 32,
        lr: float = 2e-3,
        balance: str = "none",
        random_state: int = 0,
        threads: int | None = None,
        run_folder: str | Path | None = None,
    ) -> None:
        self.layout = layout
        self.backbone = backbone
        self.fusion = fusion
        self.sizes = sizes
        self.stream = stream
        self.window = window
        self.augment = augment
        self.scale = scale
        self.epochs = epochs
        self.batch = batch
        self.lr = lr
        self.balance = balance
        self.random_state = random_state
        self.threads = threads
        self.run_folder = run_folder

    def fit(self, X: Any, y: Any) -> MicroGestureClassifier:
        """Train on sequences X and their labels y."""
        sequences = self._sequences(X)
        labels = np.asarray(y)
        if len(labels) != len(sequences):
            raise InputError(
                "X and y differ in length", expected=f"{len(sequences)} labels", found=len(labels)
            )
        check_classification_targets(labels)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        keys = tuple(str(i) for i in range(len(self.classes_)))
        classes = ClassList(keys, tuple(str(label) for label in self.classes_))
        recordings = (
            Recording(sequence, sequence.source or f"sequence {i}", label=int(index))
            for i, (sequence, index) in enumerate(zip(sequences, indices, strict=True))
        )
        data = TrainingData(Dataset(tuple(recordings)), None, classes)
        if self.run_folder is not None:
            self.recognizer_ = train(self._config(), self.run_folder, data)
        else:
            with tempfile.TemporaryDirectory() as folder:
                self.recognizer_ = train(self._config(), folder, data)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, K) probabilities in the order of `classes_`."""
        check_is_fitted(self, "recognizer_")
        recognizer: ClipModel = self.recognizer_
        return recognizer.predict_proba(self._sequences(X))

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest label of each sequence."""
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]

    def _config(self) -> TrainConfig:
        return TrainConfig(
            data=DataConfig(validation="none"),
            stream=self.stream,
            window=self.window,
            normalise=Normalisation(scale=self.scale),  # type: ignore[arg-type]
            augment=Augmentation(self.augment),  # type: ignore[arg-type]
            model=ModelConfig(self.backbone, self.fusion, sizes=self.sizes or {}),  # type: ignore[arg-type]
            optim=OptimConfig(epochs=self.epochs, batch=self.batch, lr=self.lr),
            loss=LossConfig(balance=self.balance),  # type: ignore[arg-type]
            machine=MachineConfig(threads=self.threads, tensorboard=False),
            seed=self.random_state,
        )

    def _sequences(self, X: Sequence[Any] | np.ndarray) -> tuple[PoseSequence, ...]:
        if len(X) == 0:
            raise InputError("there are no sequences")
        if isinstance(X[0], PoseSequence):
            return tuple(X)
        if self.layout is None:
            raise InputError(
                "plain arrays need a layout",
                remedy="MicroGestureClassifier(layout=...), or give PoseSequence objects",
            )
        skeleton = get_skeleton(self.layout)
        return tuple(
            PoseSequence.from_arrays(
                np.asarray(points), fps=30, skeleton=skeleton, unit="normalised"
            )
            for points in X
        )
