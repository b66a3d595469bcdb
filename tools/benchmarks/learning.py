"""How much a few real examples teach the recognizer: a learning curve.

    python tools/benchmark.py learning --data DIR -o RUNS [--examples 0,1,3,6,10] [--json]

From the first clips of each sign of `real_symptoms` the recognizer learns on; it is asked about the
last fifteen of each, and, to see what it forgets, about `real_standing` and `head_motion`, of which
it is shown nothing. The clips of a sign may be parts of one take, so read the curve as that of more
clips of the same people.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from benchmarks._command import options
from benchmarks.real import MEANING, Row, clips_by_label, judged, measure

from mgskel.core.events import GestureEvent, annotation_by
from mgskel.core.machine.threads import set_threads
from mgskel.core.recording import Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.learning.finetune import FinetuneSettings, finetune

_SET = "real_symptoms"
# What is shown; of nothing there are no events.
SHOWN = {
    "fever": "touching upper face",
    "headache": "touching upper face",
    "runny nose": "touching lower face",
    "sore throat": "touching neck or collar",
    "sore thraot": "touching neck or collar",
    "no hand detected": "",
    "no hands detected": "",
}
_ASKED = 15
_OTHERS = ("real_standing", "head_motion")


@dataclass(frozen=True)
class Point:
    """What some examples of each sign give.

    Attributes:
        taught: share of the asked clips of taught gestures with a right event.
        silent: share of the asked clips without a hand that get no event.
        others: share with a right event over the labels of other sets.
        others_silent: share without an event where those sets show nothing.
    """

    examples: int
    taught: float
    silent: float
    others: float
    others_silent: float


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the sets' folder")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="RUNS")
    parser.add_argument("--model", type=Path, metavar="RUN", help="default: the shipped recognizer")
    parser.add_argument("--examples", default="0,1,3,6,10", help="of each sign, comma-separated")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    set_threads(1)
    spotter = StreamRecognizer.load(arguments.model)
    clips = clips_by_label(arguments.data / f"{_SET}.npz")
    points = []
    for examples in map(int, arguments.examples.split(",")):
        taught = spotter
        if examples:
            shown = _recordings(clips, examples)
            taught = finetune(spotter, shown, FinetuneSettings(), arguments.out / str(examples))
        points.append(asked_again(taught, examples, clips, arguments.data))
        print(f"{examples} examples: {points[-1]}", file=sys.stderr)
    sys.stdout.write(
        to_json({"points": [asdict(point) for point in points]})
        if arguments.json
        else table(points)
    )
    return 0


def _recordings(clips: dict[str, list[PoseSequence]], examples: int) -> list[Recording]:
    """The first clips of each sign, each a gesture from beginning to end, or none."""
    made = []
    for sign, gesture in SHOWN.items():
        for number, clip in enumerate(clips[sign][:examples]):
            end_s = clip.start_s + clip.duration_s
            event = GestureEvent(
                clip.people[0], gesture or "none", -1, clip.start_s, end_s, source=annotation_by()
            )
            made.append(Recording(clip, f"{sign}-{number}", events=(event,) if gesture else ()))
    return made


def asked_again(
    spotter: StreamRecognizer, examples: int, clips: dict[str, list[PoseSequence]], data: Path
) -> Point:
    asked = [judged(spotter, sign, clips[sign][-_ASKED:], MEANING[_SET][sign]) for sign in SHOWN]
    others = [row for rows in measure(spotter, data, _OTHERS).values() for row in rows]
    return Point(examples, *_means(asked), *_means(others))


def _means(rows: Sequence[Row]) -> tuple[float, float]:
    """Of right events where a gesture is shown, of silence where nothing is."""
    right = [row.event for row in rows if row.event is not None]
    return float(np.mean(right)), float(np.mean([r.silent for r in rows if r.kind == "nothing"]))


def table(points: Sequence[Point]) -> str:
    lines = [
        "| examples of each sign | taught: right event | silent without a hand "
        "| other gestures: right event | others: silent |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {p.examples} | {p.taught:.2f} | {p.silent:.2f} | {p.others:.2f} "
        f"| {p.others_silent:.2f} |"
        for p in points
    ]
    return "\n".join(lines) + "\n"
