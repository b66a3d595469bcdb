"""Spotting as one pass beside its simple rival: windows, each judged as a cut clip.

    python tools/study_windowed.py -o RUN --write docs/results/windowed.md

The same recognizer does both. The rival's window and threshold are fitted on validation
recordings; both are measured on other held-out synthesis. CPU seconds are those of one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studies.asking import ending_well, parser_of
from studies.shipped.evaluation import one_line, watch
from studies.shipped.heldout import Example, HeldOutSettings, held_out
from studies.spotting.windowed import (
    HOP_S,
    LENGTHS_S,
    fit_threshold,
    join_windows,
    judge_windows,
)

from mgskel.core.events import GestureEvent
from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import write_text
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.decision.caution import Watched
from mgskel.spotting.metrics import score_events

Method = Callable[[PoseSequence], Sequence[GestureEvent]]
_VALIDATION_SEED, _TEST_SEED = 12_000_000, 13_000_000


@dataclass(frozen=True)
class Row:
    """One method on the test recordings."""

    method: str
    f1: dict[float, float]
    found: int
    false_at_rest: float
    cpu_s: float


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("-o", "--out", type=Path, required=True, metavar="RUN", help="keeps the recordings")
    add("--model", type=Path, help="a spotter of your own (default: the shipped one)")
    add("--recordings", type=int, default=4, help="test recordings, and as many rests")
    add("--seconds", type=float, default=240.0, help="length of each")
    add("--workers", type=int, default=1)
    add("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args(argv)
    set_threads(1)
    spotter = StreamRecognizer.load(arguments.model)
    rival, about = _fitted_rival(spotter, arguments)
    recordings, rests = _set(
        spotter, arguments, _TEST_SEED, arguments.recordings, arguments.recordings
    )
    watched = watch(spotter, recordings)
    rows = [
        _measured("one pass (`mgskel spot`)", spotter.spot, recordings, watched, rests),
        _measured(f"windows of {about}", rival, recordings, watched, rests),
    ]
    text = _page(rows, recordings, spotter.name, arguments)
    print(text)
    if arguments.write is not None:
        write_text(arguments.write, text)
    return 0


def _set(
    spotter: StreamRecognizer, arguments: argparse.Namespace, seed: int, recordings: int, rests: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    settings = HeldOutSettings(recordings=recordings, seconds=arguments.seconds, rests=rests,
                               rest_seconds=arguments.seconds, clips=0, seed=seed)  # fmt: skip
    made = held_out(arguments.out, settings, spotter.vocabulary, arguments.workers)
    return made.recordings, made.rests


def _fitted_rival(spotter: StreamRecognizer, arguments: argparse.Namespace) -> tuple[Method, str]:
    """Windows of the length and with the threshold that serve validation recordings best."""
    examples, _ = _set(spotter, arguments, _VALIDATION_SEED, max(2, arguments.recordings // 2), 0)
    truths = [example.events for example in examples]
    choices = []
    for length in LENGTHS_S:
        judged = [judge_windows(spotter, example.sequence, length) for example in examples]
        threshold, f1 = fit_threshold(judged, truths, spotter.vocabulary)
        choices.append((f1, length, threshold))
    _, length, threshold = max(choices)

    def rival(sequence: PoseSequence) -> Sequence[GestureEvent]:
        return join_windows(judge_windows(spotter, sequence, length), threshold, spotter.vocabulary)

    return rival, f"{length:g} s every {HOP_S:g} s"


def _measured(
    method: str,
    spot: Method,
    recordings: Sequence[Example],
    watched: Sequence[Watched],
    rests: Sequence[Example],
) -> Row:
    begin = time.process_time()
    found = [list(spot(example.sequence)) for example in recordings]
    cpu = time.process_time() - begin
    truth, said = one_line(watched, found)
    false = sum(len(spot(example.sequence)) for example in rests)
    minutes = sum(example.sequence.duration_s for example in rests) / 60
    return Row(method, score_events(truth, said).f1, len(said), 5 * false / minutes, cpu)


def _page(
    rows: Sequence[Row], examples: Sequence[Example], name: str, arguments: argparse.Namespace
) -> str:
    true = sum(len(example.events) for example in examples)
    minutes = sum(example.sequence.duration_s for example in examples) / 60
    lines = [
        "# One pass or many windows",
        "",
        f"`python tools/study_windowed.py -o RUN --recordings {arguments.recordings} "
        f"--seconds {arguments.seconds:g}`",
        "",
        f"`{name}` on {len(examples)} held-out synthetic recordings ({minutes:.0f} minutes, {true} "
        "true gestures) and as many of rest and talking. The windows' length and threshold are "
        "fitted on other held-out recordings for F1 at overlap 0.3. CPU seconds of one thread "
        "for all recordings without the rests.",
        "",
        "| method | F1 at 0.1 | at 0.3 | at 0.5 | found | false events per 5 minutes of rest "
        "| CPU seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        scores = " | ".join(f"{row.f1[overlap]:.3f}" for overlap in (0.1, 0.3, 0.5))
        lines.append(f"| {row.method} | {scores} | {row.found} | {row.false_at_rest:.1f} "
                     f"| {row.cpu_s:.1f} |")  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
