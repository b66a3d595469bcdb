"""``mgskel spot``: the gestures in a long recording of keypoints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.decision_options import add_decision_options
from mgskel.cli.shared.messages import detail, note, tell
from mgskel.cli.shared.recordings import TAKES, add_reading_options, places, read_recordings

if TYPE_CHECKING:
    from mgskel.core.events import Events, GestureEvent
    from mgskel.core.sequence import PoseSequence
    from mgskel.spotting.decision.needs import Silence
    from mgskel.spotting.recognizer import Recognizer

HELP = "Find gestures in recordings, and score them where a reference is given."
EXAMPLES = (
    "clip.mp4 -o events.csv",
    "pose.npz --reference truth.eaf --json",
    "recordings/ -o events",
)
JSON = "the score with --reference, else the events"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="FILE", help=TAKES)
    add("-o", "--output", type=Path, metavar="EVENTS", help="events.csv, .eaf (ELAN) or .json; of "
        "several recordings a folder")  # fmt: skip
    add("--model", type=Path, metavar="RUN", action="append", help="a spotter of your own "
        "(default: the shipped); given several times, they spot together")  # fmt: skip
    add("--reference", type=Path, metavar="EVENTS", help="true events (CSV, ELAN or JSON) in the "
        "recognizer's words or those of a known vocabulary; adds F1 and errors")  # fmt: skip
    add_decision_options(parser)
    add("--person", metavar="ID", help="only this person (a track's name)")
    add("--media", metavar="CLIP", help="for ELAN to open beside the tiers (default: the clip that "
        "the recording was made of)")  # fmt: skip
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.events import GESTURE, Events, at_level, write_events
    from mgskel.core.machine.threads import set_threads
    from mgskel.core.storage.files import to_json
    from mgskel.describe import with_evidence
    from mgskel.pose.batches.clip_list import video_of
    from mgskel.spotting import Recognizer
    from mgskel.spotting.metrics import score_events, score_in_words
    from mgskel.spotting.recognizers.spot_together import spot_together

    if args.media is not None:
        _check_media(args.media)
    set_threads()
    spotters = [Recognizer.load(run) for run in args.model or [None]]
    spotter = spotters[0]
    recordings = read_recordings(args.source, args, spotter.skeleton)
    truth = _reference(args, recordings.only.sequence, spotter) if args.reference else None
    found: dict[str, Events] = {}
    outputs = places(args.output, recordings.names, ".csv")
    for one, output in zip(recordings, outputs, strict=True):
        events = at_level(spot_together(spotters, one.sequence, args.sensitivity), args.level)
        found[one.name] = events = Events(with_evidence(one.sequence, events))
        lead = f"{one.name}: " if len(recordings) > 1 else ""
        _tell_silences(spotter.silences(one.sequence), len(spotter.vocabulary), lead)
        if output is not None:
            write_events(
                output,
                events,
                media=args.media or video_of(one.sequence),
                vocabulary=spotter.vocabulary,
            )
        if len(recordings) > 1:
            tell(f"{one.name}: {len(events)} gestures")
    if truth is not None:
        score = score_events(truth, at_level(events, GESTURE))
        words = score_in_words(score, recordings.only.sequence.duration_s)
        sys.stdout.write(to_json(score.to_dict()) if args.json else f"{words}\n")
    elif args.json:
        listed = {name: [asdict(event) for event in some] for name, some in found.items()}
        single = {"events": next(iter(listed.values()))}
        sys.stdout.write(to_json(single if len(listed) == 1 else {"recordings": listed}))
    elif len(found) == 1:
        print(events)
    else:
        for name, some in found.items():
            print(f"{name}: {some}")
    return 0


def _check_media(text: str) -> None:
    """ELAN opens files, where they lie or beside the events; of one not there, the name will do."""
    from mgskel.core.errors import InputError, shown

    name = Path(text).name
    written = text.isprintable() and "://" not in text and 0 < len(name.strip()) < 256
    if not written or len(text) > 2000 or Path(text).is_dir():
        raise InputError(
            "--media names no clip",
            expected="a file, or the name of one that will lie beside the events",
            found=shown(text),
            remedy="give the clip, or leave it out: the recording often knows its own",
        )
    if not Path(text).exists():
        note(f"{text} is not there: ELAN will look for {name} beside the events")


def _reference(
    args: argparse.Namespace, sequence: PoseSequence, spotter: Recognizer
) -> tuple[GestureEvent, ...]:
    """The true events in the spotter's words, checked before any work is done."""
    from mgskel.core.events import GESTURE, at_level, read_events
    from mgskel.spotting.metrics import check_reference, translate

    truth = at_level(read_events(args.reference), GESTURE)
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


def _tell_silences(silences: Sequence[Silence], classes: int, lead: str) -> None:
    """What nothing is said of: gestures as one number; with -v, which, and why."""
    from mgskel.spotting.decision.needs import in_a_line

    for silence in silences:
        (detail if silence.gestures else note)(lead + silence.text)
    if summary := in_a_line(silences, classes):
        note(f"{lead}{summary} (-v tells which)")
