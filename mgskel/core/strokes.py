"""The lines by which a body is drawn.

A layout's bones are a tree for computing, in which shoulders may hang from the nose. People
expect a line from shoulder to shoulder, one between the hips, and a neck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.core.skeleton import Skeleton


@dataclass(frozen=True)
class Stroke:
    """A line between two places, each the mean of some joints, drawn as a part of the body."""

    start: tuple[int, ...]
    end: tuple[int, ...]
    part: str

    @property
    def joints(self) -> tuple[int, ...]:
        return self.start + self.end

    def ends(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both places, from points (V, C)."""
        return _middle(points, self.start), _middle(points, self.end)


def strokes(skeleton: Skeleton) -> tuple[Stroke, ...]:
    """The lines of a layout."""
    face = skeleton.parts.get("face", ())
    skull = {*face, *skeleton.parts.get("head", ())}
    shoulders, hips = _pair(skeleton, "shoulder"), _pair(skeleton, "hip")
    hanging = {s for s in shoulders if int(skeleton.parents[s]) in skull}
    lines = [
        Stroke((child,), (parent,), skeleton.part_of(child))
        for child, parent in skeleton.bones
        # Face points look better as points than tied to the nose.
        if child not in hanging and not (child in face and parent not in face)
    ]
    trunk = "torso" if "torso" in skeleton.parts else skeleton.part_of(0)
    if len(hanging) == 2:
        nose = int(skeleton.parents[shoulders[0]])
        lines += [Stroke((shoulders[0],), (shoulders[1],), trunk)]
        lines += [Stroke(shoulders, (nose,), trunk)]
    if hips and skeleton.parents[hips[0]] != skeleton.parents[hips[1]]:
        lines.append(Stroke((hips[0],), (hips[1],), trunk))
    return tuple(lines)


def _middle(points: np.ndarray, joints: tuple[int, ...]) -> np.ndarray:
    if len(joints) == 1:
        return np.asarray(points[joints[0]])
    return np.asarray(points[list(joints)].mean(0))


def _pair(skeleton: Skeleton, name: str) -> tuple[int, ...]:
    names = (f"left_{name}", f"right_{name}")
    return skeleton.indices(*names) if all(map(skeleton.has, names)) else ()
