"""``mgskel predict``: scores and labels for sequences, and challenge submissions."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.evaluate import add_scoring_options, scores_of
from mgskel.cli.shared.messages import tell
from mgskel.cli.shared.recordings import add_reading_options

HELP = "Write what a run (or several as an ensemble) says about each sequence of a file."
EXAMPLES = (
    "runs/natops/joint --data test.npz -o scores.csv",
    "runs/ma52/joint --data test.npz -o submission.zip --format ma52",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scoring_options(parser)
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="CSV")
    parser.add_argument("--format", default="scores", choices=("scores", "miga", "ma52"),
        help="scores (all probabilities), or the submission of the MiGA or MA-52 challenge "
        "(with -o FILE.zip the latter is zipped as prediction.csv)")  # fmt: skip
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.training.runs.submission import write_predictions

    scores = scores_of(args)
    names = [str(name) for name in scores.data.names]
    write_predictions(args.out, args.format, names, scores.probabilities, scores.classes)
    tell(f"{args.out}: {len(names)} sequences")
    return 0
