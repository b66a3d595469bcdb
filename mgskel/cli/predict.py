"""``mgskel predict``: scores and labels for sequences, and challenge submissions."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.shared.messages import note, tell
from mgskel.cli.shared.numbers import whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, reading_options

HELP = "Write what a run (or several as an ensemble) says about each sequence of a file."
EXAMPLES = (
    "runs/natops/joint --data test.npz -o scores.csv",
    "runs/ma52/joint --data test.npz -o submission.zip --format ma52",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="run folder "
        "(default: the recognizer that ships)")  # fmt: skip
    parser.add_argument("--data", required=True, metavar="FILE", help=TAKES)
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="CSV")
    parser.add_argument("--split", help="only this part of a file that names its parts (test)")
    parser.add_argument(
        "--format",
        default="scores",
        choices=("scores", "miga", "ma52"),
        help="scores (all probabilities), or the submission of the MiGA or MA-52 challenge "
        "(with -o FILE.zip the latter is zipped as prediction.csv)",
    )
    parser.add_argument("--weights", default="auto", help="ensemble weights, as for evaluate")
    parser.add_argument("--views", type=whole(1, 100), help="temporal views per sequence")
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.machine.threads import set_threads
    from mgskel.spotting.recognizer import load_all
    from mgskel.training.runs.evaluate import score
    from mgskel.training.runs.submission import write_predictions

    set_threads()
    scores = score(
        load_all(args.runs), args.data, reading_options(args), args.weights, args.views, args.split
    )
    for text in scores.data.notes:
        note(text)
    names = [str(name) for name in scores.data.names]
    classes = scores.classes
    write_predictions(args.out, args.format, names, scores.probabilities, classes)
    tell(f"{args.out}: {len(names)} sequences")
    return 0
