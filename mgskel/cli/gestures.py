"""``mgskel gestures STUDY``: a map of events by how they moved."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mgskel.cli.shared.messages import tell
from mgskel.cli.shared.numbers import whole

HELP = (
    "Map a study's events by their movement (dynamic time warping, multidimensional scaling) onto "
    "its page, where a click plays one; gestures.csv holds places and nearest neighbours."
)
EXAMPLES = ("study", "study --most 800 --json")
JSON = "how many events there are of each gesture, and how often the most alike has its name"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("study", type=Path, metavar="STUDY", help="folder that 'mgskel analyze' wrote")
    add("--most", type=whole(3, 2000), default=400, metavar="N", help="at most so many events, "
        "evenly of all gestures, the surest first (default 400)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from mgskel.core.storage.files import to_json
    from mgskel.report.studies.gesture_map import write_gesture_map
    from mgskel.report.studies.study_page import write_study_page
    from mgskel.study.similarity import gesture_map
    from mgskel.study.study_folder import study_clips
    from mgskel.study.tables import read_tables

    read_tables(args.study)  # the page needs them: what is wrong is said before anything is written
    found = gesture_map(study_clips(args.study), args.most)
    write_gesture_map(args.study, found)
    tell(str(write_study_page(args.study)))
    same = found.same_label()
    if args.json:
        answer = {
            "events": len(found.movements),
            "explained": round(found.explained, 4),
            "gestures": {name: {"n": n, "nearest_alike": round(share, 4)}
                         for name, (n, share) in same.items()},
        }  # fmt: skip
        sys.stdout.write(to_json(answer))
        return 0
    width = max(map(len, same))
    lines = [f"{name:<{width}}  {n:5d}  {share:6.0%}" for name, (n, share) in same.items()]
    head = f"{len(found.movements)} events; how often the most alike one has the same name:"
    sys.stdout.write("\n".join([head, *lines]) + "\n")
    return 0
