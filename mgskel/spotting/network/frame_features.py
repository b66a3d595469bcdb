"""What a network of frame labels sees: speeds, stillness, and how usual a posture is.

Annotators agree across people on how hands move, not on where they are: one rests them on the
knees, another clasps them. So no place is shown, and what is shown is measured by the person's own
pace. "Usual" is the density of a posture among all postures of the recording: where somebody
rests is where they are most often.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.spotting.network.grid import flat_view, to_grid

RATE_HZ = 30.0
_SMOOTH = 5
_LAGS = (1, 3, 6)
_STILL = (15, 31, 61)
_RADII = (0.08, 0.15, 0.3)
_FLOOR = 0.2
_CONTEXT = len(_RADII) + len(_STILL)
_RAREST = 0.003
_REFERENCES = 500
# Two numbers of the speed and its size on each scale, and the context.
CHANNELS = 3 * len(_LAGS) + _CONTEXT
_LIMBS = ("left_arm", "right_arm", "left_hand", "right_hand")
_BLOCK = 2000


@dataclass(frozen=True, eq=False)
class Course:
    """One person's recording, as the network takes it in.

    Attributes:
        places: (T, V, 2) of the shown joints from the root, in what they move per second.
        context: (T, R) what only the whole recording tells: how usual the posture is (log
            densities at some radii), and how still it is around.
        seen: (T,) bool, whether any joint was seen.
        frame: (T',) which of the T moments each frame of the recording belongs to.
    """

    places: np.ndarray
    context: np.ndarray
    seen: np.ndarray
    frame: np.ndarray


def course_of(sequence: PoseSequence, person: int = 0) -> Course:
    """One person's course on an even grid."""
    own = sequence.person(person)
    grid = to_grid(flat_view(own, sequence.skeleton), RATE_HZ)
    points = grid.keypoints[0].astype(np.float64)
    seen = np.isfinite(points).all(-1).any(1)
    since = own.timestamps - own.timestamps[0] if own.num_frames else own.timestamps
    frame = np.minimum(np.round(since * RATE_HZ).astype(int), max(len(points) - 1, 0))
    joints = shown_joints(sequence.skeleton)
    if not len(points):
        return Course(points[:, joints], np.zeros((0, _CONTEXT)), seen, frame)
    filled = _filled(points)
    origin = filled[:, _origin(sequence.skeleton)].mean(1, keepdims=True)
    places = smooth_over_time((filled - origin)[:, joints])
    pace = float(np.sqrt((_speed(places[None], 3) ** 2).sum(-1).mean()))
    places = places / (pace or 1.0)
    context = np.concatenate([_usual(places), _still(places)], 1)
    context = (context - context.mean(0)).astype(np.float32)
    return Course(places.astype(np.float32), context, seen, frame)


def shown_joints(skeleton: Skeleton) -> list[int]:
    """Arms and hands, which gestures are made with; of a layout without any, all joints."""
    limbs = {joint for part in _LIMBS for joint in skeleton.parts.get(part, ())}
    return sorted(limbs) or list(range(skeleton.num_joints))


def mirror_order(skeleton: Skeleton) -> list[int]:
    """Where each shown joint's mirrored joint stands among them."""
    joints = shown_joints(skeleton)
    return [joints.index(int(skeleton.mirror[joint])) for joint in joints]


def channels(
    places: np.ndarray, context: np.ndarray, skeleton: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """What a network sees, x (N, C, T, V, 1) float32 and mask (N, T, V, 1), of places
    (N, T, shown joints, 2) and context (N, T, R)."""
    joints = shown_joints(skeleton)
    count, moments = places.shape[:2]
    around = np.broadcast_to(context[:, :, None], (*places.shape[:3], _CONTEXT))
    x = np.zeros((count, CHANNELS, moments, skeleton.num_joints, 1), np.float32)
    x[:, :, :, joints, 0] = np.concatenate([pace_of(places), around], -1).transpose(0, 3, 1, 2)
    mask = np.zeros((count, moments, skeleton.num_joints, 1), bool)
    mask[:, :, joints] = True
    return x, mask


def pace_of(places: np.ndarray) -> np.ndarray:
    """Speeds and their sizes on each scale, (N, T, shown joints, 9)."""
    parts = []
    for lag in _LAGS:
        speed = _speed(places, lag)
        size = np.linalg.norm(speed, axis=-1, keepdims=True)
        parts += [np.arcsinh(speed), np.log(size + _FLOOR)]
    return np.concatenate(parts, -1)


def smooth_over_time(values: np.ndarray, width: int = _SMOOTH) -> np.ndarray:
    """Weighted means over `width` moments along the first axis."""
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, ((width // 2, width // 2), *((0, 0),) * (values.ndim - 1)), "edge")
    parts = [weight * padded[i : i + len(values)] for i, weight in enumerate(kernel / kernel.sum())]
    return np.asarray(sum(parts))


def _origin(skeleton: Skeleton) -> list[int]:
    """The joints whose mean all others are measured from: the root, unless it is of one side."""
    root = int(np.flatnonzero(skeleton.parents < 0)[0])
    return [root] if skeleton.mirror[root] == root else list(range(skeleton.num_joints))


def _speed(places: np.ndarray, lag: int) -> np.ndarray:
    """Ways per second over `lag` moments to both sides, (N, T, V, 2)."""
    padded = np.pad(places, ((0, 0), (lag, lag), (0, 0), (0, 0)), "edge")
    return (padded[:, 2 * lag :] - padded[:, : -2 * lag]) * (RATE_HZ / (2 * lag))


def _filled(points: np.ndarray) -> np.ndarray:
    """Points (T, V, 2) without gaps: straight across them; a joint never seen stays at 0."""
    times = np.arange(len(points))
    result = np.zeros_like(points)
    for joint in range(points.shape[1]):
        there = np.isfinite(points[:, joint]).all(-1)
        if there.any():
            for axis in range(2):
                result[:, joint, axis] = np.interp(times, times[there], points[there, joint, axis])
    return result


def _usual(places: np.ndarray) -> np.ndarray:
    """Log density of each posture among the recording's, (T, R)."""
    some = places[:: max(1, -(-len(places) // _REFERENCES))]
    parts = []
    for start in range(0, len(places), _BLOCK):
        block = places[start : start + _BLOCK]
        apart = np.zeros((len(block), len(some)))
        for joint in range(places.shape[1]):
            away = block[:, None, joint] - some[None, :, joint]
            # The joint that fits least tells postures apart.
            np.maximum(apart, (away**2).sum(-1), out=apart)
        near = [np.exp(-apart / (2 * radius**2)).mean(1) for radius in _RADII]
        parts.append(np.log(np.stack(near, 1) + _RAREST))
    return np.concatenate(parts)


def _still(places: np.ndarray) -> np.ndarray:
    """The fastest that any joint is around each moment, on some scales, (T, S)."""
    fastest = np.linalg.norm(_speed(places[None], 3)[0], axis=-1).max(1)
    return np.stack([np.log(maximum_filter1d(fastest, width) + _FLOOR) for width in _STILL], 1)
