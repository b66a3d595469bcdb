"""One clip becomes one trustworthy `PoseSequence` with its quality report.

Decoding runs ahead in a thread while the estimator works; tracking goes along frame by frame.
Only keypoints are kept, so memory hardly grows with the clip.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mgskel import __version__
from mgskel.core.config import to_dict
from mgskel.core.errors import InputError, MgskelError, PartFailed
from mgskel.core.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.pose.cleaning import CleaningSettings, clean
from mgskel.pose.estimator import (
    Detection,
    Estimator,
    EstimatorSettings,
    attend,
    create_estimator,
)
from mgskel.pose.frames import Footage, Frame, FrameSource, VideoSettings, read_ahead
from mgskel.pose.people import Choice, choose, dense
from mgskel.pose.quality import QualityReport, quality_report
from mgskel.pose.tracking import PeopleSettings, Tracker
from mgskel.pose.video import open_source


@dataclass(frozen=True)
class ExtractSettings:
    """All settings of an extraction; `configs/extract/default.yaml` explains each."""

    video: VideoSettings = VideoSettings()
    estimator: EstimatorSettings = field(default_factory=EstimatorSettings)
    people: PeopleSettings = PeopleSettings()
    cleaning: CleaningSettings = CleaningSettings()

    def __post_init__(self) -> None:
        whole = getattr(self.estimator.options, "needs_full_size", False)
        if whole and self.video.max_side is not None:
            raise InputError(
                "a place given in pixels of the full picture cannot go with shrunk pictures",
                remedy="leave out either the place (--box) or --max-side",
            )


@dataclass(frozen=True, eq=False)
class Extraction:
    """What came out of a clip.

    Attributes:
        sequence: the kept persons' keypoints, in pixels of the upright, full-size picture.
        quality: report on the main (first kept) person.
        notes: what a user should know: damage, people left out, times without the person.
        frames_per_second: speed reached, everything but model loading included.
    """

    sequence: PoseSequence
    quality: QualityReport
    notes: tuple[str, ...]
    frames_per_second: float


def extract(
    clip: Footage,
    *,
    estimator: Estimator | str | None = None,
    settings: ExtractSettings = ExtractSettings(),
    progress: Progress | None = None,
    source: str | None = None,
) -> Extraction:
    """Keypoints of the people in a clip.

    Args:
        clip: a video file, a folder of pictures, ``camera:N``, a URL, or pictures as arrays, whose
            rate is `settings.video.fps`.
        estimator: an estimator, or the name of one; by default what the settings name.
        progress: advanced by one per frame; its total is set where it can be known.
        source: the name to store (by default the clip's name without folders).
    """
    if isinstance(estimator, str):
        settings = dataclasses.replace(settings, estimator=EstimatorSettings(estimator))
        estimator = None
    begin = time.perf_counter()
    model = estimator if estimator is not None else create_estimator(settings.estimator)
    try:
        seen, name = _read(clip, model, settings, settings.people.keep, progress)
        if any(track.glimpses for track in seen.choice.tracks):
            # Who is kept was not foreseen from the beginning.
            seen, name = _read(clip, model, settings, "all", progress)
    finally:
        if estimator is None:
            model.close()
    record = {"step": "extract", "estimator": dict(model.identity)}
    record |= {"mgskel": __version__, "video": to_dict(settings.video)}
    return _finish(seen, settings, source or name, record, begin)


def refine(
    raw: PoseSequence, settings: ExtractSettings = ExtractSettings(), source: str | None = None
) -> Extraction:
    """Imported keypoints on the same path: tracked, cleaned, judged.

    Flat recordings are tracked anew, since most formats number people per frame. In 3-D the
    sensor has tracked already, and its people are kept as they are.
    """
    begin = time.perf_counter()
    if raw.num_frames == 0:
        raise InputError(f"{raw.source or 'the recording'} holds no frames")
    name = source or raw.source
    if raw.num_dims == 3:
        cleaned = clean(raw.replace(source=name), settings.cleaning)
        return _judged(cleaned, (), begin)
    size = raw.frame_size if raw.frame_size and raw.unit == "pixel" else _extent(raw.keypoints)
    tracker = Tracker(raw.skeleton, size, settings.people)
    for frame in range(raw.num_frames):
        people = zip(raw.keypoints[:, frame], raw.scores[:, frame], strict=True)
        tracker.push(frame, raw.timestamps[frame], [Detection(p, s) for p, s in people])
    choice = choose(tracker.finish(), raw.num_frames, size, settings.people)
    seen = _Seen(choice, raw.timestamps, raw.fps, raw.skeleton, [], raw.frame_size, raw.unit)
    record = {"step": "import", "mgskel": __version__}
    return _finish(seen, settings, name, record, begin, raw.provenance)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What was found in the frames."""

    choice: Choice
    times: np.ndarray
    fps: float
    skeleton: Any
    notes: list[str]
    frame_size: tuple[int, int] | None
    unit: str = "pixel"


def _read(
    clip: Footage,
    model: Estimator,
    settings: ExtractSettings,
    closely: str,
    progress: Progress | None,
) -> tuple[_Seen, str]:
    """What is seen in a clip, and its name; whom `closely` does not mean may be glimpsed only."""
    frames = open_source(clip, settings.video)
    try:
        # What can't be read twice must be read closely the first time.
        again = isinstance(clip, (str, Path)) and Path(clip).exists()
        attend(model, closely if again else "all")
        return _follow(frames, model, settings.people, progress), frames.name
    finally:
        frames.close()


def _follow(
    frames: FrameSource, model: Estimator, people: PeopleSettings, progress: Progress | None
) -> _Seen:
    """Estimate and track every frame, and choose who is kept."""
    model.reset()
    tracker: Tracker | None = None
    times: list[float] = []
    if progress is not None and progress.total is None:
        progress.total = frames.expected
    depth = max(2 * model.batch_size, 8)
    for batch in _batches(read_ahead(frames, depth), model.batch_size):
        for frame, found in zip(batch, _estimate(model, batch), strict=True):
            tracker = tracker or Tracker(model.skeleton, frames.size, people)
            scale = frames.size[0] / frame.image.shape[1]
            if scale != 1:
                found = [dataclasses.replace(one, keypoints=one.keypoints * scale) for one in found]
            tracker.push(len(times), frame.time_s, found)
            times.append(frame.time_s)
            if progress is not None:
                progress.advance()
    stamps = np.array(times)
    fps = _rate(stamps, frames.fps)
    size = frames.size
    tracks = tracker.finish() if tracker is not None else ()
    notes = [*frames.faults, *getattr(model, "notes", ())]
    choice = choose(tracks, len(times), size, people)
    return _Seen(choice, stamps, fps, model.skeleton, notes, size)


def _estimate(model: Estimator, batch: Sequence[Frame]) -> list[list[Detection]]:
    """The people in each frame; a failure names its time and is never an empty frame."""
    try:
        found = model.estimate([frame.image for frame in batch])
    except MgskelError:
        raise
    except Exception as error:
        where = f"{batch[0].time_s:.3f} s"
        if len(batch) > 1:
            where += f" to {batch[-1].time_s:.3f} s"
        raise PartFailed(
            f"the estimator failed on the frame at {where}: {type(error).__name__}: {error}",
            remedy="nothing was written for this clip; --start and --end can leave the place out",
        ) from error
    if len(found) != len(batch):
        raise PartFailed(
            "the estimator lost count of its pictures",
            expected=f"{len(batch)} answers",
            found=str(len(found)),
        )
    return found


def _finish(
    seen: _Seen,
    settings: ExtractSettings,
    name: str,
    record: dict[str, Any],
    begin: float,
    before: tuple[Any, ...] = (),
) -> Extraction:
    """Clean and judge who was chosen."""
    count = len(seen.times)
    choice = seen.choice
    if not choice.tracks:
        raise InputError(
            f"{name}: no person found in any of its {count} frames",
            expected="a person whose upper body can be seen",
            remedy="look at the clip; a larger picture (no --max-side) may help",
        )
    keypoints, scores = dense(choice.tracks, count, seen.skeleton.num_joints)
    sequence = PoseSequence(
        keypoints,
        scores,
        seen.fps,
        seen.skeleton,
        seen.times,
        frame_size=seen.frame_size,
        unit=seen.unit,
        source=name,
        provenance=(*before, record),
        people=tuple(track.name for track in choice.tracks),
    ).noted("people", **to_dict(settings.people))
    notes = (*seen.notes, *choice.notes)
    if notes:
        sequence = sequence.noted("notes", notes=list(notes))
    return _judged(clean(sequence, settings.cleaning), notes, begin)


def _judged(sequence: PoseSequence, notes: tuple[str, ...], begin: float) -> Extraction:
    speed = sequence.num_frames / max(time.perf_counter() - begin, 1e-9)
    return Extraction(sequence, quality_report(sequence, speed), notes, speed)


def _batches(frames: Iterator[Frame], size: int) -> Iterator[list[Frame]]:
    batch: list[Frame] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _rate(times: np.ndarray, nominal: float | None) -> float:
    """Frames per second as they really came; the nominal rate for a single frame."""
    if len(times) > 1:
        return float((len(times) - 1) / (times[-1] - times[0]))
    return nominal or 25.0


def _extent(points: np.ndarray) -> tuple[int, int]:
    """(width, height) that holds all points, for recordings that don't say."""
    seen = points[np.isfinite(points).all(-1)]
    reach = np.abs(seen).max(0) if len(seen) else np.ones(2)
    return max(int(np.ceil(reach[0])), 1), max(int(np.ceil(reach[1])), 1)
