"""``mgskel describe``: keypoints to measured statements and their text."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "Say in measured words what the keypoints did."
EXAMPLES = (
    "pose.npz --events events.csv -o statements.json",
    "pose.npz --person 2 --length short",
)
JSON = "the statements, not their text"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pose", type=Path, metavar="POSE.npz", help="a recording of keypoints")
    parser.add_argument(
        "--events", type=Path, metavar="FILE", help="recognised gestures (csv, json or eaf)"
    )
    parser.add_argument(
        "--length", choices=("short", "medium", "full"), default="medium", help="of the text"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="statements.json")
    parser.add_argument("--person", help="describe only this person (a track's name)")
    parser.add_argument(
        "--thresholds", type=Path, metavar="FILE.yaml", help="sections and numbers that differ"
    )
    parser.add_argument(
        "--kinds", type=Path, metavar="FILE.py", help="kinds of statement of your own"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.core.events import read_events
    from mgskel.core.files import to_json
    from mgskel.core.registry import load_file
    from mgskel.core.sequence import PoseSequence
    from mgskel.describe import Thresholds, describe

    if args.kinds is not None:
        load_file(args.kinds)
    thresholds = Thresholds.load(args.thresholds) if args.thresholds is not None else None
    sequence = PoseSequence.load(args.pose)
    if args.person is not None:
        sequence = sequence.person(args.person)
    events = read_events(args.events) if args.events is not None else ()
    description = describe(sequence, events, thresholds)
    if args.output is not None:
        description.save(args.output)
    if args.json:
        sys.stdout.write(to_json(description.to_dict()))
    else:
        sys.stdout.write(description.text(args.length))
    return 0
