"""What a picture shows: which joints lie behind the body, and which gestures outside the frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgskel.synthesis.actor import Acting
from mgskel.synthesis.body import Body
from mgskel.synthesis.channels import SIDES
from mgskel.synthesis.performance import Performance
from mgskel.synthesis.signals import Array


def hidden_joints(acting: Acting, names: Sequence[str], seen: Array) -> Array:
    """Joints (T, V) hidden behind trunk or head: hands behind the back, the far ear."""
    place = {name: index for index, name in enumerate(names)}
    hidden = np.zeros(seen.shape[:2], bool)
    shoulders = [place.get(f"{side}_shoulder") for side in SIDES]
    hips = [place.get(f"{side}_hip") for side in SIDES]
    if None not in shoulders and None not in hips:
        left, right = (seen[:, i] for i in shoulders)  # type: ignore[index]
        low = (seen[:, hips[0]] + seen[:, hips[1]]) / 2
        middle = (left + right) / 2
        depth = (middle[:, 2] + low[:, 2]) / 2
        edges = np.sort(np.stack([left[:, 0], right[:, 0]]), axis=0)
        for side in SIDES:
            wrist = place.get(f"{side}_wrist")
            if wrist is None:
                continue
            x, y, z = (seen[:, wrist, axis] for axis in range(3))
            behind = (z > depth + 0.10 * acting.body.metres) & (x > edges[0]) & (x < edges[1])
            behind &= (y > low[:, 1]) & (y < middle[:, 1] + 0.2 * acting.body.metres)
            members = [
                i
                for n, i in place.items()
                if n.startswith(f"{side}_")
                and any(
                    word in n
                    for word in ("wrist", "hand", "thumb", "index", "middle", "ring", "pinky")
                )
            ]
            hidden[:, members] |= behind[:, None]
    ears = [place.get(f"{side}_ear") for side in SIDES]
    nose = place.get("nose")
    if None not in ears and nose is not None:
        for ear, other in (ears, ears[::-1]):
            # The far ear is hidden when it lies well behind the near one.
            gap = seen[:, ear, 2] - seen[:, other, 2]  # type: ignore[index]
            hidden[:, ear] |= gap > 0.22 * acting.body.metres  # type: ignore[index]
    return hidden


def sample_desk(rng: np.random.Generator, share: float, body: Body) -> float | None:
    """Height in metres of a desk or lectern before the person, if there is one."""
    above_hips = rng.uniform(0.30, 0.52) if body.seated else rng.uniform(0.20, 0.65)
    return (body.hip_height + above_hips) * body.metres if rng.random() < share else None


def covered_joints(world: Array, desk: float | None) -> Array:
    """Joints (T, V) below the top of a desk."""
    return np.zeros(world.shape[:2], bool) if desk is None else world[..., 1] < desk


def visible_share(
    performance: Performance,
    pixels: Array,
    names: Sequence[str],
    size: tuple[int, int],
    time: Array,
    covered: Array,
) -> float:
    """Share of the apex during which the picture holds the joints that make the gesture.

    Args:
        covered: (T, V) joints hidden by things before the body.
    """
    members = [i for i, name in enumerate(names) if name in _needed(performance)]
    near = slice(
        *np.searchsorted(
            time, (performance.apex_s, max(performance.offset_s, performance.apex_s + 0.1))
        )
    )
    points = pixels[near][:, members]
    if points.size == 0:
        return 0.0
    width, height = size
    inside = (points >= 0).all(-1) & (points[..., 0] < width) & (points[..., 1] < height)
    inside &= ~covered[near][:, members]
    return float((inside.mean(axis=1) >= 0.75).mean())


def _needed(performance: Performance) -> frozenset[str]:
    """Joints that must be in the picture: the acting hands, or the moving part."""
    needed = {f"{side}_wrist" for side in performance.hand_sides}
    if performance.program.hands is None:
        part = performance.claims
        if "legs" in part:
            needed |= {"left_knee", "right_knee", "left_ankle", "right_ankle"}
        if part & {"torso", "shoulders"}:
            needed |= {"left_shoulder", "right_shoulder"}
        if part & {"head", "face"} or not needed:
            needed |= {"nose"}
    return frozenset(needed)
