"""Predictions of MMPose's inferencer and demos: one JSON file per clip (or picture)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset
from mgskel.core.storage.intake import checked
from mgskel.formats.format import Format, ReadOptions, register, single
from mgskel.formats.reading.layouts import layout_for
from mgskel.formats.reading.sequence_checks import blank, make_sequence
from mgskel.formats.reading.source import Source


@dataclass(frozen=True)
class _Frame:
    instances: list[dict[str, Any]] | None = None
    frame_id: int | None = None


def recognises(source: Source) -> bool:
    if not source.looks_json or not any(
        word in source.head
        for word in (b'"instances"', b'"instance_info"', b'"keypoint_scores"', b'"meta_info"')
    ):
        return False
    tree = source.json
    if isinstance(tree, dict):
        return "instance_info" in tree
    return isinstance(tree, list) and all(
        isinstance(e, dict) and ("instances" in e or "keypoints" in e) for e in tree[:3]
    )


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    tree = source.json
    entries = tree["instance_info"] if isinstance(tree, dict) else tree
    if isinstance(entries, list) and entries and isinstance(entries[0], dict):
        if "instances" not in entries[0]:
            entries = [{"instances": entries}]  # the people of a single picture
    listed = checked(tuple[_Frame, ...], entries, faults, "entries")
    if not listed:
        raise faults.stop("file", "a list of frames", "none", "run the inferencer again")
    numbers = _frame_numbers(listed, faults)
    people = [frame.instances or [] for frame in listed]
    most = max(map(len, people))
    if most == 0:
        raise faults.stop(
            "instances",
            "a person who is seen at least once",
            "nobody in any frame",
            "check the detector's threshold",
        )
    faults.raise_if_stopping()
    first = next(person for frame in people for person in frame)
    joints, dims = _shape(first, faults)
    layout = layout_for(joints, options, faults)
    total = max(numbers) - min(numbers) + 1
    names = _track_names(people)
    places = {name: place for place, name in enumerate(names)}
    points, scores = blank(len(names) or most, total, joints, dims, source.size, faults)
    for number, frame in zip(numbers, people, strict=True):
        at = number - min(numbers)
        for order, person in enumerate(frame):
            place = f"frame {number}, person {order}"
            who = places[str(person["track_id"])] if names else order
            row = _keypoints(person, joints, dims, faults, place)
            if row is not None:
                points[who, at], scores[who, at] = row
    sequence = make_sequence(
        points,
        scores,
        skeleton=layout,
        options=options,
        faults=faults,
        unit=options.unit or ("pixel" if dims == 2 else None),
        source=source.path.name,
        people=names,
    )
    return single(sequence, source)


def _frame_numbers(entries: Sequence[_Frame], faults: Faults) -> list[int]:
    numbers: list[int] = []
    for index, entry in enumerate(entries):
        number = index if entry.frame_id is None else entry.frame_id
        if numbers and number <= numbers[-1]:
            faults.add(
                f"entry {index}, frame_id",
                f"above {numbers[-1]}, the one before",
                number,
                "sort the frames and drop repeated ones",
            )
        numbers.append(number)
    return numbers


def _shape(person: dict[str, Any], faults: Faults) -> tuple[int, int]:
    """Joints and dimensions of a person's keypoints."""
    try:
        shape = np.asarray(person.get("keypoints"), np.float32).shape
    except (TypeError, ValueError, OverflowError):
        shape = ()
    if len(shape) != 2 or shape[1] not in (2, 3):
        raise faults.stop(
            "first person, keypoints",
            "a list of [x, y] or [x, y, z]",
            f"shape {shape}",
            "run the inferencer again",
        )
    return shape


def _keypoints(
    person: dict[str, Any], joints: int, dims: int, faults: Faults, place: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Points (V, C) and scores (V,) of one person in one frame."""
    try:
        points = np.array(person["keypoints"], np.float32)
        scores = np.array(person.get("keypoint_scores", np.ones(joints)), np.float32)
    except (TypeError, ValueError, KeyError, OverflowError):
        faults.add(place, "keypoints and keypoint_scores, numbers", "others", "run it again")
        return None
    if points.shape != (joints, dims) or scores.shape != (joints,):
        faults.add(
            place,
            f"{joints} points of {dims} numbers and {joints} scores, as before",
            f"shapes {points.shape} and {scores.shape}",
            "do not mix models in one file",
        )
        return None
    points[scores == 0] = np.nan
    return points, scores


def _track_names(people: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Names of tracks where every instance has one; else nothing, and order decides."""
    tracks = [p.get("track_id") for frame in people for p in frame]
    if not tracks or any(not isinstance(track, int) for track in tracks):
        return ()
    if any(len({p["track_id"] for p in frame}) != len(frame) for frame in people):
        return ()
    return tuple(str(track) for track in sorted({int(t) for t in tracks if t is not None}))


MMPOSE = register(
    Format(
        "mmpose",
        "MMPose JSON",
        "the prediction JSON of the inferencer or a demo",
        "all people, by `track_id` where there is one",
        recognises,
        read,
    )
)
