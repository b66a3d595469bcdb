"""Speed of spotting: real-time factor, online milliseconds per frame, and memory.

    OMP_NUM_THREADS=1 python tools/benchmark.py spot --minutes 10,60

CPU seconds of one thread, so that other work on the machine does not count. Memory is what
spotting adds to the recording itself.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
from benchmarks._command import options

from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.spotting import OnlineSpotter, StreamRecognizer
from mgskel.synthesis import synthesise_recording

_FPS = 30.0


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--minutes", default="10", help="lengths, comma-separated")
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args(argv)
    set_threads(1)
    spotter = StreamRecognizer.load(arguments.model)
    piece = synthesise_recording(120, 1, fps=_FPS).sequence
    spotter.spot(piece)
    results = [offline(spotter, piece, float(m)) for m in arguments.minutes.split(",")]
    sys.stdout.write(to_json({"offline": results, "online": online(spotter, piece)}))
    return 0


def offline(spotter: StreamRecognizer, piece: PoseSequence, minutes: float) -> dict[str, float]:
    """A long recording at once."""
    times = max(1, round(minutes * 60 / piece.duration_s))
    frames = piece.num_frames * times
    sequence = piece.replace(
        keypoints=np.tile(piece.keypoints, (1, times, 1, 1)),
        scores=np.tile(piece.scores, (1, times, 1)),
        timestamps=np.arange(frames) / _FPS,
    )
    begin = time.process_time()
    events = spotter.spot(sequence)
    cpu = time.process_time() - begin
    tracemalloc.start()
    spotter.spot(sequence)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "minutes": frames / _FPS / 60,
        "cpu_s": round(cpu, 3),
        "times_real_time": round(frames / _FPS / cpu, 1),
        "recording_mb": round((sequence.keypoints.nbytes + sequence.scores.nbytes) / 1e6, 1),
        "peak_mb": round(peak / 1e6, 1),
        "events": len(events),
    }


def online(spotter: StreamRecognizer, piece: PoseSequence) -> dict[str, float]:
    """The same, frame by frame."""
    follower = OnlineSpotter(
        spotter, piece.skeleton, _FPS, unit=piece.unit, frame_size=piece.frame_size
    )
    spent = []
    for points, scores, time_s in zip(
        piece.keypoints[0], piece.scores[0], piece.timestamps, strict=True
    ):
        begin = time.process_time()
        follower.push(points, scores, time_s)
        spent.append(time.process_time() - begin)
    milliseconds = 1000 * np.array(spent)
    return {
        "mean_ms": round(float(milliseconds.mean()), 3),
        "p99_ms": round(float(np.quantile(milliseconds, 0.99)), 3),
        "max_ms": round(float(milliseconds.max()), 3),
        "delay_s": round(follower.delay_s, 3),
    }
