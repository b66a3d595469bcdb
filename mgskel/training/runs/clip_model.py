"""A network trained on cut clips, with everything needed to ask it about clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from mgskel.core.config import Between, from_dict
from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.datasets.batches import view_batches
from mgskel.datasets.classes import ClassList
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.normalise import Normalisation
from mgskel.datasets.streams import stream_channels
from mgskel.models import Backbone, fold
from mgskel.training.runs.class_metrics import softmax
from mgskel.training.runs.model_folder import (
    DESCRIPTION_FILE,
    ModelSpec,
    describing,
    fill,
    read_description,
    save_folder,
)


@dataclass(frozen=True)
class ClipInput:
    """What the network wants to see.

    Attributes:
        window: frames that every clip is brought to, whatever its length.
        seconds: how long the training's clips typically were.
    """

    stream: str
    window: Annotated[int, Between(2, 10_000)]
    views: Annotated[int, Between(1, 100)]
    dims: Annotated[int, Between(2, 3)]
    people: Annotated[int, Between(1, 100)]
    normalise: Normalisation
    seconds: Annotated[float, Between(1e-3, 1e5)] = 2.0


@dataclass(frozen=True, eq=False)
class ClipModel:
    """Class scores for cut clips.

    Args:
        temperature: divides the logits, fitted on validation.
        notes: provenance: package version, data fingerprint, metrics.
        clear: chance from which a class is said in a recording; a closed set of classes has an
            answer for everything. Fitted on validation, see `spotting.recognizers.clip_recognizer`.
    """

    network: Backbone
    skeleton: Skeleton
    classes: ClassList
    model: ModelSpec
    input: ClipInput
    temperature: float = 1.0
    notes: Mapping[str, Any] = field(default_factory=dict)
    clear: float = 0.6

    def predict_proba(
        self, sequences: Dataset | PoseSequence | Sequence[PoseSequence], views: int | None = None
    ) -> np.ndarray:
        """(n, K) probabilities; sequences in other layouts are converted by joint name."""
        return softmax(self.logits(self.store(sequences), views), self.temperature)

    def predict(self, sequences: Dataset | PoseSequence | Sequence[PoseSequence]) -> list[str]:
        """The likeliest class of each sequence, by name."""
        return [self.classes.names[i] for i in self.predict_proba(sequences).argmax(1)]

    def chances(self, data: Dataset, views: int | None = None) -> np.ndarray:
        """(n, K) probabilities of a data set's recordings."""
        store = self.store(data.sequences, [str(name) for name in data.names])
        return softmax(self.logits(store, views), self.temperature)

    def store(
        self,
        sequences: Dataset | PoseSequence | Sequence[PoseSequence],
        names: Sequence[str] | None = None,
    ) -> ClipStore:
        """Sequences in this recognizer's layout and body coordinates."""
        if isinstance(sequences, PoseSequence):
            sequences = [sequences]
        elif isinstance(sequences, Dataset):
            sequences = sequences.sequences
        fitting = [self._fitting(sequence) for sequence in sequences]
        return ClipStore.from_sequences(
            fitting, self.input.normalise, names=names, people=self.input.people
        )

    @torch.inference_mode()
    def logits(self, store: ClipStore, views: int | None = None) -> np.ndarray:
        """(n, K) logits, the mean over temporal views."""
        views = views or self.input.views
        device = next(self.network.parameters()).device
        parts: list[Tensor] = []
        for x, mask, _ in view_batches(store, self.input.stream, self.input.window, views):
            seen = None if mask is None else mask.to(device)
            answer = self.network(x.to(device), seen).float().cpu()
            parts.append(answer.unflatten(0, (-1, views)).mean(1))
        return torch.cat(parts).numpy()

    def on(self, device: str) -> ClipModel:
        """The same recognizer with its network on another device."""
        self.network.to(device)
        return self

    def _fitting(self, sequence: PoseSequence) -> PoseSequence:
        if sequence.num_dims != self.input.dims:
            raise InputError(
                "the sequence has another number of dimensions than the recognizer was trained on",
                place=sequence.source or None,
                expected=f"{self.input.dims}-D coordinates",
                found=f"{sequence.num_dims}-D",
                remedy="train a recognizer on such data, or convert the sequences",
            )
        if sequence.skeleton.joints == self.skeleton.joints:
            return sequence
        return sequence.to_skeleton(self.skeleton)

    @classmethod
    def load(cls, folder: str | Path, folded: bool = True) -> ClipModel:
        """Rebuild it; `folded` joins normalisations into the weights, for speed."""
        folder = Path(folder)
        tree = read_description(folder)
        if tree["kind"] != "clips":
            raise InputError(
                "this recognizer was not trained on cut clips",
                place=folder,
                remedy="mgskel.Recognizer.load takes every kind",
            )
        place = str(folder / DESCRIPTION_FILE)
        with describing(folder):
            skeleton = skeleton_from_dict(tree["skeleton"], place)
            classes = from_dict(ClassList, tree["classes"], place)
            model = from_dict(ModelSpec, tree["model"], place)
            wanted = from_dict(ClipInput, tree["input"], place)
            temperature = float(tree["temperature"])
            clear = float(tree.get("clear", cls.clear))
            assert 1e-3 <= temperature <= 1e3, f"temperature {temperature:g}"
        network = model.build(
            skeleton, len(classes), stream_channels(wanted.stream, skeleton, wanted.dims)
        )
        fill(network, folder, tree)
        network = fold(network) if folded else network.eval()  # type: ignore[assignment]
        notes = tree.get("notes", {})
        return cls(network, skeleton, classes, model, wanted, temperature, notes, clear)

    def save(self, folder: str | Path) -> None:
        save_folder(
            Path(folder),
            self.network,
            "clips",
            {
                "model": self.model,
                "input": self.input,
                "temperature": self.temperature,
                "clear": self.clear,
                "classes": self.classes,
                "skeleton": skeleton_to_dict(self.skeleton),
                "notes": self.notes,
            },
        )
