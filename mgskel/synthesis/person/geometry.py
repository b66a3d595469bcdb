"""Vectors, rotations and two-bone limbs, for all frames at once.

Axes everywhere in the synthesis: x to the person's left (the right of a frontal picture),
y up, z out of the chest towards the viewer. Arrays hold the coordinates in their last axis.
"""

from __future__ import annotations

import numpy as np

from mgskel.synthesis.signals import Array

X = np.array([1.0, 0.0, 0.0])
Y = np.array([0.0, 1.0, 0.0])
Z = np.array([0.0, 0.0, 1.0])


def dot(a: Array, b: Array) -> Array:
    """Inner product over the last axis, which is kept with length one."""
    return np.einsum("...i,...i->...", a, b)[..., None]


def cross(a: Array, b: Array) -> Array:
    """Cross product over the last axis (several times faster than `numpy.cross`)."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def length(a: Array) -> Array:
    return np.sqrt(dot(a, a))


def unit(a: Array) -> Array:
    return a / np.maximum(length(a), 1e-9)


def across(a: Array, axis: Array) -> Array:
    """The unit direction of `a` within the plane perpendicular to the unit vector `axis`."""
    return unit(a - dot(a, axis) * axis)


def turn(matrix: Array, vector: Array) -> Array:
    """Rotate `vector` (..., 3) or (3,) by `matrix` (..., 3, 3)."""
    return np.einsum("...ij,...j->...i", matrix, vector)


def rotation(pitch: Array, yaw: Array, roll: Array) -> Array:
    """Rotation matrices (T, 3, 3) from degrees (T,).

    Positive pitch bends forward (the nose goes down), positive yaw turns to the person's own
    left, positive roll tilts towards the person's own left shoulder.
    """
    p, y, r = np.radians(pitch), np.radians(yaw), -np.radians(roll)
    cp, sp, cy, sy, cr, sr = np.cos(p), np.sin(p), np.cos(y), np.sin(y), np.cos(r), np.sin(r)
    rows = [
        [cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp],
        [cp * sr, cp * cr, -sp],
        [-sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def bend_limited(direction: Array, axis: Array, max_degrees: float) -> Array:
    """`direction`, brought within `max_degrees` of the unit vector `axis` (both unit, (T, 3))."""
    limit = np.cos(np.radians(max_degrees))
    along = dot(direction, axis)
    edge = limit * axis + np.sqrt(1.0 - limit**2) * across(direction, axis)
    return np.where(along >= limit, direction, edge)


def twist_limited(direction: Array, axis: Array, neutral: Array, max_degrees: float) -> Array:
    """`direction` turned about `axis` until it is within `max_degrees` of `neutral`.

    All three are unit vectors (T, 3); the result is perpendicular to `axis`.
    """
    zero = across(neutral, axis)
    quarter = cross(axis, zero)
    angle = np.arctan2(dot(direction, quarter), dot(direction, zero))
    limit = np.radians(max_degrees)
    angle = np.clip(angle, -limit, limit)
    return np.cos(angle) * zero + np.sin(angle) * quarter


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
    """Middle joint and end (T, 3) of a limb with its root (shoulder or hip) and bone lengths.

    The end is the goal (wrist or ankle), or the nearest point that the flexion range allows; the
    middle joint bends out to the pole, (T, 3) or (3,).
    """
    nearest, farthest = reach_limits(upper, lower, flexion)
    offset = goal - root
    axis = unit(offset)
    distance = np.clip(length(offset), nearest, farthest)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    middle = root + along * axis + aside * across(np.broadcast_to(unit(pole), axis.shape), axis)
    return middle, root + distance * axis


def flexion_degrees(root: Array, middle: Array, end: Array) -> Array:
    """Flexion (T,) of the middle joint: 0 when the limb is straight."""
    cosine = dot(unit(middle - root), unit(end - middle))[..., 0]
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
