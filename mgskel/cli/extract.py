"""``mgskel extract CLIP_OR_FOLDER... -o DIR``: clips to pose files."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.core.errors import InputError
from mgskel.core.files import to_json

if TYPE_CHECKING:
    from mgskel.core.sequence import PoseSequence
    from mgskel.pose.batch import Afterwards, BatchResult, Importer
    from mgskel.pose.extract import Extraction, ExtractSettings

HELP = (
    "Turn clips into pose files (.npz) with a quality report each (.quality.json). Finished "
    "clips are skipped on a rerun; manifest.json in the output folder tells what was done."
)
EXAMPLES = (
    "clip.mp4 -o poses",
    "recordings/ -o poses --workers 4 --overlay",
)
JSON = "what became of each clip"
_IMPORTED = "imported"

# Short options and the keys of configs/extract/default.yaml that they set.
_SHORT = {
    "start": "video.start",
    "end": "video.end",
    "seconds": "video.seconds",
    "fps": "video.fps",
    "max_side": "video.max_side",
    "person": "people.keep",
    "face": "estimator.mediapipe.face",
    "mmpose_config": "estimator.mmpose.config",
    "checkpoint": "estimator.mmpose.checkpoint",
    "detector": "estimator.mmpose.detector",
    "detector_checkpoint": "estimator.mmpose.detector_checkpoint",
    "box": "estimator.mmpose.box",
    "device": "estimator.mmpose.device",
    "batch": "estimator.mmpose.batch",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("clips", nargs="+", metavar="CLIP_OR_FOLDER", help="videos, folders, camera:N, URLs")
    add("-o", "--out", required=True, type=Path, metavar="DIR", help="output folder")
    add("-c", "--config", type=Path, help="settings file; see configs/extract/default.yaml")
    add("--estimator", help="mediapipe (default), mmpose, one of your own, or 'imported' for "
        "keypoint files of any format that 'mgskel convert' reads")  # fmt: skip
    add("--workers", type=int, metavar="N",
        help="clips worked on at once, one core each; default: all cores")  # fmt: skip
    add("--engine", choices=("local", "ray"), default="local", help="where workers run")
    add("--overlay", nargs="?", const="blank", choices=("blank", "blur", "picture"),
        help="also write an mp4 of the skeleton, on a blank ground by default")  # fmt: skip

    clip = parser.add_argument_group("which frames")
    clip.add_argument("--start", metavar="S", help="begin at so many seconds")
    clip.add_argument("--end", metavar="S", help="stop before so many seconds")
    clip.add_argument("--seconds", metavar="S", help="stop after so long (needed for cameras)")
    clip.add_argument("--fps", metavar="N", help="at most so many frames per second")
    clip.add_argument("--max-side", metavar="PX", help="shrink pictures to this longer side")

    people = parser.add_argument_group("which people")
    people.add_argument("--person", metavar="ID", help="keep this one, not the main person")
    people.add_argument("--all-people", action="store_true", help="keep everybody")
    people.add_argument("--face", choices=("needed", "full"), help="face points to store")

    mmpose = parser.add_argument_group("mmpose")
    mmpose.add_argument("--mmpose-config", metavar="NAME", help="alias or file of a config")
    mmpose.add_argument("--checkpoint", metavar="FILE", help="its weights")
    mmpose.add_argument("--detector", metavar="FILE", help="MMDetection config that finds people")
    mmpose.add_argument("--detector-checkpoint", metavar="FILE", help="the detector's weights")
    mmpose.add_argument("--box", metavar="L,T,R,B", help="the person's box, in pixels")
    mmpose.add_argument("--device", help="cpu or cuda:0")
    mmpose.add_argument("--batch", metavar="N", help="frames estimated together")
    mmpose.add_argument(
        "--allow-random-weights", action="store_true", help="run untrained, to test the plumbing"
    )

    every = parser.add_argument_group(
        "every other setting", "by its dotted name in configs/extract/default.yaml, for example"
    )
    for number, key in enumerate(_leaves()):
        shown = "VALUE" if number < 3 else None
        every.add_argument(
            f"--{key}", dest=key, metavar="VALUE", help="" if shown else argparse.SUPPRESS
        )


def run(args: argparse.Namespace) -> int:
    from mgskel.pose.batch import extract_batch

    result = extract_batch(
        args.clips,
        args.out,
        settings=_settings(args),
        workers=args.workers,
        engine=args.engine,
        importer=_importer() if args.estimator == _IMPORTED else None,
        afterwards=_overlay(args.overlay) if args.overlay else None,
        quiet=args.quiet,
    )
    if args.json:
        sys.stdout.write(to_json(_answer(result, args.out)))
    else:
        _tell(result, args.out)
    return result.exit_code


def _settings(args: argparse.Namespace) -> ExtractSettings:
    """The config file, then the dotted options, then the short ones."""
    from mgskel.core.config import load_config
    from mgskel.pose.extract import ExtractSettings

    given = vars(args)
    words: list[str] = []
    for key in _leaves():
        if given.get(key) is not None:
            words += [f"--{key}", given[key]]
    for option, key in _SHORT.items():
        if given.get(option) is not None:
            words += [f"--{key}", str(given[option])]
    if args.all_people:
        if args.person:
            raise InputError("--person and --all-people exclude each other")
        words += ["--people.keep", "all"]
    if args.allow_random_weights:
        words += ["--estimator.mmpose.allow_random_weights", "true"]
    if args.estimator and args.estimator != _IMPORTED:
        words += ["--estimator.name", args.estimator]
    return load_config(ExtractSettings, args.config, words)


def _leaves() -> Iterator[str]:
    """Dotted names of all settings."""
    from mgskel.core.config import to_dict
    from mgskel.pose.extract import ExtractSettings

    def walk(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
        for key, value in tree.items():
            if isinstance(value, Mapping) and value:
                yield from walk(value, (*path, key))
            else:
                yield ".".join((*path, key))

    yield from walk(to_dict(ExtractSettings()), ())


def _overlay(ground: str) -> Afterwards:
    from mgskel.pose.batch import Afterwards

    return Afterwards(functools.partial(_write_overlay, ground), {"overlay": ground})


def _write_overlay(ground: Any, extraction: Extraction, clip: str, base: Path) -> None:
    from mgskel.pose.clips import OVERLAY_ENDING
    from mgskel.report.overlay import write_overlay

    path = base.with_name(base.name + OVERLAY_ENDING)
    write_overlay(extraction.sequence, path, clip=clip, ground=ground)


def _importer() -> Importer:
    from mgskel.pose.batch import Importer

    return Importer(_read_keypoints, _is_keypoints)


def _read_keypoints(path: str) -> PoseSequence:
    from mgskel.formats import read_sequence

    return read_sequence(path)


def _is_keypoints(path: Path) -> bool:
    """Whether a file or folder is a recording in some known format."""
    from mgskel.formats import detect

    try:
        detect(path)
    except InputError:
        return False
    return True


def _answer(result: BatchResult, out: Path) -> dict[str, Any]:
    clips = [
        {
            "clip": entry.clip,
            "state": "skipped" if entry.clip in result.skipped else entry.state,
            "pose": entry.pose,
            "frames": entry.frames,
            "duration_s": entry.duration_s,
            "quality": entry.quality,
            "notes": list(entry.notes),
            "error": entry.error,
        }
        for entry in result.entries
    ]
    return {
        "out": str(out),
        "done": sum(clip["state"] == "done" for clip in clips),
        "skipped": len(result.skipped),
        "failed": len(result.failed),
        "clips": clips,
    }


def _tell(result: BatchResult, out: Path) -> None:
    """What was done, the failures last, where one looks first."""
    for entry in result.entries:
        if entry.state == "failed":
            continue
        if entry.clip in result.skipped:
            print(f"{entry.clip}: done before", file=sys.stderr)
            continue
        print(f"{entry.clip}: {entry.quality}", file=sys.stderr)
        for note in entry.notes:
            print(f"  note: {note}", file=sys.stderr)
    done = len(result.entries) - len(result.failed) - len(result.skipped)
    print(
        f"{done} extracted, {len(result.skipped)} done before, {len(result.failed)} failed; "
        f"results in {out}",
        file=sys.stderr,
    )
    for entry in result.failed:
        print(f"failed: {entry.clip}: {entry.error}", file=sys.stderr)
