"""How long an extraction will take: headers tell the frames, a short probe the speed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.machine.threads import usable_cores
from mgskel.pose.batches.clip_list import find_clips
from mgskel.pose.estimator import create_estimator
from mgskel.pose.extract import ExtractSettings
from mgskel.pose.observe import observe
from mgskel.pose.video import expected_frames

PROBE_S = 2.0


@dataclass(frozen=True)
class Forecast:
    """What there is to look at, the speed of one worker, and how long so many will take."""

    clips: int
    frames: int
    frames_per_second: float
    workers: int
    seconds: float

    def line(self) -> str:
        minutes, hours = self.seconds / 60, self.seconds / 3600
        time_text = f"{hours:.1f} hours" if hours >= 2 else f"{max(minutes, 0.1):.1f} minutes"
        return (
            f"{self.clips} clips, {self.frames} frames: about {time_text} with {self.workers} "
            f"workers at {self.frames_per_second:.1f} frames a second each"
        )


def forecast(
    inputs: Sequence[str | Path],
    out: Path,
    settings: ExtractSettings,
    workers: int | None = None,
) -> Forecast:
    """What extraction of clips and folders will cost on this machine."""
    clips = [clip for clip in find_clips(inputs, out) if clip.is_local]
    promised = [(clip, expected_frames(clip.path, settings.video)) for clip in clips]
    readable = [clip for clip, number in promised if number is not None]
    frames = sum(number or 0 for _, number in promised)
    if not readable:
        raise InputError("no clip whose length can be told", expected="video files")
    speed = _speed(readable[len(readable) // 2].path, settings)
    count = workers or min(usable_cores(), len(readable))
    return Forecast(len(readable), frames, speed, count, frames / speed / count)


def _speed(clip: str, settings: ExtractSettings) -> float:
    """Frames a second of one worker in the first seconds of a clip, start-up left out."""
    start, end = settings.video.bounds
    video = dataclasses.replace(settings.video, end=min(end, start + PROBE_S), seconds=None)
    model = create_estimator(settings.estimator, 1)
    try:
        warm = dataclasses.replace(video, end=min(end, start + 0.2))
        observe(clip, model, warm, settings.people.keep)
        begin = time.perf_counter()
        seen = observe(clip, model, video, settings.people.keep)
        return len(seen.times) / (time.perf_counter() - begin)
    finally:
        model.close()
