"""Who is followed by MediaPipe: everybody found in the picture, each by a run of Holistic.

The person detector is made for one person who fills the picture, so it looks at the whole and at
overlapping tiles, all of them at the start and one every few frames later (small ones only where
people are small). What it finds becomes a person once the body model agrees. A lost person is
looked for around the last place.

A run whose square holds two people is drawn over to the more prominent one; so the heads of the
others are hidden from it. Where two runs end up on the same person all the same, because one
passes behind the other, the run that came over from elsewhere stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.pose.estimators.mediapipe_graphs import PRESENCE, finder, follower, native_log_muted

_EVERY = 15
_COUNT = 150
_FRAME_US = 33333
_MISSED_FRAMES = 30
# In radii of the circle around hips and whole body: a shoulder width is about 0.4 of it.
_SAME_SHOULDERS = 0.3
_SAME_BODY = 0.15
_HEAD = 0.22
_OWN_HEAD = 0.15
_GREY = 128
# Half a person's box in radii: arms reach less far to the sides than the whole body upwards.
_BOX = np.array([0.6, 1.0])
_NOSE, _SHOULDERS, _HIPS = 0, [11, 12], [23, 24]
_TRUNK = [_NOSE, *_SHOULDERS, *_HIPS]


@dataclass(frozen=True)
class Region:
    """A square or whole part of the picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Found:
    """Somebody whom the detector sees.

    Attributes:
        place: MediaPipe's rotated square around the body, for the whole picture.
        shoulders, hips: (2,) their middles, in pixels.
        radius: from the hips to the farthest point of the whole body, in pixels.
    """

    place: Any
    shoulders: np.ndarray
    hips: np.ndarray
    radius: float


class PersonFinder:
    """Finds people in parts of pictures of one size."""

    def __init__(self, min_score: float, threads: int | None) -> None:
        self._graph = finder(min_score, threads)
        self._warm = False

    def close(self) -> None:
        self._graph.close()

    def look(self, image: np.ndarray, region: Region) -> list[Found]:
        """People in a part of the picture, the surest first."""
        height, width = image.shape[:2]
        part = image[
            region.top : region.top + region.height, region.left : region.left + region.width
        ]
        seen = self._process(np.ascontiguousarray(part))
        result = []
        for detection, place in zip(seen.detections or (), seen.places or (), strict=True):
            points = np.array([(p.x, p.y) for p in detection.location_data.relative_keypoints]) * (
                region.width,
                region.height,
            ) + (region.left, region.top)
            hips, edge, shoulders = points[:3]
            if (region.width, region.height) != (width, height):
                place.x_center = (place.x_center * region.width + region.left) / width
                place.y_center = (place.y_center * region.height + region.top) / height
                place.width *= region.width / width
                place.height *= region.height / height
            result.append(Found(place, shoulders, hips, float(np.hypot(*(edge - hips)))))
        return result

    def people(self, image: np.ndarray) -> list[Found]:
        """Everybody whom the whole picture shows, or two of its large tiles."""
        size = image.shape[1], image.shape[0]
        found = self.look(image, whole(size))
        times = [2] * len(found)
        for region in tiles(size, 1.0):
            for one in self.look(image, region):
                known = [k for k, other in enumerate(found) if _near(other, one)]
                if known:
                    times[known[0]] += 1
                else:
                    found.append(one)
                    times.append(1)
        return [one for one, seen in zip(found, times, strict=True) if seen > 1]

    def boxes(self, image: np.ndarray) -> np.ndarray:
        """(n, 4) left, top, right, bottom of everybody in the picture."""
        size = image.shape[1], image.shape[0]
        corners = [
            np.concatenate([one.hips - one.radius * _BOX, one.hips + one.radius * _BOX])
            for one in self.people(image)
        ]
        return np.clip(np.array(corners, np.float32).reshape(-1, 4), 0, (*size, *size))

    def _process(self, part: np.ndarray) -> Any:
        if self._warm:
            return self._graph.process(part)
        self._warm = True
        with native_log_muted():
            return self._graph.process(part)


def whole(size: tuple[int, int]) -> Region:
    return Region(0, 0, *size)


def tiles(size: tuple[int, int], share: float) -> list[Region]:
    """Overlapping squares, so large a share of the shorter side, that cover the picture."""
    side = max(round(min(size) * share), 1)
    starts = [
        np.unique(np.linspace(0, length - side, -(-(length - side) * 2 // side) + 1).astype(int))
        for length in size
    ]
    return [Region(int(x), int(y), side, side) for y in starts[1] for x in starts[0]]


class Follower:
    """One run of Holistic on one person."""

    def __init__(self, complexity: int, min_score: float, threads: int | None) -> None:
        self._graph = follower(complexity, min_score, threads)
        self._warm = False
        self.place: Any = None
        self.seen: Any = None
        self.body: np.ndarray | None = None
        self.step = np.zeros(2)
        self.missed = 0
        self.run = 0

    def close(self) -> None:
        self._graph.close()

    def idle(self) -> None:
        """A picture without this person; the run's own clock goes on."""
        self._graph._simulated_timestamp += _FRAME_US
        self.seen = None
        self.missed += 1

    def follow(self, image: np.ndarray, place: Any) -> bool:
        """Look for the person at a place; False where nobody is there."""
        begun = self.seen is not None
        self.seen = self._process({"image": image, "place": place})
        self.place = self.seen.next_place
        if self.seen.pose_landmarks is None:
            self.stop()
            return False
        height, width = image.shape[:2]
        marks = self.seen.pose_landmarks.landmark
        body = np.array([(marks[i].x * width, marks[i].y * height) for i in _TRUNK])
        self.step = (body - self.body).mean(0) if begun and self.body is not None else np.zeros(2)
        self.body = body
        self.missed = 0
        return True

    def stop(self) -> None:
        """Nobody is followed until a new place is given."""
        self.place = self.seen = None

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

    def _process(self, inputs: dict[str, Any]) -> Any:
        if self._warm:
            return self._graph.process(inputs)
        with native_log_muted():
            seen = self._graph.process(inputs)
        # The hand models are the last to run for the first time, and to say so.
        self._warm = getattr(seen, PRESENCE["left"]) is not None
        return seen


class Followers:
    """Everybody who is followed through a clip, at most `most` at once."""

    def __init__(
        self,
        most: int,
        complexity: int,
        min_detection: float,
        min_tracking: float,
        threads: int | None,
    ) -> None:
        with native_log_muted():
            self._finder = PersonFinder(min_detection, threads)
        self._new = lambda: Follower(complexity, min_tracking, threads)
        self._most = most
        self._all: list[Follower] = []
        self._frame = -1
        self._runs = 0
        self.most_seen = 0

    def close(self) -> None:
        self._finder.close()
        for one in self._all:
            one.close()

    def step(self, image: np.ndarray) -> list[tuple[int, Any]]:
        """Of each person in the next (H, W, 3) picture: the number of the run, and what is seen."""
        self._frame += 1
        picture = np.ascontiguousarray(image)
        for one in self._all:
            if one.place is None:
                one.idle()
            else:
                one.follow(self._hidden(picture, one), one.place)
        self._stop_twins()
        self._look(picture)
        if len(self._present) >= self._most and self._frame % _COUNT == 0:
            self.most_seen = max(self.most_seen, len(self._finder.people(picture)))
        return [(one.run, one.seen) for one in self._present]

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

    def _look(self, image: np.ndarray) -> None:
        """Look for people who are not followed yet."""
        size = image.shape[1], image.shape[0]
        large = [whole(size), *tiles(size, 1.0)]
        if self._frame == 0:
            self._search(image, large)
            if self._small(size):
                self._search(image, tiles(size, 0.6))
            return
        regions = [] if self._present else [whole(size)]
        regions += [
            _around(one, size)
            for one in self._all
            if one.seen is None and one.body is not None and one.missed <= _MISSED_FRAMES
        ]
        turn, late = divmod(self._frame, _EVERY)
        if not late:
            every = large + (tiles(size, 0.6) if self._small(size) else [])
            regions.append(every[turn % len(every)])
        self._search(image, regions)

    def _search(self, image: np.ndarray, regions: Sequence[Region]) -> None:
        for region in regions:
            for found in self._finder.look(image, region):
                self._begin(image, found)

    def _small(self, size: tuple[int, int]) -> bool:
        """Whether the people, as far as they are known, fill little of the picture."""
        return all(4 * one.radius < min(size) for one in self._present)

    def _begin(self, image: np.ndarray, found: Found) -> None:
        """Follow somebody found, unless that is somebody who is followed already."""
        present = self._present
        if any(_near(one, found) for one in present):
            return
        if len(present) >= self._most:
            return
        free = [one for one in self._all if one.seen is None]
        if free:
            one = min(free, key=lambda o: _gap(o, found))
        else:
            one = self._new_one()
        if one.follow(image, found.place):
            wrong = not _near(one, found, 2.0) or (present and not one.upright)
            if wrong or any(_twins(one, other) for other in present):
                one.stop()
            else:
                self._runs += 1
                one.run = self._runs

    def _new_one(self) -> Follower:
        with native_log_muted():
            self._all.append(self._new())
        return self._all[-1]

    def _stop_twins(self) -> None:
        present = self._present
        for m, one in enumerate(present):
            for other in present[m + 1 :]:
                if one.seen is None or other.seen is None or not _twins(one, other):
                    continue
                # Who came over from elsewhere has made the larger step.
                came = max((one, other), key=lambda o: float(np.hypot(*o.step)))
                came.stop()


def _near(one: Found | Follower, found: Found, times: float = 1.0) -> bool:
    """Whether both are about the same person."""
    reach = _SAME_SHOULDERS * times * max(one.radius, found.radius)
    return bool(np.hypot(*(one.shoulders - found.shoulders)) < reach)


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
