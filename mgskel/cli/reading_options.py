"""Options of every command that reads recordings of any format."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgskel.formats.format import ReadOptions


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Options for what a file may not say about itself."""
    group = parser.add_argument_group("what the file may not say")
    group.add_argument("--layout", help="skeleton layout of the file: a name or a YAML file")
    group.add_argument("--fps", type=float, help="frames per second")
    group.add_argument(
        "--frame-size", type=_size, metavar="WIDTHxHEIGHT", help="picture size in pixels"
    )
    group.add_argument("--unit", choices=("pixel", "metre", "normalised"), help="of coordinates")
    group.add_argument(
        "--hand-order",
        choices=("auto", "right-first", "left-first"),
        default="auto",
        help="whose finger tips come first in iMiGUE challenge arrays (default: by their wrists)",
    )
    group.add_argument(
        "--scores",
        choices=("strict", "clip"),
        default="strict",
        help="refuse scores beyond 0..1 (default), or clip them",
    )


def reading_options(args: argparse.Namespace) -> ReadOptions:
    """The options as readers take them."""
    from mgskel.formats.format import ReadOptions

    return ReadOptions(
        layout=args.layout,
        fps=args.fps,
        frame_size=args.frame_size,
        unit=args.unit,
        hand_order=args.hand_order,
        scores=args.scores,
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, such as 1280x720")
    return int(width), int(height)
