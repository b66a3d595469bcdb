"""``mgskel describe``: recordings to measured statements and their text."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import tell
from mgskel.cli.shared.recordings import TAKES, add_reading_options, places, read_recordings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgskel.core.events import GestureEvent
    from mgskel.core.recording import Recording

HELP = "Say in measured words what the keypoints did, and which gestures were found."
EXAMPLES = ("clip.mp4 -o statements.json", "pose.npz --events events.csv --person 2 --length short")
JSON = "the statements, not their text"
NO_EVENTS = "none"
_EVENTS_BESIDE = "events.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="FILE", help=f"{TAKES}; or what 'mgskel analyze' wrote")
    add("--events", metavar="FILE", help="gestures (csv, json or eaf); 'none' tells what is "
        "measured only (default: those beside the recording, or what 'mgskel spot' finds)",
    )  # fmt: skip
    add("--length", choices=("short", "medium", "full"), default="medium", help="of the text")
    add("-o", "--output", type=Path, metavar="STATEMENTS", help="statements.json; of several "
        "recordings a folder")  # fmt: skip
    add("--person", help="describe only this person (a track's name)")
    add("--thresholds", type=Path, metavar="FILE.yaml", help="sections and numbers that differ")
    add("--kinds", type=Path, metavar="FILE.py", help="kinds of statement of your own")
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.registry import load_file
    from mgskel.core.storage.files import to_json
    from mgskel.describe import Thresholds, describe

    if args.kinds is not None:
        load_file(args.kinds)
    thresholds = Thresholds.load(args.thresholds) if args.thresholds is not None else None
    recordings = read_recordings(args.source, args)
    if args.events not in (None, NO_EVENTS):
        _ = recordings.only  # events of which, otherwise?
    made = {}
    outputs = places(args.output, recordings.names, ".json")
    for one, output in zip(recordings, outputs, strict=True):
        events = events_of(one, args.source, args.events)
        made[one.name] = description = describe(one.sequence, events, thresholds)
        if output is not None:
            description.save(output)
    single = next(iter(made.values())) if len(made) == 1 else None
    if args.json:
        several = {"recordings": {name: each.to_dict() for name, each in made.items()}}
        sys.stdout.write(to_json(several if single is None else single.to_dict()))
    else:
        texts = [
            ("" if single is not None else f"# {name}\n\n") + each.text(args.length)
            for name, each in made.items()
        ]
        sys.stdout.write("\n".join(texts))
    return 0


def events_of(recording: Recording, source: str, given: str | None) -> Sequence[GestureEvent]:
    """The gestures of a recording: given, beside it, or spotted now."""
    from mgskel.core.events import read_events
    from mgskel.spotting.metrics import check_within

    if given is not None:
        events = () if given == NO_EVENTS else read_events(given)
        start = recording.sequence.start_s
        check_within(events, start + recording.sequence.duration_s, start)
        return events
    beside = Path(source) / _EVENTS_BESIDE
    if recording.events:
        tell(f"{recording.name}: {len(recording.events)} gestures annotated beside it")
        return recording.events
    if beside.is_file():
        tell(f"gestures from {beside}")
        return read_events(beside)
    from mgskel.core.machine.threads import set_threads
    from mgskel.spotting import Recognizer

    set_threads()
    found = Recognizer.load().spot(recording.sequence)
    tell(f"{recording.name}: {len(found)} gestures found (--events gives others, or 'none')")
    return found
