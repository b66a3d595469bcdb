"""``mgskel live [SOURCE]``: a camera, or a clip played as one, to gestures as they happen."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.decision_options import add_sensitivity
from mgskel.cli.shared.messages import detail, note, tell
from mgskel.cli.shared.numbers import number
from mgskel.core.errors import InputError

if TYPE_CHECKING:
    from mgskel.core.events import GestureEvent
    from mgskel.report.films.live_view import Window
    from mgskel.report.films.overlay import Ground
    from mgskel.spotting.live import Live

HELP = (
    "Follow the largest person in front of a camera: a window with the skeleton and the last "
    "gestures, or, without a display, a line per gesture as soon as it is over. Ctrl-C stops."
)
EXAMPLES = ("", "interview.mp4 --record pose.npz -o events.csv")
JSON = "each gesture, a line each"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", nargs="?", default="camera:0", help="camera:0 (default), camera:1, an address, "
        "or a clip, which is played as a camera would show it")  # fmt: skip
    add("--model", type=Path, metavar="RUN", help="a spotter of your own (default: the shipped)")
    add_sensitivity(parser)
    add("--estimator", metavar="NAME", help="mediapipe (default), mmpose, or one of your own")
    add("--fps", type=number(0.01, 1000), metavar="N", help="at most so many frames per second")
    add("--every-frame", action="store_true", help="of a clip: look at each frame, however long "
        "that takes")  # fmt: skip
    add("--lines", action="store_true", help="no window")
    add("--ground", choices=("picture", "blur", "blank"), default="picture", help="under the "
        "skeleton in the window (default: picture)")  # fmt: skip
    add("--record", type=Path, metavar="POSE.npz", help="keep the poses, and no pictures")
    add("-o", "--output", type=Path, metavar="EVENTS", help="events.csv, .eaf (ELAN) or .json")


def run(args: argparse.Namespace) -> int:
    from mgskel.core.events import write_events
    from mgskel.core.machine.threads import set_threads
    from mgskel.formats import is_recording
    from mgskel.pose.estimator import EstimatorSettings, create_estimator
    from mgskel.spotting import Recognizer
    from mgskel.spotting.live import Live

    if os.path.exists(args.source) and is_recording(args.source):
        raise InputError(
            f"{args.source} holds keypoints, and no pictures to follow",
            expected="a camera, an address or a clip",
            remedy=f"'mgskel spot {args.source}' finds its gestures",
        )
    set_threads(1)
    live = Live(
        args.source,
        Recognizer.load(args.model),
        create_estimator(EstimatorSettings(args.estimator)) if args.estimator else None,
        fps=args.fps,
        sensitivity=args.sensitivity,
        played=os.path.exists(args.source) and not args.every_frame,
        record=args.record is not None,
    )
    window = None if args.lines else _window(args.ground)
    events: list[GestureEvent] = []
    spent: list[float] = []
    try:
        _watch(args, live, window, events, spent)
    finally:
        if window is not None:
            window.close()
        if args.record is not None and spent:
            live.recorded().save(args.record)
            tell(f"{args.record}: poses of {len(spent)} frames")
        if args.output is not None and spent:
            write_events(args.output, events, vocabulary=live.recognizer.vocabulary)
        _tell_speed(spent, live)
    return 0


def _watch(
    args: argparse.Namespace,
    live: Live,
    window: Window | None,
    events: list[GestureEvent],
    spent: list[float],
) -> None:
    for moment in live:
        events += moment.events
        for event in moment.events:
            print(json.dumps(asdict(event)) if args.json else _line(event), flush=True)
        if not spent:
            tell(f"following {args.source} ({live.size[0]} x {live.size[1]}); Ctrl-C stops")
        own_s = moment.own_s
        if window is not None:
            own_s += window.show(moment, live.estimator.skeleton, events[-4:])
            if window.closed:
                return
        spent.append(own_s)


def _window(ground: Ground) -> Window | None:
    from mgskel.report.films.live_view import open_window

    window, why_not = open_window(ground)
    if window is None:
        note(f"no window ({why_not}): a line for each gesture")
    return window


def _tell_speed(spent: list[float], live: Live) -> None:
    if not spent:
        return
    ordered = sorted(spent)
    usual, slow = (1000 * ordered[int(q * (len(ordered) - 1))] for q in (0.5, 0.95))
    detail(f"beside camera and estimator {usual:.1f} ms a frame, {slow:.1f} ms at most in 95%")
    if live.left_out:
        note(f"{live.left_out} of {live.left_out + len(spent)} frames passed unseen: the "
             "estimator is slower than the clip (--every-frame waits for it)")  # fmt: skip


def _line(event: GestureEvent) -> str:
    return f"{event.start_s:8.2f} {event.end_s:8.2f}  {event.label:<28} {event.score:.2f}"
