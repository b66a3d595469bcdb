"""``mgskel attention [RUN] --data FILE -o DIR``: which joints and moments the answers rest on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import note, tell
from mgskel.cli.shared.numbers import whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, read_recordings

if TYPE_CHECKING:
    from mgskel.core.recording import Recording
    from mgskel.core.skeleton import Skeleton
    from mgskel.report.attention_pictures import Look

HELP = (
    "Pictures of joint attention: joints over time, skeletons that glow, a film, tables, and "
    "whether all that can be believed."
)
EXAMPLES = (
    "--data clip.mp4 -o attention",
    "runs/natops --data test.npz --method occlusion --clips 8 -o attention",
)
JSON = "per gesture how much hiding and showing by weight changes its probability"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", nargs="?", type=Path, metavar="RUN", help="a trained run, or a spotter (default: "
        "the recognizer that ships)")  # fmt: skip
    add("--data", required=True, metavar="FILE", help=TAKES)
    add("-o", "--out", required=True, type=Path, metavar="DIR", help="where everything is written")
    add("--method", help="how to look into a trained run: gradient (default), occlusion, gates, "
        "bones or explain; a spotter is looked at by its gradients")  # fmt: skip
    add("--target", metavar="CLASS", help="ask about this class, not the likeliest (trained runs)")
    add("--clips", type=whole(1, 10_000), default=12, help="how many recordings of a data set, "
        "spread over it")  # fmt: skip
    add("--on-picture", type=Path, metavar="CLIP", help="draw the film on this clip's pictures, "
        "which show the person (default: on a blank ground)")  # fmt: skip
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.errors import InputError
    from mgskel.core.machine.threads import set_threads
    from mgskel.core.storage.files import sweep_leftovers, to_json
    from mgskel.core.storage.stages import working_in
    from mgskel.pose.video import open_source
    from mgskel.report.attention_pictures import in_words, write_attention

    if args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is a file", expected="an output folder")
    if args.on_picture is not None:
        open_source(args.on_picture).close()  # what cannot be drawn on is said before the work
    set_threads()
    with working_in(args.out):
        sweep_leftovers(args.out)
        name, looks = _looks(args)
        summary = write_attention(args.out, looks, name, args.on_picture)
    for text in summary["notes"]:
        note(text)
    if args.json:
        print(to_json(summary), end="")
    else:
        print(in_words(summary))
        tell(f"written to {args.out}: {', '.join(summary['files'])}")
    return 0


def _looks(args: argparse.Namespace) -> tuple[str, list[Look]]:
    """The recognizer's name, and what it looked at in each recording."""
    from mgskel.core.errors import InputError
    from mgskel.report.attention_pictures import look_at_clip, look_at_recording
    from mgskel.spotting import ClipRecognizer, Recognizer, StreamRecognizer

    recognizer = Recognizer.load(args.run)
    if isinstance(recognizer, ClipRecognizer):
        method, target = args.method or "gradient", args.target
        chosen = _recordings(args, recognizer.skeleton)
        looks = [look_at_clip(recognizer.model, one, method, target) for one in chosen]
        return recognizer.name, looks
    if args.method or args.target:
        raise InputError(
            "a recognizer of recordings is looked at by its gradients, at whatever it finds",
            remedy="leave out --method and --target, or give a run that was trained on cut clips",
        )
    assert isinstance(recognizer, StreamRecognizer)
    chosen = _recordings(args, recognizer.skeleton)
    found = [look_at_recording(recognizer, one) for one in chosen]
    return recognizer.name, [look for look in found if look is not None]


def _recordings(args: argparse.Namespace, likely: Skeleton) -> list[Recording]:
    """The recordings to look at, each with a name that can be a folder's."""
    import numpy as np

    data = read_recordings(args.data, args, likely)
    stem = Path(args.data).stem
    chosen = np.unique(np.linspace(0, len(data) - 1, min(args.clips, len(data))).astype(int))
    if len(data) == 1:
        return [data[0].replace(name=stem)]
    width = len(str(len(data)))
    return [data[int(index)].replace(name=f"{stem}_{index + 1:0{width}d}") for index in chosen]
