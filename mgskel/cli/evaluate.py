"""``mgskel evaluate``: one run, or several as an ensemble, on labelled sequences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mgskel.cli.shared.messages import note
from mgskel.cli.shared.numbers import whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, reading_options

HELP = "Judge one run, or several as an ensemble, on a labelled file. Accuracies are fractions."
EXAMPLES = (
    "runs/natops/joint --data test.npz",
    "runs/natops/joint runs/natops/bone --data test.npz --plot confusion.png",
)
JSON = "the figures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="run folder "
        "(default: the recognizer that ships)")  # fmt: skip
    parser.add_argument("--data", required=True, metavar="FILE", help=f"{TAKES}, with labels")
    parser.add_argument("--split", help="only this part of a file that names its parts (test)")
    parser.add_argument(
        "--weights",
        default="auto",
        help="ensemble weights: auto, equal, validation (fitted), or numbers such as 2,2,1,1",
    )
    parser.add_argument(
        "--views", type=whole(1, 100), help="temporal views per sequence (default: the run's)"
    )
    parser.add_argument("--plot", type=Path, metavar="PNG", help="write the confusion matrix")
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.machine.threads import set_threads
    from mgskel.core.storage.files import to_json
    from mgskel.spotting.recognizer import load_all
    from mgskel.training.runs.evaluate import report, score

    set_threads()
    scores = score(
        load_all(args.runs), args.data, reading_options(args), args.weights, args.views, args.split
    )
    for text in scores.data.notes:
        note(text)
    result = report(scores, args.data, args.plot)
    sys.stdout.write(to_json(result) if args.json else table(result))
    return 0


def table(result: dict[str, Any]) -> str:
    """The result for reading."""
    lines = [f"{result['n']} sequences"]
    for key in ("top1", "top5", "mean_class", "macro_f1"):
        low, high = result["intervals"][key]
        lines.append(f"{key:<12}{result[key]:7.3f}   95% {low:.3f} to {high:.3f}")
    lines.append(f"{'ece':<12}{result['ece']:7.3f}")
    lines.append(f"intervals resample {result['resampled']}")
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
