"""The command line that the studies in `tools/` share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from mgskel.core.errors import InputError, unknown
from mgskel.core.storage.files import write_text
from studies.asking import ending_well, parser_of
from studies.recognition.study import Results, Trial, run_trials
from studies.recognition.study_page import page, plot_differences

EPOCHS = {"natops": 40, "utd_mhad": 40, "jhmdb14": 25, "nw_ucla": 12, "synthetic": 20}
MakeTrials = Callable[[dict[str, int], list[str], int, bool], list[Trial]]


def main(
    about: str | None,
    name: str,
    make: MakeTrials,
    references: Mapping[str, str],
    remark: str = "",
) -> int:
    """Parse the command and run the study.

    Args:
        make: the trials, from epochs by set, backbones, number of seeds, and ``--parts``.
        references: for each variant the one that it is compared with.
        remark: what the page says at its end.
    """
    parser = parser_of(about)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=FILE", help="a recipe and its data"
    )
    parser.add_argument("--backbones", default="light", help="comma-separated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", action="store_true", help="also every part by itself")
    parser.add_argument("--epochs", type=int, help="instead of the study's own numbers")
    parser.add_argument("--minutes", type=float, help="stop starting trainings after so long")
    parser.add_argument(
        "--threads", type=int, default=1, help="per training; several studies may run side by side"
    )
    parser.add_argument("--results", type=Path, default=Path("docs/results"))
    parser.add_argument("--configs", type=Path, default=Path("configs"))
    args = parser.parse_args()
    return ending_well(study)(args, name, make, references, remark)


def study(
    args: argparse.Namespace,
    name: str,
    make: MakeTrials,
    references: Mapping[str, str],
    remark: str = "",
) -> int:
    """Run what is missing, then write table and plot from all rows."""
    files = {}
    for word in args.set:
        recipe, equals, file = word.partition("=")
        if not equals:
            raise InputError("wrong --set", expected="NAME=FILE", found=word)
        if recipe not in EPOCHS:
            raise unknown("set", recipe, EPOCHS)
        files[recipe] = Path(file)
        if not files[recipe].exists():
            raise InputError("file not found", place=file, remedy="check the path after --set")
    epochs = {recipe: args.epochs or EPOCHS[recipe] for recipe in files}
    results = Results(args.results / f"{name}.csv")
    left = run_trials(
        make(epochs, args.backbones.split(","), args.seeds, args.parts),
        results,
        args.configs,
        files,
        args.minutes,
        args.threads,
    )
    text = page(name, results.rows, references)
    write_text(args.results / f"{name}.md", text + (f"\n{remark}\n" if remark else ""))
    plot_differences(args.results / f"{name}.png", results.rows, references)
    print(f"{left} trainings left" if left else "done", file=sys.stderr)
    return 1 if left else 0
