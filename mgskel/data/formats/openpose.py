"""OpenPose ``--write_json`` output: one JSON file per frame.

A folder may hold the frames of several clips, told apart by the part of the file name before
the frame number. Frames whose file is missing become missing joints. OpenPose keeps no track of
people: without its tracking option, person p of a frame is the p-th one of its list.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.data.checks import make_sequence
from mgskel.data.faults import Faults
from mgskel.data.folders import writing_folder
from mgskel.data.formats.openpose_parts import (
    PARTS,
    assemble,
    body_layout,
    split_parts,
)
from mgskel.data.formats.probe import Probe
from mgskel.data.losses import general_losses
from mgskel.data.recording import Contents, ReadOptions, Recording, Recordings
from mgskel.sequence import PoseSequence

NAME = "OpenPose JSON"
_FRAME = re.compile(r"^(?P<clip>.*?)_?(?P<number>\d+)(?:_keypoints)?$")
_MOST_FRAMES = 10_000_000


def sniff(probe: Probe) -> bool:
    if probe.is_folder:
        first = next((entry for entry in probe.entries if entry.suffix == ".json"), None)
        return first is not None and sniff(Probe(first))
    return probe.looks_json and b'"people"' in probe.head


def read(probe: Probe, options: ReadOptions, faults: Faults) -> Contents:
    files = [f for f in probe.entries if f.suffix == ".json"] if probe.is_folder else [probe.path]
    clips: dict[str, list[tuple[int, Path]]] = {}
    for file in files:
        match = _FRAME.match(file.stem)
        if match is None and probe.is_folder:
            faults.add(
                file.name,
                "a frame number in the name",
                "none",
                "name it CLIP_000000000000_keypoints",
            )
            continue
        clip, number = (match["clip"], int(match["number"])) if match else (file.stem, 0)
        clips.setdefault(clip, []).append((number, file))
    recordings = []
    for clip, numbered in clips.items():
        name = clip or probe.path.name
        recordings.append(_read_clip(name, sorted(numbered), options, faults, len(clips) > 1))
    return Contents(NAME, Recordings.of(probe.path, recordings))


class _Frames:
    """Numbers of all frames, appended as they are parsed."""

    def __init__(self) -> None:
        self.numbers = array("f")
        self.rows: list[tuple[int, int]] = []  # frame, person
        self.tracks: list[int] = []
        self.sizes: tuple[int, ...] | None = None


def _read_clip(
    name: str,
    numbered: Sequence[tuple[int, Path]],
    options: ReadOptions,
    faults: Faults,
    named: bool,
) -> Recording | None:
    place = f"clip {name}" if named else ""
    frames = _Frames()
    first = numbered[0][0]
    previous = None
    for number, file in numbered:
        if number == previous:
            faults.add(
                file.name, "each frame number once", f"{number} again", "remove one of the files"
            )
        previous = number
        people = _people(file, faults)
        for person, entry in enumerate(people):
            _add_person(entry, person, number - first, frames, file, faults)
    faults.raise_if_stopping()
    total = numbered[-1][0] - first + 1
    if total > _MOST_FRAMES:
        raise faults.stop(
            place or "frames",
            "consecutive frame numbers",
            f"{first} to {numbered[-1][0]}",
            "rename the files",
        )
    if frames.sizes is None:
        faults.add(
            place or "people",
            "a person who is seen at least once",
            "nobody in any frame",
            "leave the clip out, or extract it again",
        )
        return None
    layout = body_layout(frames.sizes, options.layout, faults)
    values = np.frombuffer(frames.numbers, np.float32).reshape(len(frames.rows), -1, 3)
    rows = np.array(frames.rows)
    people_axis, tracks = _tracks(rows[:, 1], np.array(frames.tracks))
    points, scores = assemble(
        values, rows[:, 0], people_axis, (len(tracks), total), layout, frames.sizes
    )
    del frames, values  # the raw numbers, before the checks take memory of their own
    sequence = make_sequence(
        points,
        scores,
        skeleton=layout,
        options=options,
        faults=faults,
        place=place,
        source=name,
        people=tracks,
    )
    if sequence is None:
        return None
    gaps = total - len(numbered)
    if gaps:
        sequence = sequence.noted("read", missing_frame_files=gaps)
    return Recording(sequence, name)


def _people(file: Path, faults: Faults) -> list[Any]:
    """The people of one frame's file."""
    try:
        tree = json.loads(file.read_bytes())
    except json.JSONDecodeError as error:
        faults.add(
            f"{file.name}, line {error.lineno}, column {error.colno}",
            "complete JSON",
            error.msg,
            "the file may be cut off; write it again, or remove it (the frame is then missing)",
        )
        return []
    except (UnicodeDecodeError, RecursionError) as error:
        faults.add(file.name, "JSON text", type(error).__name__, "write it again, or remove it")
        return []
    people = tree.get("people") if isinstance(tree, dict) else None
    if not isinstance(people, list):
        faults.add(
            file.name, "an object with a list 'people'", type(tree).__name__, "write it again"
        )
        return []
    return people


def _add_person(
    entry: Any, person: int, frame: int, frames: _Frames, file: Path, faults: Faults
) -> None:
    place = f"{file.name}, person {person}"
    if not isinstance(entry, dict) or "pose_keypoints_2d" not in entry:
        faults.add(place, "'pose_keypoints_2d'", "none", "run OpenPose with --write_json")
        return
    parts = [entry.get(key) or () for key in PARTS]
    sizes = tuple(map(len, parts))
    if frames.sizes is None:
        if any(size % 3 for size in sizes):
            faults.add(place, "x, y, score of each point", f"{sizes} numbers", "write it again")
            return
        frames.sizes = sizes
    elif sizes != frames.sizes:
        faults.add(
            place,
            f"{frames.sizes} numbers, as before, in {', '.join(PARTS)}",
            f"{sizes} numbers",
            "do not mix OpenPose models in one clip",
        )
        return
    before = len(frames.numbers)
    try:
        for part in parts:
            frames.numbers.extend(part)
    except TypeError:
        del frames.numbers[before:]
        faults.add(place, "numbers only", "something else", "write it again")
        return
    identity = entry.get("person_id", -1)
    if isinstance(identity, list):
        identity = identity[0] if identity else -1
    frames.rows.append((frame, person))
    frames.tracks.append(identity if isinstance(identity, int) else -1)


def _tracks(persons: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Place of each row on the people axis, and the people's names."""
    if (identities >= 0).all():
        known, places = np.unique(identities, return_inverse=True)
        return places, tuple(str(identity) for identity in known)
    return persons, tuple(str(person + 1) for person in range(int(persons.max()) + 1))


def lost(sequence: PoseSequence) -> tuple[str, ...]:
    """What OpenPose JSON has no place for."""
    losses = general_losses(sequence)
    if any(not name.isdigit() for name in sequence.people):
        losses.append("names of people")
    if sequence.num_dims == 3:
        losses.append("the third coordinate")
    return tuple(losses)


def write(folder: str | Path, sequence: PoseSequence) -> None:
    """Write one file per frame; hands and face stand in their own lists."""
    parts = split_parts(sequence.skeleton)
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
    entry: dict[str, list[float] | list[int]] = {"person_id": [int(name) if name.isdigit() else -1]}
    for key, joints in zip(PARTS, parts, strict=True):
        entry[key] = values[list(joints)].astype(float).ravel().tolist()
    return entry
