"""Skeletons: the only place where joint orders, bones, mirror pairs and body parts stand.

A layout is a small YAML file (``layouts/NAME.yaml``, or the user's own): joint names in their
order, bones as ``child: parent``, a root. Joint names mean the same point of the body in every
layout, so mirror pairs and body parts follow from the names, and conversion goes by name.
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mgskel.core.errors import InputError, shown, unknown
from mgskel.core.storage.intake import read_yaml

_LAYOUTS = Path(__file__).parent / "layouts"
_MOST_JOINTS, _MOST_SHOWN = 1000, 12
_KEYS = ("name", "root", "joints", "bones", "mirror", "parts")


@dataclass(frozen=True)
class Skeleton:
    """One layout of joints.

    Attributes:
        joints: names, in the order of the keypoint axis V.
        bones: (child, parent) joint indices; each joint but the roots has one parent.
        root: index of the joint that the others hang on.
        mirror_pairs: (left, right) joint indices.
        parts: body part to joint indices; each joint belongs to one part.
        colours: of the body parts, for display.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    root: int
    mirror_pairs: tuple[tuple[int, int], ...]
    parts: Mapping[str, tuple[int, ...]] = field(hash=False)
    colours: Mapping[str, str] = field(hash=False, compare=False)

    @property
    def num_joints(self) -> int:
        return len(self.joints)

    def has(self, joint: str) -> bool:
        return joint in self._indices

    def index(self, joint: str) -> int:
        """The position of a joint; an error names the nearest joint that exists."""
        if joint not in self._indices:
            raise unknown(f"joint of the layout '{self.name}'", joint, self.joints)
        return self._indices[joint]

    def indices(self, *joints: str) -> tuple[int, ...]:
        return tuple(self.index(joint) for joint in joints)

    @functools.cached_property
    def _indices(self) -> Mapping[str, int]:
        return {joint: index for index, joint in enumerate(self.joints)}

    @functools.cached_property
    def parents(self) -> np.ndarray:
        """Parent of each joint, (V,); -1 for roots."""
        parents = np.full(self.num_joints, -1)
        for child, parent in self.bones:
            parents[child] = parent
        return parents

    @functools.cached_property
    def mirror(self) -> np.ndarray:
        """The joint that each joint becomes in a mirror, (V,)."""
        order = np.arange(self.num_joints)
        for left, right in self.mirror_pairs:
            order[left], order[right] = right, left
        return order

    def part_of(self, joint: int) -> str:
        return next(part for part, members in self.parts.items() if joint in members)

    def __reduce__(self) -> tuple[Any, ...]:
        # Read-only mappings do not pickle; workers get plain ones, frozen again on arrival.
        state = (self.name, self.joints, self.bones, self.root, self.mirror_pairs)
        return (_revive, (*state, dict(self.parts), dict(self.colours)))

    def __repr__(self) -> str:
        return f"Skeleton({self.name!r}, {self.num_joints} joints)"


def _revive(name: str, joints: Any, bones: Any, root: int, pairs: Any, parts: Any, colours: Any):  # type: ignore[no-untyped-def]
    return Skeleton(
        name, joints, bones, root, pairs, MappingProxyType(parts), MappingProxyType(colours)
    )


@functools.cache
def list_skeletons() -> tuple[str, ...]:
    """Names of the layouts that come with the package."""
    return tuple(sorted(p.stem for p in _LAYOUTS.glob("*.yaml") if not p.stem.startswith("_")))


def get_skeleton(name: str | Path | Skeleton) -> Skeleton:
    """A layout by name, or one's own by the path of its YAML file."""
    if isinstance(name, Skeleton):
        return name
    if str(name) in list_skeletons():
        return _load(_LAYOUTS / f"{name}.yaml")
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_skeleton(path)
    raise unknown("layout", str(name), list_skeletons())


@functools.cache
def _load(path: Path) -> Skeleton:
    return load_skeleton(path)


def load_skeleton(path: str | Path) -> Skeleton:
    """A layout from a YAML file; every fault in it is named at once."""
    return skeleton_from_dict(read_yaml(path, "skeleton file"), place=str(path))


def skeleton_to_dict(skeleton: Skeleton) -> dict[str, Any]:
    """What a skeleton file holds; `skeleton_from_dict` is its inverse."""
    names = skeleton.joints
    return {
        "name": skeleton.name,
        "root": names[skeleton.root],
        "joints": list(names),
        "bones": {names[child]: names[parent] for child, parent in skeleton.bones},
        "mirror": [[names[left], names[right]] for left, right in skeleton.mirror_pairs],
        "parts": {part: [names[i] for i in joints] for part, joints in skeleton.parts.items()},
    }


def skeleton_from_dict(tree: Any, place: str = "skeleton") -> Skeleton:
    """A skeleton from plain values, with every fault named at once."""
    faults = _shape_faults(tree)
    if not faults:
        faults = _content_faults(tree)
    if faults:
        raise InputError(
            "this is not a usable skeleton:\n  - " + "\n  - ".join(faults[:_MOST_SHOWN]),
            place=place,
            expected="keys name, root, joints (a list of names) and bones (child: parent)",
            remedy="see docs/howto/own-skeleton.md for an example",
        )
    joints = tuple(tree["joints"])
    position = {joint: index for index, joint in enumerate(joints)}
    pairs = tree.get("mirror") or _pairs_by_name(joints)
    parts = tree.get("parts") or _parts_by_name(joints)
    known = _anatomy()["parts"]
    return Skeleton(
        name=str(tree["name"]),
        joints=joints,
        bones=tuple((position[child], position[parent]) for child, parent in tree["bones"].items()),
        root=position[tree["root"]],
        mirror_pairs=tuple((position[left], position[right]) for left, right in pairs),
        parts=MappingProxyType(
            {part: tuple(position[joint] for joint in members) for part, members in parts.items()}
        ),
        colours=MappingProxyType(
            {part: known[part]["colour"] if part in known else "#7f7f7f" for part in parts}
        ),
    )


def _shape_faults(tree: Any) -> list[str]:
    if not isinstance(tree, dict):
        return [f"the file holds {type(tree).__name__}, not keys and values"]
    faults = [
        f"key '{key}' is missing" for key in ("name", "root", "joints", "bones") if key not in tree
    ]
    faults += [f"unknown key {shown(key)}" for key in tree if key not in _KEYS]
    joints = tree.get("joints", [])
    if not isinstance(joints, list) or not all(isinstance(joint, str) for joint in joints):
        faults.append("'joints' is not a list of names")
    elif not joints and "joints" in tree:
        faults.append("'joints' is empty")
    elif len(joints) > _MOST_JOINTS:
        faults.append(f"'joints' has {len(joints)} names, more than {_MOST_JOINTS}")
    if isinstance(tree.get("root"), list | dict):
        faults.append("'root' is not a name")
    bones = tree.get("bones", {})
    if not isinstance(bones, dict) or not all(isinstance(name, str) for name in bones.values()):
        faults.append("'bones' is not a mapping of child to parent")
    for key, kind in (("mirror", list), ("parts", dict)):
        if tree.get(key) is not None and not isinstance(tree[key], kind):
            faults.append(f"'{key}' is not a {'list of pairs' if kind is list else 'mapping'}")
    mirror, parts = tree.get("mirror"), tree.get("parts")
    if isinstance(mirror, list) and not all(_names(pair) and len(pair) == 2 for pair in mirror):
        faults.append("'mirror' is not a list of [left, right] pairs")
    if isinstance(parts, dict) and not all(map(_names, parts.values())):
        faults.append("'parts' does not list names of joints")
    return faults


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _content_faults(tree: Mapping[str, Any]) -> list[str]:
    joints, bones = tree["joints"], tree["bones"]
    known = set(joints)
    faults = [f"joint '{name}' is listed twice" for name in known if joints.count(name) > 1]
    if tree["root"] not in known:
        faults.append(f"root '{tree['root']}' is not a joint")
    elif tree["root"] in bones:
        faults.append(f"root '{tree['root']}' has a parent")
    for child, parent in bones.items():
        faults += [
            f"bone {child}: {parent} names '{name}', which is not a joint"
            for name in (child, parent)
            if name not in known
        ]
    for child in bones:
        seen, joint = set(), child
        while joint in bones and joint not in seen:
            seen.add(joint)
            joint = bones[joint]
        if joint in seen:
            faults.append(f"bones run in a circle through '{child}'")
            break
    mentioned = [name for pair in tree.get("mirror") or [] for name in pair]
    faults += [
        f"mirror names '{name}', which is not a joint" for name in mentioned if name not in known
    ]
    faults += [
        f"mirror names '{name}' twice" for name in set(mentioned) if mentioned.count(name) > 1
    ]
    parts = tree.get("parts") or {}
    members = [name for part in parts.values() for name in part]
    faults += [
        f"a part names '{name}', which is not a joint" for name in members if name not in known
    ]
    if parts:
        faults += [
            f"joint '{name}' belongs to {members.count(name)} parts, not to one"
            for name in joints
            if members.count(name) != 1
        ]
    if not faults:
        faults = _mirror_faults(tree)
    return faults


def _mirror_faults(tree: Mapping[str, Any]) -> list[str]:
    """Bones must mirror onto bones, else a mirrored recording would be another body."""
    swap = dict.fromkeys(tree["joints"])
    for left, right in tree.get("mirror") or _pairs_by_name(tuple(tree["joints"])):
        swap[left], swap[right] = right, left
    bones = set(tree["bones"].items())
    return [
        f"bone {child}: {parent} has no mirror image "
        f"{swap[child] or child}: {swap[parent] or parent}"
        for child, parent in tree["bones"].items()
        if (swap[child] or child, swap[parent] or parent) not in bones
    ]


def mirror_name(joint: str) -> str:
    """The name of a joint's mirror image: left and right change places."""
    words = joint.split("_")
    swapped = {"left": "right", "right": "left"}
    return "_".join(swapped.get(word, word) for word in words)


def _pairs_by_name(joints: tuple[str, ...]) -> list[tuple[str, str]]:
    known = set(joints)
    return [
        (joint, mirror_name(joint))
        for joint in joints
        if "left" in joint.split("_") and mirror_name(joint) in known
    ]


def _parts_by_name(joints: tuple[str, ...]) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for joint in joints:
        part = next(
            (
                part
                for part, about in _anatomy()["parts"].items()
                if any(fnmatch.fnmatchcase(joint, pattern) for pattern in about["joints"])
            ),
            "other",
        )
        parts.setdefault(part, []).append(joint)
    return parts


@functools.cache
def _anatomy() -> Mapping[str, Any]:
    return read_yaml(_LAYOUTS / "_anatomy.yaml")


@functools.cache
def computed_ways() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """For each joint that can be computed: the ways to do so, as tuples of parent joints."""
    ways: dict[str, tuple[tuple[str, ...], ...]] = {}
    for joint, alternatives in _anatomy()["computed"].items():
        for side in ("left", "right") if "SIDE" in joint else ("",):
            ways[joint.replace("SIDE", side)] = tuple(
                tuple(parent.replace("SIDE", side) for parent in way) for way in alternatives
            )
    return ways


def convert(
    keypoints: np.ndarray,
    scores: np.ndarray,
    source: Skeleton,
    target: Skeleton,
    allow_missing: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Bring joints from one layout to another, by name.

    A joint that the source lacks is computed where `_anatomy.yaml` says how: the mean of its
    parents, scored like the worst of them, and missing where one of them is missing (then the
    next way is tried, frame by frame). A joint that can't be had is an error naming it, or, with
    `allow_missing`, NaN with score 0.

    Args:
        keypoints: (..., V, C).
        scores: (..., V).

    Returns:
        Keypoints (..., V', C) and scores (..., V') in the target's joint order.
    """
    direct = [place for place, joint in enumerate(target.joints) if source.has(joint)]
    taken = source.indices(*(target.joints[place] for place in direct))
    shape = (*keypoints.shape[:-2], target.num_joints)
    points = np.full((*shape, keypoints.shape[-1]), np.nan, np.float32)
    scored = np.zeros(shape, np.float32)
    points[..., direct, :], scored[..., direct] = keypoints[..., taken, :], scores[..., taken]
    lacking = []
    for place in sorted({*range(target.num_joints)} - {*direct}):
        computed = _obtain(keypoints, scores, source, target.joints[place])
        if computed is None:
            lacking.append(target.joints[place])
        else:
            points[..., place, :], scored[..., place] = computed
    if lacking and not allow_missing:
        raise InputError(
            f"the layout '{source.name}' cannot give all joints of '{target.name}'",
            expected=f"joints or their parents for: {', '.join(lacking)}",
            found=", ".join(source.joints),
            remedy="choose a smaller layout, or allow missing joints (--allow-missing)",
        )
    return points, scored


def _obtain(
    keypoints: np.ndarray, scores: np.ndarray, source: Skeleton, joint: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """One joint's points (..., C) and scores (...), or none where the layout can't give it."""
    if source.has(joint):
        index = source.index(joint)
        return keypoints[..., index, :], scores[..., index]
    result: tuple[np.ndarray, np.ndarray] | None = None
    for way in computed_ways().get(joint, ()):
        parents = [_obtain(keypoints, scores, source, parent) for parent in way]
        if any(parent is None for parent in parents):
            continue
        there = [parent for parent in parents if parent is not None]
        points = np.mean([p for p, _ in there], axis=0)
        score = np.min([s for _, s in there], axis=0)
        score = np.where(np.isnan(points).any(-1), 0, score)
        if result is None:
            result = points, score
        else:
            gap = np.isnan(result[0]).any(-1)
            result = np.where(gap[..., None], points, result[0]), np.where(gap, score, result[1])
    return result
