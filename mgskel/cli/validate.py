"""``mgskel validate FILE...``: every fault of recordings in any format, and its remedy."""

from __future__ import annotations

import argparse
import json

from mgskel.cli.shared.messages import fail, note, tell
from mgskel.cli.shared.numbers import whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, reading_options

HELP = "Say plainly what is wrong with recording files, and where."
EXAMPLES = ("recording.npz", "recordings/*.csv --fps 30")
JSON = "each file's faults"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=f"each {TAKES}")
    add_reading_options(parser)
    parser.add_argument("--most", type=whole(1, 1000), default=8, metavar="N", help="faults to "
        "show per file (default 8)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from mgskel.formats import validate

    options = reading_options(args)
    reports = [validate(path, options) for path in args.files]
    if args.json:
        print(json.dumps({"files": [report.to_dict() for report in reports]}, ensure_ascii=False))
    for report in reports:
        say = fail if not report.ok else tell if args.json else print
        count = len(report.faults)
        if report.ok:
            several = "recording" if report.recordings == 1 else "recordings"
            say(f"{report.path}: ok, {report.format}, {report.recordings} {several}")
        else:
            faults = "a fault" if count == 1 else f"{count} faults"
            say(f"{report.path}: {faults} ({report.format})")
        shown = report.faults[: args.most]
        for fault in shown:
            say(f"  - {fault}")
        if len(shown) < count:
            say(f"  - and {count - len(shown)} more (--most {count} shows all)")
        for text in report.notes:
            note(text)
    return 0 if all(report.ok for report in reports) else 2
