"""Who is followed by MediaPipe: everybody found in the picture, each by a run of Holistic.

The whole picture and its large tiles are searched at the start, and one of them every few frames
later (small tiles only where people are small). Whom the detector finds becomes a person once the
body model agrees. A lost person is looked for around the last place.

Where one person is asked for, those who can't be that person (after a few pictures: all but the
most prominent, where several are nearly so) are only glimpsed: the body model looks at them now
and then, the more rarely the better their motion foretells where they will be and the farther
they are from others. Who comes near somebody else, or seems to, is watched: glimpsed at each or
every third picture, so that nobody's place is stolen.

A run whose square holds two people is drawn over to the more prominent one; so the heads of the
others are hidden from it. Where two runs end up on the same person all the same, because one
passes behind the other, the run that came over from elsewhere stops.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from mgskel.pose.estimators.mediapipe_follower import Follower
from mgskel.pose.estimators.mediapipe_graphs import Graph, follower
from mgskel.pose.prominence import may_be_kept

_EVERY = 15
_OFTENEST = 15
_COUNT = 150
_SETTLED = 2
_MISSED_FRAMES = 30
# In radii of the circle around hips and whole body, see `mediapipe_finder`.
_SAME_BODY = 0.15
_HEAD = 0.22
_OWN_HEAD = 0.15
_IN_REACH = 0.4
# How far a picture takes who starts to walk.
_STRIDE = 0.06
# Heads so far apart are not in the same square.
_OUT_OF_SIGHT = 3.0
_GREY = 128


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
        self._reader = Graph(lambda: follower(complexity, min_tracking, threads, False))
        self._most = most
        self._keep = keep
        self._all: list[Follower] = []
        self._settled: Follower | None = None
        self._met: dict[Follower, int] = {}
        self._frame = -1
        self._runs = 0
        self.most_seen = 0

    def close(self) -> None:
        self._finder.close()
        self._reader.close()
        for one in self._all:
            one.close()

    def step(self, image: np.ndarray) -> list[Follower]:
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
        return self._present

    def _share_attention(self, size: tuple[int, int]) -> None:
        """Who may be asked for is looked at closely; who comes near another is watched."""
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
            now, soon = (
                min((_apart(one, other, within) for other in others), default=np.inf)
                for within in (0, _EVERY)
            )
            if soon < _IN_REACH and one.fresh:
                self._met[one] = self._frame
            one.closely = rival
            one.watched = self._frame < self._met.get(one, -_EVERY) + _EVERY // 2
            if now < _IN_REACH:
                one.wait_at_most(1)
            elif soon < _IN_REACH or one.watched:
                one.wait_at_most(3)
            else:
                one.wait_at_most(max((now - _IN_REACH) / _STRIDE, _OFTENEST))

    def _hidden(self, image: np.ndarray, one: Follower) -> np.ndarray:
        """The picture without the heads of others, which would draw a run over to them."""
        assert one.body is not None
        picture = image
        for other in self._all:
            if other is one or other.place is None or other.body is None:
                continue
            apart = float(np.hypot(*(other.body[0] - one.body[0])))
            if apart > _OUT_OF_SIGHT * max(one.radius, other.radius):
                continue
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
            small = self._small(size) if self._keep == "all" else not self._present
            return fresh + (self._search(image, tiles(size, 0.6)) if small else [])
        regions = [] if self._present else [whole(size)]
        regions += [
            _around(one, size)
            for one in self._all
            if one.attended
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
                came = max((one, other), key=lambda o: (not o.attended, float(np.hypot(*o.step))))
                came.stop()


def _apart(one: Follower, other: Follower, within: int) -> float:
    """How near two come to each other in so many pictures if they go on as they do, in radii."""
    assert one.body is not None and other.body is not None
    apart = other.body[0] - one.body[0]
    closing = (other.pace - one.pace) * within
    squared = float(closing @ closing)
    nearest = np.clip(-(apart @ closing) / squared, 0, 1) if squared else 0.0
    return float(np.hypot(*(apart + nearest * closing)) / max(one.radius, other.radius))


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
