"""A pinhole camera before the person, what it shows, and what lies hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.synthesis.performance import Performance
from mgskel.synthesis.person.actor import Acting
from mgskel.synthesis.person.geometry import Y, cross, unit
from mgskel.synthesis.person.physique import Physique
from mgskel.synthesis.settings import CameraSettings
from mgskel.synthesis.signals import SIDES, Array, smooth_noise

_HEAD_TOP = 1.0  # above the shoulders, shoulder widths
# Visible height of the picture at the person's distance, in shoulder widths.
_FRAMING = {"close": (1.1, 2.6), "bust": (2.6, 3.8), "half": (3.8, 5.2), "full": (5.5, 13.0)}
_NEAREST_M = 0.25
_CLOSEST_M = 0.5  # a laptop's camera
_OF_HANDS = ("wrist", "hand", "thumb", "index", "middle", "ring", "pinky")


@dataclass(frozen=True, eq=False)
class Camera:
    """Position, direction and optics."""

    position: Array  # (3,) metres in the world
    aim: Array  # (3,) the point in the picture's middle, metres
    roll: float  # degrees
    focal: float  # pixels
    size: tuple[int, int]  # (width, height) pixels
    fps: float  # frames per second
    shake: float  # degrees of a hand-held camera's motion
    framing: str  # name of what the picture shows


def sample_camera(
    rng: np.random.Generator, settings: CameraSettings, body: Physique, framing: str | None = None
) -> Camera:
    """A camera that shows the person; how much of it depends on the framing."""
    names = list(settings.framing)
    weights = np.array([settings.framing[name] for name in names])
    drawn = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    framing = framing or drawn
    size = settings.sizes[int(rng.integers(len(settings.sizes)))]
    low, high = _FRAMING[framing]
    if framing == "full":
        tall = (body.hip_height + body.trunk + _HEAD_TOP) * 1.05
        low, high = (5.5, 9.0) if body.seated else (tall, 1.6 * tall)
    extent = rng.uniform(low, high)
    angle = np.radians(rng.uniform(*settings.view_angle))
    distance = max(0.5 * extent * body.metres / np.tan(angle / 2), _CLOSEST_M)
    yaw, pitch = np.radians(rng.uniform(*settings.yaw)), np.radians(rng.uniform(*settings.pitch))
    top = body.hip_height + body.trunk + _HEAD_TOP + rng.uniform(0.05, 0.14) * extent
    aside = rng.uniform(-1, 1) * settings.off_centre * extent
    aim = body.metres * np.array([aside, top - extent / 2, 0.1])
    direction = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    shake = float(rng.uniform(*settings.shake)) if rng.random() < 0.25 else 0.0
    return Camera(
        position=aim + distance * direction,
        aim=aim,
        roll=float(rng.uniform(*settings.roll)),
        focal=float(size[1] * distance / (extent * body.metres)),
        size=size,
        fps=float(settings.fps[int(rng.integers(len(settings.fps)))]),
        shake=shake,
        framing=framing,
    )


def in_camera(camera: Camera, points: Array, rng: np.random.Generator) -> Array:
    """World points (T, V, 3) in metres as the camera has them: x right, y up, z away from it."""
    frames = len(points)
    wobble = np.radians(camera.shake) * smooth_noise(rng, frames, camera.fps, (0.1, 2.0), 1.0, 2)
    forward = unit(camera.aim - camera.position)
    right = unit(cross(forward, Y))
    up = cross(right, forward)
    tilt = np.radians(camera.roll)
    right, up = np.cos(tilt) * right + np.sin(tilt) * up, np.cos(tilt) * up - np.sin(tilt) * right
    ahead = unit(forward + wobble[:, :1] * right + wobble[:, 1:] * up)  # (T, 3)
    side = unit(right - np.einsum("i,ti->t", right, ahead)[:, None] * ahead)
    above = cross(side, ahead)
    basis = np.stack([side, above, ahead], axis=1)  # (T, 3 axes, 3)
    return np.einsum("tai,tvi->tva", basis, points - camera.position)


def project(camera: Camera, seen: Array) -> Array:
    """Pixels (T, V, 2), y down, of points in the camera's axes (T, V, 3)."""
    depth = np.maximum(seen[..., 2], _NEAREST_M)
    width, height = camera.size
    x = width / 2 + camera.focal * seen[..., 0] / depth
    y = height / 2 - camera.focal * seen[..., 1] / depth
    return np.stack([x, y], axis=-1)


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
            own = [name for name in place if name.startswith(f"{side}_")]
            members = [place[name] for name in own if any(word in name for word in _OF_HANDS)]
            hidden[:, members] |= behind[:, None]
    ears = [place.get(f"{side}_ear") for side in SIDES]
    nose = place.get("nose")
    if None not in ears and nose is not None:
        for ear, other in (ears, ears[::-1]):
            # The far ear is hidden when it lies well behind the near one.
            gap = seen[:, ear, 2] - seen[:, other, 2]  # type: ignore[index]
            hidden[:, ear] |= gap > 0.22 * acting.body.metres  # type: ignore[index]
    return hidden


def sample_desk(rng: np.random.Generator, share: float, body: Physique) -> float | None:
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

    Things before the body hide the joints `covered` (T, V).
    """
    needed = _needed(performance)
    members = [i for i, name in enumerate(names) if name in needed]
    apex_s = performance.apex_s
    near = slice(*np.searchsorted(time, (apex_s, max(performance.offset_s, apex_s + 0.1))))
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
