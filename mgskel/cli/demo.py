"""``mgskel demo``: the whole path on clips that are there already."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.shared.messages import note, tell
from mgskel.core.errors import MissingDependency

HELP = (
    "Make two report pages: one of a synthetic person whose gestures are known, so that the page "
    "can show the truth beside what was recognised, and one of a real clip that comes inside an "
    "installed package. With a clip of your own, make its page."
)
EXAMPLES = ("", "my.mp4 -o out")
_SEED, _SECONDS, _FPS = 11, 60.0, 25.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clip", nargs="?", type=Path, metavar="CLIP", help="a clip of your own")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("out"), metavar="DIR", help="folder of the reports"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.core.machine.samples import sample_clip

    if args.clip is not None:
        return _analyze(args, str(args.clip), "-o", str(args.out))
    made = _synthetic(args.out)
    pages = {
        "a synthetic person; thin bars above the timeline are the gestures it truly made": [
            "--from", str(made / "synthetic-person.npz"), "--reference", str(made / "truth.csv"),
            "-o", str(args.out / "synthetic"),
        ],
    }  # fmt: skip
    try:
        pages["a real man at the wheel; what a picture without hands can and cannot show"] = [
            str(sample_clip()), "-o", str(args.out / "sample-clip"),
        ]  # fmt: skip
    except MissingDependency as error:
        note(f"the real clip is left out: {error}")
    worst = max(_analyze(args, *words) for words in pages.values())
    tell("\nOpen these pages in a browser:")
    for story, words in pages.items():
        tell(f"  {(Path(words[-1]) / 'report.html').resolve()}\n    {story}")
    return worst


def _analyze(args: argparse.Namespace, *words: str) -> int:
    from mgskel.cli import main

    return main(["analyze", *words, *(["--quiet"] if args.quiet else [])])


def _synthetic(out: Path) -> Path:
    """A recording with known gestures, made once."""
    from mgskel.core.events import write_events
    from mgskel.synthesis import SynthesisSettings, synthesise_recording

    folder = out / "synthetic-recording"
    if not (folder / "truth.csv").exists():
        settings = SynthesisSettings(layout="mediapipe_holistic")
        made = synthesise_recording(_SECONDS, _SEED, settings, fps=_FPS)
        made.sequence.save(folder / "synthetic-person.npz")
        write_events(folder / "truth.csv", made.events)
    return folder
