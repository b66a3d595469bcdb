"""The main job on a clip: `make demo`, or `make demo CLIP=path` for a clip of your own.

Without a clip of your own, two pages are made: one of a real clip that comes inside an installed
package, and one of a synthetic recording whose gestures are known, so that the page can show the
truth beside what was recognised.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mgskel.cli import main as mgskel
from mgskel.core.errors import MgskelError
from mgskel.core.samples import sample_clip

_SEED, _SECONDS, _FPS = 11, 60.0, 25.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="?", type=Path, help="a clip of your own")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the reports")
    args = parser.parse_args()
    if args.clip is not None:
        return mgskel(["analyze", str(args.clip), "-o", str(args.out)])
    try:
        clip = sample_clip()
        made = _synthetic(args.out)
    except MgskelError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    runs = [
        ["analyze", str(clip), "-o", str(args.out / "sample-clip")],
        ["analyze", "--from", str(made / "recording.npz"), "--reference", str(made / "truth.csv"),
         "-o", str(args.out / "synthetic")],
    ]  # fmt: skip
    worst = max(mgskel(run) for run in runs)
    print("\nOpen these pages in a browser:")
    for name in ("sample-clip", "synthetic"):
        print(f"  {(args.out / name / 'report.html').resolve()}")
    return worst


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


if __name__ == "__main__":
    sys.exit(main())
