"""What every `PoseSequence` satisfies; anything else is refused at its border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton

if TYPE_CHECKING:
    from mgskel.core.sequence import PoseSequence

UNITS = ("pixel", "metre", "normalised")


def check(sequence: PoseSequence) -> None:
    """Refuse what later rooms could not trust; all shape faults are found before value faults."""
    points, scores, times = sequence.keypoints, sequence.scores, sequence.timestamps
    layout = sequence.skeleton
    _require(
        points.ndim == 4,
        "keypoints have the wrong number of axes",
        "(people, frames, joints, coordinates)",
        f"shape {points.shape}",
    )
    _require(
        points.shape[2] == layout.num_joints,
        "the joint axis does not fit the layout",
        f"{layout.num_joints} joints ({layout.name}) on axis 2",
        f"shape {points.shape}",
    )
    _require(
        points.shape[3] in (2, 3),
        "coordinates are neither 2-D nor 3-D",
        "2 or 3 on axis 3",
        f"shape {points.shape}",
    )
    _require(
        scores.shape == points.shape[:3],
        "scores do not fit the keypoints",
        f"shape {points.shape[:3]}",
        f"shape {scores.shape}",
    )
    _require(
        times.shape == points.shape[1:2],
        "timestamps do not fit the frames",
        f"{points.shape[1]} timestamps",
        f"shape {times.shape}",
    )
    _require(
        np.isfinite(sequence.fps) and sequence.fps > 0,
        "impossible frame rate",
        "a positive number of frames per second",
        repr(sequence.fps),
    )
    _require(
        sequence.unit in UNITS, "unknown unit", "one of " + ", ".join(UNITS), repr(sequence.unit)
    )
    _require(
        len(sequence.people) == points.shape[0] == len(set(sequence.people)),
        "people's names do not fit the keypoints",
        f"{points.shape[0]} different names",
        repr(sequence.people),
    )
    bad = ~np.isfinite(scores) | (scores < 0) | (scores > 1)
    _require(not bad.any(), "scores outside 0..1", "scores in 0..1", _first(bad, scores, layout))
    missing = np.isnan(points).any(-1)
    _require(
        not np.isinf(points).any(),
        "infinite coordinates",
        "finite numbers, or NaN where missing",
        _first(np.isinf(points).any(-1), scores, layout),
    )
    unsure = missing & (scores > 0)
    _require(
        not unsure.any(),
        "missing joints have a positive score",
        "score 0 where NaN",
        _first(unsure, scores, layout),
    )
    ghost = ~missing & (scores == 0)
    _require(
        not ghost.any(),
        "joints with score 0 have coordinates",
        "NaN where the score is 0",
        _first(ghost, scores, layout),
    )
    steps = np.diff(times)
    _require(
        np.isfinite(times).all() and (steps > 0).all(),
        "timestamps do not increase",
        "each frame later than the one before",
        f"frame {int(np.argmax(~(steps > 0))) + 1}" if steps.size else "NaN",
    )


def _require(condition: object, message: str, expected: str, found: str) -> None:
    if not condition:
        raise InputError(message, expected=expected, found=found)


def _first(where: np.ndarray, scores: np.ndarray, layout: Skeleton) -> str:
    """Names the first place of a fault, and how many there are."""
    if not where.any():
        return ""
    person, frame, joint = (int(i) for i in np.argwhere(where)[0])
    return (
        f"{int(where.sum())} places, first person {person}, frame {frame}, "
        f"joint {layout.joints[joint]}, score {scores[person, frame, joint]:g}"
    )
