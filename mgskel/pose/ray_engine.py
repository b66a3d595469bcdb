"""The same jobs on a Ray cluster.

Every node needs this package installed, and must see clips and output folder under the same
paths (a shared file system). Ray starts a job anew when its worker or node dies.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from mgskel.core.errors import MissingDependency
from mgskel.pose.jobs import Job, Outcome, run_job

_RETRIES = 3


class RayEngine:
    """Joins the cluster of RAY_ADDRESS, or starts a local one with `workers` CPUs."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self, jobs: Sequence[Job], tell: Callable[[int], None]
    ) -> Iterator[tuple[Job, Outcome]]:
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
            remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(run_job)
            running = {remote.remote(job): job for job in jobs}
            while running:
                ended, _ = ray.wait(list(running), num_returns=1)
                for reference in ended:
                    job = running.pop(reference)
                    try:
                        outcome = ray.get(reference)
                    except ray.exceptions.RayError as error:
                        outcome = Outcome(error=f"Ray gave the clip up: {type(error).__name__}")
                    tell(outcome.frames)
                    yield job, outcome
        finally:
            if started:
                ray.shutdown()
