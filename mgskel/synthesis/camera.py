"""A pinhole camera before the person: world to pixels, or to metres as a depth sensor sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.synthesis.body import Body
from mgskel.synthesis.geometry import Y, cross, unit
from mgskel.synthesis.settings import CameraSettings
from mgskel.synthesis.signals import Array, smooth_noise

_HEAD_TOP = 1.0  # above the shoulders, shoulder widths
# Visible height of the picture at the person's distance, in shoulder widths.
_FRAMING = {"close": (1.1, 2.6), "bust": (2.6, 3.8), "half": (3.8, 5.2), "full": (5.5, 13.0)}
_NEAREST_M = 0.25
_CLOSEST_M = 0.5  # a laptop's camera


@dataclass(frozen=True, eq=False)
class Camera:
    """Position, direction and optics.

    Attributes:
        position: (3,) metres in the world.
        aim: (3,) the point in the picture's middle, metres.
        roll: degrees.
        focal: pixels.
        size: (width, height) pixels.
        fps: frames per second.
        shake: degrees of a hand-held camera's motion.
        framing: name of what the picture shows.
    """

    position: Array
    aim: Array
    roll: float
    focal: float
    size: tuple[int, int]
    fps: float
    shake: float
    framing: str


def sample_camera(
    rng: np.random.Generator, settings: CameraSettings, body: Body, framing: str | None = None
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
