"""Balanced fusion on and off in recognizers of recordings, in pairs: same seed, same examples.

All go on from one trained network without fusion, with fusion put in or without: at first they
answer alike, so that what differs in the end is what the fusion has learned. What is judged needs
no fitted rule: whether the network knows at each moment what goes on, and which gesture is
likeliest in a clip of a real person.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from benchmarks.real import MEANING, clips_by_label

from mgskel.core.gestures import get_vocabulary
from mgskel.core.machine.progress import Progress
from mgskel.core.storage.files import write_text, writing
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.decision.decision_rule import DecisionRule
from mgskel.spotting.learning.corpus import Piece
from mgskel.spotting.learning.examples import draw_examples
from mgskel.spotting.learning.stream_training import FitSettings, fit
from mgskel.spotting.learning.synthetic import synthetic_corpus
from mgskel.spotting.network.stream_network import Timing, build_stream_network, stream_model
from studies.recognition.differences import interval
from studies.shipped.build import BuildSettings
from studies.shipped.start import Start, start_with

_TOLD = {
    "precision": "average precision per moment, mean over classes, synthetic recordings",
    "first": "real people: a right gesture is the likeliest of the clip",
    "in_three": "real people: a right gesture is among the three likeliest",
}
_FIRST_SEED, _BATCHES, _JUDGED_SEED = 20, 40, 99


@dataclass(frozen=True)
class PairSettings:
    """What the pairs start from, and how long they go on.

    Attributes:
        data: folder of the real sets.
        start: weights of a network of the shipped size without fusion.
        recordings, clips: of the shipped recognizer's corpus, to learn from.
        tests: further recordings of it, that judge.
        every: one of so many real clips judges.
    """

    data: Path
    start: Path
    seeds: int = 5
    epochs: int = 4
    recordings: int = 400
    clips: int = 2400
    tests: int = 100
    every: int = 3


Row = dict[str, str | float]


def study(folder: Path, settings: PairSettings, results: Path, how: str, workers: int = 1) -> None:
    """Train and judge what is not in `results`/spotting_fusion.csv yet, and write the page."""
    build, table = _build_settings(settings), results / "spotting_fusion.csv"
    rows = _read(table)
    learned = _pieces(folder, build, settings.recordings, settings.clips, workers)
    unseen = _pieces(folder, build, settings.recordings + settings.tests, 0, workers)
    unseen = unseen[settings.recordings :]
    with Progress(2 * settings.seeds, "pairs", "trainings") as progress:
        for seed in range(_FIRST_SEED, _FIRST_SEED + settings.seeds):
            for fusion in ("off", "on"):
                if not any((row["seed"], row["fusion"]) == (str(seed), fusion) for row in rows):
                    teaching = replace(build.fit, seed=seed)
                    spotter = _taught(build, fusion, teaching, learned, folder)
                    figures = {
                        "precision": _precision(spotter, unseen, teaching),
                        **_on_real_people(spotter, settings),
                    }
                    rows.append({"seed": str(seed), "fusion": fusion, **figures})
                    _write(table, rows)
                progress.advance()
    write_text(results / "spotting_fusion.md", _page(rows, settings, build.fit.steps, how))


def _build_settings(settings: PairSettings) -> BuildSettings:
    usual = BuildSettings()
    optim = replace(usual.fit.optim, lr=6e-4, epochs=settings.epochs, warmup=0.1, ema=0.99)
    return replace(
        usual,
        start=Start(str(settings.start), usual.input.features.layout),
        fit=replace(usual.fit, optim=optim),
    )


def _pieces(
    folder: Path, build: BuildSettings, recordings: int, clips: int, workers: int
) -> list[Piece]:
    wanted = replace(build.corpus, recordings=recordings, clips=clips)
    vocabulary = get_vocabulary(build.vocabulary)
    return synthetic_corpus(folder / "corpus", wanted, vocabulary, build.input.features, workers)


def _taught(
    build: BuildSettings,
    fusion: str,
    teaching: FitSettings,
    pieces: Sequence[Piece],
    folder: Path,
) -> StreamRecognizer:
    vocabulary = get_vocabulary(build.vocabulary)
    torch.manual_seed(teaching.seed)
    model = stream_model(build.model.sizes["channels"], fusion)
    network = build_stream_network(model, build.input, len(vocabulary))
    start_with(network, build.start)
    fit(network, build.input, pieces, teaching, folder / f"pair-{teaching.seed}-{fusion}")
    plain = DecisionRule.plain(vocabulary)
    return StreamRecognizer(network.eval(), model, build.input, vocabulary, plain)


def _precision(spotter: StreamRecognizer, unseen: Sequence[Piece], teaching: FitSettings) -> float:
    """Mean over classes of average precision, on windows varied as in training."""
    from sklearn.metrics import average_precision_score

    network, timing = spotter.network, Timing.of(spotter.network, spotter.input)
    said, true, known = [], [], []
    for number in range(_BATCHES):
        rng = np.random.default_rng([_JUDGED_SEED, number])
        batch = draw_examples(unseen, network.skeleton, timing, teaching.examples, 16, rng)
        assert batch.known is not None
        with torch.no_grad():
            logits = network.forward_frames(batch.x, batch.mask)[:, 0]  # (N, T', K + 1)
        said.append(logits.flatten(0, 1).numpy())
        true.append(batch.target.transpose(1, 2).flatten(0, 1).numpy())
        known.append(batch.known.transpose(1, 2).flatten(0, 1).numpy())
    scores, truth, sure = (np.concatenate(parts) for parts in (said, true, known))
    values = [
        average_precision_score(truth[sure[:, k], k], scores[sure[:, k], k])
        for k in range(len(spotter.vocabulary))
        if truth[sure[:, k], k].any()
    ]
    return round(float(np.mean(values)), 4)


def _on_real_people(spotter: StreamRecognizer, settings: PairSettings) -> dict[str, float]:
    first, in_three = [], []
    for name, meaning in MEANING.items():
        for label, clips in clips_by_label(settings.data / f"{name}.npz").items():
            if right := meaning.get(label):
                wanted = [spotter.vocabulary.by_name(gesture).id for gesture in right]
                orders = [np.argsort(-spotter.classify(one)) for one in clips[:: settings.every]]
                first.append(np.mean([order[0] in wanted for order in orders]))
                in_three.append(np.mean([np.isin(wanted, o[:3]).any() for o in orders]))
    return {
        "first": round(float(np.mean(first)), 4),
        "in_three": round(float(np.mean(in_three)), 4),
    }


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
        writer = csv.DictWriter(handle, ("seed", "fusion", *_TOLD), lineterminator="\n")
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
        f"{len(seeds)} pairs, each of one seed: the same examples in the same order. All go on "
        "from one network of the shipped size, trained without fusion, for "
        f"{steps} steps of 16 windows from the first {settings.recordings} recordings and "
        f"{settings.clips} clips of the shipped recognizer's corpus, with the fusion put in or "
        f"without. Judged on the {settings.tests} recordings after those, which are not learned "
        "from here, though START has, and on one of "
        f"{settings.every} clips of the real sets, without any fitted rule. START are the weights "
        "that `python tools/train_shipped.py -o A --model.fusion '\"off\"' "
        "--model.fusion_window null` leaves in A/shipped. Made by",
        "",
        f"    {how}",
        "",
        "| figure | off | on | on minus off | 95% interval |",
        "|---|---|---|---|---|",
    ]
    for measure, told in _TOLD.items():
        off, on = ([float(values[f][seed][measure]) for seed in seeds] for f in ("off", "on"))
        gain = interval([a - b for a, b in zip(on, off, strict=True)])
        lines.append(
            f"| {told} | {interval(off).mean:.3f} | {interval(on).mean:.3f} "
            f"| {gain.mean:+.3f} | {gain.low:+.3f} to {gain.high:+.3f} |"
        )
    return "\n".join(lines) + "\n"
