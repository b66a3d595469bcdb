"""How OpenPose divides a person into lists of points, and which layout they make."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.formats.faults import Faults

PARTS = (
    "pose_keypoints_2d",
    "hand_left_keypoints_2d",
    "hand_right_keypoints_2d",
    "face_keypoints_2d",
)
_SIZES_137 = (25, 21, 21, 70)
_BODIES = {18: "openpose18", 25: "openpose25", 135: "openpose135", 137: "openpose137"}


def body_layout(
    sizes: tuple[int, ...], wanted: str | Path | Skeleton | None, faults: Faults
) -> Skeleton:
    """The layout of people whose parts hold so many numbers (three per point)."""
    points = [size // 3 for size in sizes]
    if wanted is not None:
        layout = get_skeleton(wanted)
        whole = layout.name == "openpose137" and points[0] in _BODIES
        if layout.num_joints != sum(points) and not whole:
            raise faults.stop(
                "points per person",
                f"{layout.num_joints} for the layout '{layout.name}'",
                sum(points),
                "leave --layout out, or give the right one",
            )
        return layout
    odd = [
        f"{size} in {key}"
        for key, size, right in zip(PARTS[1:], points[1:], _SIZES_137[1:], strict=True)
        if size not in (0, right)
    ]
    if points[0] not in _BODIES or odd:
        raise faults.stop(
            "points per person",
            "18, 25 or 135 body points, 21 per hand, 70 of the face",
            ", ".join([f"{points[0]} in {PARTS[0]}", *odd]),
            "give --layout NAME or a YAML file for points of your own",
        )
    return get_skeleton("openpose137" if any(points[1:]) else _BODIES[points[0]])


class ClipArrays:
    """The points of one clip, placed frame by frame as they are parsed.

    Attributes:
        layout: the layout of axis V; none until a person was seen.
    """

    def __init__(self, frames: int, wanted: str | Path | None, faults: Faults) -> None:
        self.layout: Skeleton | None = None
        self._frames = frames
        self._wanted = wanted
        self._faults = faults
        self._sizes: tuple[int, ...] = ()
        self._columns: np.ndarray | slice = slice(None)
        self._points = np.zeros((0, 0, 0, 2), np.float32)
        self._scores = np.zeros((0, 0, 0), np.float32)
        # Of each person there: the frame, the place in its list, and the track.
        self._frame, self._person, self._track = array("q"), array("q"), array("q")

    def add(self, entry: Any, person: int, frame: int, file: str) -> None:
        """Place one person of one frame's file."""
        if not isinstance(entry, dict) or "pose_keypoints_2d" not in entry:
            self._add_fault(file, person, "'pose_keypoints_2d'", "none", "run with --write_json")
            return
        parts = [entry.get(key) or () for key in PARTS]
        sizes = tuple(map(len, parts))
        if sizes != self._sizes and not self._fit(sizes, file, person):
            return
        numbers = array("f")
        try:
            for part in parts:
                numbers.extend(part)
        except TypeError:
            self._add_fault(file, person, "numbers only", "something else", "write it again")
            return
        if person >= len(self._points):
            self._grow(person + 1)
        values = np.frombuffer(numbers, np.float32).reshape(-1, 3)
        points, scores = self._points[person, frame], self._scores[person, frame]
        points[self._columns] = values[:, :2]
        scores[self._columns] = values[:, 2]
        if 0.0 in numbers[2::3]:
            points[scores == 0] = np.nan
        identity = entry.get("person_id", -1)
        if isinstance(identity, list):
            identity = identity[0] if identity else -1
        self._frame.append(frame)
        self._person.append(person)
        self._track.append(identity if isinstance(identity, int) else -1)

    def _add_fault(self, file: str, person: int, expected: str, found: str, remedy: str) -> None:
        self._faults.add(f"{file}, person {person}", expected, found, remedy)

    def _fit(self, sizes: tuple[int, ...], file: str, person: int) -> bool:
        """Whether a person has as many points as those before; the first one decides."""
        if self.layout is not None:
            expected = f"{self._sizes} numbers, as before, in {', '.join(PARTS)}"
            remedy = "do not mix OpenPose models in one clip"
            self._add_fault(file, person, expected, f"{sizes} numbers", remedy)
            return False
        if any(size % 3 for size in sizes):
            found = f"{sizes} numbers"
            self._add_fault(file, person, "x, y, score of each point", found, "write it again")
            return False
        self.layout = body_layout(sizes, self._wanted, self._faults)
        self._sizes = sizes
        self._columns = _columns(self.layout, [size // 3 for size in sizes])
        return True

    def _grow(self, people: int) -> None:
        assert self.layout is not None
        more = people - len(self._points)
        if more > 0:
            shape = (more, self._frames, self.layout.num_joints)
            points = np.full((*shape, 2), np.nan, np.float32)
            scores = np.zeros(shape, np.float32)
            first = not len(self._points)
            self._points = points if first else np.concatenate([self._points, points])
            self._scores = scores if first else np.concatenate([self._scores, scores])

    def finish(self) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        """Points (M, T, V, 2), scores (M, T, V) and the people's names.

        Where OpenPose tracked people, axis M goes by track; else by place in the list.
        """
        points, scores = self._points, self._scores
        frames, persons, tracks = map(np.array, (self._frame, self._person, self._track))
        if (tracks < 0).any():
            return points, scores, tuple(str(m + 1) for m in range(len(points)))
        names, at = np.unique(tracks, return_inverse=True)
        tracked = np.full((len(names), *points.shape[1:]), np.nan, np.float32)
        marks = np.zeros(tracked.shape[:3], np.float32)
        tracked[at, frames] = points[persons, frames]
        marks[at, frames] = scores[persons, frames]
        return tracked, marks, tuple(str(name) for name in names)


def _columns(layout: Skeleton, points: list[int]) -> np.ndarray | slice:
    """Where each point of a person stands in the layout."""
    if sum(points) == layout.num_joints:
        return slice(None)
    names = list(get_skeleton(_BODIES[points[0]]).joints)
    start = _SIZES_137[0]
    for size, given in zip(_SIZES_137[1:], points[1:], strict=True):
        names += layout.joints[start : start + given]
        start += size
    return np.array(layout.indices(*names))


def split_parts(layout: Skeleton) -> tuple[range, ...]:
    """The joints that each of OpenPose's lists holds; a layout of another kind fills the first."""
    if layout.name != "openpose137":
        return (range(layout.num_joints), range(0), range(0), range(0))
    ends = np.cumsum(_SIZES_137)
    return tuple(range(int(end - n), int(end)) for end, n in zip(ends, _SIZES_137, strict=True))
