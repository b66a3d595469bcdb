"""What a lower frame rate loses: events and statements of synthesis at 30 and at 15 a second.

    OMP_NUM_THREADS=1 python tools/benchmark.py rate --recordings 5

The same recordings with every second frame left out. `agreement` compares the events of both
rates with each other, `f1` each with the truth, all at overlap 0.3. Recordings of keypoints
(--poses) are compared in the same way, without a truth.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from mgskel.core.events import GestureEvent
from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.describe import describe
from mgskel.spotting import Recognizer
from mgskel.spotting.metrics import score_events, translate
from mgskel.synthesis import synthesise_recording

SECONDS = 120.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="rate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=int, default=5, help=f"of {SECONDS:g} s each")
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--poses", type=Path, nargs="*", default=[], help="pose files, as filmed")
    args = parser.parse_args(argv)
    set_threads(1)
    recognizer = Recognizer.load()
    made = [synthesise_recording(SECONDS, args.seed + i, fps=30.0) for i in range(args.recordings)]
    answer: dict[str, Any] = {}
    if made:
        answer["synthesis"] = compared(
            recognizer, [one.sequence for one in made], [list(one.events) for one in made]
        )
    if args.poses:
        poses = [PoseSequence.load(path) for path in args.poses]
        answer["poses"] = compared(recognizer, poses, None)
    sys.stdout.write(to_json(answer))
    return 0


def compared(
    recognizer: Recognizer,
    recordings: list[PoseSequence],
    truth: list[list[GestureEvent]] | None,
) -> dict[str, Any]:
    """Every recording as it is and with every second frame, all events together."""
    full: list[GestureEvent] = []
    half: list[GestureEvent] = []
    true: list[GestureEvent] = []
    kinds: dict[str, Counter[str]] = {"full": Counter(), "half": Counter()}
    shift = 0.0
    for index, sequence in enumerate(recordings):
        thin = sequence.frames(slice(None, None, 2)).replace(fps=sequence.fps / 2)
        for name, events, seen in (("full", full, sequence), ("half", half, thin)):
            found = recognizer.spot(seen)
            kinds[name].update(one.kind for one in describe(seen, found).statements)
            events += [
                dataclasses.replace(event, start_s=event.start_s + shift, end_s=event.end_s + shift)
                for event in found
            ]
        true += [
            dataclasses.replace(event, start_s=event.start_s + shift, end_s=event.end_s + shift)
            for event in (translate(truth[index], recognizer.vocabulary).events if truth else ())
        ]
        shift += sequence.duration_s + 60
    both = score_events(full, half)
    statements = kinds["full"] & kinds["half"]
    result: dict[str, Any] = {
        "recordings": len(recordings),
        "events": [len(full), len(half)],
        "agreement": round(both.f1[0.3], 3),
        "statements": [kinds["full"].total(), kinds["half"].total()],
        "statements_of_same_kind": statements.total(),
        "fewer": dict((kinds["full"] - kinds["half"]).most_common()),
    }
    if truth:
        result["f1"] = [round(score_events(true, found).f1[0.3], 3) for found in (full, half)]
    return result


if __name__ == "__main__":
    raise SystemExit(main())
