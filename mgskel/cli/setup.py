"""``mgskel setup ESTIMATOR``: install the packages of a pose estimator."""

from __future__ import annotations

import argparse

from mgskel.cli.shared.messages import tell
from mgskel.core.machine.extras import NO_DEPENDENCIES

HELP = (
    "Install the packages of a pose estimator into this environment, and try it. They declare "
    "dependencies that do not resolve together with the rest, so it takes pip two steps."
)
EXAMPLES = ("mediapipe", "mmpose --dry-run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("estimator", choices=tuple(NO_DEPENDENCIES), help="whose packages")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the commands, and install nothing"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.doctor.setup import set_up

    check = set_up(args.estimator, print if args.dry_run else tell, args.dry_run)
    if check is None:
        return 0
    print(f"{check.name}: {check.detail}")
    return 0 if check.ok else 1
