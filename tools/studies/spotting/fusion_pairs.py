"""Balanced fusion on and off in recognizers of recordings, in pairs: same seed, same examples.

Trainings are short, their networks small and what judges them little, so that ten of them take ten
minutes of a core.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from benchmarks.real import MEANING, clips_by_label, judged, summarised

from mgskel.core.gestures import get_vocabulary
from mgskel.core.machine.progress import Progress
from mgskel.core.storage.files import write_text, writing
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.decision.decision_rule import DecisionRule
from mgskel.spotting.learning.corpus import Piece
from mgskel.spotting.learning.stream_training import FitSettings, fit
from mgskel.spotting.learning.synthetic import synthetic_corpus
from mgskel.spotting.metrics import score_events
from mgskel.spotting.network.stream_network import build_stream_network, stream_model
from studies.recognition.differences import interval
from studies.shipped.build import BuildSettings
from studies.shipped.calibrate import false_at_rest, found_in
from studies.shipped.evaluation import fit_decision, named, one_line, watch
from studies.shipped.heldout import TEST, VALIDATION, HeldOut, held_out

MEASURES = ("f1", "at_rest", "event", "group", "wrong", "silent")
_TOLD = {
    "f1": "F1 at overlap 0.3, synthetic recordings",
    "at_rest": "false events in 5 minutes of synthetic rest",
    "event": "real people: right gesture among the events",
    "group": "real people: right body group among the events",
    "wrong": "real people: a wrong name among the events",
    "silent": "real people at rest: silent",
}
_FIRST_SEED = 20


@dataclass(frozen=True)
class PairSettings:
    """How small and short the trainings are.

    Attributes:
        data: folder of the real sets.
        recordings, clips: of the shipped recognizer's corpus.
        tests: synthetic recordings, and as many rests, that judge.
        every: one of so many real clips judges.
    """

    data: Path
    seeds: int = 5
    epochs: int = 3
    channels: tuple[int, ...] = (32, 32, 32)
    recordings: int = 300
    clips: int = 1800
    tests: int = 4
    every: int = 2


def study(folder: Path, settings: PairSettings, results: Path, how: str, workers: int = 1) -> None:
    """Train and judge what is not in `results`/spotting_fusion.csv yet, and write the page."""
    build, table = _build_settings(settings), results / "spotting_fusion.csv"
    vocabulary = get_vocabulary(build.vocabulary)
    rows: list[Row] = _read(table)
    pieces = synthetic_corpus(
        folder / "corpus", build.corpus, vocabulary, build.input.features, workers
    )
    few = replace(VALIDATION, recordings=4, rests=10, clips=1, walks=20)
    test = replace(TEST, recordings=settings.tests, rests=settings.tests, clips=0, walks=0)
    validation, examples = (
        held_out(folder / "held-out", one, vocabulary, workers) for one in (few, test)
    )
    with Progress(2 * settings.seeds, "pairs", "trainings") as progress:
        for seed in range(_FIRST_SEED, _FIRST_SEED + settings.seeds):
            for fusion in ("off", "on"):
                if not any((row["seed"], row["fusion"]) == (str(seed), fusion) for row in rows):
                    teaching = replace(build.fit, seed=seed)
                    spotter = _taught(build, fusion, teaching, pieces, folder)
                    spotter = replace(spotter, decision=fit_decision(spotter, validation))
                    figures = _judged(spotter, examples, settings)
                    rows.append({"seed": str(seed), "fusion": fusion, **figures})
                    _write(table, rows)
                progress.advance()
    write_text(results / "spotting_fusion.md", _page(rows, settings, build.fit.steps, how))


def _build_settings(settings: PairSettings) -> BuildSettings:
    usual = BuildSettings()
    optim = replace(usual.fit.optim, lr=3e-3, epochs=settings.epochs, warmup=0.05, ema=0.98)
    return replace(
        usual,
        corpus=replace(usual.corpus, recordings=settings.recordings, clips=settings.clips),
        model=stream_model(channels=settings.channels),
        fit=replace(usual.fit, optim=optim),
    )


def _taught(
    build: BuildSettings,
    fusion: str,
    teaching: FitSettings,
    pieces: Sequence[Piece],
    folder: Path,
) -> StreamRecognizer:
    vocabulary = get_vocabulary(build.vocabulary)
    torch.manual_seed(teaching.seed)
    model = replace(build.model, fusion=fusion)
    network = build_stream_network(model, build.input, len(vocabulary))
    fit(network, build.input, pieces, teaching, folder / f"pair-{teaching.seed}-{fusion}")
    plain = DecisionRule.plain(vocabulary)
    return StreamRecognizer(network.eval(), model, build.input, vocabulary, plain)


def _judged(spotter: StreamRecognizer, test: HeldOut, settings: PairSettings) -> dict[str, float]:
    rule, vocabulary = spotter.decision, spotter.vocabulary
    recordings, rests = watch(spotter, test.recordings), watch(spotter, test.rests)
    found = [named(found_in(one.track, vocabulary, rule)) for one in recordings]
    real = summarised(
        [
            judged(spotter, label, clips[:: settings.every], MEANING[name][label])
            for name in MEANING
            for label, clips in clips_by_label(settings.data / f"{name}.npz").items()
            if label in MEANING[name]
        ]
    )
    figures = {
        "f1": score_events(*one_line(recordings, found)).f1[0.3],
        "at_rest": false_at_rest(rests, vocabulary, rule),
        **{name: value for name in MEASURES[2:] if (value := real[name]) is not None},
    }
    return {name: round(value, 4) for name, value in figures.items()}


Row = dict[str, str | float]


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with open(path, newline="") as handle:
        return [
            {
                key: value if key in ("seed", "fusion") else float(value)
                for key, value in row.items()
            }
            for row in csv.DictReader(handle)
        ]


def _write(path: Path, rows: Sequence[Row]) -> None:
    with writing(path) as temporary, open(temporary, "w", newline="") as handle:
        writer = csv.DictWriter(handle, ("seed", "fusion", *MEASURES), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _page(rows: Sequence[Row], settings: PairSettings, steps: int, how: str) -> str:
    """Markdown: means of both, and their paired differences."""
    values = {
        fusion: {str(row["seed"]): row for row in rows if row["fusion"] == fusion}
        for fusion in ("off", "on")
    }
    seeds = sorted(values["off"].keys() & values["on"].keys())
    lines = [
        "# Balanced fusion in recognizers of recordings, on and off",
        "",
        f"{len(seeds)} pairs, each of one seed: the same examples in the same order, the same rule "
        f"fitting. Small networks ({len(settings.channels)} blocks of {settings.channels[0]} "
        f"channels), short trainings ({steps} steps of 16 windows from the first "
        f"{settings.recordings} recordings and {settings.clips} clips of the shipped recognizer's "
        f"corpus); judged on {settings.tests} recordings of 10 minutes and as many rests that "
        f"nothing was fitted to, and on one of {settings.every} clips of the real sets. The last "
        "weights' average is judged. Networks this young say which learns faster, not which ends "
        "better. Made by",
        "",
        f"    {how}",
        "",
        "| figure | off | on | on minus off | 95% interval |",
        "|---|---|---|---|---|",
    ]
    for measure in MEASURES:
        off, on = ([float(values[f][seed][measure]) for seed in seeds] for f in ("off", "on"))
        gain = interval([a - b for a, b in zip(on, off, strict=True)])
        lines.append(
            f"| {_TOLD[measure]} | {interval(off).mean:.3f} | {interval(on).mean:.3f} "
            f"| {gain.mean:+.3f} | {gain.low:+.3f} to {gain.high:+.3f} |"
        )
    return "\n".join(lines) + "\n"
