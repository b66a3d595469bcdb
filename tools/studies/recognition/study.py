"""Studies that grow over days: many small trainings, one row per finished one, paired by seed.

A study is a list of `Trial`. Each finished trial becomes a row of a CSV file; a rerun does only
what is missing.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mgskel.core.config import load_config
from mgskel.core.errors import InputError
from mgskel.training.fit import train
from mgskel.training.sets import load_training_data
from mgskel.training.train_config import TrainConfig

KEYS = ("set", "backbone", "variant", "seed", "epochs")
MEASURES = ("n", "top1", "macro_f1", "loss", "parameters", "cpu_seconds", "seconds")
Row = dict[str, str]
_AUTO = Path("auto")  # as model.pretrained: pretrain within the trial


@dataclass(frozen=True)
class Trial:
    """One training: a recipe, what departs from it, and a seed (which also draws the split)."""

    set: str
    backbone: str
    variant: str
    seed: int
    epochs: int
    changes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(str(getattr(self, name)) for name in KEYS)


class Results:
    """The rows of a study in a CSV file, which several studies may add to side by side."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []
        self._columns: Sequence[str] = (*KEYS, *MEASURES)
        self.read()

    def read(self) -> None:
        """Take over what the file holds by now."""
        if not self.path.is_file():
            return
        with open(self.path, newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            self._columns = reader.fieldnames or ()
            self.rows = list(reader)
        if set(KEYS) - set(self._columns):
            raise InputError(
                "the results file is not one of a study",
                place=self.path,
                expected="columns " + ", ".join(KEYS),
                found=", ".join(self._columns or ["nothing"]),
            )

    def has(self, trial: Trial) -> bool:
        return any(tuple(row[name] for name in KEYS) == trial.key for row in self.rows)

    def add(self, trial: Trial, measures: Mapping[str, float]) -> None:
        """One more line at the file's end, in a single write, so that none is lost or halved.

        A trial that was done meanwhile beside this study is not told twice.
        """
        self.read()
        if self.has(trial):
            return
        row = dict(zip(KEYS, trial.key, strict=True))
        row |= {name: f"{measures[name]:.6g}" for name in MEASURES}
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, extrasaction="ignore", lineterminator="\n")
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            writer.writeheader()
        writer.writerow(row)
        with open(self.path, "a", newline="", encoding="utf-8") as handle:
            handle.write(text.getvalue())
        self.read()


def run_trials(
    trials: Sequence[Trial],
    results: Results,
    configs: Path,
    files: Mapping[str, Path],
    minutes: float | None = None,
    threads: int = 1,
    recipes: Mapping[str, str] | None = None,
) -> int:
    """Do what is missing, until done or out of time; returns how many trials are left.

    Args:
        recipes: of the sets whose recipe is another's.
    """
    recipes = recipes or {}
    missing = [trial for trial in trials if not results.has(trial)]
    deadline = time.monotonic() + 60 * minutes if minutes else float("inf")
    for number, trial in enumerate(missing):
        if time.monotonic() > deadline:
            return len(missing) - number
        results.read()
        if results.has(trial):
            continue  # done by a study beside this one
        print(f"{number + 1}/{len(missing)}: {' '.join(trial.key)}", file=sys.stderr)
        recipe = configs / recipes.get(trial.set, trial.set) / "recipe.yaml"
        results.add(trial, run_trial(trial, recipe, files[trial.set], threads))
    return 0


def run_trial(trial: Trial, recipe: Path, file: Path, threads: int = 1) -> dict[str, float]:
    """Train once and judge the last weights on the held-out part, which nothing else looks at."""
    words = ["--data.train", str(file), "--model.backbone", trial.backbone]
    words += ["--optim.epochs", str(trial.epochs), "--seed", str(trial.seed)]
    words += ["--data.split_seed", str(trial.seed), "--data.held", "[]", "--data.share", "0.33"]
    words += ["--machine.tensorboard", "off", "--machine.threads", str(threads), *trial.changes]
    config = load_config(TrainConfig, recipe, words)
    data = load_training_data(config.data)
    start, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        if config.model.pretrained == _AUTO:
            config = _pretrained_first(config, Path(folder) / "pretrained")
        recognizer = train(config, Path(folder) / "run", replace(data, validation=None))
    from mgskel.training.runs.class_metrics import negative_log_likelihood, softmax, summary

    assert data.validation is not None and data.validation.labels is not None
    store = recognizer.store(data.validation.sequences)
    probabilities = softmax(recognizer.logits(store))
    truth = data.classes.indices(data.validation.labels)
    judged = summary(probabilities, truth)
    return {
        "n": len(truth),
        "top1": judged["top1"],
        "macro_f1": judged["macro_f1"],
        "loss": negative_log_likelihood(probabilities, truth),
        "parameters": recognizer.notes["parameters"],
        "cpu_seconds": time.process_time() - cpu,
        "seconds": time.monotonic() - start,
    }


def _pretrained_first(config: TrainConfig, folder: Path) -> TrainConfig:
    """Pretrain on the whole training part, without its labels, and start from that."""
    from mgskel.training.pretraining import PretrainConfig, pretrain

    model = replace(config.model, pretrained=None)
    settings = PretrainConfig(
        stream=config.stream,
        window=config.window,
        normalise=config.normalise,
        augment=config.augment,
        model=model,
        optim=replace(config.optim, repeat=1),
        machine=config.machine,
        seed=config.seed,
    )
    everyone = replace(config.data, labels_share=1.0)
    pretrain(settings, folder, load_training_data(everyone).train)
    return replace(config, model=replace(model, pretrained=folder))
