"""``mgskel analyze CLIP... -o DIR``: the whole path, clip in, report folder out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.core.errors import InputError, MgskelError

if TYPE_CHECKING:
    from mgskel.analyze import AnalyzeSettings
    from mgskel.pose.extract import ExtractSettings
    from mgskel.reason.assess import ModelOptions

HELP = (
    "Extract poses, spot micro-gestures, describe, assess, and write report.html with everything "
    "it rests on. Run again, finished stages are reused."
)
EXAMPLES = (
    "clip.mp4 -o report",
    "session1.mp4 session2.mp4 -o reports --scene configs/scenes/job_interview_gap.yaml",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("clips", nargs="*", metavar="CLIP", help="videos, folders of pictures, or camera:N")
    add("-o", "--out", required=True, type=Path, metavar="DIR", help="report folder; with several "
        "clips, one folder per clip is made in it")  # fmt: skip
    add("--from", dest="pose", type=Path, metavar="POSE", help="start at keypoints that are "
        "already there (pose.npz or any format that 'mgskel convert' reads)")  # fmt: skip
    add("--model", type=Path, metavar="RUN", help="a spotter of your own (default: the shipped)")
    add("--scene", type=Path, metavar="YAML", help="the situation; see configs/scenes")
    add("--reference", type=Path, metavar="EVENTS", help="true events (CSV, ELAN or JSON) to show "
        "beside the recognised ones")  # fmt: skip
    add("--person", metavar="ID", help="keep this person, not the main one")
    add("--all-people", action="store_true", help="keep everybody")
    add("--estimator", help="mediapipe (default), mmpose, or one of your own")
    add("-c", "--config", type=Path, help="extraction settings; see configs/extract/default.yaml")
    add("--with-video", action="store_true", help="put the clip's pictures into the page (they "
        "show the person; by default the page holds keypoints only)")  # fmt: skip
    add("--no-attention", action="store_true", help="leave out what the recognizer looked at")
    model = parser.add_argument_group("language model (default: transparent rules)")
    model.add_argument("--llm-url", help="OpenAI-compatible server, e.g. http://localhost:8000/v1")
    model.add_argument("--llm-model", help="the model's name on that server")
    model.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS")


def run(args: argparse.Namespace) -> int:
    sources = _sources(args)
    settings = _settings(args)
    folders = _folders(sources, args.out)
    failures = 0
    for source, folder in zip(sources, folders, strict=True):
        try:
            failures += _analyze(source, folder, settings, args) != "ok"
        except MgskelError as error:
            if len(sources) == 1:
                raise
            failures += 1
            print(f"mgskel analyze: {source}: {error}", file=sys.stderr)
    if failures and len(sources) > 1:
        print(f"{failures} of {len(sources)} clips have a fault; see above", file=sys.stderr)
    return 1 if failures else 0


def _analyze(source: str, folder: Path, settings: AnalyzeSettings, args: argparse.Namespace) -> str:
    from mgskel.analyze import analyze
    from mgskel.core.progress import Progress

    keypoints = args.pose is not None
    with Progress(None, "analyze", quiet=args.quiet) as progress:
        result = analyze(source, folder, settings, progress, keypoints=keypoints)
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)
    if result.reused:
        print(f"reused: {', '.join(result.reused)}", file=sys.stderr)
    print(result.report)
    return result.assessed


def _sources(args: argparse.Namespace) -> list[str]:
    if args.pose is not None:
        if args.clips:
            raise InputError("give clips or --from POSE, not both")
        if not args.pose.exists():
            raise InputError(f"file not found: {args.pose}", remedy="check the path")
        return [str(args.pose)]
    if not args.clips:
        raise InputError("nothing to analyze", expected="at least one CLIP, or --from POSE")
    return list(args.clips)


def _folders(sources: list[str], out: Path) -> list[Path]:
    """One folder per clip; clips of the same name get numbers."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file", expected="an output folder")
    if len(sources) == 1:
        return [out]
    names: list[str] = []
    for source in sources:
        stem = Path(source).stem.replace(":", "_") or "clip"
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return [out / name for name in names]


def _settings(args: argparse.Namespace) -> AnalyzeSettings:
    from mgskel.analyze import AnalyzeSettings

    return AnalyzeSettings(
        extract=_extraction(args),
        model=args.model,
        scene=args.scene,
        llm=_language_model(args),
        reference=args.reference,
        with_video=args.with_video,
        attention=not args.no_attention,
    )


def _extraction(args: argparse.Namespace) -> ExtractSettings:
    from mgskel.core.config import load_config
    from mgskel.pose.extract import ExtractSettings

    words: list[str] = []
    if args.estimator:
        words += ["--estimator.name", args.estimator]
    if args.person:
        words += ["--people.keep", args.person]
    if args.all_people:
        words += ["--people.keep", "all"]
    return load_config(ExtractSettings, args.config, words)


def _language_model(args: argparse.Namespace) -> ModelOptions | None:
    if args.llm_url is None and args.llm_model is None:
        return None
    if args.llm_url is None or args.llm_model is None:
        raise InputError("a language model needs both --llm-url and --llm-model")
    from mgskel.reason.assess import ModelOptions

    return ModelOptions(url=args.llm_url, model=args.llm_model, timeout_s=args.timeout)
