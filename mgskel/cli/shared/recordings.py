"""What every command that takes recordings shares: options, reading, where results go.

A clip, a pose file, a file or folder of any readable format, a folder of these: `read_recordings`
makes keypoints of it, by whatever steps that takes, and says which.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import note
from mgskel.cli.shared.numbers import number
from mgskel.core.errors import InputError, shown
from mgskel.core.storage.intake import number_of

if TYPE_CHECKING:
    from mgskel.core.recording import Dataset
    from mgskel.core.skeleton import Skeleton
    from mgskel.formats.format import ReadOptions
    from mgskel.pose.extract import ExtractSettings

_KEYS = {
    "estimator": "estimator.name",
    "rate": "video.fps",
    "smooth": "cleaning.smoothing.cutoff_hz",
    "person": "people.keep",
}
TAKES = "a clip, keypoints in any readable format, or a folder of these"


def add_reading_options(parser: argparse.ArgumentParser, clips: bool = True) -> None:
    """Options for what a file may not say about itself, and for clips."""
    if clips:
        parser.add_argument(
            "--estimator", metavar="NAME", help="of poses, where they have to be extracted first"
        )
    add = parser.add_argument_group("what the file may not say").add_argument
    add("--layout", help="skeleton layout of the file: a name or a YAML file")
    add("--fps", type=number(0.001, 10_000), help="frames per second")
    add("--frame-size", type=_size, metavar="WIDTHxHEIGHT", help="picture size in pixels")
    add("--unit", choices=("pixel", "metre", "normalised"), help="of coordinates")
    add("--hand-order", choices=("auto", "right-first", "left-first"), default="auto",
        help="whose finger tips come first in iMiGUE challenge arrays (default: by their wrists)",
    )  # fmt: skip
    add("--scores", choices=("strict", "clip"), default="strict", help="refuse scores beyond 0..1 "
        "(default), or clip them")  # fmt: skip


def reading_options(args: argparse.Namespace, likely: Skeleton | None = None) -> ReadOptions:
    """The options as readers take them; `likely` is the layout of a run, where files name none."""
    from mgskel.core.skeleton import get_skeleton
    from mgskel.formats.format import ReadOptions

    if args.layout is not None:
        get_skeleton(args.layout)  # also where the file names its own
    return ReadOptions(
        layout=args.layout,
        fps=args.fps,
        frame_size=args.frame_size,
        unit=args.unit,
        hand_order=args.hand_order,
        scores=args.scores,
        likely_layout=likely,
        extract=_extraction(args),
    )


def read_recordings(
    source: str | Path, args: argparse.Namespace, likely: Skeleton | None = None
) -> Dataset:
    """The recordings of whatever was given, of the person asked for; what was assumed is told."""
    from mgskel.formats import read
    from mgskel.pose.people import person_of

    data = read(source, reading_options(args, likely))
    for text in data.notes:
        note(text)
    if not data:
        raise InputError("there is no recording in it", place=source)
    who = getattr(args, "person", None)
    if who is None:
        return data
    own = [one.replace(sequence=person_of(one.sequence, who)) for one in data]
    return data.replace(recordings=own)


def places(out: Path | None, names: Iterable[str], ending: str) -> list[Path | None]:
    """Where each recording's result goes: to the file asked for, or under its name in a folder."""
    listed = list(names)
    if out is None:
        return [None] * len(listed)
    if out.suffix and not out.is_dir():
        if len(listed) == 1:
            return [out]
        raise InputError(
            f"these are {len(listed)} recordings, each with a result of its own",
            expected="a folder to put them into",
            found=out,
            remedy=f"-o {out.with_suffix('')}",
        )
    return [out / f"{name}{ending}" for name in listed]


def _extraction(args: argparse.Namespace) -> ExtractSettings | None:
    """How clips are extracted, where anything is said of it."""
    said = extraction_words(args, "estimator", "person")
    return extract_settings(None, said) if said else None


def extraction_words(args: argparse.Namespace, *names: str) -> list[str]:
    """The config keys that some of a command's own options stand for, with their values."""
    wanted = {name: getattr(args, name, None) for name in names or _KEYS}
    if not names and getattr(args, "all_people", False):
        wanted["person"] = "all"
    given = {_KEYS[name]: value for name, value in wanted.items() if value}
    return [word for key, value in given.items() for word in (f"--{key}", value)]


def extract_settings(config: Path | None, words: list[str]) -> ExtractSettings:
    from mgskel.core.config import load_config
    from mgskel.pose.extract import ExtractSettings

    return load_config(ExtractSettings, config, words)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    size = number_of(width), number_of(height)
    if not size[0] or not size[1]:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not WIDTHxHEIGHT, such as 1280x720")
    return size[0], size[1]
