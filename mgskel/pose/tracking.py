"""Who is who: detections of each frame become tracks of persons.

A detection continues a track where head, shoulders and hips are near where the track expects
them (its last place, moved on by its speed) and of its size; scipy solves the assignment.

A one-person estimator that jumps to somebody else glides over in a frame or two, through poses
that belong to nobody: the head leaves its shoulders, or everything shifts at once. After such a
jump a detection may continue a track only if it lies where that track has been over its last
second; otherwise a new track begins. So a mere stumble of the estimator costs nothing, and a
change of person is never silent: it becomes another id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mgskel.core.skeleton import Skeleton
from mgskel.pose.anchors import AnchorReader, Anchors, known_median, length, mean_distance
from mgskel.pose.estimator import Detection

_FORBIDDEN = 1e6
# Of the picture's longer side: a floor where a size can't be told, as from a single point.
_LEAST_SIZE = 0.04


@dataclass(frozen=True)
class PeopleSettings:
    """Who is kept, and when a track ends. Lengths are in sizes (about a shoulder width).

    Attributes:
        keep: 'main', 'left', 'right' or 'largest' person, 'all', the name of one, or a place in
            pixels ('320,200'), for whoever mostly is nearest to it.
        reach: farthest that anchors may lie from where a track expects them.
        reach_per_s: how much farther per second of absence, up to twice `reach`.
        jump: a head that moves this far against its shoulders within a tenth of a second has
            jumped to somebody else, unless it lies where the track has been.
        home: after a jump, farthest from the track's place over its last second.
        patience_s: a track not seen for so long has ended; coming back makes a new person.
        shortest_s: shorter tracks are passing errors and are dropped (and counted).
    """

    keep: str = "main"
    reach: float = 0.8
    reach_per_s: float = 0.8
    jump: float = 0.15
    home: float = 0.35
    patience_s: float = 10.0
    shortest_s: float = 0.4


@dataclass(eq=False)
class Track:
    """One person's way through a clip.

    Attributes:
        name: stable id, "1" for the first person seen.
        frames: in which the person was seen, increasing; the lists beside it are of these.
        glimpses: those frames of which no more is known than where the person was.
    """

    name: str
    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    keypoints: list[np.ndarray] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)
    recent: deque[tuple[float, Anchors]] = field(default_factory=deque)
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))
    sizes: list[float] = field(default_factory=list)
    anchors: list[np.ndarray] = field(default_factory=list)
    run: int | None = None
    glimpses: list[int] = field(default_factory=list)

    def expected(self, time_s: float) -> np.ndarray:
        """Where its anchors should be now, (4, 2); speed is trusted for half a second."""
        last_time, last = self.recent[-1]
        return last.points + self.speed * min(time_s - last_time, 0.5)

    def home(self) -> Anchors:
        """Its typical place and size over its last second."""
        if len(self.recent) == 1:
            return self.recent[0][1]
        points = np.stack([anchors.points for _, anchors in self.recent])
        return Anchors(known_median(points), float(np.median([a.size for _, a in self.recent])))

    def walked(self, time_s: float) -> Anchors:
        """Where it should be now if it went on as in its last second, and its size."""
        times = np.array([time for time, _ in self.recent])
        points = np.stack([anchors.points for _, anchors in self.recent])
        with np.errstate(invalid="ignore"):
            speeds = np.diff(points, axis=0) / np.diff(times)[:, None, None]
        known = speeds[~np.isnan(speeds[..., 0])]
        speed = np.median(known, axis=0) if len(known) else np.zeros(2)
        # From the middle of that second: its last poses are often half hidden.
        home = self.home()
        return Anchors(home.points + speed * (time_s - np.median(times)), home.size)

    def append(self, frame: int, time_s: float, detection: Detection, anchors: Anchors) -> None:
        if self.recent:
            last_time, last = self.recent[-1]
            elapsed = time_s - last_time
            moved = anchors.points - last.points
            known = ~np.isnan(moved[:, 0])
            if known.any() and elapsed <= 0.5:
                self.speed = 0.5 * self.speed + 0.5 * moved[known].mean(0) / elapsed
            else:
                self.speed = np.zeros(2)
        self.frames.append(frame)
        self.times.append(time_s)
        self.keypoints.append(detection.keypoints)
        self.scores.append(detection.scores)
        if detection.glimpsed:
            self.glimpses.append(frame)
        self.sizes.append(anchors.size)
        self.anchors.append(anchors.points)
        self.recent.append((time_s, anchors))
        while time_s - self.recent[0][0] > 1.0:
            self.recent.popleft()

    def drop(self, places: Sequence[int]) -> None:
        """Forget some of its frames, by position."""
        gone = {self.frames[index] for index in places}
        self.glimpses = [frame for frame in self.glimpses if frame not in gone]
        for index in sorted(places, reverse=True):
            for column in (self.frames, self.times, self.keypoints, self.scores):
                del column[index]
            del self.sizes[index], self.anchors[index]


class Tracker:
    """Takes each frame's detections in order; `finish` gives the tracks."""

    def __init__(
        self, skeleton: Skeleton, frame_size: tuple[int, int], settings: PeopleSettings
    ) -> None:
        self._reader = AnchorReader(skeleton, _LEAST_SIZE * max(frame_size))
        self._settings = settings
        self._tracks: list[Track] = []
        self._open: list[Track] = []
        self._last_frame = -1

    def push(self, frame: int, time_s: float, detections: Sequence[Detection]) -> None:
        self._last_frame = frame
        patience = self._settings.patience_s
        self._open = [t for t in self._open if time_s - t.times[-1] <= patience]
        seen = [d for d in detections if (d.scores > 0).any()]
        running = {track.run: track for track in self._open if track.run is not None}
        new = [detection for detection in seen if detection.run not in running]
        taken = {detection.run for detection in seen}
        free = [track for track in self._open if track.run is None or track.run not in taken]
        anchors = [self._reader.read(detection) for detection in new]
        fits = self._assign(anchors, free, time_s)
        for detection in seen:
            if detection.run in running:
                # The estimator's own word that this is who it was in the picture before.
                anchor = self._reader.read(detection)
                running[detection.run].append(frame, time_s, detection, anchor)
        for row, detection in enumerate(new):
            track = fits.get(row)
            if track is None:
                track = Track(str(len(self._tracks) + 1))
                self._tracks.append(track)
                self._open.append(track)
            track.run = detection.run
            track.append(frame, time_s, detection, anchors[row])

    def finish(self) -> tuple[Track, ...]:
        """All tracks, without half-way poses where the estimator went over to another person, and
        without half-hidden ones where somebody vanished behind another."""
        seen = [set(track.frames) for track in self._tracks]
        for m, track in enumerate(self._tracks):
            others = set().union(*(frames for n, frames in enumerate(seen) if n != m))
            _trim_handovers(track, seen[m], others)
            rest = [other for other in self._tracks if other is not track]
            _trim_hidden(track, rest, self._last_frame)
        return tuple(track for track in self._tracks if track.frames)

    def _assign(
        self, anchors: Sequence[Anchors], tracks: Sequence[Track], time_s: float
    ) -> dict[int, Track]:
        """The track that each detection continues, by its position; new people are left out."""
        if not anchors or not tracks:
            return {}
        costs = np.array([[self._cost(one, track, time_s) for track in tracks] for one in anchors])
        if costs.shape == (1, 1):
            rows, columns = np.array([0]), np.array([0])
        else:
            from scipy.optimize import linear_sum_assignment

            rows, columns = linear_sum_assignment(costs)
        return {
            int(row): tracks[column]
            for row, column in zip(rows, columns, strict=True)
            if costs[row, column] < _FORBIDDEN
        }

    def _cost(self, one: Anchors, track: Track, time_s: float) -> float:
        """How unlike the track's person a detection is; `_FORBIDDEN` where it can't be them."""
        rules = self._settings
        away = time_s - track.times[-1]
        if away > 0.5:
            # Gone for a while: back where they were, or where they were going.
            reach = rules.home + rules.reach_per_s * min(away, 1.0)
            return min(
                _cost_of_return(one, track.home(), reach),
                _cost_of_return(one, track.walked(time_s), reach),
            )
        if self._jumped(one, track, time_s):
            return _cost_of_return(one, track.home(), rules.home)
        size = max(track.sizes[-1], one.size)
        away_by = mean_distance(one.points, track.expected(time_s)) / size
        cost = away_by + abs(np.log(one.size / track.sizes[-1]))
        reach = min(rules.reach + rules.reach_per_s * away, 2 * rules.reach)
        return float(cost) if cost <= reach else _FORBIDDEN

    def _jumped(self, one: Anchors, track: Track, time_s: float) -> bool:
        """Whether, within a tenth of a second, the head left its shoulders."""
        if len(one.points) < 3:
            return False
        before = next(
            (a for t, a in reversed(track.recent) if time_s - t >= 0.099), track.recent[0][1]
        )
        moved = one.neck - before.neck
        return length(moved) > self._settings.jump * max(one.size, before.size)


def _cost_of_return(one: Anchors, place: Anchors, reach: float) -> float:
    """How unlike somebody at a place a detection is; the head may lie `reach` sizes from there."""
    size = max(place.size, one.size)
    head = length(one.points[0] - place.points[0]) / size
    if head > reach:
        return _FORBIDDEN
    cost = (
        mean_distance(one.points, place.points) / size + abs(np.log(one.size / place.size)) + head
    )
    return float(cost) if cost <= 2 * reach else _FORBIDDEN


def _trim_handovers(track: Track, own: set[int], others: set[int]) -> None:
    """Drop the poses beside a handover that are already, or still, half the other person's.

    At a handover the frame before (or after) shows somebody else and this person not. There,
    frames up to a fifth of a second into the track go while they differ in place or size from
    the track's next second.
    """
    doomed: list[int] = []
    for index, frame in enumerate(track.frames):
        for step in (1, -1):
            beside = frame - step
            if beside in others and beside not in own and frame not in others:
                doomed += _half_way(track, index, step)
    track.drop(sorted(set(doomed)))


def _trim_hidden(track: Track, others: Sequence[Track], last_frame: int) -> None:
    """Drop poses of another shape beside a gap at which somebody else stood in front."""
    frames = np.array(track.frames)
    doomed: list[int] = []
    for index, step in (
        *((int(i), -1) for i in np.flatnonzero(np.diff(frames, append=last_frame + 1) > 1)),
        *((int(i), 1) for i in np.flatnonzero(np.diff(frames, prepend=-1) > 1)),
    ):
        if any(_close(track, index, other) for other in others):
            doomed += _misshapen(track, index, step)
    track.drop(sorted(set(doomed)))


def _close(track: Track, index: int, other: Track) -> bool:
    """Whether somebody else is within two sizes in that frame."""
    at = int(np.searchsorted(other.frames, track.frames[index]))
    if at >= len(other.frames) or other.frames[at] != track.frames[index]:
        return False
    gap = mean_distance(track.anchors[index], other.anchors[at])
    return gap < 2 * max(track.sizes[index], other.sizes[at])


def _misshapen(track: Track, border: int, step: int) -> list[int]:
    """Positions from `border` inwards, for 0.3 s, whose head and size are unlike those beyond."""
    if len(track.anchors[border]) < 3:
        return []
    ahead = range(border, len(track.frames) if step > 0 else -1, step)
    away = {i: abs(track.times[i] - track.times[border]) for i in ahead}
    beyond = [i for i in ahead if 0.3 < away[i] <= 1.2]
    if len(beyond) < 2:
        return []
    size = float(np.median([track.sizes[i] for i in beyond]))
    neck = np.median([Anchors(track.anchors[i], size).neck for i in beyond], axis=0)
    result = []
    for i in ahead:
        gap = length(Anchors(track.anchors[i], size).neck - neck)
        alike = gap < 0.2 * size and abs(np.log(track.sizes[i] / size)) < 0.15
        if alike or away[i] > 0.3:
            break
        result.append(i)
    return result


def _half_way(track: Track, border: int, step: int) -> list[int]:
    """Positions from `border` inwards whose pose is unlike the second that follows."""
    inner = [
        i
        for i in range(border, len(track.frames) if step > 0 else -1, step)
        if abs(track.times[i] - track.times[border]) <= 1.2
    ]
    beyond = [i for i in inner if abs(track.times[i] - track.times[border]) > 0.2]
    if len(beyond) < 2:
        return []
    size = float(np.median([track.sizes[i] for i in beyond]))
    home = known_median(np.stack([track.anchors[i] for i in beyond]))
    result = []
    for i in inner:
        gap = np.hypot(*(track.anchors[i] - home).T) / size
        alike = np.nanmax(gap, initial=0.0) < 0.2 and abs(np.log(track.sizes[i] / size)) < 0.15
        if alike or i in beyond:
            break
        result.append(i)
    return result
