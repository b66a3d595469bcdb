"""The work on one clip of a batch, as every worker does it, wherever it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import file_hash, write_json
from mgskel.pose.batches.clip_list import Clip
from mgskel.pose.batches.parts import Parts
from mgskel.pose.batches.work import ClipOutcome, FrameCount, failure, kept_estimator
from mgskel.pose.extract import Extraction, ExtractSettings, extract, refine
from mgskel.pose.quality import quality_report


@dataclass(frozen=True)
class ClipJob:
    """One clip to extract.

    Attributes:
        clip: what to read.
        out: the output folder.
        settings: how to extract.
        importer: reads keypoints instead of estimating them.
        afterwards: makes more of an extraction (an overlay); gets it, the clip's path, and the
            results' path without ending.
        threads: how many the estimator may use; none leaves it to the estimator.
        parts: how to split the clip among workers, where it is to be split.
    """

    clip: Clip
    out: Path
    settings: ExtractSettings
    importer: Callable[[str], PoseSequence] | None = None
    afterwards: Callable[[Extraction, str, Path], None] | None = None
    threads: int | None = None
    parts: Parts | None = None

    def __call__(self, tell: Callable[[int], None] = lambda frames: None) -> ClipOutcome:
        return run_job(self, tell)


def run_job(job: ClipJob, tell: Callable[[int], None]) -> ClipOutcome:
    """Extract one clip and write its files; an error becomes its outcome.

    The pose file is written last of what belongs to a clip, whole or not at all.
    """
    begin = time.perf_counter()
    counter = FrameCount(tell)
    try:
        result = _extraction(job, counter)
        base = job.out / job.clip.stem
        if job.afterwards is not None:
            job.afterwards(result, job.clip.path, base)
        report = result.quality.to_dict() | {"notes": list(result.notes)}
        others = range(1, result.sequence.num_people)
        report["others"] = [quality_report(result.sequence, person=m).to_dict() for m in others]
        write_json(with_ending(base, ".quality.json"), report)
        pose = with_ending(base, ".npz")
        result.sequence.save(pose)
    except Exception as error:
        return ClipOutcome(error=failure(error), seconds=round(time.perf_counter() - begin, 3))
    finally:
        counter.flush()
    return ClipOutcome(
        notes=result.notes,
        duration_s=round(result.sequence.duration_s, 3),
        frames=result.sequence.num_frames,
        seconds=round(time.perf_counter() - begin, 3),
        pose_hash=file_hash(pose),
        quality=result.quality.line(),
    )


def with_ending(base: Path, ending: str) -> Path:
    """`base` plus an ending; dots within the name stay."""
    return base.with_name(base.name + ending)


def _extraction(job: ClipJob, counter: Progress) -> Extraction:
    if job.importer is not None:
        result = refine(job.importer(job.clip.path), job.settings, source=job.clip.name)
        counter.advance(result.sequence.num_frames)
        return result
    if job.parts is not None:
        return job.parts.extract(job.clip, job.settings, counter)
    return extract(
        job.clip.path,
        estimator=kept_estimator(job.settings.estimator, job.threads),
        settings=job.settings,
        progress=counter,
        source=job.clip.name,
    )
