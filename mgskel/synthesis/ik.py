"""Analytic inverse kinematics of a two-bone limb, for all frames at once."""

from __future__ import annotations

import numpy as np

from mgskel.synthesis.geometry import across, dot, length, unit
from mgskel.synthesis.signals import Array

ELBOW_FLEXION = (4.0, 150.0)
KNEE_FLEXION = (2.0, 150.0)
WRIST_BEND = 70.0
FOREARM_TWIST = 95.0


def reach_limits(upper: float, lower: float, flexion: tuple[float, float]) -> tuple[float, float]:
    """Shortest and longest distance between the limb's ends, for a flexion range in degrees."""
    nearest, farthest = (
        float(np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.radians(angle))))
        for angle in (flexion[1], flexion[0])
    )
    return nearest, farthest


def solve(
    root: Array,
    goal: Array,
    upper: float,
    lower: float,
    pole: Array,
    flexion: tuple[float, float] = ELBOW_FLEXION,
) -> tuple[Array, Array]:
    """Middle joint and end of the limb (T, 3) each.

    The end is the goal, or the nearest point that the flexion range allows.

    Args:
        root: (T, 3) shoulder or hip.
        goal: (T, 3) wanted wrist or ankle.
        upper, lower: bone lengths.
        pole: (T, 3) or (3,) the direction to which the middle joint bends out.
    """
    nearest, farthest = reach_limits(upper, lower, flexion)
    offset = goal - root
    axis = unit(offset)
    distance = np.clip(length(offset), nearest, farthest)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    middle = root + along * axis + aside * across(np.broadcast_to(pole, axis.shape), axis)
    return middle, root + distance * axis


def flexion_degrees(root: Array, middle: Array, end: Array) -> Array:
    """Flexion (T,) of the middle joint: 0 when the limb is straight."""
    cosine = dot(unit(middle - root), unit(end - middle))[..., 0]
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
