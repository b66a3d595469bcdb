"""``mgskel export``: a run as an ONNX file."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.shared.messages import tell

HELP = "Write a run's network as ONNX, checked against torch; runs then with onnxruntime alone."
EXAMPLES = ("runs/natops/joint model.onnx", "runs/natops/joint model.onnx --json")
JSON = "file, size and deviation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("onnx", type=Path, metavar="FILE.onnx", help="the file to write")


def run(args: argparse.Namespace) -> int:
    import json

    from mgskel.core.machine.threads import set_threads
    from mgskel.models.onnx_export import export_onnx
    from mgskel.models.stored_run import DESCRIPTION_FILE, opened_run
    from mgskel.spotting.recognizer import Recognizer

    set_threads()
    recognizer = Recognizer.load(args.run)
    with opened_run(args.run) as folder:
        description = (folder / DESCRIPTION_FILE).read_text(encoding="utf-8")
    deviation = export_onnx(
        recognizer.network,
        args.onnx,
        frames=recognizer.window,
        people=recognizer.people,
        metadata={"recognizer": description, "classes": json.dumps(recognizer.classes.names)},
        moments=recognizer.at_every_moment,
    )
    size = args.onnx.stat().st_size
    tell(f"{args.onnx}: {size / 1e6:.2f} MB, at most {deviation:.1e} from torch")
    if args.json:
        print(json.dumps({"file": args.onnx.name, "bytes": size, "deviation": deviation}))
    return 0
