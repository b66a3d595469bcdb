"""What an engine runs on a clip or a part of one, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mgskel.core.errors import MgskelError
from mgskel.core.machine.progress import Progress
from mgskel.core.storage.files import json_hash
from mgskel.pose.batches.clip_list import Clip
from mgskel.pose.estimator import Estimator, EstimatorSettings, create_estimator


class Work(Protocol):
    """What an engine runs: the work on one clip, which travels to other processes."""

    @property
    def clip(self) -> Clip: ...

    def __call__(self, tell: Callable[[int], None]) -> ClipOutcome: ...


@dataclass(frozen=True)
class ClipOutcome:
    """What became of a clip; `error` is empty where all went well."""

    error: str = ""
    notes: tuple[str, ...] = ()
    duration_s: float = 0.0
    frames: int = 0
    seconds: float = 0.0
    pose_hash: str = ""
    quality: str = ""


def failure(error: Exception) -> str:
    """What a clip failed of: a batch outlives whatever one does to a decoder or a model."""
    return str(error) if isinstance(error, MgskelError) else f"{type(error).__name__}: {error}"


class FrameCount(Progress):
    """Passes frame counts on instead of showing them, now and then."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        super().__init__(0, "", quiet=True)
        self._tell = tell
        self._untold = 0
        self._told_at = time.monotonic()

    def advance(self, n: int = 1) -> None:
        self._untold += n
        now = time.monotonic()
        if now - self._told_at > 0.5:
            self.flush()
            self._told_at = now

    def flush(self) -> None:
        if self._untold:
            self._tell(self._untold)
            self._untold = 0


_KEPT: dict[str, Estimator] = {}


def kept_estimator(settings: EstimatorSettings, threads: int | None) -> Estimator:
    """This process's estimator: loading models once per worker, not once per clip."""
    key = json_hash(repr(settings))
    if key not in _KEPT:
        _KEPT.clear()
        _KEPT[key] = create_estimator(settings, threads)
    return _KEPT[key]
