"""``mgskel spot``: the gestures in a long recording of keypoints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.cli.messages import detail, note
from mgskel.cli.reading_options import add_reading_options, reading_options

if TYPE_CHECKING:
    from mgskel.core.events import GestureEvent
    from mgskel.core.sequence import PoseSequence
    from mgskel.spotting.needs import Silence
    from mgskel.spotting.recognizer import Recognizer

HELP = "Find gestures in a long recording, and score them where a reference is given."
EXAMPLES = (
    "pose.npz -o events.csv",
    "pose.npz --reference truth.eaf --json",
)
JSON = "the score with --reference, else the events"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("pose", type=Path, metavar="POSE", help="keypoints (pose.npz or any readable format)")
    add("-o", "--output", type=Path, metavar="EVENTS", help="events.csv, .eaf (ELAN) or .json")
    add("--model", type=Path, metavar="RUN", help="a spotter of your own (default: the shipped)")
    add("--reference", type=Path, metavar="EVENTS", help="true events (CSV, ELAN or JSON) in the "
        "recognizer's words or those of a known vocabulary; adds F1 and errors")  # fmt: skip
    add("--sensitivity", type=float, default=0.5, metavar="S", help="0 (only what is sure) to 1 "
        "(everything that may be something); default 0.5")  # fmt: skip
    add("--level", choices=("gesture", "group"), default="group", help="leave out what is clear as "
        "to its body group only (default: keep it)")  # fmt: skip
    add("--person", metavar="ID", help="only this person (a track's name)")
    add("--media", metavar="NAME", help="the clip's file name, for ELAN to open beside the tiers")
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.events import write_events
    from mgskel.core.files import to_json
    from mgskel.core.threads import set_threads
    from mgskel.spotting import Recognizer

    set_threads()
    sequence = _recording(args)
    spotter = Recognizer.load(args.model)
    truth = _reference(args, sequence, spotter)
    found = spotter.spot(sequence, args.sensitivity)
    named = tuple(event for event in found if event.level == "gesture")
    events = named if args.level == "gesture" else found
    _tell_silences(spotter.silences(sequence), len(spotter.vocabulary))
    if args.output is not None:
        write_events(args.output, events, media=args.media, vocabulary=spotter.vocabulary)
    if truth is not None:
        score = _score(truth, named)
        sys.stdout.write(to_json(score) if args.json else _score_table(score))
    elif args.json:
        from dataclasses import asdict

        sys.stdout.write(to_json({"events": [asdict(event) for event in events]}))
    else:
        sys.stdout.write(_event_table(events))
    return 0


def _recording(args: argparse.Namespace) -> PoseSequence:
    from mgskel.formats import read

    contents = read(args.pose, reading_options(args))
    for remark in contents.notes:
        note(remark)
    sequence = contents.only.sequence
    return sequence if args.person is None else sequence.person(args.person)


def _reference(
    args: argparse.Namespace, sequence: PoseSequence, spotter: Recognizer
) -> tuple[GestureEvent, ...] | None:
    """The true events in the spotter's words, checked before any work is done."""
    if args.reference is None:
        return None
    from mgskel.core.events import read_events
    from mgskel.spotting.metrics import check_reference
    from mgskel.spotting.reference import translate

    truth = tuple(event for event in read_events(args.reference) if event.level == "gesture")
    start = sequence.start_s
    remarks = check_reference(truth, start + sequence.duration_s, start)
    reference = translate(truth, spotter.vocabulary)
    if reference.vocabulary != spotter.vocabulary.name:
        remarks.append(f"the reference's labels were read as those of '{reference.vocabulary}'")
    if reference.unknown:
        remarks.append(
            "left out, because the recognizer has no such gesture: " + ", ".join(reference.unknown)
        )
    for remark in remarks:
        note(remark)
    return reference.events


def _tell_silences(silences: Sequence[Silence], classes: int) -> None:
    """What nothing is said of: gestures as one number; with -v, which, and why."""
    unseen = {gesture for silence in silences for gesture in silence.gestures}
    for silence in silences:
        (detail if silence.gestures else note)(silence.text)
    if unseen:
        note(
            f"nothing is said of {len(unseen)} of {classes} gestures, for want of joints that are "
            "seen well enough (-v tells which)"
        )


def _score(truth: Sequence[GestureEvent], events: Sequence[GestureEvent]) -> dict[str, Any]:
    from mgskel.spotting.metrics import score_events

    return score_events(truth, events).to_dict()


def _score_table(score: dict[str, Any]) -> str:
    rows = {name: "-" if value is None else f"{value:.4g}" for name, value in score.items()}
    return "".join(f"{name:<16}{value:>8}\n" for name, value in rows.items())


def _event_table(events: Sequence[GestureEvent]) -> str:
    if not events:
        return "no gestures found\n"
    width = max(len(event.label) for event in events)
    people = len({event.person for event in events}) > 1
    lines = [
        f"{event.start_s:9.2f} {event.end_s:9.2f}  {event.label:<{width}}  {event.score:.2f}"
        + (f"  person {event.person}" if people else "")
        + "".join(
            f"  {'or ' * (i == 0)}{label} {chance:.2f}"
            for i, (label, chance) in enumerate(event.alternatives[:2])
        )
        for event in events
    ]
    return "\n".join([f"{len(events)} gestures (from s, to s, gesture, score)", *lines]) + "\n"
