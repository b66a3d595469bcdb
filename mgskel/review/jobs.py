"""The queue: clips are analysed one after the other, each in a process that can be stopped."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from mgskel.analyze import AnalyzeSettings
from mgskel.core.errors import InputError, MgskelError
from mgskel.pose.batches.workers import die_with_parent
from mgskel.study.study_folder import About

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"


@dataclass(frozen=True)
class Queued:
    """One clip in the queue."""

    number: int
    path: Path
    state: str = WAITING
    error: str = ""
    # frames, total: how far its extraction is; 0 where that is not known
    frames: int = 0
    total: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.path.name,
            "state": self.state,
            "error": self.error,
            "done": min(self.frames / self.total, 0.99) if self.total else 0,
        }


class Queue:
    """Clips on their way into a study."""

    def __init__(self, study: Path, settings: AnalyzeSettings) -> None:
        self._study, self._settings = study, settings
        self._jobs: dict[int, Queued] = {}
        self._process: BaseProcess | None = None
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._work, daemon=True).start()

    def add(self, path: Path, state: str = WAITING) -> Queued:
        """Put a clip into the queue; one that is there already is taken up again."""
        with self._changed:
            same = [job.number for job in self._jobs.values() if job.path == path]
            number = same[0] if same else len(self._jobs) + 1
            if not same or self._jobs[number].state not in (WAITING, RUNNING):
                self._jobs[number] = Queued(number, path, state)
            self._changed.notify_all()
            return self._jobs[number]

    def retry(self, number: int) -> None:
        self.add(self._job(number).path)

    def cancel(self, number: int) -> None:
        with self._changed:
            job = self._job(number)
            if job.state == RUNNING and self._process is not None:
                self._process.kill()
            if job.state in (WAITING, RUNNING):
                self._jobs[number] = replace(job, state=CANCELLED)

    def to_list(self) -> list[Mapping[str, Any]]:
        with self._changed:
            return [job.to_dict() for job in self._jobs.values()]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            if self._process is not None:
                self._process.kill()
            self._changed.notify_all()

    def _job(self, number: int) -> Queued:
        if number not in self._jobs:
            raise InputError("no such clip in the queue", found=number)
        return self._jobs[number]

    def _work(self) -> None:
        while True:
            with self._changed:
                waiting = [job for job in self._jobs.values() if job.state == WAITING]
                if self._closed:
                    return
                if not waiting:
                    self._changed.wait()
                    continue
                job = waiting[0]
                self._jobs[job.number] = replace(job, state=RUNNING)
                context = multiprocessing.get_context("spawn")
                ours, theirs = context.Pipe(duplex=False)
                given = (theirs, job.path, self._study, self._settings)
                self._process = context.Process(target=_analyze, args=given, daemon=True)
                self._process.start()
                theirs.close()
            self._follow(job.number, ours)
            self._process.join()

    def _follow(self, number: int, line: Connection) -> None:
        """Keep a job's record while its process runs."""
        error = "the process that analysed it ended without a word; it may lack memory"
        try:
            while (message := line.recv())[0] != "ended":
                with self._changed:
                    job, (field, more) = self._jobs[number], message
                    changes = {field: getattr(job, field) + more}
                    self._jobs[number] = replace(job, **changes)
            error = message[1]
        except (EOFError, OSError):
            pass
        with self._changed:
            job = self._jobs[number]
            if job.state == RUNNING:
                self._jobs[number] = replace(job, state=FAILED if error else DONE, error=error)


def _analyze(line: Connection, path: Path, study: Path, settings: AnalyzeSettings) -> None:
    """A clip's way into the study, as `mgskel analyze` goes it; tells frames, then what failed."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    from mgskel.analyze_study import StudySettings, analyze_study

    line.send(("total", _frames(path)))
    kept = About.load(study)
    how = StudySettings(bin_s=kept.bin_s, parquet=kept.parquet, workers=1)
    try:
        done = analyze_study(
            [path], study, settings, how, lambda frames: line.send(("frames", frames))
        )
        line.send(("ended", "\n".join(entry.error for entry in done.failed)))
    except MgskelError as error:
        line.send(("ended", str(error)))


def _frames(path: Path) -> int:
    """About how many pictures a video has."""
    import av

    try:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            length = float(container.duration or 0) / av.time_base
            return int(video.frames or length * float(video.average_rate or 0))
    except (av.FFmpegError, IndexError):
        return 0
