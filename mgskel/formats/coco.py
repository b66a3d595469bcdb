"""COCO keypoint JSON: annotated pictures, or a list of detections, as the frames of a clip.

Pictures in the order of their file names are the frames; annotations with a `track_id` keep to
their person, others go by their order. Visibility 2 (seen) scores 1, 1 (placed, but hidden) 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, shown
from mgskel.core.recording import Dataset
from mgskel.core.storage.intake import checked
from mgskel.formats.format import Format, ReadOptions, register, single
from mgskel.formats.reading.layouts import layout_for
from mgskel.formats.reading.sequence_checks import blank, make_sequence, numbers
from mgskel.formats.reading.source import Source

_HIDDEN = 0.5
Identity = int | str


@dataclass(frozen=True)
class _Image:
    id: Identity
    file_name: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class _Category:
    keypoints: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    annotations: list[dict[str, Any]]
    images: tuple[_Image, ...] = ()
    categories: tuple[_Category, ...] | None = None


@dataclass(frozen=True)
class _Keypoints:
    """An annotation of a person's joints; those of boxes are left out before."""

    image_id: Identity
    keypoints: list[Any]
    track_id: int | None = None
    id: Identity | None = None


def recognises(source: Source) -> bool:
    if not source.looks_json:
        return False
    words = (
        b'"annotations"',
        b'"images"',
        b'"image_id"',
        b'"categories"',
        b'"info"',
        b'"licenses"',
    )
    if not any(word in source.head for word in words):
        return False
    tree = source.json
    if isinstance(tree, dict):
        return "annotations" in tree and "images" in tree
    return (
        isinstance(tree, list)
        and bool(tree)
        and isinstance(tree[0], dict)
        and ("image_id" in tree[0])
    )


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    tree = source.json
    detections = isinstance(tree, list)
    file = checked(_File, {"annotations": tree} if detections else tree, faults)
    usable = [
        checked(_Keypoints, entry, faults, f"annotation {shown(entry.get('id', index))}")
        for index, entry in enumerate(file.annotations)
        if entry.get("keypoints") and "image_id" in entry
    ]
    if not usable:
        raise faults.stop(
            "annotations",
            "annotations with keypoints and image_id",
            "none",
            "export keypoints, not boxes",
        )
    frames, size = _frames(None if detections else file.images, usable, faults)
    first = numbers(usable[0].keypoints, 3)
    joints = 0 if first is None else len(first)
    layout = layout_for(joints, options, faults)
    order = _by_name(_joint_names(file), layout.joints)
    rows: list[tuple[int, int, np.ndarray]] = []
    seen: dict[int, int] = {}
    known = {entry.track_id for entry in usable}
    tracks = [] if None in known else sorted(track for track in known if track is not None)
    places: dict[int | None, int] = {track: place for place, track in enumerate(tracks)}
    for index, entry in enumerate(usable):
        place = f"annotation {index if entry.id is None else entry.id}"
        if entry.image_id not in frames:
            found = shown(entry.image_id)
            faults.add(place, "an image_id among the images", found, "add the image")
            continue
        values = numbers(entry.keypoints, 3)
        if values is None or len(values) != joints:
            found = "other values" if values is None else f"{len(values)} points"
            faults.add(place, f"{joints} rows of 3 numbers", found, "do not mix categories")
            continue
        frame = frames[entry.image_id]
        rows.append((places.get(entry.track_id, seen.get(frame, 0)), frame, values))
        seen[frame] = seen.get(frame, 0) + 1
    faults.raise_if_stopping()
    people = max(person for person, _, _ in rows) + 1
    points, scores = blank(people, 1 + max(frames.values()), joints, 2, source.size, faults)
    for person, frame, values in rows:
        values = values[order]
        points[person, frame], scores[person, frame] = values[:, :2], values[:, 2]
    if not detections or _looks_like_visibility(scores):
        scores = _visibility(scores, faults)
    points[scores == 0] = np.nan
    sequence = make_sequence(
        points,
        scores,
        skeleton=layout,
        options=options,
        faults=faults,
        unit="pixel",
        frame_size=size,
        source=source.path.name,
        people=tuple(str(track) for track in tracks),
    )
    return single(sequence, source)


def _frames(
    images: Sequence[_Image] | None, usable: Sequence[_Keypoints], faults: Faults
) -> tuple[dict[Identity, int], tuple[int, int] | None]:
    """Frame number of each image, and the picture size where all agree."""
    if images is None:
        ids = {entry.image_id for entry in usable}
        whole = [image for image in ids if isinstance(image, int)]
        if len(whole) == len(ids):
            return {image: image - min(whole) for image in whole}, None
        return {image: frame for frame, image in enumerate(sorted(ids, key=str))}, None
    if len({image.id for image in images}) != len(images):
        faults.add("images", "each id once", "an id twice", "number the images anew")
    images = sorted(images, key=lambda image: (image.file_name, str(image.id).zfill(12)))
    sizes = {(image.width, image.height) for image in images}
    frames = {image.id: frame for frame, image in enumerate(images)}
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    if not width or not height or min(width, height) <= 0:
        return frames, None
    return frames, (width, height)


def _joint_names(file: _File) -> tuple[str, ...]:
    return next((kind.keypoints for kind in file.categories or () if kind.keypoints), ())


def _by_name(names: Sequence[str], joints: Sequence[str]) -> list[int]:
    """The file's point for each joint: by name where all are known, else in order."""
    folded = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in names]
    if set(folded) == set(joints) and len(folded) == len(joints):
        return [folded.index(joint) for joint in joints]
    return list(range(len(joints)))


def _looks_like_visibility(scores: np.ndarray) -> bool:
    return bool(np.isin(scores, (0, 1, 2)).all() and (scores == 2).any())


def _visibility(values: np.ndarray, faults: Faults) -> np.ndarray:
    wrong = ~np.isin(values, (0, 1, 2))
    if wrong.any():
        faults.add(
            "keypoints, visibility",
            "0, 1 or 2",
            f"{values[wrong][0]:g} ({int(wrong.sum())} such places)",
            "write detections as a list of results with scores",
        )
    return np.select([values >= 2, values >= 1], [1.0, _HIDDEN], 0.0).astype(np.float32)


COCO = register(
    Format(
        "coco",
        "COCO keypoint JSON",
        "the annotation file, or a list of detections",
        "pictures in the order of their names are the frames",
        recognises,
        read,
    )
)
