"""Who is followed by MediaPipe: everybody found in the picture, each by a run of Holistic.

The whole picture and its large tiles are searched at the start, and one of them every few frames
later (small tiles only where people are small). Whom the detector finds becomes a person once the
body model agrees. A lost person is looked for around the last place.

Where one person is asked for, those who can't be that person (after a second: all but the most
prominent, where several are nearly so) are only glimpsed: the body model
looks at them now and then, the more rarely the better their motion foretells where they will be
and the farther they are from others. Who comes near somebody else is looked at closely again, so
that nobody's place is stolen.

A run whose square holds two people is drawn over to the more prominent one; so the heads of the
others are hidden from it. Where two runs end up on the same person all the same, because one
passes behind the other, the run that came over from elsewhere stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.pose.estimators.mediapipe_finder import (
    Found,
    PersonFinder,
    Region,
    near,
    tiles,
    whole,
)
from mgskel.pose.estimators.mediapipe_graphs import Graph, body_reader, follower
from mgskel.pose.prominence import Standing, may_be_kept

_EVERY = 15
_RAREST, _OFTENEST = 30, 15
_COUNT = 150
_SETTLED = 30
_FRAME_US = 33333
_MISSED_FRAMES = 30
# In radii of the circle around hips and whole body, see `mediapipe_finder`.
_SAME_BODY = 0.15
_HEAD = 0.22
_OWN_HEAD = 0.15
_IN_REACH = 0.4
# How far a guess of where somebody is may be off, and how far a picture takes who starts to walk.
_ASTRAY = 0.2
_STRIDE = 0.06
_GREY = 128
_NOSE, _SHOULDERS, _HIPS = 0, [11, 12], [23, 24]
_TRUNK = [_NOSE, *_SHOULDERS, *_HIPS]


@dataclass(frozen=True, eq=False)
class Sighting:
    """What is seen of a person in a picture.

    Attributes:
        run: the number of the unbroken run on this person.
        seen: landmarks.
        glimpsed: there are those of the body only, and not of every picture.
        moved: (2,) pixels by which the person has probably moved since they were read, if that was
            in an earlier picture.
    """

    run: int
    seen: Any
    glimpsed: bool
    moved: np.ndarray | None


class Follower:
    """One run of Holistic on one person, or glimpses of that person."""

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
        self.met = -_EVERY
        self._glimpsed = False
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
        self._glimpsed = False
        self._waits, self._waited = 1, 0
        if not begun:
            self.step = np.zeros(2)
        return True

    @property
    def due(self) -> bool:
        """Whether it is time for another glimpse."""
        return self.seen is None or self._waited + 1 >= self._waits

    def carry(self) -> None:
        """Take it that the person moved on as before."""
        assert self.body is not None
        self._graph.pass_time(_FRAME_US)
        self._glimpsed = True
        self._waited += 1
        self.body = self.body + self.step

    def glimpse(self, image: np.ndarray, place: Any, reader: Graph) -> bool:
        """Look with the body model alone; False where nobody is there."""
        self._graph.pass_time(_FRAME_US)
        self._glimpsed = True
        begun = self.seen is not None
        elapsed = self._waited + 1
        expected = None if self.body is None else self.body + self.step
        before = None if self.body is None else self.body - self.step * self._waited
        self._move_on(place, image)
        if not self._take(reader({"image": image, "place": place}), image):
            return False
        assert self.body is not None
        self.step, self._waits, self._waited = np.zeros(2), _EVERY // 4, 0
        if begun and expected is not None and before is not None:
            self.step = (self.body - before).mean(0) / elapsed
            off = float(np.hypot(*(self.body - expected).mean(0)))
            certain = elapsed * _ASTRAY * self.radius / max(off, 1e-6)
            self._waits = int(np.clip(certain, 1, min(2 * elapsed, _RAREST)))
        return True

    def wait_less(self, pictures: float) -> None:
        """Let no more pictures pass before the next glimpse, within reason."""
        self._waits = min(self._waits, max(int(pictures), _OFTENEST))

    def stop(self) -> None:
        """Nobody is followed until a new place is given."""
        self.place = self.seen = None

    def sighting(self) -> Sighting:
        moved = self.step * self._waited if self._waited else None
        return Sighting(self.run, self.seen, self._glimpsed, moved)

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


class Followers:
    """Everybody who is followed through a clip, at most `most` at once.

    Args:
        keep: who is asked for, see `people.choose`; others may be glimpsed only.
    """

    def __init__(
        self,
        most: int,
        complexity: int,
        min_detection: float,
        min_tracking: float,
        threads: int | None,
        keep: str = "all",
    ) -> None:
        self._finder = PersonFinder(min_detection, threads)
        self._new = lambda: Follower(complexity, min_tracking, threads)
        self._reader = Graph(lambda: body_reader(complexity, min_tracking, threads))
        self._most = most
        self._keep = keep
        self._all: list[Follower] = []
        self._settled: Follower | None = None
        self._frame = -1
        self._runs = 0
        self.most_seen = 0

    def close(self) -> None:
        self._finder.close()
        self._reader.close()
        for one in self._all:
            one.close()

    def step(self, image: np.ndarray) -> list[Sighting]:
        """Everybody in the next (H, W, 3) picture."""
        self._frame += 1
        picture = np.ascontiguousarray(image)
        for one in self._all:
            if one.place is None:
                one.idle()
            elif one.closely:
                one.follow(self._hidden(picture, one), one.place)
            elif one.due:
                one.glimpse(self._hidden(picture, one), one.place, self._reader)
            else:
                one.carry()
        self._stop_twins()
        fresh = self._look(picture)
        self._share_attention((image.shape[1], image.shape[0]))
        for one, place in fresh:
            if one.closely and one.seen is not None:
                one.follow(picture, place)
        if len(self._present) >= self._most and self._frame % _COUNT == 0:
            self.most_seen = max(self.most_seen, len(self._finder.people(picture)))
        return [one.sighting() for one in self._present]

    def _share_attention(self, size: tuple[int, int]) -> None:
        """Who may be asked for is looked at closely, and who comes near another."""
        present = self._present
        for one in present:
            one.count()
        known = [one for one in self._all if one.body is not None]
        standings = [one.standing(self._frame + 1) for one in known]
        settled = known.index(self._settled) if self._settled in known else None
        rivals = may_be_kept(self._keep, standings, size, settled)
        if self._frame >= _SETTLED and known:
            best = max(range(len(known)), key=lambda i: (rivals[i], standings[i].weight(size)))
            self._settled = known[best]
        for one, rival in zip(known, rivals, strict=True):
            others = [other for other in present if other is not one and one.seen is not None]
            if any(_meet(one, other) for other in others):
                one.met = self._frame
            one.closely = rival or self._frame < one.met + _EVERY // 2
            if not one.closely:
                one.wait_less(min((_strides(one, other) for other in others), default=_RAREST))

    def _hidden(self, image: np.ndarray, one: Follower) -> np.ndarray:
        """The picture without the heads of others, which would draw a run over to them."""
        assert one.body is not None
        picture = image
        for other in self._all:
            if other is one or other.place is None or other.body is None:
                continue
            apart = float(np.hypot(*(other.body[0] - one.body[0])))
            reach = min(_HEAD * other.radius, apart - _OWN_HEAD * one.radius)
            if reach < _HEAD / 2 * other.radius:
                continue  # the own head would go with it
            if picture is image:
                picture = image.copy()
            left, top, right, bottom = (
                max(int(value), 0) for value in (*(other.body[0] - reach), *(other.body[0] + reach))
            )
            picture[top:bottom, left:right] = _GREY
        return picture

    @property
    def _present(self) -> list[Follower]:
        return [one for one in self._all if one.seen is not None]

    def _look(self, image: np.ndarray) -> list[tuple[Follower, Any]]:
        """Look for people who are not followed yet; gives those whom it merely glimpsed, and
        where."""
        size = image.shape[1], image.shape[0]
        large = [whole(size), *tiles(size, 1.0)]
        if self._frame == 0:
            fresh = self._search(image, large)
            return fresh + (self._search(image, tiles(size, 0.6)) if self._small(size) else [])
        regions = [] if self._present else [whole(size)]
        regions += [
            _around(one, size)
            for one in self._all
            if one.closely
            and one.seen is None
            and one.body is not None
            and one.missed <= _MISSED_FRAMES
        ]
        turn, late = divmod(self._frame, _EVERY)
        if not late:
            every = large + (tiles(size, 0.6) if self._small(size) else [])
            regions.append(every[turn % len(every)])
        return self._search(image, regions)

    def _search(self, image: np.ndarray, regions: Sequence[Region]) -> list[tuple[Follower, Any]]:
        fresh = []
        for region in regions:
            for found in self._finder.look(image, region):
                one = self._begin(image, found)
                if one is not None and not one.closely:
                    fresh.append((one, found.place))
        return fresh

    def _small(self, size: tuple[int, int]) -> bool:
        """Whether the people, as far as they are known, fill little of the picture."""
        return all(4 * one.radius < min(size) for one in self._present)

    def _begin(self, image: np.ndarray, found: Found) -> Follower | None:
        """Follow somebody found, unless that is somebody who is followed already.

        Beside others it begins with a glimpse, unless everybody is asked for.
        """
        present = self._present
        if any(near(one, found) for one in present) or len(present) >= self._most:
            return None
        free = [one for one in self._all if one.seen is None]
        if free:
            one = min(free, key=lambda o: _gap(o, found))
        else:
            one = self._new()
            self._all.append(one)
        one.closely = self._keep == "all" or not present
        there = (
            one.follow(image, found.place)
            if one.closely
            else one.glimpse(image, found.place, self._reader)
        )
        if not there:
            return None
        wrong = not near(one, found, 2.0) or (present and not one.upright)
        if wrong or any(_twins(one, other) for other in present):
            one.stop()
            return None
        self._runs += 1
        one.run = self._runs
        return one

    def _stop_twins(self) -> None:
        present = self._present
        for m, one in enumerate(present):
            for other in present[m + 1 :]:
                if one.seen is None or other.seen is None or not _twins(one, other):
                    continue
                # Who came over from elsewhere has made the larger step; glimpses prove nothing.
                came = max((one, other), key=lambda o: (not o.closely, float(np.hypot(*o.step))))
                came.stop()


def _meet(one: Follower, other: Follower) -> bool:
    """Whether two are near each other, or will soon be if they go on as they do."""
    assert one.body is not None and other.body is not None
    apart = other.body[0] - one.body[0]
    closing = (other.pace - one.pace) * _EVERY
    squared = float(closing @ closing)
    nearest = np.clip(-(apart @ closing) / squared, 0, 1) if squared else 0.0
    gap = np.hypot(*(apart + nearest * closing))
    return bool(gap < _IN_REACH * max(one.radius, other.radius))


def _strides(one: Follower, other: Follower) -> float:
    """Pictures in which one could come near the other."""
    assert one.body is not None and other.body is not None
    radius = max(one.radius, other.radius)
    gap = float(np.hypot(*(other.body[0] - one.body[0])))
    return (gap / radius - _IN_REACH) / _STRIDE


def _twins(one: Follower, other: Follower) -> bool:
    assert one.body is not None and other.body is not None
    gap = np.hypot(*(one.body - other.body).T).mean()
    return bool(gap < _SAME_BODY * max(one.radius, other.radius))


def _gap(one: Follower, found: Found) -> float:
    return np.inf if one.body is None else float(np.hypot(*(one.shoulders - found.shoulders)))


def _around(one: Follower, size: Sequence[int]) -> Region:
    """A square around somebody's last place, within the picture."""
    side = min(round(2.5 * one.radius), *size)
    left, top = (
        int(np.clip(centre - side / 2, 0, length - side))
        for centre, length in zip(one.shoulders, size, strict=True)
    )
    return Region(left, top, side, side)
