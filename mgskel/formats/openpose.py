"""OpenPose ``--write_json`` output: one JSON file per frame.

A folder may hold the frames of several clips, told apart by the part of the file name before
the frame number. Frames whose file is missing become missing joints. OpenPose keeps no track of
people: without its tracking option, person p of a frame is the p-th one of its list.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.formats.checks import make_sequence
from mgskel.formats.faults import Faults
from mgskel.formats.folders import writing_folder
from mgskel.formats.losses import general_losses
from mgskel.formats.openpose_parts import PARTS, ClipArrays, split_parts
from mgskel.formats.probe import Probe
from mgskel.formats.recording import Contents, ReadOptions, Recording, Recordings

NAME = "OpenPose JSON"
_FRAME = re.compile(r"^(?P<clip>.*?)_?(?P<number>\d+)(?:_keypoints)?$")
_MOST_FRAMES = 10_000_000


def sniff(probe: Probe) -> bool:
    if probe.is_folder:
        first = probe.first_json()
        return first is not None and sniff(first)
    return probe.looks_json and b'"people"' in probe.head


def read(probe: Probe, options: ReadOptions, faults: Faults) -> Contents:
    folder = probe.path if probe.is_folder else probe.path.parent
    clips: dict[str, list[tuple[int, str]]] = {}
    for name in probe.listed() or [probe.path.name]:
        stem, ending = os.path.splitext(name)
        if ending != ".json" and probe.is_folder:
            continue
        match = _FRAME.match(stem)
        if match is None and probe.is_folder:
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
        name = title or probe.path.name
        recordings.append(_read_clip(name, numbered, folder, options, faults, several))
    return Contents(NAME, Recordings.of(probe.path, recordings))


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
    if total > _MOST_FRAMES:
        raise faults.stop(
            place or "frames",
            "consecutive frame numbers",
            f"{first} to {numbered[-1][0]}",
            "rename the files",
        )
    clip = ClipArrays(total, options.layout, faults)
    previous = None
    for number, file in numbered:
        if number == previous:
            faults.add(file, "each frame number once", f"{number} again", "remove one of the files")
        previous = number
        for person, entry in enumerate(_people(f"{folder}{os.sep}{file}", file, faults)):
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


def _people(path: str, name: str, faults: Faults) -> list[Any]:
    """The people of one frame's file."""
    try:
        with open(path, "rb") as handle:
            tree = json.loads(handle.read())
    except json.JSONDecodeError as error:
        faults.add(
            f"{name}, line {error.lineno}, column {error.colno}",
            "complete JSON",
            error.msg,
            "the file may be cut off; write it again, or remove it (the frame is then missing)",
        )
        return []
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        faults.add(name, "JSON text", type(error).__name__, "write it again, or remove it")
        return []
    people = tree.get("people") if isinstance(tree, dict) else None
    if not isinstance(people, list):
        faults.add(name, "an object with a list 'people'", type(tree).__name__, "write it again")
        return []
    return people


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
