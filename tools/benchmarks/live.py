"""What following a camera costs beside camera and estimator: milliseconds per frame.

    OMP_NUM_THREADS=1 python tools/benchmark.py live

A synthetic minute is followed in pictures of 1280 x 720: spotting, and drawing of the window's
picture with skeleton and words. Processor time of one thread, so that other programs on the
machine do not count.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from benchmarks._command import options

from mgskel.core.events import GestureEvent
from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.pose.estimator import Detection
from mgskel.report.films.live_view import LiveView
from mgskel.spotting.live import Live
from mgskel.synthesis import SynthesisSettings, synthesise_recording

_FPS = 30.0
_SIZE = (1280, 720)


class _Known:
    """Sees a known recording, so that only the rest costs time."""

    batch_size = 1

    def __init__(self, played: PoseSequence) -> None:
        self.skeleton = played.skeleton
        self.identity: Mapping[str, Any] = {"name": "known"}
        frames = zip(played.keypoints[0], played.scores[0], strict=True)
        self._left = [[Detection(points, scores)] for points, scores in frames]

    def reset(self) -> None:
        """Nothing is remembered."""

    def close(self) -> None:
        """Nothing is held open."""

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        return [self._left.pop(0) for _ in images]


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args(argv)
    set_threads(1)
    settings = SynthesisSettings(layout="mediapipe_holistic")
    played = synthesise_recording(arguments.seconds, 1, settings, fps=_FPS).sequence
    view = LiveView()
    events: list[GestureEvent] = []
    spotting: list[float] = []
    drawing: list[float] = []
    for moment in Live(_pictures(played.num_frames), estimator=_Known(played), fps=_FPS):
        begin = time.thread_time()
        events += moment.events
        view.draw(moment, played.skeleton, events[-4:])
        drawing.append(time.thread_time() - begin)
        spotting.append(moment.own_s)
    both = np.add(spotting, drawing)
    answer: dict[str, float] = {"frames": len(both), "gestures": len(events)}
    for name, spent in (("spotting", spotting), ("drawing", drawing), ("together", both)):
        answer |= {f"{name}_ms": _ms(spent, 0.5), f"{name}_ms_95": _ms(spent, 0.95)}
    sys.stdout.write(to_json(answer))
    return 0


def _pictures(count: int) -> Iterator[np.ndarray]:
    picture = np.random.default_rng(0).integers(0, 255, (*_SIZE[::-1], 3), dtype=np.uint8)
    for _ in range(count):
        yield picture


def _ms(spent: Sequence[float] | np.ndarray, share: float) -> float:
    return round(1000 * float(np.quantile(spent, share)), 2)
