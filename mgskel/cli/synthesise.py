"""``mgskel synthesise``: gestures of people that never were, with exact truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import tell
from mgskel.cli.shared.numbers import number, whole
from mgskel.core.errors import InputError

if TYPE_CHECKING:
    from mgskel.synthesis import SynthesisSettings

HELP = (
    "Make synthetic micro-gestures: cut clips, which go into one bundle, or long recordings, each "
    "NAME.npz (keypoints), NAME.csv and NAME.eaf (events) and NAME.truth.json (how each gesture "
    "was made). Everything follows from --seed. Every setting is an option: --layout imigue22 "
    "--camera.yaw -60,60 --noise 2 --labels nod,shrug."
)
EXAMPLES = (
    "clips 300 -o train.npz --labels nod,shrug,fold-arms",
    "recordings 3 --seconds 600 -o recordings --flow.frequencies imigue",
    "classes",
)
TAKES_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("what", choices=("clips", "recordings", "classes"), help="'classes' lists the labels, and "
        "the movements that show each")  # fmt: skip
    add("count", nargs="?", type=whole(1, 1_000_000), default=1, help="how many (default 1)")
    add("-o", "--out", type=Path, help="bundle file (clips) or folder (recordings)")
    add("-c", "--config", type=Path, help="settings as YAML")
    add("--seed", type=whole(0, 2**32 - 1), default=0)
    add("--seconds", type=number(0.1, 86_400), default=600.0, help="length of a recording")
    add("--fps", type=number(0.1, 1000), help="one frame rate (default: the settings' many)")
    add("--rest", type=number(0, 1), default=0.0, help="share of clips of rest only")
    add("--clean", action="store_true", help="also keep error-free keypoints")


def run(args: argparse.Namespace) -> int:
    from mgskel.core.config import load_config
    from mgskel.synthesis import SynthesisSettings
    from mgskel.synthesis.programs import load_programs

    settings = load_config(SynthesisSettings, args.config, args.keys)
    if args.what == "classes":
        programs = load_programs(*settings.programs)
        for label in programs.labels:
            print(f"{label:26} {', '.join(program.name for program in programs.of(label))}")
        return 0
    if args.out is None:
        raise InputError("nowhere to write to", remedy="give -o FILE.npz (clips) or -o FOLDER")
    if args.what == "clips":
        _clips(args, settings)
    else:
        _recordings(args, settings)
    return 0


def _clips(args: argparse.Namespace, settings: SynthesisSettings) -> None:
    from mgskel.formats import write
    from mgskel.synthesis import synthesise_clips

    data = synthesise_clips(args.count, args.seed, None, settings, rest=args.rest, fps=args.fps)
    write(args.out, data, "bundle")
    frames = sum(sequence.num_frames for sequence in data.sequences)
    tell(f"{args.out}: {len(data)} clips, {frames} frames")


def _recordings(args: argparse.Namespace, settings: SynthesisSettings) -> None:
    from mgskel.core.machine.progress import Progress
    from mgskel.synthesis import synthesise_recording
    from mgskel.synthesis.truth import save_recording

    with Progress(args.count, "recordings", "recordings") as progress:
        for seed in range(args.seed, args.seed + args.count):
            made = synthesise_recording(args.seconds, seed, settings, fps=args.fps)
            written = save_recording(args.out, f"synthetic-{seed:04d}", made, clean=args.clean)
            progress.advance()
            tell(f"{written[0]}: {len(made.events)} events")
