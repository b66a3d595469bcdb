"""``mgskel convert IN OUT``: recordings of any format into another, or another layout."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from mgskel.cli.shared.numbers import number, whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, read_recordings
from mgskel.core.errors import InputError, unknown
from mgskel.core.storage.intake import number_of

if TYPE_CHECKING:
    from mgskel.core.recording import Dataset, Recording

HELP = "Convert recordings between formats and skeleton layouts."
EXAMPLES = (
    "recording.skeleton recording.npz",
    "openpose_json/ recording.npz --fps 30 --to-layout upper",
)
JSON = "what was written, and what was lost"


class _Formats(argparse.Action):
    """Prints which formats there are. Only here are they loaded: help comes at once."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from mgskel.formats import FORMATS

        for entry in FORMATS:
            writer = entry.writer
            to = f"--to {entry.name}  ({writer.ending or 'a folder'})" if writer else "read only"
            print(f"{entry.title}: {to}\n    {entry.give.replace('`', '')}")
        parser.exit()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="IN", help=f"{TAKES}; its content tells which ('--formats')")
    add("out", metavar="OUT", help="a file, whose ending tells the format, or a folder: one file "
        "each (several recordings in one .npz: a bundle)")  # fmt: skip
    add("--formats", action=_Formats, nargs=0, help="list what is read and written, and stop")
    add("--to", metavar="FORMAT", help="target format, where the ending leaves it open, such as "
        "ntu for .npz")  # fmt: skip
    add("--to-layout", metavar="LAYOUT", help="convert joints to another layout")
    add("--allow-missing", action="store_true", help="joints that the source lacks become missing")
    add("--to-fps", type=number(0.001, 1000), metavar="FPS", help="resample in time")
    add("--only", metavar="NAME", help="one recording: its name, or number from 0")
    add("--person", metavar="NAME", help="one person of each recording")
    add("--min-frames", type=whole(1, 10**9), default=1, help="leave shorter recordings out")
    add("--events", metavar="FILE", help="write gestures to .csv, .json or .eaf")
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.formats import writable, write

    if args.to is not None and args.to not in writable():  # before anything is read
        raise unknown("format", args.to, writable())
    data = read_recordings(args.source, args)
    chosen = _choose(data, args)
    if args.events:
        _write_events(args.events, chosen)
    ready = data.replace(recordings=[_change(recording, args) for recording in chosen])
    written = write(args.out, ready, args.to)
    answer = {
        "source": args.source,
        "source_format": data.format,
        "out": args.out,
        "target": written.target,
        "recordings": written.recordings,
        "left_out": len(data) - len(ready) if args.only is None else 0,
        "lost": list(written.lost),
        "notes": list(data.notes),
    }
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    _tell(answer, sys.stderr if args.json else sys.stdout)
    return 0


def _choose(every: Dataset, args: argparse.Namespace) -> list[Recording]:
    if args.only is not None:
        number = number_of(args.only)
        if number is not None and number < len(every):
            return [every[number]]
        named = [recording for recording in every if recording.name == args.only]
        if not named:
            raise InputError(
                f"no recording '{args.only}' in {args.source}",
                expected=f"a number from 0 to {len(every) - 1}, or a name",
                found=args.only,
                remedy="names: " + ", ".join(recording.name for recording in every[:5]),
            )
        return named
    chosen = [one for one in every if one.sequence.num_frames >= args.min_frames]
    if not chosen:
        raise InputError(
            "no recording is long enough",
            expected=f"at least {args.min_frames} frames",
            remedy="lower --min-frames",
        )
    return chosen


def _change(recording: Recording, args: argparse.Namespace) -> Recording:
    """One recording with the wanted layout and frame rate."""
    sequence = recording.sequence
    if args.to_layout is not None:
        sequence = sequence.to_skeleton(args.to_layout, args.allow_missing)
    recording = recording.replace(sequence=sequence)
    return recording if args.to_fps is None else recording.resampled(args.to_fps)


def _write_events(path: str, chosen: list[Recording]) -> None:
    from mgskel.core.events import write_events

    if len(chosen) != 1:
        raise InputError(
            "events are written for one recording",
            expected="1 recording",
            found=f"{len(chosen)}",
            remedy="choose one with --only",
        )
    if not chosen[0].events:
        raise InputError(
            "the recording has no gesture events",
            remedy="put the label file beside it (iMiGUE _label.csv, SMG _finelabels.csv)",
        )
    write_events(path, chosen[0].events)


def _tell(answer: dict[str, object], out: object) -> None:
    count = "1 recording" if answer["recordings"] == 1 else f"{answer['recordings']} recordings"
    lines = [f"{answer['out']}: {count} as {answer['target']}, from {answer['source_format']}"]
    if answer["left_out"]:
        lines.append(f"  left out: {answer['left_out']} that are too short")
    for loss in answer["lost"]:  # type: ignore[attr-defined]
        lines.append(f"  not kept: {loss}")
    print("\n".join(lines), file=out)  # type: ignore[call-overload]
