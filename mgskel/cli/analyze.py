"""``mgskel analyze CLIP... -o DIR``: the whole path, clip in, report folder out; or a study."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.extract import CALMER_HZ, SMOOTH_HELP
from mgskel.cli.shared.decision_options import add_decision_options
from mgskel.cli.shared.messages import detail, fail, note, tell
from mgskel.cli.shared.numbers import number, whole
from mgskel.cli.shared.recordings import (
    add_reading_options,
    extract_settings,
    extraction_words,
    reading_options,
)
from mgskel.core.errors import InputError

if TYPE_CHECKING:
    from mgskel.analyze import AnalyzeSettings
    from mgskel.reason.assess import ModelOptions

HELP = (
    "Extract poses, spot micro-gestures, describe, assess, and write report.html with everything "
    "it rests on; of many clips also tables and a page of the study. Run again, what is done is "
    "reused."
)
EXAMPLES = ("clip.mp4 -o report", "interviews/ -o study --participants table.csv")
_RECORDINGS = "recordings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("clips", nargs="*", metavar="CLIP", help="videos, folders of pictures, recordings of "
        "keypoints in any readable format, folders that hold such (searched through), or "
        "camera:N")  # fmt: skip
    add("-o", "--out", required=True, type=Path, metavar="DIR", help="report folder; of several "
        "clips or a folder of them, a study: a folder per clip, tables, index.html")  # fmt: skip
    add("--from", dest="pose", type=Path, metavar="POSE", help="start at keypoints that are "
        "already there (pose.npz or any format that 'mgskel convert' reads)")  # fmt: skip
    add("--model", type=Path, metavar="RUN", help="a spotter of your own (default: the shipped)")
    add_decision_options(parser)
    add("--scene", type=Path, metavar="YAML", help="the situation; see configs/scenes")
    add("--reference", type=Path, metavar="EVENTS", help="true events (CSV, ELAN or JSON) to show "
        "beside the recognised ones")  # fmt: skip
    add("--person", metavar="WHO", help="left, right, largest, a name such as 2, or a place in "
        "pixels such as 320,200; default: the main person")  # fmt: skip
    add("--all-people", action="store_true", help="keep everybody")
    add("--estimator", help="mediapipe (default), mmpose, or one of your own")
    add("--estimate", action="store_true", help="only say how long extraction, nearly all of the "
        "work, will take")  # fmt: skip
    add("--rate", metavar="N", help="look at so many frames a second at most (the recognizer works "
        "at 15; default: all)")  # fmt: skip
    add("--smooth", nargs="?", const=CALMER_HZ, metavar="HZ", help=SMOOTH_HELP)
    add("-c", "--config", type=Path, help="extraction settings; see configs/extract/default.yaml")
    add("--with-video", action="store_true", help="put the clip's pictures into the page (they "
        "show the person; by default the page holds keypoints only)")  # fmt: skip
    add("--no-attention", action="store_true", help="leave out what the recognizer looked at")
    add_reading_options(parser, clips=False)
    study = parser.add_argument_group("many clips")
    study.add_argument("--participants", type=Path, metavar="CSV", help="who is in which clip and "
        "what is known of them: columns clip, and if wanted participant, person, and any others "
        "(condition, age), which join every table")  # fmt: skip
    study.add_argument("--bin", type=number(0.1, 1e6), default=60.0, metavar="SECONDS",
        help="length of the time bins in bins.csv (default 60)")  # fmt: skip
    study.add_argument("--parquet", action="store_true", help="the tables as Parquet too")
    study.add_argument("--workers", type=whole(1, 1024), metavar="N",
        help="clips worked on at once, one "
        "core each; default: all cores. One long clip is split among those asked for")  # fmt: skip
    study.add_argument("--engine", choices=("local", "ray"), default="local", help="where they run")
    model = parser.add_argument_group("language model (default: transparent rules)")
    model.add_argument("--llm-url", help="OpenAI-compatible server, e.g. http://localhost:8000/v1")
    model.add_argument("--llm-model", help="the model's name on that server")
    model.add_argument("--timeout", type=number(0.1, 1e5), default=120.0, metavar="SECONDS")


def run(args: argparse.Namespace) -> int:
    if args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is a file", expected="an output folder")
    if args.estimate:
        from mgskel.cli.extract import tell_forecast

        settings = extract_settings(args.config, extraction_words(args))
        return tell_forecast(args.clips, args.out, settings, args.workers, json=False)
    single = _single(args)
    clips: list[str] = args.clips if single is None else [single]
    unpacked = {clip: _unpacked(clip, args) for clip in clips}
    if single is not None and not unpacked[single]:
        return _analyze(single, args)
    args.clips = [folder or clip for clip, folder in unpacked.items()]
    return _analyze_study(args)


def _single(args: argparse.Namespace) -> str | None:
    """The one clip that gets the output folder to itself; none where a study is wanted."""
    if args.pose is not None:
        if args.clips:
            raise InputError("give clips or --from POSE, not both")
        if not args.pose.exists():
            raise InputError(f"file not found: {args.pose}", remedy="check the path")
        return str(args.pose)
    if not args.clips:
        raise InputError("nothing to analyze", expected="at least one CLIP, or --from POSE")
    only = args.clips[0] if len(args.clips) == 1 else None
    if only is None or args.participants is not None:
        return None
    from mgskel.analyze_study import is_one_clip

    return only if is_one_clip(Path(only)) else None


def _unpacked(source: str, args: argparse.Namespace) -> str | None:
    """A folder of the recordings of a file that holds many; none for a single one."""
    from mgskel.formats import detect, is_recording, read, write

    if not is_recording(source) or detect(source)[0].name == "npz":
        return None
    try:
        data = read(source, reading_options(args))
    except InputError:  # a study lists it and goes on; of one clip it is told there
        return None
    if len(data) < 2:
        return None
    folder = args.out / _RECORDINGS / (Path(source).stem if len(args.clips) > 1 else "")
    tell(f"{source}: {len(data)} recordings, unpacked into {folder}")
    write(folder, data, "npz")
    return str(folder)


def _analyze(source: str, args: argparse.Namespace) -> int:
    from mgskel.analyze import analyze
    from mgskel.core.machine.progress import Progress

    with Progress(None, "analyze") as progress:
        result = analyze(
            source, args.out, _settings(args), progress,
            workers=args.workers or 1, engine=args.engine,
        )  # fmt: skip
    for text in result.notes:
        note(text)
    for text in result.details:
        detail(text)
    if result.reused:
        tell(f"reused: {', '.join(result.reused)}")
    print(result.report)
    return 0 if result.assessed == "ok" else 1


def _analyze_study(args: argparse.Namespace) -> int:
    from mgskel.analyze_study import StudySettings, analyze_study

    study = StudySettings(args.participants, args.bin, args.parquet, args.workers, args.engine)
    result = analyze_study(args.clips, args.out, _settings(args), study)
    for entry in result.entries:
        for text in entry.notes if entry.clip not in result.skipped else ():
            note(f"{entry.clip}: {text}")
    for text in result.notes:
        note(text)
    done = len(result.entries) - len(result.failed) - len(result.skipped)
    tell(f"{done} analysed, {len(result.skipped)} done before, {len(result.failed)} failed")
    for entry in result.failed:
        fail(f"failed: {entry.clip}: {entry.error}")
    if len(result.failed) == len(result.entries):
        return 2
    print(result.page)
    return 1 if result.failed else 0


def _settings(args: argparse.Namespace) -> AnalyzeSettings:
    from mgskel.analyze import AnalyzeSettings

    return AnalyzeSettings(
        extract=extract_settings(args.config, extraction_words(args)),
        reading=reading_options(args),
        model=args.model,
        sensitivity=args.sensitivity,
        level=args.level,
        scene=args.scene,
        llm=_language_model(args),
        reference=args.reference,
        with_video=args.with_video,
        attention=not args.no_attention,
    )


def _language_model(args: argparse.Namespace) -> ModelOptions | None:
    if args.llm_url is None and args.llm_model is None:
        return None
    if args.llm_url is None or args.llm_model is None:
        raise InputError("a language model needs both --llm-url and --llm-model")
    from mgskel.reason.assess import ModelOptions

    return ModelOptions(url=args.llm_url, model=args.llm_model, timeout_s=args.timeout)
