"""How OpenPose divides a person into lists of points, and which layout they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgskel.data.faults import Faults
from mgskel.skeleton import Skeleton, get_skeleton

PARTS = (
    "pose_keypoints_2d",
    "hand_left_keypoints_2d",
    "hand_right_keypoints_2d",
    "face_keypoints_2d",
)
_SIZES_137 = (25, 21, 21, 70)
_CHUNK = 512  # rows that are placed at a time, to keep memory near the arrays' own
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


def assemble(
    values: np.ndarray,
    frames: np.ndarray,
    people: np.ndarray,
    shape: tuple[int, int],
    layout: Skeleton,
    sizes: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (R, P, 3) of people in frames, as points (M, T, V, 2) and scores (M, T, V)."""
    columns = _columns(layout, [size // 3 for size in sizes])
    points = np.full((*shape, layout.num_joints, 2), np.nan, np.float32)
    scores = np.zeros((*shape, layout.num_joints), np.float32)
    for start in range(0, len(values), _CHUNK):
        part = slice(start, start + _CHUNK)
        index = (people[part, None], frames[part, None], columns[None])
        points[index], scores[index] = values[part, :, :2], values[part, :, 2]
        points[people[part], frames[part]] = np.where(
            scores[people[part], frames[part], :, None] == 0,
            np.nan,
            points[people[part], frames[part]],
        )
    return points, scores


def _columns(layout: Skeleton, points: list[int]) -> np.ndarray:
    """Where each point of a person stands in the layout."""
    if sum(points) == layout.num_joints:
        return np.arange(layout.num_joints)
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
