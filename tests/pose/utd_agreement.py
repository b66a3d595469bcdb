"""How far our keypoints of a UTD-MHAD take are from OpenPose's of the same take.

The file of OpenPose keypoints is relative to the neck, divided in every frame by that frame's
own shoulder distance (coarsely measured: the torso's length in it swings by a third from frame
to frame), with zeros where a joint was not found, and one frame shorter than the clip.
Alignment: ours relative to the middle of the shoulders; one scale per frame by least squares,
which undoes that division; one shift per take, since a neck is not quite the shoulders' middle;
and whichever of the two possible frame offsets fits better. Distances are in our shoulder
widths of the take.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.body_scale import shoulder_width
from mgskel.core.skeleton import get_skeleton
from mgskel.pose.extract import extract


@dataclass(frozen=True)
class Agreement:
    median_sw: float
    by_joint: dict[str, float]
    about: str


def agreement(shared: Path, take: str) -> Agreement:
    theirs = _openpose(shared, take)
    sequence = extract(shared / "clips" / f"{take}_color.avi").sequence
    ours = sequence.to_skeleton("openpose18").keypoints[0].astype(np.float64)
    neck = get_skeleton("openpose18").index("neck")
    ours = ours - ours[:, neck : neck + 1]
    ours[:, neck] = np.nan
    width = float(shoulder_width(sequence)[0])
    found = [_aligned(ours[at : at + len(theirs)], theirs) / width for at in (0, 1)]
    offset = int(np.argmin([np.nanmedian(distance) for distance in found]))
    distance = found[offset]
    joints = get_skeleton("openpose18").joints
    by_joint = {
        name: float(np.nanmedian(distance[:, j]))
        for j, name in enumerate(joints)
        if np.isfinite(distance[:, j]).any()
    }
    about = f"1 shoulder width = {width:.1f} px, frame offset {offset}"
    return Agreement(float(np.nanmedian(distance)), by_joint, about)


def _openpose(shared: Path, take: str) -> np.ndarray:
    """(T, 18, 2), NaN where not found."""
    with np.load(shared / "data" / "utd_rgb_openpose18_train.npz") as data:
        index = int(np.flatnonzero(data["name"] == take)[0])
        frames = data["frames"][data["offsets"][index] : data["offsets"][index + 1]]
    points = frames.astype(np.float64)
    points[(points == 0).all(-1)] = np.nan
    return points


def _aligned(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(T, 18) distances in pixels, theirs brought into our picture; both are (T, 18, 2)."""
    known = np.isfinite(ours).all(-1) & np.isfinite(theirs).all(-1)
    a, b = (np.where(known[..., None], points, 0.0) for points in (ours, theirs))
    scale = (a * b).sum((1, 2)) / (b * b).sum((1, 2))
    gap = ours - theirs * scale[:, None, None]
    gap -= np.nanmedian(gap, axis=(0, 1))
    return np.linalg.norm(gap, axis=-1)
