"""What a lower frame rate loses: events and statements at the full rate and at 15 a second.

    OMP_NUM_THREADS=1 python tools/benchmark.py rate --recordings 5 --clips A.mp4 --data DIR

Synthesis at 30 a second, with every second frame left out; clips, extracted at their own rate and
at 15; sets of real people's keypoints (`head_motion`, `real_standing` in DIR), thinned to 15.
`agreement` compares the events of both rates with each other, `f1` each with the truth, all at
overlap 0.3. `true` counts statements that exact keypoints at 30 a second give too: the same kind
at an overlapping time; `of_exact` is how many of the exact ones are found.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._command import options
from benchmarks.real import clips_by_label

from mgskel.core.events import GestureEvent
from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.describe import describe
from mgskel.describe.statement import Statement
from mgskel.pose.estimator import create_estimator
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.pose.frames import Thinning, VideoSettings
from mgskel.spotting import Recognizer
from mgskel.spotting.metrics import score_events, translate
from mgskel.synthesis import synthesise_recording
from mgskel.synthesis.truth import SyntheticRecording

SECONDS, RATE = 120.0, 15.0
SETS = ("head_motion", "real_standing")
Pair = tuple[PoseSequence, PoseSequence]


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--recordings", type=int, default=5, help=f"of {SECONDS:g} s each")
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--clips", type=Path, nargs="*", default=[], help="videos")
    parser.add_argument("--data", type=Path, help="folder of real people's keypoints")
    args = parser.parse_args(argv)
    set_threads(1)
    recognizer = Recognizer.load()
    made = [synthesise_recording(SECONDS, args.seed + i, fps=30.0) for i in range(args.recordings)]
    answer: dict[str, Any] = {}
    if made:
        pairs = [(one.sequence, thinned(one.sequence)) for one in made]
        answer["synthesis"] = compared(recognizer, pairs, made)
    for clip in args.clips:
        model = create_estimator(threads=1)
        whole, thin = (
            extract(clip, estimator=model, settings=ExtractSettings(video=VideoSettings(fps=rate)))
            for rate in (None, RATE)
        )
        model.close()
        pair = (whole.sequence, thin.sequence)
        answer[clip.name] = {"fps": round(pair[0].fps, 2)} | compared(recognizer, [pair])
    for name in SETS if args.data else ():
        for label, clips in clips_by_label(args.data / f"{name}.npz").items():
            pairs = [(one, thinned(one)) for one in clips]
            answer[f"{name}, {label}"] = compared(recognizer, pairs)
    sys.stdout.write(to_json(answer))
    return 0


def thinned(sequence: PoseSequence) -> PoseSequence:
    """The frames that extraction would look at."""
    thinning = Thinning(RATE)
    taken = [i for i, time_s in enumerate(sequence.timestamps) if thinning.takes(time_s)]
    fps = (len(taken) - 1) / (sequence.timestamps[taken[-1]] - sequence.timestamps[taken[0]])
    return sequence.frames(np.array(taken)).replace(fps=float(fps))


def compared(
    recognizer: Recognizer, pairs: Sequence[Pair], made: Sequence[SyntheticRecording] = ()
) -> dict[str, Any]:
    """Both of every pair, all events and statements together."""
    events: list[list[GestureEvent]] = [[], []]
    truth: list[GestureEvent] = []
    kinds: list[Counter[str]] = [Counter(), Counter()]
    true, of_exact, exact = [0, 0], [0, 0], 0
    shift = 0.0
    for index, pair in enumerate(pairs):
        known = _statements(made[index].clean, recognizer) if made else []
        exact += len(known)
        for side, sequence in enumerate(pair):
            found = recognizer.spot(sequence)
            said = describe(sequence, found).statements
            kinds[side].update(one.kind for one in said)
            events[side] += _later(found, shift)
            true[side] += sum(any(_same(one, other) for other in known) for one in said)
            of_exact[side] += sum(any(_same(one, other) for one in said) for other in known)
        if made:
            vocabulary = recognizer.vocabulary
            truth += _later(translate(list(made[index].events), vocabulary).events, shift)
        shift += pair[0].duration_s + 60
    result: dict[str, Any] = {
        "recordings": len(pairs),
        "events": [len(found) for found in events],
        "agreement": round(score_events(events[0], events[1]).f1[0.3], 3) if all(events) else None,
        "statements": [counted.total() for counted in kinds],
        "statements_of_same_kind": (kinds[0] & kinds[1]).total(),
        "fewer": dict((kinds[0] - kinds[1]).most_common()),
        "more": dict((kinds[1] - kinds[0]).most_common()),
    }
    if made:
        result["f1"] = [round(score_events(truth, found).f1[0.3], 3) for found in events]
        result |= {"true": true, "of_exact": of_exact, "exact": exact}
    return result


def _statements(sequence: PoseSequence, recognizer: Recognizer) -> tuple[Statement, ...]:
    return describe(sequence, recognizer.spot(sequence)).statements


def _later(events: Iterable[GestureEvent], shift: float) -> list[GestureEvent]:
    return [
        dataclasses.replace(event, start_s=event.start_s + shift, end_s=event.end_s + shift)
        for event in events
    ]


def _same(one: Statement, other: Statement) -> bool:
    return one.kind == other.kind and one.from_s <= other.to_s and other.from_s <= one.to_s
