"""``mgskel evaluate``: one run, or several as an ensemble, on labelled sequences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.cli.shared.messages import note
from mgskel.cli.shared.numbers import whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, reading_options

if TYPE_CHECKING:
    from mgskel.training.runs.evaluate import Scores

HELP = "Judge one run, or several as an ensemble, on a labelled file. Accuracies are fractions."
EXAMPLES = (
    "runs/natops/joint --data test.npz",
    "runs/natops/joint runs/natops/bone --data test.npz --plot confusion.png",
)
JSON = "the figures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scoring_options(parser)
    parser.add_argument("--plot", type=Path, metavar="PNG", help="write the confusion matrix")
    add_reading_options(parser)


def add_scoring_options(parser: argparse.ArgumentParser) -> None:
    """Which runs are asked, about what, and how they count together."""
    add = parser.add_argument
    add("runs", nargs="*", type=Path, metavar="RUN", help="run folder (default: the recognizer "
        "that ships)")  # fmt: skip
    add("--data", required=True, metavar="FILE", help=TAKES)
    add("--split", help="only this part of a file that names its parts (test)")
    add("--weights", default="auto", help="ensemble weights: auto, equal, validation (fitted), or "
        "numbers such as 2,2,1,1")  # fmt: skip
    add("--views", type=whole(1, 100), help="temporal views per sequence (default: the run's)")


def scores_of(args: argparse.Namespace) -> Scores:
    """What the runs say about the data; what was assumed is told."""
    from mgskel.core.machine.threads import set_threads
    from mgskel.spotting.recognizer import load_all
    from mgskel.training.runs.evaluate import score

    set_threads()
    options = reading_options(args)
    scores = score(load_all(args.runs), args.data, options, args.weights, args.views, args.split)
    for text in scores.data.notes:
        note(text)
    return scores


def run(args: argparse.Namespace) -> int:
    from mgskel.core.storage.files import to_json
    from mgskel.training.runs.evaluate import report

    result = report(scores_of(args), args.data, args.plot)
    sys.stdout.write(to_json(result) if args.json else table(result))
    return 0


def table(result: dict[str, Any]) -> str:
    """The result for reading."""
    lines = [f"{result['n']} sequences"]
    for key in ("top1", "top5", "mean_class", "macro_f1"):
        low, high = result["intervals"][key]
        lines.append(f"{key:<12}{result[key]:7.3f}   95% {low:.3f} to {high:.3f}")
    lines.append(f"{'ece':<12}{result['ece']:7.3f}   how far stated chances are from true ones")
    lines.append(f"95%: between these, were other {result['resampled']} drawn")
    if len(result["weights"]) > 1:
        shares = ", ".join(f"{weight:.2f}" for weight in result["weights"])
        lines.append(f"ensemble weights {shares} ({result['weights_from']})")
    width = max(len(name) for name in result["per_class"])
    lines += ["", f"{'class':<{width}}     n  precision  recall     f1"]
    for name, row in result["per_class"].items():
        lines.append(
            f"{name:<{width}} {row['n']:5d}  {row['precision']:9.3f} {row['recall']:7.3f} "
            f"{row['f1']:6.3f}"
        )
    return "\n".join(lines) + "\n"
