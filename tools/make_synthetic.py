"""Make synthetic micro-gestures, as cut clips or as long recordings with exact events.

    python tools/make_synthetic.py clips 2000 -o clips.npz --rest 0.1
    python tools/make_synthetic.py recordings 3 --seconds 600 -o OUT --flow.frequencies imigue
    python tools/make_synthetic.py classes

Clips go into one bundle. Each recording becomes NAME.npz (keypoints), NAME.csv and NAME.eaf
(events) and NAME.truth.json (how each gesture was made). Everything follows from --seed. Further
options are settings (--layout imigue22 --camera.yaw -60,60 --noise 2 --labels nod,shrug), which
may also stand in a YAML file given with -c; mgskel/synthesis/settings.py explains them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mgskel.core.config import load_config
from mgskel.core.errors import InputError, MgskelError
from mgskel.core.progress import Progress
from mgskel.formats import write
from mgskel.synthesis import SynthesisSettings, synthesise_clips, synthesise_recording
from mgskel.synthesis.programs import load_programs
from mgskel.synthesis.truth import save_recording


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make_synthetic.py",
        allow_abbrev=False,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("clips", "recordings", "classes"))
    parser.add_argument("count", nargs="?", type=int, default=1, help="how many (default 1)")
    parser.add_argument("-o", "--out", type=Path, help="bundle file (clips) or folder (recordings)")
    parser.add_argument("-c", "--config", type=Path, help="settings as YAML")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600.0, help="length of a recording")
    parser.add_argument("--fps", type=float, help="one frame rate (default: the settings' many)")
    parser.add_argument("--rest", type=float, default=0.0, help="share of clips of rest only")
    parser.add_argument("--clean", action="store_true", help="also keep error-free keypoints")
    arguments, overrides = parser.parse_known_args(argv)
    try:
        settings = load_config(SynthesisSettings, arguments.config, overrides)
        return _make(arguments, settings)
    except MgskelError as error:
        print(f"make_synthetic: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _make(arguments: argparse.Namespace, settings: SynthesisSettings) -> int:
    if arguments.what == "classes":
        programs = load_programs(*settings.programs)
        for label in programs.labels:
            print(f"{label:26} {', '.join(program.name for program in programs.of(label))}")
        return 0
    if arguments.out is None:
        raise InputError("nowhere to write to", remedy="give -o FILE.npz (clips) or -o FOLDER")
    if arguments.what == "clips":
        data = synthesise_clips(
            arguments.count, arguments.seed, None, settings, rest=arguments.rest, fps=arguments.fps
        )
        write(arguments.out, data, "bundle")
        frames = sum(sequence.num_frames for sequence in data.sequences)
        print(f"{arguments.out}: {len(data)} clips, {frames} frames")
        return 0
    with Progress(arguments.count, "recordings", "recordings") as progress:
        for number in range(arguments.count):
            seed = arguments.seed + number
            recording = synthesise_recording(arguments.seconds, seed, settings, fps=arguments.fps)
            written = save_recording(
                arguments.out, f"synthetic-{seed:04d}", recording, clean=arguments.clean
            )
            progress.advance()
            print(f"{written[0]}: {len(recording.events)} events")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
