"""Speed of extraction beside a bare loop that decodes and calls the same estimator.

Bare loop and pipeline take turns, so that another load on the machine strikes both alike; the
medians are compared. Worker counts are measured on a batch of copies of the clip, also in turns.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks._command import options

from mgskel.core.machine.samples import sample_clip
from mgskel.pose.batches.batch import extract_batch
from mgskel.pose.estimator import Estimator, EstimatorSettings, create_estimator
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.pose.frames import VideoSettings


@dataclass(frozen=True)
class Pace:
    """Frames per second on the clock, and CPU milliseconds a frame, which another load on the
    machine changes less."""

    fps: float
    cpu_ms: float


class _Watch:
    def __init__(self) -> None:
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def pace(self, frames: int) -> Pace:
        wall, cpu = time.perf_counter() - self._clock, time.process_time() - self._cpu
        return Pace(frames / wall, 1e3 * cpu / frames)


def bare_loop(clip: Path, estimator: Estimator, seconds: float | None) -> tuple[int, Pace]:
    """Frames, and the pace of decoding and estimating one after the other."""
    import av

    estimator.reset()
    if hasattr(estimator, "attend"):
        estimator.attend("main")
    watch, frames = _Watch(), 0
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for picture in container.decode(stream):
            if seconds is not None and picture.time is not None and picture.time >= seconds:
                break
            estimator.estimate([picture.to_ndarray(format="rgb24")])
            frames += 1
    return frames, watch.pace(frames)


def pipeline(clip: Path, estimator: Estimator, settings: ExtractSettings, out: Path) -> Pace:
    """The pace of the whole extraction, writing included."""
    watch = _Watch()
    result = extract(clip, estimator=estimator, settings=settings)
    result.sequence.save(out)
    return watch.pace(result.sequence.num_frames)


def batch(clip: Path, copies: int, workers: int, settings: ExtractSettings, folder: Path) -> float:
    """Frames per second of a batch of copies of the clip, start-up included."""
    clips = folder / "clips"
    if not clips.exists():
        clips.mkdir()
        for index in range(copies):
            (clips / f"{index}{clip.suffix}").symlink_to(clip.resolve())
    with tempfile.TemporaryDirectory(dir=folder) as out:
        begin = time.perf_counter()
        result = extract_batch([clips], out, settings=settings, workers=workers)
        elapsed = time.perf_counter() - begin
    return sum(entry.frames for entry in result.entries) / elapsed


def main(argv: Sequence[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clip", type=Path, help="default: the sample clip")
    parser.add_argument("--estimator", default="mediapipe")
    parser.add_argument("--seconds", type=float, help="only so much of the clip")
    parser.add_argument("--repeats", type=int, default=3, help="turns of bare loop and pipeline")
    parser.add_argument("--copies", type=int, default=8, help="clips in the batch")
    parser.add_argument("--batch-repeats", type=int, default=1, help="turns of worker counts")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="worker counts")
    args = parser.parse_args(argv)

    clip = args.clip or sample_clip()
    settings = ExtractSettings(
        estimator=EstimatorSettings(name=args.estimator), video=VideoSettings(end=args.seconds)
    )
    estimator = create_estimator(settings.estimator)
    bare: list[Pace] = []
    full: list[Pace] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare_loop(clip, estimator, 0.5)  # models are loaded before anything is timed
        for _ in range(args.repeats):
            frames, pace = bare_loop(clip, estimator, args.seconds)
            bare.append(pace)
            full.append(pipeline(clip, estimator, settings, folder / "pose.npz"))
        estimator.close()
        by_workers: dict[int, list[float]] = {count: [] for count in args.workers}
        for _ in range(args.batch_repeats):
            for count, speeds in by_workers.items():
                speeds.append(batch(clip, args.copies, count, settings, folder))
    bare_fps, pipeline_fps = (statistics.median(p.fps for p in paces) for paces in (bare, full))
    bare_cpu, full_cpu = (statistics.median(p.cpu_ms for p in paces) for paces in (bare, full))
    answer = {
        "clip": clip.name,
        "frames": frames,
        "bare_fps": round(bare_fps, 2),
        "pipeline_fps": round(pipeline_fps, 2),
        "bare_cpu_ms": round(bare_cpu, 2),
        "pipeline_cpu_ms": round(full_cpu, 2),
        "workers": {str(n): round(statistics.median(s), 2) for n, s in by_workers.items()},
    }
    json.dump(answer, sys.stdout, indent=1)
    sys.stdout.write("\n")
    print(
        f"pipeline at {pipeline_fps / bare_fps:.3f} of the bare loop, "
        f"{bare_cpu / full_cpu:.3f} by CPU time",
        file=sys.stderr,
    )
    return 0
