"""One person whom MediaPipe follows: looked at closely, with hands and face, or glimpsed.

A glimpse is the body model alone, at half the time, and not in every picture: the more rarely the
better the person's motion foretells where they will be.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgskel.pose.estimators.mediapipe_graphs import Graph, follower
from mgskel.pose.prominence import Standing

_RAREST = 30
# How far a guess of where somebody is may be off, in radii of `mediapipe_finder`.
_ASTRAY = 0.2
_FIRST_WAIT = 3
_FRAME_US = 33333
_NOSE, _SHOULDERS, _HIPS = 0, [11, 12], [23, 24]
_TRUNK = [_NOSE, *_SHOULDERS, *_HIPS]


class Follower:
    """One run of Holistic on one person, or glimpses of that person.

    Attributes:
        run: the number of the unbroken run on this person.
        seen: landmarks, none where the person is lost.
        place: where to look next, as MediaPipe has it.
        glimpsed: whether those are of the body only, and not of every picture.
        body: (5, 2) nose, shoulders and hips when last seen, in pixels.
        step: (2,) pixels from picture to picture, as of the last two; `pace` as of several.
        missed: pictures since the person was lost.
        closely: whether the next look is a close one.
        watched: whether it otherwise is a glimpse at each picture.
    """

    def __init__(self, complexity: int, min_score: float, threads: int | None) -> None:
        self._graph = Graph(lambda: follower(complexity, min_score, threads))
        self.place: Any = None
        self.seen: Any = None
        self.body: np.ndarray | None = None
        self.step = np.zeros(2)
        self.pace = np.zeros(2)
        self.missed = 0
        self.run = 0
        self.closely = True
        self.watched = False
        self.glimpsed = False
        self._waits, self._waited = 1, 0
        self._frames, self._size, self._middle = 0, 0.0, np.zeros(2)

    def close(self) -> None:
        self._graph.close()

    def idle(self) -> None:
        """A picture without this person; the run's own clock goes on."""
        self._graph.pass_time(_FRAME_US)
        self.seen = None
        self.missed += 1

    def follow(self, image: np.ndarray, place: Any) -> bool:
        """Look closely for the person at a place; False where nobody is there."""
        begun = self.seen is not None
        self._move_on(place, image)
        if not self._take(self._graph({"image": image, "place": place}), image):
            return False
        self.glimpsed = False
        self._waits, self._waited = 1, 0
        if not begun:
            self.step = np.zeros(2)
        return True

    @property
    def attended(self) -> bool:
        """Whether each picture shows where the person is."""
        return self.closely or self.watched

    @property
    def fresh(self) -> bool:
        """Whether the last picture was looked at for the person."""
        return not self._waited

    @property
    def due(self) -> bool:
        """Whether it is time for another glimpse."""
        return self.seen is None or self._waited + 1 >= self._waits

    def carry(self) -> None:
        """Take it that the person moved on as before."""
        assert self.body is not None
        self._graph.pass_time(_FRAME_US)
        self.glimpsed = True
        self._waited += 1
        self.body = self.body + self.step

    def glimpse(self, image: np.ndarray, place: Any, reader: Graph) -> bool:
        """Look with the body model alone; False where nobody is there."""
        self._graph.pass_time(_FRAME_US)
        self.glimpsed = True
        begun = self.seen is not None
        elapsed = self._waited + 1
        expected = None if self.body is None else self.body + self.step
        before = None if self.body is None else self.body - self.step * self._waited
        self._move_on(place, image)
        if not self._take(reader({"image": image, "place": place}), image):
            return False
        assert self.body is not None
        self.step, self._waits, self._waited = np.zeros(2), _FIRST_WAIT, 0
        if begun and expected is not None and before is not None:
            self.step = (self.body - before).mean(0) / elapsed
            off = float(np.hypot(*(self.body - expected).mean(0)))
            certain = elapsed * _ASTRAY * self.radius / max(off, 1e-6)
            self._waits = int(np.clip(certain, 1, min(2 * elapsed, _RAREST)))
            if elapsed >= _FIRST_WAIT:
                self.pace = self.step
        return True

    def wait_at_most(self, pictures: float) -> None:
        """Let no more pictures pass before the next glimpse."""
        self._waits = max(int(min(self._waits, pictures)), 1)

    def stop(self) -> None:
        """Nobody is followed until a new place is given."""
        self.place = self.seen = None
        self._waited = 0

    @property
    def moved(self) -> np.ndarray:
        """(2,) pixels by which the person has probably moved since `seen`."""
        return self.step * self._waited

    @property
    def shoulders(self) -> np.ndarray:
        """(2,) their middle when last seen."""
        assert self.body is not None
        return self.body[1:3].mean(0)

    @property
    def upright(self) -> bool:
        """Shoulders above hips; legs and hands are sometimes taken for somebody on the head."""
        assert self.body is not None
        x, y = self.body[3:].mean(0) - self.shoulders
        return bool(y > abs(x))

    @property
    def radius(self) -> float:
        """About as a `Found` has it: two and a half shoulder widths or two trunks."""
        assert self.body is not None
        width = np.hypot(*(self.body[1] - self.body[2]))
        trunk = np.hypot(*(self.shoulders - self.body[3:].mean(0)))
        return float(max(2.5 * width, 1.6 * trunk, 1.0))

    def standing(self, frames: int) -> Standing:
        """The part in so many frames of whoever was followed here."""
        return Standing(self._size, self._middle, self._frames / frames)

    def _move_on(self, place: Any, image: np.ndarray) -> None:
        """Shift a place that is some pictures old to where the person should be now."""
        if self._waited and self.seen is not None:
            x, y = self.step * (self._waited + 1)
            place.x_center += x / image.shape[1]
            place.y_center += y / image.shape[0]

    def _take(self, seen: Any, image: np.ndarray) -> bool:
        self.seen, self.place = seen, seen.next_place
        if seen.pose_landmarks is None:
            self.stop()
            return False
        height, width = image.shape[:2]
        marks = seen.pose_landmarks.landmark
        body = np.array([(marks[i].x * width, marks[i].y * height) for i in _TRUNK])
        self.step = np.zeros(2) if self.body is None else (body - self.body).mean(0)
        self.body = body
        self.missed = 0
        return True

    def count(self) -> None:
        """One more picture with this person."""
        assert self.body is not None
        self.pace = 0.8 * self.pace + 0.2 * self.step
        self._frames += 1
        self._size += (self.radius - self._size) / self._frames
        self._middle = self._middle + (self.body.mean(0) - self._middle) / self._frames
