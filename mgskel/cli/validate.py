"""``mgskel validate FILE...``: every fault of recordings in any format, and its remedy."""

from __future__ import annotations

import argparse
import json
import sys

from mgskel.cli.reading_options import add_reading_options, reading_options

HELP = "Say plainly what is wrong with recording files, and where."
EXAMPLES = (
    "recording.npz",
    "recordings/*.csv --fps 30",
)
JSON = "each file's faults"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="files or folders")
    add_reading_options(parser)
    parser.add_argument(
        "--most", type=int, default=20, metavar="N", help="faults to show per file (default 20)"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.formats import validate

    options = reading_options(args)
    reports = [validate(path, options) for path in args.files]
    if args.json:
        print(json.dumps({"files": [report.to_dict() for report in reports]}, ensure_ascii=False))
    for report in reports:
        out = sys.stderr if args.json or not report.ok else sys.stdout
        count = len(report.faults)
        if report.ok:
            several = "recording" if report.recordings == 1 else "recordings"
            print(f"{report.path}: ok, {report.format}, {report.recordings} {several}", file=out)
        else:
            faults = "a fault" if count == 1 else f"{count} faults"
            print(f"{report.path}: {faults} ({report.format})", file=out)
        shown = report.faults[: args.most]
        for fault in shown:
            print(f"  - {fault}", file=out)
        if len(shown) < count:
            print(f"  - and {count - len(shown)} more (--most {count} shows all)", file=out)
        for note in report.notes:
            print(f"  note: {note}", file=sys.stderr)
    return 0 if all(report.ok for report in reports) else 2
