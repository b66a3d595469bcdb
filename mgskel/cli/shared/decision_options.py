"""How much a recognizer says: options of the commands that spot."""

from __future__ import annotations

import argparse

from mgskel.cli.shared.numbers import number


def add_sensitivity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sensitivity", type=number(0, 1), default=0.5, metavar="S",
        help="0 (only what is sure) to 1 (everything that may be something); default 0.5",
    )  # fmt: skip


def add_decision_options(parser: argparse.ArgumentParser) -> None:
    add_sensitivity(parser)
    parser.add_argument("--level", choices=("gesture", "group"), default="group", help="gesture: "
        "leave out what is clear as to its body group only (default: keep it)")  # fmt: skip
