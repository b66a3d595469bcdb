"""``mgskel hub RUN``: a run as one file, or to and from a model hub."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mgskel.cli.shared.messages import tell

HELP = (
    "Pack a run into one zip file, push it to a model hub, or fetch one from there. Every command "
    "that takes a RUN also takes such a zip and names like hf:OWNER/NAME."
)
EXAMPLES = ("runs/mine -o mine.zip", "runs/mine --push OWNER/NAME")
JSON = "file or address"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, its zip, hf:OWNER/NAME[@REVISION], or default")
    add("-o", "--output", type=Path, metavar="PLACE", help="FILE.zip, or a folder")
    add("--push", metavar="OWNER/NAME", help="upload it with a model card; private unless --public")
    add("--public", action="store_true", help="whoever comes may load what is pushed")


def run(args: argparse.Namespace) -> int:
    from mgskel.core.errors import InputError
    from mgskel.models.stored_run import push
    from mgskel.spotting import Recognizer

    if (args.output is None) == (args.push is None):
        raise InputError("say where to: either -o PLACE or --push OWNER/NAME")
    recognizer = Recognizer.load(args.run)  # whatever leaves here can be read
    if args.push:
        place = push(args.run, args.push, args.public)
    else:
        recognizer.save(args.output)
        place = str(args.output)
    tell(f"{args.run} is at {place}")
    if args.json:
        print(json.dumps({"place": place}))
    return 0
