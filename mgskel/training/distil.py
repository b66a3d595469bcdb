"""Distillation: one network learns what several trained ones say together.

The teachers see each training clip just as the student does, cut, turned and noisy, so that what
they say belongs to what it sees. Their mean, softened by a temperature, is mixed into the label.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mgskel.core.errors import InputError
from mgskel.core.storage.files import file_hash
from mgskel.datasets.clips import Clips
from mgskel.datasets.streams import model_input
from mgskel.training.runs.clip_model import ClipInput, ClipModel
from mgskel.training.runs.ensemble import ensemble_of, read_validation
from mgskel.training.runs.model_folder import WEIGHTS_FILE
from mgskel.training.sets import TrainingData
from mgskel.training.train_config import DistilConfig

_MUST_AGREE = ("window", "dims", "people", "normalise")


@dataclass(frozen=True, eq=False)
class Teachers:
    """Trained networks that turn labels into softer targets.

    Args:
        weights: one per model, sum 1.
        temperature: divides the mean logarithm of what they say; the higher, the softer.
        share: of the target that is theirs; the rest is the label's.
    """

    models: tuple[ClipModel, ...]
    weights: tuple[float, ...]
    temperature: float
    share: float

    @torch.no_grad()
    def __call__(self, clips: Clips, target: Tensor) -> Tensor:
        """Targets (N, K) of clips whose labels are `target` (N, K)."""
        together = torch.zeros_like(target)
        for model, weight in zip(self.models, self.weights, strict=True):
            x, mask = model_input(clips, model.input.stream, model.skeleton)
            logits = model.network(x, None if bool(mask.all()) else mask).float()
            together += weight * (logits / model.temperature).log_softmax(1)
        return torch.lerp(target, (together / self.temperature).softmax(1), self.share)


def teachers_fingerprint(config: DistilConfig | None, data: str) -> object:
    """What a training rests on: its data and, where there are any, its teachers' weights."""
    if config is None:
        return data
    for run in config.runs:
        if not (run / WEIGHTS_FILE).is_file():
            raise InputError(
                "there is no finished run to learn from",
                place=run,
                expected="run folders that 'mgskel train' has written",
            )
    return [data, *(file_hash(run / WEIGHTS_FILE) for run in config.runs)]


def load_teachers(
    config: DistilConfig | None, data: TrainingData, student: ClipInput
) -> Teachers | None:
    """The runs of a config, refused where they cannot teach this training."""
    if config is None:
        return None
    if not config.runs:
        raise InputError("no runs to learn from", remedy="give --distil RUN RUN ...")
    models = {run: ClipModel.load(run) for run in config.runs}
    for run, model in models.items():
        _check(run, model, data, student)
    ensemble = ensemble_of(models, config.weights)
    known = zip(models.values(), ensemble.weights.tolist(), strict=True)
    helping = [(model, weight) for model, weight in known if weight > 0]
    return Teachers(
        tuple(model for model, _ in helping),
        tuple(weight for _, weight in helping),
        config.temperature,
        config.share,
    )


def _check(run: Path, model: ClipModel, data: TrainingData, student: ClipInput) -> None:
    def refuse(what: str, expected: object, found: object, remedy: str) -> None:
        raise InputError(what, place=run, expected=expected, found=found, remedy=remedy)

    if model.classes.keys != data.classes.keys:
        refuse(
            "the run to learn from answers other classes",
            f"{len(data.classes)}: {', '.join(data.classes.keys[:8])} ...",
            f"{len(model.classes)}: {', '.join(model.classes.keys[:8])} ...",
            "distil runs that were trained on these data",
        )
    known = model.notes.get("data", {}).get("fingerprint", "")
    if known and data.fingerprint and known != data.fingerprint:
        refuse(
            "the run to learn from was trained on other data",
            data.fingerprint[:12],
            known[:12],
            "give the same --data.train as it had",
        )
    seen, wanted = _sight(model.input), _sight(student)
    seen["layout"], wanted["layout"] = model.skeleton.joints, data.train.skeleton.joints
    if differing := [key for key in wanted if seen[key] != wanted[key]]:
        refuse(
            "the run to learn from sees its clips otherwise",
            ", ".join(f"{key} {wanted[key]}" for key in differing),
            ", ".join(f"{key} {seen[key]}" for key in differing),
            "train with the config of the run, or with the options that it had",
        )
    if data.validation is None:
        return
    held = read_validation(run)
    apart = set() if held is None else set(held[2].tolist())
    if learned := [str(name) for name in data.validation.names if str(name) not in apart]:
        refuse(
            "the run to learn from has learned from what this training is judged by",
            "runs that held out the same sequences",
            f"{len(learned)} others, such as {', '.join(learned[:3])}",
            "give the validation keys that it had (data.validation, data.held, "
            "data.split_seed), or --data.validation none",
        )


def _sight(wanted: ClipInput) -> dict[str, Any]:
    return {key: getattr(wanted, key) for key in _MUST_AGREE}
