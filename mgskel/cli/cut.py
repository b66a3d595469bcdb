"""``mgskel cut STUDY``: a short clip per event, from the user's own videos."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.shared.messages import fail, note, tell
from mgskel.cli.shared.numbers import number, whole

HELP = (
    "Cut a short clip of each event from your own videos, a folder per gesture, with a table. "
    "Faces are made unrecognisable, everything around the tracked people is coarsened, and a "
    "picture in which no face is found is coarsened altogether."
)
EXAMPLES = ("study --most 5", 'study --gesture "touching upper face" --media videos/ -o cuts')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("study", type=Path, metavar="STUDY", help="folder that 'mgskel analyze' wrote")
    add("-o", "--out", type=Path, metavar="DIR", help="where to write (default: STUDY/cuts)")
    add("--gesture", action="append", default=[], metavar="LABEL", help="only this one; may be "
        "given again")  # fmt: skip
    add("--most", type=whole(1, 10**6), metavar="N", help="at most so many of each gesture, the "
        "surest first")  # fmt: skip
    add("--padding", type=number(0, 3600), default=0.5, metavar="SECONDS", help="shown before and "
        "after (default 0.5)")  # fmt: skip
    add("--media", type=Path, metavar="FOLDER", help="where the videos lie, if not where they were")
    add("--blur-faces", action=argparse.BooleanOptionalAction, default=True, help="make faces "
        "unrecognisable (on by default; --no-blur-faces only for what stays with you)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from mgskel.core.machine.progress import Progress
    from mgskel.report.films.event_clips import CutSettings, chosen_events, cut_events

    settings = CutSettings(
        padding_s=args.padding,
        blur_faces=args.blur_faces,
        gestures=tuple(args.gesture),
        most=args.most,
        media=args.media,
    )
    out = args.out or args.study / "cuts"
    number = len(chosen_events(args.study, settings))
    with Progress(number, "cut", "events") as progress:
        cuts = cut_events(args.study, out, settings, progress.advance)
    if cuts.whole:
        note(f"in {cuts.whole} pictures no face was found: they are coarsened altogether")
    if not args.blur_faces:
        note("these clips show faces: keep them as carefully as the videos")
    for name, why in cuts.failed.items():
        fail(f"failed: {name}: {why}")
    tell(f"{len(cuts.files)} of {number} events cut")
    print(out)
    return 0 if not cuts.failed else 1 if cuts.files else 2
