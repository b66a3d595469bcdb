"""A camera, or a clip played as one, goes in; gestures come out as soon as they are over.

::

    for event in follow("camera:0"):
        print(event.label)

`Live` gives each frame with its person as well, for those who draw.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.pose.estimator import Detection, Estimator, EstimatorSettings, create_estimator
from mgskel.pose.frames import Footage, Frame, FrameSource, VideoSettings
from mgskel.pose.video import open_source
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY
from mgskel.spotting.online import OnlineSpotter
from mgskel.spotting.recognizer import Recognizer

_USUAL_FPS = 30.0


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """One frame as it passes.

    Attributes:
        person: the largest person in it, if there is one; points in its own pixels.
        events: the gestures that are over now.
        own_s: processor time that it cost beside camera and estimator.
    """

    frame: Frame
    person: Detection | None
    events: tuple[GestureEvent, ...]
    own_s: float


class Live:
    """Follows the largest person in the frames of a source, one at a time.

    Args:
        source: ``camera:N``, an address, a clip, or pictures as `mgskel.pose.stills` takes them.
        fps: at most so many frames per second; of pictures, their rate.
        sensitivity: as in `Recognizer.spot`.
        played: leave frames of a clip out that cannot be seen in time, as a camera would.
        record: keep the poses, for `recorded`.
    """

    def __init__(
        self,
        source: Footage,
        recognizer: Recognizer | None = None,
        estimator: Estimator | None = None,
        *,
        fps: float | None = None,
        sensitivity: float = DEFAULT_SENSITIVITY,
        played: bool = False,
        record: bool = False,
    ) -> None:
        self.recognizer = recognizer or Recognizer.load()
        self._frames = open_source(source, VideoSettings(fps=fps, seconds=float("inf")))
        self._own_estimator = estimator is None
        self.estimator = estimator or _quickest()
        self._sensitivity, self._played, self._record = sensitivity, played, record
        self._points: list[np.ndarray] = []
        self._scores: list[np.ndarray] = []
        self._times: list[float] = []
        self.left_out = 0
        """Frames that passed while another was looked at."""

    @property
    def fps(self) -> float:
        return self._frames.fps or _USUAL_FPS

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture; known once the first frame has come."""
        return self._frames.size

    def __iter__(self) -> Iterator[LiveFrame]:
        online: OnlineSpotter | None = None
        last: Frame | None = None
        self.estimator.reset()
        try:
            for frame in self._in_time(self._frames):
                person = max(self.estimator.estimate([frame.image])[0], key=_height, default=None)
                begin = time.thread_time()
                online = online or self.recognizer.follow(
                    self.estimator.skeleton,
                    self.fps,
                    frame_size=self.size,
                    sensitivity=self._sensitivity,
                )
                points, scores = self._seen(person)
                events = online.push(points, scores, frame.time_s)
                if self._record:
                    self._points.append(points)
                    self._scores.append(scores)
                    self._times.append(frame.time_s)
                yield LiveFrame(frame, person, events, time.thread_time() - begin)
                last = frame
            if online is not None and last is not None:
                yield LiveFrame(last, None, online.finish(), 0.0)
        finally:
            self._frames.close()
            if self._own_estimator:
                self.estimator.close()

    def recorded(self) -> PoseSequence:
        """The poses so far."""
        if not self._points:
            raise InputError("nothing was recorded", expected="at least one frame")
        return PoseSequence.from_arrays(
            np.stack(self._points),
            np.stack(self._scores),
            fps=self.fps,
            skeleton=self.estimator.skeleton,
            timestamps=np.array(self._times),
            frame_size=self.size,
            source=self._frames.name,
        ).noted("extract", estimator=dict(self.estimator.identity), live=True)

    def _seen(self, person: Detection | None) -> tuple[np.ndarray, np.ndarray]:
        joints = self.estimator.skeleton.num_joints
        if person is None:
            return np.full((joints, 2), np.nan, np.float32), np.zeros(joints, np.float32)
        return person.keypoints, person.scores

    def _in_time(self, frames: FrameSource) -> Iterator[Frame]:
        """The frames, of a played clip when they are due; late ones are left out."""
        begin: float | None = None
        for frame in frames:
            if self._played:
                now = time.perf_counter()
                begin = now - frame.time_s if begin is None else begin
                wait = frame.time_s - (now - begin)
                if wait < -1.0 / self.fps:
                    self.left_out += 1
                    continue
                time.sleep(max(wait, 0.0))
            yield frame


def follow(
    source: Footage,
    model: str | Path | None = None,
    estimator: Estimator | str | None = None,
    fps: float | None = None,
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> Iterator[GestureEvent]:
    """Gestures of the largest person in a camera, clip or iterator of frames, as they come.

    Args:
        source: ``camera:N``, an address, a clip, or (H, W, 3) uint8 RGB pictures one by one.
        model: a run folder, by default the recognizer that ships.
        fps: the pictures' rate.
    """
    made = create_estimator(EstimatorSettings(estimator)) if isinstance(estimator, str) else None
    try:
        chosen = made or (estimator if not isinstance(estimator, str) else None)
        recognizer = Recognizer.load(model)
        for moment in Live(source, recognizer, chosen, fps=fps, sensitivity=sensitivity):
            yield from moment.events
    finally:
        if made is not None:
            made.close()


def _quickest() -> Estimator:
    """The default estimator, following one person: there is no time for two."""
    settings = EstimatorSettings()
    if hasattr(settings.chosen, "most_people"):
        settings = EstimatorSettings(settings.name, replace(settings.chosen, most_people=1))
    return create_estimator(settings)


def _height(person: Detection) -> float:
    """Of a person in the picture."""
    seen = person.keypoints[np.isfinite(person.keypoints[:, 1]), 1]
    return float(np.ptp(seen)) if len(seen) else 0.0
