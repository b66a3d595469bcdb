"""``mgskel review STUDY``: the local app in which people correct what the machine found."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.shared.messages import tell
from mgskel.cli.shared.numbers import number, whole
from mgskel.core.errors import InputError

HELP = (
    "Open a study in your browser: drop clips, watch them being analysed, correct the gestures "
    "that were found, code blind, see agreement, export. An empty or new folder will do. It "
    "answers this machine only, at an address with a secret; nothing leaves the machine."
)
EXAMPLES = ("study", "study interviews/*.mp4 --coder Anna --blind")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("study", type=Path, metavar="STUDY", help="what 'mgskel analyze' wrote, or a new folder")
    add("clips", nargs="*", type=Path, metavar="CLIP", help="analyse these too, where they lie "
        "(clips dropped on the page are copied into STUDY/media)")  # fmt: skip
    add("--coder", metavar="NAME", help="who reviews (default: your name on this machine)")
    add("--blind", action="store_true", help="code without seeing what the machine found")
    add("--model", type=Path, metavar="RUN", help="a spotter of your own for new clips")
    add("--port", type=whole(0, 65_535), default=0, metavar="N", help="default: any free one")
    add("--no-browser", action="store_true", help="print the address, open nothing")
    add("--most-gb", type=number(0.001, 1e5), default=16.0, metavar="N", help="largest clip that "
        "may be dropped (default 16)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    import webbrowser

    from mgskel.analyze import AnalyzeSettings
    from mgskel.review.review_server import ReviewSettings, Server

    if args.study.exists() and not args.study.is_dir():
        raise InputError(f"{args.study} is a file", expected="the folder of a study")
    for clip in args.clips:
        if not clip.exists():
            raise InputError(f"clip not found: {clip}", remedy="check the path")
    settings = ReviewSettings(
        coder=_coder(args.coder),
        blind=args.blind,
        upload_bytes=round(args.most_gb * 1e9),
        analyze=AnalyzeSettings(model=args.model),
    )

    server = Server(args.study, settings, args.port, args.clips)
    print(server.address, flush=True)
    tell("open this address in a browser; Ctrl-C ends it, and what you decided is saved")
    if not args.no_browser:
        webbrowser.open(server.address)
    server.run()
    return 0


def _coder(name: str | None) -> str:
    from getpass import getuser

    from mgskel.study.reviews import coder_name

    if name is not None:
        return coder_name(name)
    try:
        return coder_name(getuser())
    except (InputError, OSError, KeyError):
        return "me"
