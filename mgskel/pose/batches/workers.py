"""Where the jobs of a batch run: in this process, in several, or on a Ray cluster.

On Ray, every node needs this package installed, and must see clips and output folder under the
same paths (a shared file system).

An engine takes jobs and gives (job, outcome) pairs in the order in which they end; what a job
does is its own matter. A worker that dies (killed, out of memory, a crash inside a decoder)
costs nobody else anything: its job is tried once more in a fresh worker, and then counts as
failed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, Protocol, TypeVar

from mgskel.core.errors import InputError, MissingDependency
from mgskel.pose.batches.work import ClipOutcome, Work

EngineName = Literal["local", "ray"]
_ATTEMPTS = 2
# Models leave some memory behind with every clip: after so many a fresh process goes on.
_CLIPS_OF_A_WORKER = 40
_RAY_RETRIES = 3


Job = TypeVar("Job", bound=Work)


class Engine(Protocol):
    """Runs jobs; `tell` hears how many more frames are done."""

    def run(
        self, jobs: Sequence[Job], tell: Callable[[int], None]
    ) -> Iterator[tuple[Job, ClipOutcome]]: ...


def create_engine(name: EngineName, workers: int, jobs: int) -> Engine:
    """The engine for so many jobs."""
    if workers < 1:
        raise InputError("there must be at least one worker", found=f"--workers {workers}")
    if name == "ray":
        return RayCluster(workers)
    return Inline() if jobs == 1 else Processes(min(workers, jobs))


class Inline:
    """One job after the other, in this process."""

    def run(
        self, jobs: Sequence[Job], tell: Callable[[int], None]
    ) -> Iterator[tuple[Job, ClipOutcome]]:
        for job in jobs:
            yield job, job(tell)


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    line: Connection
    job: Any = None
    done: int = 0


class Processes:
    """Several worker processes on this machine, replaced when they die or have done their share."""

    def __init__(self, workers: int) -> None:
        self._count = workers
        self._context = multiprocessing.get_context("spawn")

    def run(
        self, jobs: Sequence[Job], tell: Callable[[int], None]
    ) -> Iterator[tuple[Job, ClipOutcome]]:
        waiting = deque(jobs)
        deaths: dict[str, int] = {}
        workers: list[_Worker] = []
        try:
            while waiting or any(worker.job for worker in workers):
                while waiting and len(workers) < self._count:
                    workers.append(self._start())
                for worker in workers:
                    if worker.job is None and waiting:
                        worker.job = waiting.popleft()
                        worker.line.send(worker.job)
                ready = wait([worker.line for worker in workers if worker.job])
                for worker in [w for w in workers if w.line in ready]:
                    job = worker.job
                    assert job is not None
                    try:
                        answer = worker.line.recv()
                    except (EOFError, OSError):
                        workers.remove(worker)
                        name = job.clip.name
                        deaths[name] = deaths.get(name, 0) + 1
                        if deaths[name] < _ATTEMPTS:
                            waiting.appendleft(job)
                        else:
                            yield job, ClipOutcome(error=_obituary(worker.process))
                        continue
                    if isinstance(answer, int):
                        tell(answer)
                    else:
                        worker.job = None
                        worker.done += 1
                        if worker.done >= _CLIPS_OF_A_WORKER:
                            workers.remove(worker)
                            worker.line.close()
                            worker.process.join()
                        yield job, answer
        finally:
            for worker in workers:
                worker.line.close()
                if worker.job is not None:
                    worker.process.terminate()
            for worker in workers:
                worker.process.join()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


class RayCluster:
    """Joins the cluster of RAY_ADDRESS, or starts a local one with `workers` CPUs."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self, jobs: Sequence[Job], tell: Callable[[int], None]
    ) -> Iterator[tuple[Job, ClipOutcome]]:
        try:
            import ray
        except ImportError:
            raise MissingDependency("ray", "ray", "--engine ray") from None

        started = not ray.is_initialized()
        if started:
            ray.init(
                num_cpus=None if os.environ.get("RAY_ADDRESS") else self._workers,
                log_to_driver=False,
                include_dashboard=False,
            )
        try:
            remote = ray.remote(num_cpus=1, max_retries=_RAY_RETRIES)(_do)
            running = {remote.remote(job): job for job in jobs}
            while running:
                ended, _ = ray.wait(list(running), num_returns=1)
                for reference in ended:
                    job = running.pop(reference)
                    try:
                        outcome = ray.get(reference)
                    except ray.exceptions.RayError as error:
                        outcome = ClipOutcome(error=f"Ray gave the clip up: {type(error).__name__}")
                    tell(outcome.frames)
                    yield job, outcome
        finally:
            if started:
                ray.shutdown()


def _do(job: Work) -> ClipOutcome:
    return job(lambda frames: None)


def _serve(line: Connection) -> None:
    """A worker's life: jobs in, frame counts and outcomes out, until the line closes."""
    # Ctrl-C reaches the whole process group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=die_with_parent, daemon=True).start()
    while True:
        try:
            job = line.recv()
        except (EOFError, OSError):
            return
        line.send(job(line.send))


def die_with_parent() -> None:
    """A killed parent must not leave workers behind that write into its folder."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _obituary(process: BaseProcess) -> str:
    process.join()
    code = process.exitcode or 0
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return (
        f"the worker process died {how} on this clip, twice\n"
        "  remedy: it may lack memory (fewer --workers, --max-side 1280), "
        "or the file may crash its decoder"
    )
