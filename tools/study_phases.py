"""Phases of gestures, frame by frame, of people never seen: rest against gesture, and all phases.

    python tools/study_phases.py --data gesture_phase.npz --seeds 5 --write docs/results/phases.md
    python tools/study_phases.py --data gesture_phase.npz --test third_user.npz --json phases.json

FILE is a bundle of long recordings with a label per frame ('phase' or 'frame_label') and users
('subject', or names such as a1, a2, b1). Each user in turn is tested with what the others taught;
with --test all of FILE teaches and the recordings of the other file are tested. Several seeds give
several networks: their mean score with its spread, and the score of their mean answer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from studies.asking import ending_well, parser_of
from studies.phases.study import TOGETHER, Row, compare, leave_one_user_out, recordings_of

from mgskel.core.machine.threads import set_threads
from mgskel.core.recording import Dataset
from mgskel.core.storage.files import to_json, write_json, write_text
from mgskel.formats import ReadOptions, read
from mgskel.spotting.learning.frame_training import FramesConfig

_REST = "Rest"
_CAUTION = """
What networks see, and how the votes are weighed, was chosen with these very comparisons on the
Gesture Phase recordings of users a and b in view: expect somewhat less of a third person.
"""


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="FILE")
    add("--test", type=Path, metavar="FILE", help="test on these recordings instead")
    add("--layout", default="gesture_phase6", help="of files that do not name theirs")
    add("--rest", default=_REST, help="the label that means nothing is going on (default: Rest)")
    add("--seeds", type=int, default=5, metavar="N")
    add("--json", type=Path, metavar="OUT", help="all figures; '-' prints them")
    add("--write", type=Path, metavar="PAGE", help="the table as a page")
    arguments = parser.parse_args(argv)
    set_threads(1)
    data = recordings_of(_bundle(arguments.data, arguments.layout))
    seeds, config = range(arguments.seeds), FramesConfig(rest=arguments.rest)
    if arguments.test is None:
        rows = leave_one_user_out(data, config, seeds)
    else:
        test = recordings_of(_bundle(arguments.test, arguments.layout))
        rows = compare(data, test, config, seeds)
    tree = {
        "seeds": arguments.seeds,
        "together": together(rows),
        "rows": [asdict(row) for row in rows],
    }
    if str(arguments.json) == "-":
        sys.stdout.write(to_json(tree))
    else:
        print(table(rows))
    if arguments.json is not None and str(arguments.json) != "-":
        write_json(arguments.json, tree)
    if arguments.write is not None:
        write_text(arguments.write, page(rows, arguments))
    return 0


def _bundle(path: Path, layout: str) -> Dataset:
    """A bundle in its own layout, or in this one where it names none."""
    named = False
    if path.is_file():
        with np.load(path, allow_pickle=False) as arrays:
            named = "header" in arrays or "layout" in arrays
    return read(path, ReadOptions(layout=None if named else layout))


def together(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """The figures that count: by task and by who was tested."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.method == TOGETHER:
            scores = {"macro_f1": row.macro_f1, "accuracy": row.accuracy}
            result.setdefault(row.task, {})[row.tested_on] = scores
    return result


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| task | tested on | method | macro-F1 | accuracy | frames |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        spread = "" if row.spread is None else f" ± {row.spread:.3f}"
        lines.append(
            f"| {row.task} | {row.tested_on} | {row.method} | {row.macro_f1:.3f}{spread} "
            f"| {row.accuracy:.3f} | {row.frames} |"
        )
    return "\n".join(lines)


def page(rows: Sequence[Row], arguments: argparse.Namespace) -> str:
    how = f"--data {arguments.data.name}"
    how += f" --test {arguments.test.name}" if arguments.test else ""
    return f"""# Phases of people never seen

`python tools/study_phases.py {how} --seeds {arguments.seeds}`

Per frame; macro-F1 is the mean over labels. "One network" is the mean over {arguments.seeds} seeds
with its standard deviation, and what a run of `mgskel train` says; "networks together" is the mean
of their answers, "networks and ridge together" that and a linear vote. Learned from scratch, from
the other users' recordings alone.
{"" if arguments.test else _CAUTION}
{table(rows)}
"""


if __name__ == "__main__":
    sys.exit(main())
