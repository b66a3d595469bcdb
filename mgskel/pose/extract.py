"""One clip becomes one trustworthy `PoseSequence` with its quality report.

Only keypoints are kept of its pictures, so memory hardly grows with the clip.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.version import __version__
from mgskel.pose.cleaning import CleaningSettings, clean
from mgskel.pose.estimator import Detection, Estimator, EstimatorSettings, create_estimator
from mgskel.pose.frames import Footage, VideoSettings
from mgskel.pose.observe import Observed, observe
from mgskel.pose.people import Choice, choose, dense
from mgskel.pose.quality import QualityReport, quality_report
from mgskel.pose.tracking import PeopleSettings, Tracker

# Shoulder widths; fingers and lips cannot be told beyond it.
_JITTERY = 0.02
_WORTH_TELLING = 0.05  # of the frames


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
        quality: of the main (first kept) person.
        notes: damage, people left out, times without the person.
        frames_per_second: everything but model loading included.
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
        seen = observe(clip, model, settings.video, settings.people.keep, progress)
        if kept_glimpses(seen, settings):
            seen = observe(clip, model, settings.video, "all", progress)
    finally:
        if estimator is None:
            model.close()
    return judge(seen, settings, model.identity, source or seen.name, begin)


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
    people = tuple(
        tuple(Detection(p, s) for p, s in zip(points, scores, strict=True))
        for points, scores in zip(
            raw.keypoints.swapaxes(0, 1), raw.scores.swapaxes(0, 1), strict=True
        )
    )
    times = tuple(raw.timestamps.tolist())
    seen = Observed(name, raw.skeleton, times, people, size, raw.fps, ())
    return _finish(
        seen,
        settings,
        begin,
        fps=raw.fps,
        frame_size=raw.frame_size,
        unit=raw.unit,
        source=name,
        provenance=(*raw.provenance, {"step": "import", "mgskel": __version__}),
    )


def judge(
    seen: Observed,
    settings: ExtractSettings,
    estimator: Mapping[str, Any],
    source: str,
    begin: float,
    **more: Any,
) -> Extraction:
    """What a clip's observation comes to: tracked, chosen, cleaned, judged.

    Args:
        estimator: its identity.
        begin: when the work began, by `time.perf_counter`.
        more: what the pose file shall know of how it was observed.
    """
    record = {"step": "extract", "estimator": dict(estimator), "mgskel": __version__}
    record |= {"video": to_dict(settings.video), **more}
    fps = _rate(seen.times, seen.fps)
    return _finish(
        seen, settings, begin, fps=fps, frame_size=seen.size, source=source, provenance=(record,)
    )


def kept_glimpses(seen: Observed, settings: ExtractSettings) -> list[int]:
    """Frames in which who is kept was only glimpsed, since that was not foreseen."""
    return sorted({f for t in _chosen(seen, settings.people).tracks for f in t.glimpses})


def _chosen(seen: Observed, people: PeopleSettings) -> Choice:
    """Who is who, and who is kept."""
    tracker = Tracker(seen.skeleton, seen.size, people)
    for frame, (time_s, found) in enumerate(zip(seen.times, seen.people, strict=True)):
        tracker.push(frame, time_s, found)
    return choose(tracker.finish(), len(seen.times), seen.size, people)


def _finish(
    seen: Observed, settings: ExtractSettings, begin: float, source: str, **details: Any
) -> Extraction:
    """Clean and judge who is kept; `details` are those of a `PoseSequence`."""
    count, choice = len(seen.times), _chosen(seen, settings.people)
    if not choice.tracks:
        raise InputError(
            f"{source}: no person found in any of its {count} frames",
            expected="a person whose upper body can be seen",
            remedy="look at the clip; a larger picture (no --max-side) may help",
        )
    keypoints, scores = dense(choice.tracks, count, seen.skeleton.num_joints)
    sequence = PoseSequence(
        keypoints,
        scores,
        skeleton=seen.skeleton,
        timestamps=np.array(seen.times),
        source=source,
        people=tuple(track.name for track in choice.tracks),
        **details,
    ).noted("people", **to_dict(settings.people))
    notes = (*seen.notes, *choice.notes)
    if notes:
        sequence = sequence.noted("notes", notes=list(notes))
    return _judged(clean(sequence, settings.cleaning), notes, begin)


def _judged(sequence: PoseSequence, notes: tuple[str, ...], begin: float) -> Extraction:
    speed = sequence.num_frames / max(time.perf_counter() - begin, 1e-9)
    quality = quality_report(sequence)
    return Extraction(sequence, quality, (*notes, *_remarks(quality)), speed)


def _remarks(quality: QualityReport) -> Iterator[str]:
    """What a user should know of how good the keypoints are."""
    rough = {
        hand.replace("_", " "): share
        for hand, share in quality.bridged.items()
        if share >= _WORTH_TELLING
    }
    if rough:
        shares = " and ".join(f"of the {hand} in {share:.0%}" for hand, share in rough.items())
        yield (
            f"no fingers were found {shares} of the frames: only wrist and knuckles are known there"
        )
    if (quality.jitter_sw or 0.0) > _JITTERY:
        yield (
            f"at rest points tremble by {quality.jitter_sw:.1%} of a shoulder width; --smooth "
            "calms them, at a small cost to quick small movements"
        )


def _rate(times: Sequence[float], nominal: float | None) -> float:
    """Frames per second as they really came; the nominal rate for a single frame."""
    if len(times) > 1:
        return float((len(times) - 1) / (times[-1] - times[0]))
    return nominal or 25.0


def _extent(points: np.ndarray) -> tuple[int, int]:
    """(width, height) that holds all points, for recordings that don't say."""
    seen = points[np.isfinite(points).all(-1)]
    reach = np.abs(seen).max(0) if len(seen) else np.ones(2)
    return max(int(np.ceil(reach[0])), 1), max(int(np.ceil(reach[1])), 1)
