"""Many clips to pose files: resumable, each file whole or absent, one failure never another's.

A clip is done when the manifest says so, its content and settings are the same, and its pose
file is whole; everything else is (re)done. Killing this at any moment loses at most the clips
in work, and running it again gives the same arrays as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.machine.progress import Progress
from mgskel.core.machine.threads import usable_cores
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import json_hash, keep_input, sweep_leftovers
from mgskel.core.storage.stages import working_in
from mgskel.pose.batches.clip_list import Clip, find_clips
from mgskel.pose.batches.job import ClipJob
from mgskel.pose.batches.manifest import ClipRecord, Manifest
from mgskel.pose.batches.parts import Parts
from mgskel.pose.batches.work import ClipOutcome
from mgskel.pose.batches.workers import EngineName, create_engine
from mgskel.pose.estimator import estimator_identity
from mgskel.pose.extract import Extraction, ExtractSettings
from mgskel.pose.video import expected_frames


@dataclass(frozen=True)
class Importer:
    """Reads keypoints that somebody else estimated.

    Attributes:
        read: gives the recording of a file or folder.
        takes: says whether a file or folder met in a search is a recording.
    """

    read: Callable[[str], PoseSequence]
    takes: Callable[[Path], bool]


@dataclass(frozen=True)
class Afterwards:
    """More to make of each extraction; `settings` tells equal work from changed work."""

    make: Callable[[Extraction, str, Path], None]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class BatchResult:
    """Every clip's entry, in order; names of those `skipped` because they were done before."""

    entries: tuple[ClipRecord, ...]
    skipped: frozenset[str]

    @property
    def failed(self) -> tuple[ClipRecord, ...]:
        return tuple(entry for entry in self.entries if entry.state == "failed")

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed, 2 nothing could be done."""
        if not self.failed:
            return 0
        return 1 if len(self.failed) < len(self.entries) else 2


def extract_batch(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    settings: ExtractSettings | None = None,
    workers: int | None = None,
    engine: EngineName = "local",
    importer: Importer | None = None,
    afterwards: Afterwards | None = None,
) -> BatchResult:
    """Extract clips and folders of clips into `out`; see the module's text for what is redone.

    Args:
        workers: how many clips are worked on at once, each on one core; by default as many as
            there are cores. A single long clip is split among the workers asked for.
    """
    folder = Path(out)
    settings = settings or ExtractSettings()
    clips = find_clips(inputs, folder, importer.takes if importer else None)
    for clip in clips:
        keep_input(clip.path, folder / _pose(clip), "folder")
    identity: Mapping[str, Any] = (
        {"name": "imported"} if importer else estimator_identity(settings.estimator)
    )
    plan = {
        "estimator": identity,
        "video": to_dict(settings.video),
        "people": to_dict(settings.people),
        "cleaning": to_dict(settings.cleaning),
        "afterwards": dict(afterwards.settings) if afterwards else {},
    }
    key = json_hash(plan)[:16]
    with working_in(folder):
        sweep_leftovers(folder)
        manifest = Manifest.open(folder)
        manifest.settings[key] = plan
        hashes = {clip.name: _fingerprint(clip) for clip in clips}
        todo = [c for c in clips if not manifest.is_done(c.name, hashes[c.name], key, _pose(c))]
        parts = None
        if importer is None and len(todo) == 1 and (workers or 1) > 1:
            parts = Parts(folder, workers or 1, engine).of(todo[0], settings.video)
        jobs = [
            ClipJob(
                clip,
                folder,
                settings,
                importer.read if importer else None,
                afterwards.make if afterwards else None,
                1 if len(todo) > 1 else None,
                parts,
            )
            for clip in todo
        ]
        if jobs:
            count = usable_cores() if workers is None else workers
            # Parts run on the engine themselves.
            running = create_engine("local" if parts else engine, count, len(jobs))
            with Progress(_frames(todo, settings, importer), "extract") as progress:
                for job, outcome in running.run(jobs, progress.advance):
                    manifest.record(_entry(job.clip, hashes[job.clip.name], key, outcome))
        skipped = frozenset(clip.name for clip in clips) - {clip.name for clip in todo}
        return BatchResult(tuple(manifest.entries[clip.name] for clip in clips), skipped)


def _pose(clip: Clip) -> str:
    return f"{clip.stem}.npz"


def _entry(clip: Clip, content_hash: str, key: str, outcome: ClipOutcome) -> ClipRecord:
    done = not outcome.error
    return ClipRecord(
        clip=clip.name,
        hash=content_hash,
        settings=key,
        state="done" if done else "failed",
        pose=_pose(clip) if done else "",
        pose_hash=outcome.pose_hash,
        error=outcome.error,
        notes=outcome.notes,
        duration_s=outcome.duration_s,
        frames=outcome.frames,
        seconds=outcome.seconds,
        quality=outcome.quality,
    )


def _fingerprint(clip: Clip) -> str:
    try:
        return clip.fingerprint()
    except InputError:
        return ""  # unreadable; the job itself will say so


def _frames(
    clips: Sequence[Clip], settings: ExtractSettings, importer: Importer | None
) -> int | None:
    """How many frames lie ahead, where every clip's header tells."""
    if importer is not None:
        return None
    if not all(clip.is_local for clip in clips):
        return None
    return sum(expected_frames(clip.path, settings.video) or 0 for clip in clips) or None
