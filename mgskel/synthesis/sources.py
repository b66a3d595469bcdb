"""Which joints the synthetic body must give so that a wanted layout can be had from them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton, computed_ways, get_skeleton
from mgskel.synthesis.person import face
from mgskel.synthesis.person.hands import FINGER_JOINTS, FINGERS, THUMB_JOINTS
from mgskel.synthesis.signals import SIDES

_LIMB = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot", "heel", "big_toe",
         "small_toe", "hand_root", "hand", "hand_tip")  # fmt: skip
# What an estimator finds before anything is computed from it; joints of other layouts are taken
# as found directly.
_FINDS = {"mediapipe": "mediapipe_holistic"}
_TELLING = ("nose",) + tuple(
    f"{side}_{joint}" for joint in ("shoulder", "wrist", "hip", "knee", "ankle") for side in SIDES
)


@dataclass(frozen=True, eq=False)
class JointSource:
    """Joints to synthesise, and the layout that they are converted to."""

    joints: tuple[str, ...]  # names of the joints that the estimator finds
    skeleton: Skeleton  # the same as a layout without bones
    target: Skeleton  # the wanted layout


def body_joints() -> frozenset[str]:
    """All joints that the synthetic body has."""
    names = set(face.NAMES)
    for side in SIDES:
        names |= {f"{side}_{joint}" for joint in _LIMB}
        names |= {f"{side}_thumb_{joint}" for joint in THUMB_JOINTS}
        names |= {f"{side}_{f}_{joint}" for f in FINGERS[1:] for joint in FINGER_JOINTS}
    return frozenset(names)


@functools.cache
def source_of(layout: str, estimator: str) -> JointSource:
    """The joints needed for a layout as an estimator's finds."""
    target = get_skeleton(layout)
    finds = frozenset(get_skeleton(_FINDS[estimator]).joints) if estimator in _FINDS else None
    known = body_joints()
    direct = known & finds if finds is not None else known
    # A layout of another estimator asks for joints that this one never finds.
    lacking = [j for j in target.joints if not _obtainable(j, direct)]
    if lacking:
        direct = known
        lacking = [j for j in target.joints if not _obtainable(j, known)]
    if lacking:
        raise InputError(
            f"the synthetic body cannot give all joints of '{target.name}'",
            expected="joint names of the known layouts",
            found=", ".join(lacking),
            remedy="leave these joints out of the layout",
        )
    needed = dict.fromkeys(p for joint in target.joints for p in _parents(joint, direct))
    # What the picture shows is decided at these joints, whether or not the layout has them.
    needed |= dict.fromkeys(joint for joint in _TELLING if joint in direct)
    joints = tuple(needed)
    nothing: MappingProxyType[str, Any] = MappingProxyType({})
    name = f"synthetic body for {target.name}"
    skeleton = Skeleton(name, joints, (), 0, (), nothing, nothing)
    return JointSource(joints, skeleton, target)


def _obtainable(joint: str, direct: frozenset[str]) -> bool:
    return joint in direct or any(
        all(_obtainable(parent, direct) for parent in way) for way in computed_ways().get(joint, ())
    )


def _parents(joint: str, direct: frozenset[str]) -> Iterator[str]:
    """The joints that conversion will take: all ways, since a later one fills gaps."""
    if joint in direct:
        yield joint
        return
    for way in computed_ways().get(joint, ()):
        if all(_obtainable(parent, direct) for parent in way):
            for parent in way:
                yield from _parents(parent, direct)
