"""The work on one clip of a batch, as every worker does it, wherever it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import file_hash, write_json
from mgskel.pose.batches.clip_list import Clip
from mgskel.pose.batches.parts import Parts
from mgskel.pose.batches.work import ClipOutcome, FrameCount, failure, kept_estimator
from mgskel.pose.extract import Extraction, ExtractSettings, extract, refine
from mgskel.pose.frames import VideoSettings
from mgskel.pose.quality import quality_report


@dataclass(frozen=True)
class ClipJob:
    """One clip to extract into the folder `out`.

    Attributes:
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
        """Extract the clip and write its files; an error becomes its outcome.

        The pose file is written last of what belongs to a clip, whole or not at all.
        """
        begin = time.perf_counter()
        counter = FrameCount(tell)
        # Not by `with_suffix`: dots within a clip's name are no ending.
        base = self.out / self.clip.stem
        pose = base.with_name(f"{base.name}.npz")
        try:
            result = self._extraction(counter)
            if self.afterwards is not None:
                self.afterwards(result, self.clip.path, base)
            report = result.quality.to_dict() | {"notes": list(result.notes)}
            others = range(1, result.sequence.num_people)
            report["others"] = [quality_report(result.sequence, person=m).to_dict() for m in others]
            write_json(base.with_name(f"{base.name}.quality.json"), report)
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
            # How fast it went is no matter of the recording's own files: they stay the same.
            quality=f"{result.quality.line()}; extracted at {result.frames_per_second:.1f} fps",
        )

    def _extraction(self, counter: Progress) -> Extraction:
        if self.importer is not None:
            imported = _asked_part(self.importer(self.clip.path), self.settings.video)
            result = refine(imported, self.settings, source=self.clip.name)
            counter.advance(result.sequence.num_frames)
            return result
        if self.parts is not None:
            return self.parts.extract(self.clip, self.settings, counter)
        return extract(
            self.clip.path,
            estimator=kept_estimator(self.settings.estimator, self.threads),
            settings=self.settings,
            progress=counter,
            source=self.clip.name,
        )


def _asked_part(sequence: PoseSequence, wanted: VideoSettings) -> PoseSequence:
    """The frames between the seconds that were asked for, counted as in a clip."""
    start, end = wanted.bounds
    if start > 0 and start >= sequence.duration_s:
        raise InputError(
            "the recording ends before the asked start",
            expected=f"a start before {sequence.duration_s:.2f} s",
            found=f"start {start} s",
        )
    if (start, end) == (0.0, float("inf")):
        return sequence
    return sequence.crop(sequence.start_s + start, sequence.start_s + end)
