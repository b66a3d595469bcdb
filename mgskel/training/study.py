"""Studies that grow over days: many small trainings, one row per finished one, paired by seed.

A study is a list of `Trial`. Each finished trial becomes a row of a CSV file; a rerun does only
what is missing. Differences are taken between trials that share data set,
backbone, split and seed, so that what they share cancels.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mgskel.config import load_config
from mgskel.errors import InputError
from mgskel.training.config import TrainConfig
from mgskel.training.fit import train
from mgskel.training.sets import load_training_data

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
        """One more line at the file's end, in a single write, so that none is lost or halved."""
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
) -> int:
    """Do what is missing, until done or out of time; returns how many trials are left."""
    missing = [trial for trial in trials if not results.has(trial)]
    deadline = time.monotonic() + 60 * minutes if minutes else float("inf")
    for number, trial in enumerate(missing):
        if time.monotonic() > deadline:
            return len(missing) - number
        results.read()
        if results.has(trial):
            continue  # done by a study beside this one
        print(f"{number + 1}/{len(missing)}: {' '.join(trial.key)}", file=sys.stderr)
        results.add(trial, run_trial(trial, configs, files[trial.set], threads))
    return 0


def run_trial(trial: Trial, configs: Path, file: Path, threads: int = 1) -> dict[str, float]:
    """Train once and judge on the held-out part."""
    words = ["--data.train", str(file), "--model.backbone", trial.backbone]
    words += ["--optim.epochs", str(trial.epochs), "--seed", str(trial.seed)]
    words += ["--data.split_seed", str(trial.seed), "--data.held", "[]", "--data.share", "0.33"]
    words += ["--machine.tensorboard", "off", "--machine.threads", str(threads), *trial.changes]
    config = load_config(TrainConfig, configs / trial.set / "recipe.yaml", words)
    data = load_training_data(config.data)
    start, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        if config.model.pretrained == _AUTO:
            config = _pretrained_first(config, Path(folder) / "pretrained")
        recognizer = train(config, Path(folder) / "run", data)
    from mgskel.training.metrics import negative_log_likelihood, softmax

    assert data.validation is not None and data.validation.labels is not None
    store = recognizer.store(data.validation.sequences)
    probabilities = softmax(recognizer.logits(store))
    truth = data.classes.indices(data.validation.labels)
    judged = recognizer.notes["validation"]
    return {
        "n": judged["n"],
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


@dataclass(frozen=True)
class Difference:
    """Mean paired difference with its 95% interval (Student's t), over pairs."""

    mean: float
    low: float
    high: float
    pairs: int


def paired(
    rows: Iterable[Row], variant: str, reference: str, measure: str = "top1"
) -> dict[tuple[str, str], list[float]]:
    """For each (set, backbone) the differences variant - reference, one per common seed."""
    table = {
        (row["set"], row["backbone"], row["seed"], row["epochs"], row["variant"]): float(
            row[measure]
        )
        for row in rows
    }
    differences: dict[tuple[str, str], list[float]] = {}
    for (name, backbone, seed, epochs, kind), value in sorted(table.items()):
        other = table.get((name, backbone, seed, epochs, reference))
        if kind == variant and other is not None:
            differences.setdefault((name, backbone), []).append(value - other)
    return differences


def interval(values: Sequence[float]) -> Difference:
    """Mean and 95% interval; the interval is unbounded for fewer than two values."""
    from scipy.stats import t

    array = np.asarray(values, dtype=float)
    if len(array) == 0:
        return Difference(float("nan"), -np.inf, np.inf, 0)
    mean = float(array.mean())
    if len(array) == 1:
        return Difference(mean, -np.inf, np.inf, 1)
    half = float(t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Difference(mean, mean - half, mean + half, len(array))


def difference_table(
    rows: Sequence[Row], references: Mapping[str, str], measure: str = "top1"
) -> str:
    """Markdown: each variant against its reference per set and backbone, and over all pairs."""
    lines = [
        f"| variant | against | set | backbone | pairs | {measure}, points | 95% interval |",
        "|---|---|---|---|---|---|---|",
    ]
    for variant, reference in references.items():
        groups = paired(rows, variant, reference, measure)
        title = f"{variant} | {reference}"
        together = [value for values in groups.values() for value in values]
        for (name, backbone), values in groups.items():
            lines.append(_line(title, name, backbone, values))
        if together:
            lines.append(_line(title, "**all**", "", together))
    return "\n".join(lines) + "\n"


def _line(title: str, name: str, backbone: str, values: list[float]) -> str:
    d = interval(values)
    ends = f"{100 * d.low:+.2f} to {100 * d.high:+.2f}" if d.pairs > 1 else "one pair"
    return f"| {title} | {name} | {backbone} | {d.pairs} | {100 * d.mean:+.2f} | {ends} |"


def plot_differences(path: Path, rows: Sequence[Row], references: Mapping[str, str]) -> None:
    """Every paired difference as a point, its mean and 95% interval as a bar."""
    from mgskel.training.plots import new_figure, save_figure

    differences = {
        variant: 100 * np.array([v for values in groups.values() for v in values])
        for variant, reference in references.items()
        if (groups := paired(rows, variant, reference))
    }
    figure, axis = new_figure(1, 1, (7, 1.2 + 0.35 * len(differences)))
    rng = np.random.default_rng(0)
    for place, values in enumerate(differences.values()):
        d = interval(values.tolist())
        axis.scatter(values, place + rng.uniform(-0.15, 0.15, len(values)), s=10, alpha=0.5)
        if d.pairs > 1:
            axis.plot([d.low, d.high], [place, place], color="black", linewidth=2)
        axis.plot([d.mean], [place], "|", color="black", markersize=14)
    axis.axvline(0, color="grey", linewidth=0.8)
    axis.set_yticks(range(len(differences)), list(differences))
    axis.invert_yaxis()
    against = ", ".join(dict.fromkeys(references[variant] for variant in differences))
    axis.set_xlabel(f"top-1 against {against}, percentage points (bar: 95% interval)")
    save_figure(figure, path)
