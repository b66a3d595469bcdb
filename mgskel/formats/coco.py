"""COCO keypoint JSON: annotated pictures, or a list of detections, as the frames of a clip.

Pictures in the order of their file names are the frames; annotations with a `track_id` keep to
their person, others go by their order. Visibility 2 (seen) scores 1, 1 (placed, but hidden) 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset
from mgskel.formats.checks import make_sequence
from mgskel.formats.format import Format, ReadOptions, register, single
from mgskel.formats.layouts import layout_for
from mgskel.formats.source import Source

_HIDDEN = 0.5


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
    annotations = tree if detections else tree["annotations"]
    if not isinstance(annotations, list):
        raise faults.stop("annotations", "a list", type(annotations).__name__, "write it again")
    usable = [
        entry
        for entry in annotations
        if isinstance(entry, dict) and entry.get("keypoints") and "image_id" in entry
    ]
    if not usable:
        raise faults.stop(
            "annotations",
            "annotations with keypoints and image_id",
            "none",
            "export keypoints, not boxes",
        )
    frames, size = _frames(tree, usable, faults)
    joints = len(usable[0]["keypoints"]) // 3
    layout = layout_for(joints, options, faults)
    names = () if detections else _joint_names(tree)
    order = _by_name(names, layout.joints)
    rows: list[tuple[int, int, np.ndarray]] = []
    seen: dict[int, int] = {}
    tracked = all(isinstance(entry.get("track_id"), int) for entry in usable)
    tracks = sorted({entry["track_id"] for entry in usable}) if tracked else []
    for index, entry in enumerate(usable):
        place = f"annotation {entry.get('id', index)}"
        image = entry["image_id"]
        if image not in frames:
            faults.add(place, "an image_id among the images", repr(image), "add the image")
            continue
        values = _number_rows(entry["keypoints"], 3, faults, place)
        if values is None:
            continue
        if len(values) != joints:
            faults.add(place, f"{joints} points, as before", len(values), "do not mix categories")
            continue
        frame = frames[image]
        person = tracks.index(entry["track_id"]) if tracked else seen.get(frame, 0)
        seen[frame] = seen.get(frame, 0) + 1
        rows.append((person, frame, values))
    faults.raise_if_stopping()
    people = max(person for person, _, _ in rows) + 1
    points = np.full((people, len(set(frames.values())), joints, 2), np.nan, np.float32)
    scores = np.zeros(points.shape[:3], np.float32)
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
    tree: Any, usable: Sequence[Mapping[str, Any]], faults: Faults
) -> tuple[dict[Any, int], tuple[int, int] | None]:
    """Frame number of each image, and the picture size where all agree."""
    if isinstance(tree, list):
        ids = sorted(
            {entry["image_id"] for entry in usable},
            key=str if any(isinstance(entry["image_id"], str) for entry in usable) else None,
        )
        if all(isinstance(image, int) for image in ids):
            return {image: image - ids[0] for image in ids}, None
        return {image: frame for frame, image in enumerate(ids)}, None
    images = [image for image in tree["images"] if isinstance(image, dict) and "id" in image]
    if len({image["id"] for image in images}) != len(images):
        faults.add("images", "each id once", "an id twice", "number the images anew")
    images.sort(key=lambda image: (str(image.get("file_name", "")), str(image["id"]).zfill(12)))
    sizes = {(image.get("width"), image.get("height")) for image in images}
    frames = {image["id"]: frame for frame, image in enumerate(images)}
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    if not isinstance(width, int) or not isinstance(height, int) or min(width, height) <= 0:
        return frames, None
    return frames, (width, height)


def _joint_names(tree: Mapping[str, Any]) -> tuple[str, ...]:
    for category in tree.get("categories") or []:
        if isinstance(category, dict) and category.get("keypoints"):
            return tuple(str(name) for name in category["keypoints"])
    return ()


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


def _number_rows(rows: Sequence[Any], width: int, faults: Faults, place: str) -> np.ndarray | None:
    """Nested or flat numbers as (n, width) float32; none, with a fault, where they are not."""
    try:
        values = np.array(rows, dtype=np.float32)
    except (TypeError, ValueError):
        faults.add(
            place,
            f"rows of {width} numbers",
            "other values, or rows of unequal length",
            "write it again",
        )
        return None
    if values.size % width or (values.ndim == 2 and values.shape[1] != width) or values.ndim > 2:
        faults.add(place, f"rows of {width} numbers", f"shape {values.shape}", "write it again")
        return None
    return values.reshape(-1, width)


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
