"""OpenPose ``--write_json`` output: one JSON file per frame.

A folder may hold the frames of several clips, told apart by the part of the file name before
the frame number. Frames whose file is missing become missing joints. OpenPose keeps no track of
people: without its tracking option, person p of a frame is the p-th one of its list.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.core.storage.files import writing_folder
from mgskel.core.storage.intake import number_of, parse_json, read_bytes
from mgskel.formats.format import Format, ReadOptions, Writer, dataset_of, register
from mgskel.formats.reading.sequence_checks import blank, make_sequence
from mgskel.formats.reading.source import Source

_FRAME = re.compile(r"^(?P<clip>.*?)_?(?P<number>\d+)(?:_keypoints)?$")
_PEOPLE = re.compile(rb'"people"\s*:\s*\[')  # a list: settings have people, too
_PARTS = (
    "pose_keypoints_2d",
    "hand_left_keypoints_2d",
    "hand_right_keypoints_2d",
    "face_keypoints_2d",
)
_SIZES_137 = (25, 21, 21, 70)
_BODIES = {18: "openpose18", 25: "openpose25", 135: "openpose135", 137: "openpose137"}


def recognises(source: Source) -> bool:
    sample = source.json_sample()
    return sample is not None and _PEOPLE.search(sample.head) is not None


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    folder = source.path if source.is_folder else source.path.parent
    clips: dict[str, list[tuple[int, str]]] = {}
    for name in source.listed() or [source.path.name]:
        stem, ending = os.path.splitext(name)
        if ending != ".json" and source.is_folder:
            continue
        match = _FRAME.match(stem)
        if match is None and source.is_folder:
            faults.add(
                name, "a frame number in the name", "none", "name it CLIP_000000000000_keypoints"
            )
            continue
        title, number = (match["clip"], int(match["number"])) if match else (stem, 0)
        clips.setdefault(title, []).append((number, name))
    several, recordings = len(clips) > 1, []
    for title in sorted(clips):
        numbered = clips.pop(title)
        numbered.sort()
        name = title or source.path.name
        recordings.append(_read_clip(name, numbered, folder, options, faults, several))
    return dataset_of(recordings)


def _read_clip(
    name: str,
    numbered: list[tuple[int, str]],
    folder: Path,
    options: ReadOptions,
    faults: Faults,
    named: bool,
) -> Recording | None:
    place = f"clip {name}" if named else ""
    first, total = numbered[0][0], numbered[-1][0] - numbered[0][0] + 1
    clip = _ClipArrays(total, options.layout, faults)
    previous = None
    for number, file in numbered:
        if number == previous:
            faults.add(file, "each frame number once", f"{number} again", "remove one of the files")
        previous = number
        entries, size = _people(f"{folder}{os.sep}{file}", file, faults)
        clip.file_bytes = max(clip.file_bytes, size * len(numbered))
        for person, entry in enumerate(entries):
            clip.add(entry, person, number - first, file)
    faults.raise_if_stopping()
    if clip.layout is None:
        faults.add(
            place or "people",
            "a person who is seen at least once",
            "nobody in any frame",
            "leave the clip out, or extract it again",
        )
        return None
    gaps = total - len(numbered)
    numbered.clear()  # ten thousand names weigh as much as the arrays of a small layout
    points, scores, people = clip.finish()
    sequence = make_sequence(
        points,
        scores,
        skeleton=clip.layout,
        options=options,
        faults=faults,
        place=place,
        source=name,
        people=people,
    )
    if sequence is None:
        return None
    if gaps > 0:
        sequence = sequence.noted("read", missing_frame_files=gaps)
    return Recording(sequence, name)


def _people(path: str, name: str, faults: Faults) -> tuple[list[Any], int]:
    """The people of one frame's file, and its bytes."""
    try:
        content = read_bytes(path)
        tree = parse_json(content, name)
    except InputError as error:
        faults.add_error(error)
        return [], 0
    people = tree.get("people") if isinstance(tree, dict) else None
    if not isinstance(people, list):
        faults.add(name, "an object with a list 'people'", type(tree).__name__, "write it again")
        return [], 0
    return people, len(content)


def _body_layout(
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
        for key, size, right in zip(_PARTS[1:], points[1:], _SIZES_137[1:], strict=True)
        if size not in (0, right)
    ]
    if points[0] not in _BODIES or odd:
        raise faults.stop(
            "points per person",
            "18, 25 or 135 body points, 21 per hand, 70 of the face",
            ", ".join([f"{points[0]} in {_PARTS[0]}", *odd]),
            "give --layout NAME or a YAML file for points of your own",
        )
    return get_skeleton("openpose137" if any(points[1:]) else _BODIES[points[0]])


class _ClipArrays:
    """The points of one clip, placed frame by frame as they are parsed.

    Attributes:
        layout: the layout of axis V; none until a person was seen.
        file_bytes: of all files of the clip, about.
    """

    def __init__(self, frames: int, wanted: str | Path | None, faults: Faults) -> None:
        self.layout: Skeleton | None = None
        self.file_bytes = 0
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
        parts = [entry.get(key) or () for key in _PARTS]
        if not all(isinstance(part, list | tuple) for part in parts):
            self._add_fault(file, person, "lists of numbers", "something else", "write it again")
            return
        sizes = tuple(map(len, parts))
        if sizes != self._sizes and not self._fit(sizes, file, person):
            return
        numbers = array("f")
        try:
            for part in parts:
                numbers.extend(part)
        except (TypeError, OverflowError):
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
        known = isinstance(identity, int) and -1 <= identity < 1 << 62
        self._track.append(identity if known else -1)

    def _add_fault(self, file: str, person: int, expected: str, found: str, remedy: str) -> None:
        self._faults.add(f"{file}, person {person}", expected, found, remedy)

    def _fit(self, sizes: tuple[int, ...], file: str, person: int) -> bool:
        """Whether a person has as many points as those before; the first one decides."""
        if self.layout is not None:
            expected = f"{self._sizes} numbers, as before, in {', '.join(_PARTS)}"
            remedy = "do not mix OpenPose models in one clip"
            self._add_fault(file, person, expected, f"{sizes} numbers", remedy)
            return False
        if any(size % 3 for size in sizes):
            found = f"{sizes} numbers"
            self._add_fault(file, person, "x, y, score of each point", found, "write it again")
            return False
        self.layout = _body_layout(sizes, self._wanted, self._faults)
        self._sizes = sizes
        self._columns = _columns(self.layout, [size // 3 for size in sizes])
        return True

    def _grow(self, people: int) -> None:
        assert self.layout is not None
        more = people - len(self._points)
        if more > 0:
            joints = self.layout.num_joints
            points, scores = blank(more, self._frames, joints, 2, self.file_bytes, self._faults)
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
        frames_, joints = points.shape[1:3]
        tracked, marks = blank(len(names), frames_, joints, 2, self.file_bytes, self._faults)
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


def _split_parts(layout: Skeleton) -> tuple[range, ...]:
    """The joints that each of OpenPose's lists holds; a layout of another kind fills the first."""
    if layout.name != "openpose137":
        return (range(layout.num_joints), range(0), range(0), range(0))
    ends = np.cumsum(_SIZES_137)
    return tuple(range(int(end - n), int(end)) for end, n in zip(ends, _SIZES_137, strict=True))


def write(folder: Path, data: Dataset) -> None:
    """Write one file per frame; hands and face stand in their own lists."""
    sequence = data.only.sequence
    parts = _split_parts(sequence.skeleton)
    values = np.concatenate(
        [np.nan_to_num(sequence.keypoints[..., :2]), sequence.scores[..., None]], -1
    )
    seen: np.ndarray = np.any(sequence.present, axis=-1)
    stem = Path(sequence.source).stem or "recording"
    with writing_folder(folder) as target:
        for frame in range(sequence.num_frames):
            people = [
                _person(values[person, frame], parts, name)
                for person, name in enumerate(sequence.people)
                if seen[person, frame]
            ]
            content = json.dumps({"version": 1.3, "people": people}, allow_nan=False)
            path = target / f"{stem}_{frame:012d}_keypoints.json"
            path.write_text(content + "\n", encoding="utf-8")


def _person(
    values: np.ndarray, parts: Iterable[Sequence[int]], name: str
) -> dict[str, list[float] | list[int]]:
    number = number_of(name)
    entry: dict[str, list[float] | list[int]] = {"person_id": [-1 if number is None else number]}
    for key, joints in zip(_PARTS, parts, strict=True):
        entry[key] = values[list(joints)].astype(float).ravel().tolist()
    return entry


def _also_loses(data: Dataset) -> Iterator[str]:
    for sequence in data.sequences:
        if any(number_of(name) is None for name in sequence.people):
            yield "names of people"
        if sequence.num_dims == 3:
            yield "the third coordinate"


OPENPOSE = register(
    Format(
        "openpose",
        "OpenPose JSON",
        "the folder of `*_keypoints.json` (18, 25, 135 or 137 points)",
        "one recording per clip name, all people; frames without a file are missing",
        recognises,
        read,
        Writer(
            write,
            "",
            cannot_hold=("frame rate", "times", "picture size", "provenance", "label", "subject",
                         "view", "split", "labels of frames", "events", "extra",
                         "names of the classes"),
            also_loses=_also_loses,
        ),
    )
)  # fmt: skip
