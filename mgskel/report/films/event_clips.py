"""Short clips of a study's events, cut from the user's own videos; faces blurred by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel.core.errors import InputError, MgskelError
from mgskel.core.storage.csv_table import to_csv
from mgskel.core.storage.files import write_text, writing
from mgskel.pose.batches.clip_list import VIDEO_ENDINGS
from mgskel.pose.frames import VideoSettings
from mgskel.pose.video import open_source
from mgskel.report.films.faces import FaceBlur
from mgskel.report.films.overlay import write_video
from mgskel.study.study_folder import About, study_clips
from mgskel.study.tables import read_table, variable_name

if TYPE_CHECKING:
    import pandas as pd

TABLE = "cuts.csv"
_MAX_SIDE = 960
_COLUMNS = ("file", "clip", "participant", "person", "label", "start_s", "end_s", "score")


@dataclass(frozen=True)
class CutSettings:
    """Which events are cut, and how."""

    padding_s: float = 0.5  # shown before and after each event
    blur_faces: bool = True  # make faces unrecognisable
    gestures: tuple[str, ...] = ()  # only these labels; empty for all
    most: int | None = None  # at most so many of each gesture, the surest first
    media: Path | None = None  # where to look for videos that are not where they were


@dataclass(frozen=True)
class Cuts:
    """What was cut: files, and clips without a video (with the reason)."""

    files: tuple[Path, ...]
    failed: Mapping[str, str]
    whole: int = 0  # pictures in which no face was found, and that were blurred altogether


def cut_events(
    study: Path,
    out: Path,
    settings: CutSettings | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Cuts:
    """Write a video per event into a folder per gesture, and `cuts.csv`; each event ticks."""
    settings = settings or CutSettings()
    events = chosen_events(study, settings)
    about = About.load(study)
    clips = {clip.name: clip for clip in study_clips(study)}
    rows: list[Sequence[object]] = []
    failed: dict[str, str] = {}
    whole = 0
    for name, own in events.groupby("clip", sort=False):
        try:
            if str(name) not in clips:
                raise InputError("the table names it, and the study has no folder of it")
            video = _video_of(str(name), about, settings.media)
            blur = FaceBlur(clips[str(name)].sequence()) if settings.blur_faces else None
        except MgskelError as error:
            failed[str(name)] = error.message
            for _ in range(len(own)):
                tick()
            continue
        stem = variable_name(str(name))
        for event in own.to_dict("records"):
            start = f"{float(event['start_s']):08.2f}s"
            file = Path(variable_name(str(event["label"]))) / f"{stem}_{start}.mp4"
            try:
                _cut(video, out / file, event, settings, blur)
                rows.append([file.as_posix(), *(event[column] for column in _COLUMNS[1:])])
            except MgskelError as error:
                failed[str(name)] = error.message
            tick()
        if blur is not None:
            whole += blur.whole
            blur.close()
    if rows:
        write_text(out / TABLE, to_csv([_COLUMNS, *rows]))
    return Cuts(tuple(out / str(row[0]) for row in rows), failed, whole)


def chosen_events(study: Path, settings: CutSettings) -> pd.DataFrame:
    """The events to cut, in the order of the study's table."""
    events = read_table(study / "events.csv")
    if settings.gestures:
        known = sorted(set(events["label"]))
        unknown = [label for label in settings.gestures if label not in known]
        if unknown:
            raise InputError(
                f"the study has no gesture '{unknown[0]}'", expected="one of " + ", ".join(known)
            )
        events = events[events["label"].isin(settings.gestures)]
    if settings.most is not None:
        surest = events.sort_values("score", ascending=False, kind="stable")
        events = events.loc[sorted(surest.groupby("label").head(settings.most).index)]
    if events.empty:
        raise InputError("there are no events to cut", place=str(study / "events.csv"))
    return events


def _video_of(name: str, about: About, media: Path | None) -> Path:
    """The video that a clip was made of, where it was or in the given folder."""
    source = about.sources.get(name, "")
    stems = {Path(name).name, Path(source).stem}
    if media is not None:
        for path in sorted(media.rglob("*")):
            if path.suffix.lower() in VIDEO_ENDINGS and path.stem in stems:
                return path
    path = Path(source)
    if source and (path.is_dir() or path.suffix.lower() in VIDEO_ENDINGS) and path.exists():
        return path
    why = f"its video is no longer at {source}" if source else "no video is on record"
    if source and path.exists():
        why = "it was made of keypoints, not of a video"
    raise InputError(f"{why}; --media FOLDER says where to look")


def _cut(
    video: Path,
    file: Path,
    event: Mapping[Any, Any],
    settings: CutSettings,
    blur: FaceBlur | None,
) -> None:
    start = max(float(event["start_s"]) - settings.padding_s, 0.0)
    end = float(event["end_s"]) + settings.padding_s
    source = open_source(video, VideoSettings(start=start or None, end=end, max_side=_MAX_SIDE))
    try:
        pictures = _pictures(source, blur)
        first = next(pictures, None)
        if first is None:
            raise InputError(f"{video.name} has no pictures from {start:.2f} to {end:.2f} s")
        size = first[1].shape[1], first[1].shape[0]
        with writing(file) as temporary:
            write_video(temporary, chain([first], pictures), source.fps or 25.0, size)
    finally:
        source.close()


def _pictures(source: Any, blur: FaceBlur | None) -> Iterator[tuple[float, np.ndarray]]:
    """Pictures with even sides, as H.264 wants them."""
    for frame in source:
        image = frame.image[: frame.image.shape[0] // 2 * 2, : frame.image.shape[1] // 2 * 2]
        if blur is not None:
            image = blur(image, frame.time_s)
        yield frame.time_s, np.ascontiguousarray(image)
