"""Following a camera: frames in one at a time, events out as soon as they are over.

The events are those that `Recognizer.spot` finds in the whole recording: features look back only,
the network `lookahead_s` ahead, and a gesture is over after two quiet moments.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Protocol

import numpy as np

from mgskel.core.errors import InputError, shown
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.models import Backbone
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY, DecisionRule
from mgskel.spotting.decision.decoding import QUIET_MOMENTS, Decoder, MomentTrack
from mgskel.spotting.decision.hand_place import place_terms
from mgskel.spotting.decision.needs import served_classes, usable_joints
from mgskel.spotting.decision.tracks import MomentStream, silent_alone
from mgskel.spotting.network.features import FeatureStream, StreamInput
from mgskel.spotting.network.grid import GridStream, flat_view

_FASTEST, _LATEST_S = 1000.0, 1e11
_FORGOTTEN_S = 60.0  # longer than features and network look back


class MomentRecognizer(Protocol):
    """What following takes of a recognizer that answers for every moment as it passes."""

    @property
    def vocabulary(self) -> Vocabulary: ...
    @property
    def decision(self) -> DecisionRule: ...
    @property
    def name(self) -> str: ...
    @property
    def input(self) -> StreamInput: ...
    @property
    def folded(self) -> Backbone: ...
    @property
    def step_s(self) -> float: ...


class OnlineSpotter:
    """Follows one person.

    Args:
        skeleton: layout of the frames to come.
        fps: their nominal rate; their times may be uneven.
        unit, frame_size: of the coordinates, as in `PoseSequence`.
        sensitivity: as in `Recognizer.spot`.
    """

    def __init__(
        self,
        spotter: MomentRecognizer,
        skeleton: Skeleton | str = "mediapipe_holistic",
        fps: float = 30.0,
        *,
        unit: str = "pixel",
        frame_size: tuple[int, int] | None = None,
        person: str = "1",
        sensitivity: float = DEFAULT_SENSITIVITY,
    ) -> None:
        if not 0 < _finite(fps, "fps") <= _FASTEST:
            raise InputError(
                "impossible frame rate", expected=f"above 0, at most {_FASTEST:g}", found=fps
            )
        if not 0 <= _finite(sensitivity, "sensitivity") <= 1:
            raise InputError("wrong sensitivity", expected="0 to 1", found=sensitivity)
        self.spotter = spotter
        self.skeleton = get_skeleton(skeleton)
        self.fps, self.unit, self.frame_size, self.person = fps, unit, frame_size, person
        self._sensitivity = sensitivity
        self._layout = spotter.input.features.skeleton
        self._last_s: float | None = None
        self._busy = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        """Know of nothing before the next frame."""
        spotter, settings = self.spotter, self.spotter.input.features
        self._grid = GridStream(settings.rate_hz, self.fps)
        self._features = FeatureStream(settings)
        self._decoder = Decoder(
            spotter.vocabulary, spotter.decision, spotter.step_s, self.person, spotter.name,
            self._sensitivity,
        )  # fmt: skip
        self._stream = MomentStream(spotter.folded, spotter.input)
        self._usable: deque[np.ndarray] = deque()
        self._places: deque[np.ndarray] = deque()
        self._served: tuple[np.ndarray, np.ndarray] | None = None
        """What was usable last, and the classes that this serves: it seldom changes."""
        self._arrived = self._answered = 0

    @property
    def delay_s(self) -> float:
        """Longest time from the end of a gesture, as said, to its being said."""
        ahead = self._stream.timing.ahead / self.spotter.input.features.rate_hz
        quiet = (QUIET_MOMENTS - 1) * self.spotter.step_s
        return ahead + quiet + 1 / self.fps - min(self.spotter.decision.offset_shift_s, 0.0)

    def push(
        self, keypoints: np.ndarray, scores: np.ndarray | None, time_s: float
    ) -> tuple[GestureEvent, ...]:
        """Take in one frame; returns the gestures that are over.

        Args:
            keypoints: (V, C), NaN where missing.
            scores: (V,), or none where every joint is as good as it can be.
            time_s: seconds, later than the frame before. After a longer gap than anything rests
                on (a laptop slept), what was going on is over and all begins anew.

        A frame that is refused changes nothing.
        """
        if not self._busy.acquire(blocking=False):
            raise InputError(
                "another thread is at work with this OnlineSpotter",
                remedy="push frames from one thread, or make one OnlineSpotter for each",
            )
        try:
            return self._push(keypoints, scores, _finite(time_s, "time"))
        finally:
            self._busy.release()

    def _push(
        self, keypoints: np.ndarray, scores: np.ndarray | None, time_s: float
    ) -> tuple[GestureEvent, ...]:
        if self._last_s is not None and not time_s > self._last_s:
            raise InputError(
                "frames must come in the order of time",
                expected=f"a time after {self._last_s:.3f} s",
                found=f"{time_s:.3f} s",
                remedy="drop the frame, or start a new OnlineSpotter",
            )
        frame = self._flat(_numbers(keypoints), None if scores is None else _numbers(scores))
        events: list[GestureEvent] = []
        if self._last_s is not None and time_s - self._last_s > _FORGOTTEN_S:
            events += self.finish()
            self._begin()
        self._last_s = time_s
        for points, confidences in self._grid.push(*frame, time_s):
            if self._arrived % self._stream.timing.stride == 0:
                self._usable.append(usable_joints(confidences))
            values, mask = self._features.push(points)
            if self._arrived % self._stream.timing.stride == 0:
                seen = (mask & self._usable[-1])[None]
                self._places.append(place_terms(values[:2, None], seen, self._layout))
            self._arrived += 1
            events += self._said(self._stream.push(values[:, None], mask[None]))
        return tuple(events)

    def finish(self) -> tuple[GestureEvent, ...]:
        """No more frames: answers for the last moments, and the gestures still going on."""
        return (*self._said(self._stream.finish()), *self._decoder.finish())

    def _said(self, answers: np.ndarray) -> list[GestureEvent]:
        """What follows from the network's log-odds (K + 1, n) for the next moments."""
        events: list[GestureEvent] = []
        for moment in answers.T:
            usable = self._usable.popleft()[None]
            if self._served is None or not np.array_equal(self._served[0], usable):
                served = served_classes(self.spotter.vocabulary, usable, self._layout)
                self._served = usable, served
            part = MomentTrack(
                self.person, silent_alone(moment[:, None], usable), self._served[1],
                self._places.popleft(),
                self._grid.start_s + self._answered * self.spotter.step_s, self.spotter.step_s,
            )  # fmt: skip
            self._answered += 1
            events += self._decoder.push(part)
        return events

    def _flat(
        self, keypoints: np.ndarray, scores: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """One frame in the network's layout, (V, 2) and (V,)."""
        joints = self.skeleton.num_joints
        if keypoints.shape not in ((joints, 2), (joints, 3)):
            raise InputError(
                "the frame does not fit the layout",
                expected=f"({joints}, 2 or 3) keypoints of '{self.skeleton.name}'",
                found=f"shape {keypoints.shape}",
                remedy="name the frames' own layout: OnlineSpotter(spotter, skeleton=...)",
            )
        flat = flat_view(
            PoseSequence.from_arrays(
                keypoints[None],
                None if scores is None else scores[None],
                fps=self.fps,
                skeleton=self.skeleton,
                unit=self.unit,
                frame_size=self.frame_size,
            ),
            self._layout,
        )
        return flat.keypoints[0, 0], flat.scores[0, 0]


def _finite(value: Any, what: str) -> float:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not -_LATEST_S < value < _LATEST_S:
        raise InputError(f"{what} is no usable number", expected="a number", found=shown(value))
    return float(value)


def _numbers(values: Any) -> np.ndarray:
    try:
        return np.asarray(values, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            "the frame holds no numbers", expected="an array of numbers", found=shown(values)
        ) from error
