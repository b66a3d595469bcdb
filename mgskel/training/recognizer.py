"""Recognizer: a trained network with everything needed to use it, from a folder of plain files.

``model.safetensors`` holds the weights, ``recognizer.json`` all the rest. Loading reads numbers
and text only: nothing in the folder is executed, and the weights must be those that the
description was written for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import mgskel
from mgskel.core.config import from_dict
from mgskel.core.errors import InputError
from mgskel.core.files import file_hash, read_json, write_json, writing
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.core.weights import DESCRIPTION_FILE, WEIGHTS_FILE, misfit, read_weights
from mgskel.datasets.batches import view_batches
from mgskel.datasets.classes import ClassList
from mgskel.datasets.clips import ClipStore
from mgskel.datasets.normalise import Normalisation
from mgskel.datasets.streams import stream_channels
from mgskel.models import Backbone, FusionParts, create_model, fold
from mgskel.training.metrics import softmax

SCHEMA = 1


@dataclass(frozen=True)
class ModelSpec:
    """How to build the network; see `create_model`."""

    backbone: str
    fusion: str
    leave_out: tuple[str, ...] = ()
    sizes: Mapping[str, Any] = field(default_factory=dict)
    fusion_window: int | None = None

    def build(self, skeleton: Skeleton, classes: int, channels: int) -> Backbone:
        fusion: str | FusionParts = self.fusion
        if fusion == "on" and self.leave_out:
            fusion = FusionParts(**dict.fromkeys(self.leave_out, False))
        try:
            return create_model(
                self.backbone,
                skeleton,
                classes,
                fusion,
                in_channels=channels,
                fusion_window=self.fusion_window,
                **self.sizes,
            )
        except TypeError as error:
            raise InputError(
                f"the backbone '{self.backbone}' does not take these sizes",
                found=", ".join(f"{k}={v}" for k, v in self.sizes.items()),
                remedy=str(error),
            ) from error


@dataclass(frozen=True)
class InputSpec:
    """What the network wants to see."""

    stream: str
    window: int
    views: int
    dims: int
    people: int
    normalise: Normalisation


@dataclass(frozen=True, eq=False)
class Recognizer:
    """Class scores for skeleton sequences.

    Args:
        temperature: divides the logits, fitted on validation.
        notes: provenance: package version, data fingerprint, metrics.
    """

    network: Backbone
    skeleton: Skeleton
    classes: ClassList
    model: ModelSpec
    input: InputSpec
    temperature: float = 1.0
    notes: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(
        self, sequences: Dataset | PoseSequence | Sequence[PoseSequence], views: int | None = None
    ) -> np.ndarray:
        """(n, K) probabilities; sequences in other layouts are converted by joint name."""
        return softmax(self.logits(self.store(sequences), views), self.temperature)

    def predict(self, sequences: Dataset | PoseSequence | Sequence[PoseSequence]) -> list[str]:
        """The likeliest class of each sequence, by name."""
        return [self.classes.names[i] for i in self.predict_proba(sequences).argmax(1)]

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

    def on(self, device: str) -> Recognizer:
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
    def load(cls, folder: str | Path, folded: bool = True) -> Recognizer:
        """Rebuild a recognizer; `folded` joins normalisations into the weights, for speed."""
        folder = Path(folder)
        tree = _read_description(folder)
        state = read_weights(folder / WEIGHTS_FILE, str(tree["weights_sha256"]), DESCRIPTION_FILE)
        place = str(folder / DESCRIPTION_FILE)
        try:
            skeleton = skeleton_from_dict(tree["skeleton"], place)
            classes = from_dict(ClassList, tree["classes"], place)
            model = from_dict(ModelSpec, tree["model"], place)
            spec = from_dict(InputSpec, tree["input"], place)
            temperature = float(tree["temperature"])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(folder, f"{type(error).__name__}: {error}") from error
        network = model.build(
            skeleton, len(classes), stream_channels(spec.stream, skeleton, spec.dims)
        )
        _fill(network, state, folder)
        network = fold(network) if folded else network.eval()  # type: ignore[assignment]
        return cls(network, skeleton, classes, model, spec, temperature, tree.get("notes", {}))

    def save(self, folder: str | Path) -> None:
        """Write weights, then the description that vouches for them."""
        from safetensors.torch import save_file

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = {k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}
        with writing(folder / WEIGHTS_FILE) as temporary:
            save_file(state, temporary)
        spec = asdict(self.input)
        write_json(
            folder / DESCRIPTION_FILE,
            {
                "schema": SCHEMA,
                "mgskel": mgskel.__version__,
                "weights_sha256": file_hash(folder / WEIGHTS_FILE),
                "model": _plain(asdict(self.model)),
                "input": _plain(spec),
                "temperature": self.temperature,
                "classes": _plain(asdict(self.classes)),
                "skeleton": skeleton_to_dict(self.skeleton),
                "notes": dict(self.notes),
            },
        )


def _read_description(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InputError(
            f"no run folder at {folder}",
            expected=f"a folder with {DESCRIPTION_FILE} and {WEIGHTS_FILE}",
            remedy="'mgskel train' writes one",
        )
    for name in (DESCRIPTION_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise InputError(
                f"the run folder lacks {name}",
                place=folder,
                found=", ".join(sorted(p.name for p in folder.iterdir())) or "an empty folder",
                remedy="finish the training (its command resumes it), or copy the whole folder",
            )
    tree = read_json(folder / DESCRIPTION_FILE, "recognizer description")
    if not isinstance(tree, dict) or "schema" not in tree or "weights_sha256" not in tree:
        raise _damaged(folder, "keys are missing")
    if tree["schema"] != SCHEMA:
        raise InputError(
            "the run was written by another version of mgskel",
            place=folder,
            expected=f"schema {SCHEMA}",
            found=tree["schema"],
            remedy="update mgskel, or train again",
        )
    return tree


def _fill(network: Backbone, state: dict[str, np.ndarray], folder: Path) -> None:
    own = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    wrong = misfit(own, state)
    if wrong:
        raise _damaged(folder, f"weights that do not fit the described network: {wrong}")
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})


def _damaged(folder: Path, found: str) -> InputError:
    return InputError(
        f"{DESCRIPTION_FILE} does not describe a recognizer",
        place=folder,
        found=found,
        remedy="copy the run again, or train again",
    )


def _plain(value: Any) -> Any:
    """Tuples to lists and mappings to dicts, as JSON has them."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value
