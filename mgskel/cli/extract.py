"""``mgskel extract CLIP_OR_FOLDER... -o DIR``: clips to pose files."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.cli.shared.messages import fail, note, tell
from mgskel.cli.shared.numbers import whole
from mgskel.cli.shared.recordings import extract_settings, extraction_words
from mgskel.core.errors import InputError
from mgskel.core.storage.files import to_json

if TYPE_CHECKING:
    from mgskel.pose.batches.batch import Afterwards, BatchResult, Importer
    from mgskel.pose.extract import Extraction, ExtractSettings

HELP = (
    "Turn clips into pose files (.npz) with a quality report each (.quality.json). Finished "
    "clips are skipped on a rerun; manifest.json in the output folder tells what was done."
)
EXAMPLES = ("clip.mp4 -o poses", "recordings/ -o poses --workers 4 --overlay")
JSON = "what became of each clip"
TAKES_KEYS = True
CALMER_HZ = "5"
SMOOTH_HELP = (
    "smooth more than usual: take out what is quicker than so many Hz (10 by default, 5 without a "
    "number, which costs quick small nods 2%% of their amplitude)"
)
_IMPORTED = "imported"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("clips", nargs="+", metavar="CLIP_OR_FOLDER", help="videos, folders, camera:N, URLs; "
        "or keypoints of any format, which are tracked, cleaned and judged as well")  # fmt: skip
    add("-o", "--out", required=True, type=Path, metavar="DIR", help="output folder")
    add("-c", "--config", type=Path, help="settings file; see configs/extract/default.yaml")
    add("--estimator", help="mediapipe (default), mmpose, one of your own, or 'imported' to take "
        "a folder's keypoint files though it holds clips too")  # fmt: skip
    add("--workers", type=whole(1, 1024), metavar="N",
        help="clips worked on at once, one core each; default: all cores. One long clip is split "
        "among those asked for")  # fmt: skip
    add("--engine", choices=("local", "ray"), default="local", help="where workers run")
    add("--estimate", action="store_true", help="only say how long it will take")
    add("--overlay", nargs="?", const="blank", choices=("blank", "blur", "picture"),
        help="also write an mp4 of the skeleton, on a blank ground by default")  # fmt: skip

    clip = parser.add_argument_group("which frames")
    at = clip.add_argument
    at("--start", dest="video.start", metavar="S", help="begin at so many seconds")
    at("--end", dest="video.end", metavar="S", help="stop before so many seconds")
    at("--seconds", dest="video.seconds", metavar="S", help="stop after so long (cameras need it)")
    at("--rate", "--fps", dest="video.fps", metavar="N", help="look at so many frames a second at "
        "most (the recognizer works at 15); for a folder of pictures, its rate")  # fmt: skip
    at("--max-side", dest="video.max_side", metavar="PX", help="shrink pictures to this side")
    parser.add_argument_group("cleaning").add_argument(
        "--smooth", dest="cleaning.smoothing.cutoff_hz", nargs="?", const=CALMER_HZ, metavar="HZ",
        help=SMOOTH_HELP)  # fmt: skip

    people = parser.add_argument_group("which people").add_mutually_exclusive_group()
    people.add_argument("--person", metavar="WHO", help="left, right, largest, a name such as 2, "
        "or a place in pixels such as 320,200; default: the main person")  # fmt: skip
    people.add_argument("--all-people", action="store_true", help="keep everybody")
    _add_estimators(parser)
    parser.add_argument_group(
        "every other setting",
        "by its dotted name in configs/extract/default.yaml, such as --cleaning.min_score 0.3",
    )


def _add_estimators(parser: argparse.ArgumentParser) -> None:
    """The options that estimators have declared beside their settings."""
    from mgskel.pose.estimator import ESTIMATORS

    for entry in ESTIMATORS:
        group = parser.add_argument_group(f"estimator {entry.name}")
        for one in dataclasses.fields(entry.settings):
            if not (name := one.metadata.get("option")):
                continue
            add = functools.partial(group.add_argument, name, help=one.metadata["help"])
            dest = f"estimator.{entry.name}.{one.name}"
            if isinstance(one.default, bool):
                add(dest=dest, action="store_const", const="true")
            else:
                add(dest=dest, metavar=one.metadata["metavar"] or "VALUE")


def run(args: argparse.Namespace) -> int:
    from mgskel.pose.batches.batch import extract_batch

    if args.estimate:
        return tell_forecast(args.clips, args.out, _settings(args), args.workers, args.json)
    result = extract_batch(
        args.clips,
        args.out,
        settings=_settings(args),
        workers=args.workers,
        engine=args.engine,
        importer=_importer() if _only_keypoints(args) else None,
        afterwards=_overlay(args.overlay) if args.overlay else None,
    )
    if args.json:
        sys.stdout.write(to_json(_answer(result, args.out)))
    else:
        _tell(result, args.out)
    return result.exit_code


def tell_forecast(
    clips: list[str], out: Path, settings: ExtractSettings, workers: int | None, json: bool
) -> int:
    """Say how long extraction will take, and do nothing."""
    from mgskel.pose.batches.forecast import forecast

    told = forecast(clips, out, settings, workers)
    sys.stdout.write(to_json(dataclasses.asdict(told)) if json else told.line() + "\n")
    return 0


def _settings(args: argparse.Namespace) -> ExtractSettings:
    """The config file, then dotted options, then those with names of their own."""
    words = list(args.keys)
    for key, value in vars(args).items():
        if "." in key and value is not None:
            words += [f"--{key}", value]
    own = argparse.Namespace(**vars(args))
    own.estimator = None if args.estimator == _IMPORTED else args.estimator
    return extract_settings(args.config, words + extraction_words(own))


def _only_keypoints(args: argparse.Namespace) -> bool:
    """Whether nothing is left to estimate."""
    from mgskel.formats import is_recording
    from mgskel.pose.batches.clip_list import find_clips

    if args.estimator == _IMPORTED:
        return True
    for one in map(Path, args.clips):
        if one.is_dir() and not is_recording(one):
            try:
                find_clips([one], args.out)
                return False
            except InputError:  # no clips in it
                continue
        if not one.exists() or not is_recording(one):
            return False
    tell("these are keypoints already: imported, tracked and cleaned")
    return True


def _overlay(ground: str) -> Afterwards:
    from mgskel.pose.batches.batch import Afterwards

    return Afterwards(functools.partial(_write_overlay, ground), {"overlay": ground})


def _write_overlay(ground: Any, extraction: Extraction, clip: str, base: Path) -> None:
    from mgskel.pose.batches.clip_list import OVERLAY_ENDING
    from mgskel.report.films.overlay import write_overlay

    path = base.with_name(base.name + OVERLAY_ENDING)
    write_overlay(extraction.sequence, path, clip=clip, ground=ground)


def _importer() -> Importer:
    from mgskel.formats import is_recording, read_sequence
    from mgskel.pose.batches.batch import Importer

    return Importer(read_sequence, is_recording)


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
            tell(f"{entry.clip}: done before")
            continue
        tell(f"{entry.clip}: {entry.quality}")
        for text in entry.notes:
            note(text)
    done = len(result.entries) - len(result.failed) - len(result.skipped)
    tell(
        f"{done} extracted, {len(result.skipped)} done before, {len(result.failed)} failed; "
        f"results in {out}"
    )
    for entry in result.failed:
        fail(f"failed: {entry.clip}: {entry.error}")
