"""A recipe measured from scratch: every stream, every seed, and their ensemble.

A recipe is chosen on validation and judged once on test: first each stream is trained with
validation held out, which gives the validation scores and the ensemble's weights; where a test
file is given, it is trained again on all training sequences for the same number of epochs, and
only that network sees the test file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.recording import Dataset
from mgskel.datasets.loading import load_dataset
from mgskel.formats import ReadOptions
from mgskel.training.fit import train
from mgskel.training.runs.class_metrics import softmax, summary, top_k
from mgskel.training.runs.clip_model import ClipModel
from mgskel.training.runs.ensemble import Ensemble, equal, fit_ensemble
from mgskel.training.runs.run_folder import read_history
from mgskel.training.sets import (
    TrainingData,
    check_streams,
    load_training_data,
    split_training_data,
)
from mgskel.training.train_config import DistilConfig, TrainConfig


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities (n, K) of one trained stream on the validation and test sequences.

    `seconds` (and those of the processor) are what the epochs took of the network for the test
    file, or for validation where there is no test file; `validation_seconds` always the latter.
    They are read from the run folder, and so hold what was trained before an interruption.
    """

    seconds: float
    cpu_seconds: float
    validation_seconds: float
    validation: np.ndarray | None = None
    test: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class SeedResult:
    """One seed: every stream's answers, those of the network distilled from all, and the truth."""

    streams: dict[str, Answers]
    distilled: Answers | None
    together: Ensemble
    validation_truth: np.ndarray | None
    test_truth: np.ndarray | None

    def ensemble(self, part: str) -> np.ndarray | None:
        asked = zip(self.streams.values(), self.together.weights, strict=True)
        answers = [getattr(a, part) for a, weight in asked if weight > 0]
        return None if answers[0] is None else self.together.combine(answers)


def measure(
    config: TrainConfig,
    streams: Sequence[str],
    test: Path | None,
    out: Path,
    student: str | None = None,
) -> SeedResult:
    """Train and judge each stream of a config (for one seed); run folders go under `out`.

    Args:
        student: the stream of one more network, into which all others are distilled.
    """
    whole = load_training_data(dataclasses.replace(config.data, validation="none"))
    check_streams([*streams, student] if student else streams, whole.train)
    if config.data.validation == "file":
        held_out = load_training_data(config.data)
    else:
        held_out = split_training_data(whole.train, whole.classes, config.data, whole.fingerprint)
    judged = None
    if test is not None:
        judged = load_dataset(test, ReadOptions(layout=config.data.layout)).to_skeleton(
            whole.train.skeleton
        )
    truth, test_truth = _truth(held_out.validation, held_out), _truth(judged, whole, test)
    answers = {}
    for stream in streams:
        one = dataclasses.replace(config, stream=stream)
        answers[stream] = _measure_stream(one, held_out, whole, judged, out / stream)
    together = equal(len(answers))
    judgements = [a.validation for a in answers.values() if a.validation is not None]
    if truth is not None and len(judgements) == len(answers):
        together = fit_ensemble(judgements, truth)
    distilled = None
    if student is not None:
        one = dataclasses.replace(config, stream=student)
        weights = ",".join(f"{weight:.6f}" for weight in together.weights)
        taught = DistilConfig(tuple(out / stream for stream in streams), weights)
        folder = out / f"distilled_{student}"
        distilled = _measure_stream(one, held_out, whole, judged, folder, taught)
    return SeedResult(answers, distilled, together, truth, test_truth)


def _measure_stream(
    config: TrainConfig,
    held_out: TrainingData,
    whole: TrainingData,
    judged: Dataset | None,
    out: Path,
    taught: DistilConfig | None = None,
) -> Answers:
    validation = tested = None
    seconds = cpu_seconds = validation_seconds = 0.0
    if held_out.validation is not None:
        chosen = train(_taught(config, taught, "held_out"), out / "held_out", held_out)
        validation = _answers(chosen, held_out.validation)
        seconds, cpu_seconds = _spent(out / "held_out")
        validation_seconds = seconds
    if judged is not None:
        data = dataclasses.replace(config.data, validation="none")
        everything = _taught(dataclasses.replace(config, data=data), taught, "whole")
        tested = _answers(train(everything, out / "whole", whole), judged)
        seconds, cpu_seconds = _spent(out / "whole")
    return Answers(seconds, cpu_seconds, validation_seconds, validation, tested)


def _taught(config: TrainConfig, taught: DistilConfig | None, part: str) -> TrainConfig:
    """The config of a student, whose teachers have learned from what it learns from."""
    if taught is None:
        return config
    runs = tuple(run / part for run in taught.runs)
    return dataclasses.replace(config, distil=dataclasses.replace(taught, runs=runs))


def _spent(run: Path) -> tuple[float, float]:
    """Seconds, and seconds of the processor, that all epochs of a finished training took."""
    rows = read_history(run)
    seconds, cpu = (
        sum(float(row.get(key) or "nan") for row in rows) for key in ("seconds", "cpu_seconds")
    )
    return seconds, cpu


def _answers(recognizer: ClipModel, data: Dataset) -> np.ndarray:
    store = recognizer.store(data.sequences, [str(name) for name in data.names])
    return softmax(recognizer.logits(store), recognizer.temperature)


def _truth(
    data: Dataset | None, known: TrainingData, place: Path | None = None
) -> np.ndarray | None:
    if data is None or data.labels is None:
        return None
    return known.classes.indices(data.labels, place)


def tabulate(results: Sequence[SeedResult]) -> dict[str, Any]:
    """Means over seeds with ``_sd`` beside each: {streams: {...}, ensemble: {...}}.

    Where all was distilled into one network, ``distilled`` is its row.
    """
    streams = {
        name: mean_and_spread([_row(result.streams[name], result) for result in results])
        for name in results[0].streams
    }
    together = []
    for result in results:
        row = _judge("val", result.ensemble("validation"), result.validation_truth)
        together.append(row | _judge("test", result.ensemble("test"), result.test_truth))
    ensemble: dict[str, Any] = mean_and_spread(together)
    ensemble["weights"] = np.mean([r.together.weights for r in results], axis=0).round(4).tolist()
    table: dict[str, Any] = {"streams": streams, "ensemble": ensemble, "nested": nested(results)}
    students = [_row(r.distilled, r) for r in results if r.distilled is not None]
    return table | ({"distilled": mean_and_spread(students)} if students else {})


def nested(results: Sequence[SeedResult], draws: int = 20) -> dict[str, float]:
    """Top-1 on halves of validation that had no say: of the ensemble, of the stream that was best
    on the other half, and of all streams alike; means over seeds and drawn halves.
    """
    rows = []
    for seed, result in enumerate(results):
        truth = result.validation_truth
        judged = [a.validation for a in result.streams.values() if a.validation is not None]
        if truth is None or len(judged) < 2:
            continue
        rng = np.random.default_rng(seed)
        for _ in range(draws):
            order = rng.permutation(len(truth))
            fit, rest = order[: len(order) // 2], order[len(order) // 2 :]
            known, asked = [one[fit] for one in judged], [one[rest] for one in judged]
            chosen = fit_ensemble(known, truth[fit])
            kept = [one for one, weight in zip(asked, chosen.weights, strict=True) if weight > 0]
            best = int(np.argmax([top_k(one, truth[fit], 1) for one in known]))
            answers = {
                "ensemble": chosen.combine(kept),
                "best_stream": asked[best],
                "alike": equal(len(asked)).combine(asked),
            }
            rows.append({name: top_k(one, truth[rest], 1) for name, one in answers.items()})
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} if rows else {}


def _row(answers: Answers, result: SeedResult) -> dict[str, float]:
    return {
        "seconds": answers.seconds,
        "cpu_seconds": answers.cpu_seconds,
        "val_seconds": answers.validation_seconds,
        **_judge("val", answers.validation, result.validation_truth),
        **_judge("test", answers.test, result.test_truth),
    }


def _judge(
    part: str, probabilities: np.ndarray | None, truth: np.ndarray | None
) -> dict[str, float]:
    if probabilities is None or truth is None:
        return {}
    scores = summary(probabilities, truth)
    return {f"{part}_{key}": scores[key] for key in ("top1", "macro_f1")}


def mean_and_spread(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean and sample standard deviation of each key over the rows."""
    table = {}
    for key in rows[0]:
        values = np.array([row[key] for row in rows])
        table[key] = float(values.mean())
        table[f"{key}_sd"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return table
