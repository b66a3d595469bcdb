"""A puppet whose movements are known exactly, for golden values and properties."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton

# Rest posture in shoulder widths, from the neck; x to the person's left, y down. For `SIDE`
# joints x is that of the left side.
_MIDDLE = {"nose": (0.0, -0.62), "mouth": (0.0, -0.50), "neck": (0.0, 0.0)}
_SIDES = {
    "eye": (0.09, -0.74),
    "ear": (0.21, -0.68),
    "shoulder": (0.5, 0.0),
    "elbow": (0.66, 0.75),
    "hip": (0.3, 1.45),
}
_HAND_REST = (0.85, 1.55)  # finger tips beside the thigh
_TIPS = {"index": 0.0, "middle": 0.02, "ring": 0.04, "pinky": 0.06, "thumb": 0.05}


class Puppet:
    """Builds one person's recording from movements on a clock.

    Movements are told on the left side or the right; every method returns the puppet.
    """

    def __init__(self, seconds: float = 12.0, fps: float = 30.0) -> None:
        self.fps = fps
        self.times = np.arange(int(round(seconds * fps))) / fps
        zero = np.zeros((len(self.times), 2))
        self.points = {name: zero + at for name, at in _MIDDLE.items()}
        for joint, (x, y) in _SIDES.items():
            self.points[f"left_{joint}"] = zero + (x, y)
            self.points[f"right_{joint}"] = zero + (-x, y)
        self.tips = {"left": zero + _HAND_REST, "right": zero + (-_HAND_REST[0], _HAND_REST[1])}

    def during(self, start: float, end: float, ramp: float = 0.4) -> np.ndarray:
        """(T,) 0 outside, 1 inside, smooth over `ramp` seconds before and after."""
        rise = np.clip((self.times - (start - ramp)) / ramp, 0, 1)
        fall = np.clip(((end + ramp) - self.times) / ramp, 0, 1)
        share = np.minimum(rise, fall)
        return share * share * (3 - 2 * share)

    def reach(self, side: str, goal: str | tuple[float, float], start: float, end: float,
              rub: tuple[float, float] = (0.0, 0.0)) -> Puppet:  # fmt: skip
        """The hand's finger tips go to a joint or a place; `rub` is (amplitude, Hz)."""
        target = self.points[goal] if isinstance(goal, str) else np.zeros((1, 2)) + goal
        weight = self.during(start, end)[:, None]
        stroke = rub[0] * np.sin(2 * np.pi * rub[1] * (self.times - start))
        stroke *= (self.times >= start) & (self.times <= end)
        moved = self.tips[side] * (1 - weight) + target * weight
        moved[:, 0] += stroke
        self.tips[side] = moved
        return self

    def head(self, dx: np.ndarray | float = 0.0, dy: np.ndarray | float = 0.0) -> Puppet:
        """The face moves against the ears, as in turning (x) and nodding (y)."""
        return self.shift(["nose", "mouth", "left_eye", "right_eye"], dx, dy)

    def tilt(self, degrees: np.ndarray) -> Puppet:
        """In the picture, the head about the neck; positive to the person's left."""
        head = ("nose", "mouth", "left_eye", "right_eye", "left_ear", "right_ear")
        return self._turn(head, degrees, (0, 0))

    def lean(self, degrees: np.ndarray) -> Puppet:
        """Everything above the hips about the hips' middle; positive to the person's left."""
        above = [name for name in self.points if not name.endswith("hip")]
        return self._turn(above, degrees, (0, 1.45))

    def _turn(
        self, names: Sequence[str], degrees: np.ndarray, about: tuple[float, float]
    ) -> Puppet:
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        for name in names:
            x, y = (self.points[name] - about).T
            self.points[name] = np.stack([x * cos - y * sin, x * sin + y * cos], axis=1) + about
        return self

    def shift(self, names: list[str], dx: np.ndarray | float, dy: np.ndarray | float) -> Puppet:
        for name in names:
            self.points[name] = self.points[name] + np.stack(
                np.broadcast_arrays(dx, dy, self.times)[:2], axis=1
            )
        return self

    def sequence(self, *, noise: float = 0.0, scale: float = 100.0, layout: str = "upper",
                 seed: int = 0, jitter: float = 0.001, lost: tuple[str, ...] = (),
                 offset: tuple[float, float] = (320.0, 120.0)) -> PoseSequence:  # fmt: skip
        """As an estimator would report it: pixels, with `noise` in shoulder widths."""
        points = dict(self.points)
        for side, sign in (("left", 1), ("right", -1)):
            tip, elbow = self.tips[side], points[f"{side}_elbow"]
            back = elbow - tip
            back = back / np.linalg.norm(back, axis=1, keepdims=True)
            aside = np.stack([-back[:, 1], back[:, 0]], axis=1) * sign
            points[f"{side}_wrist"] = tip + 0.46 * back
            points[f"{side}_hand"] = tip + 0.24 * back
            for finger, gap in _TIPS.items():
                points[f"{side}_{finger}_tip"] = tip + gap * back + gap * aside
        skeleton = get_skeleton("upper")
        stacked = np.stack([points[name] for name in skeleton.joints], axis=1)
        # Every coordinate has the same noise whatever the frame rate, and no two seeds share it.
        generator = np.random.default_rng(seed)
        stacked = stacked + (noise + jitter) * generator.standard_normal(stacked.shape)
        for name in lost:
            stacked[:, skeleton.index(name)] = np.nan
        sequence = PoseSequence.from_arrays(
            stacked * scale + offset, fps=self.fps, skeleton=skeleton, unit="pixel", source="puppet"
        )
        return sequence.to_skeleton(layout, allow_missing=True)


@pytest.fixture
def puppet() -> Callable[..., Puppet]:
    return Puppet


@pytest.fixture
def unseen(puppet_sequence: PoseSequence) -> PoseSequence:
    """That recording, in which nobody was found."""
    return puppet_sequence.replace(
        keypoints=np.full_like(puppet_sequence.keypoints, np.nan),
        scores=np.zeros_like(puppet_sequence.scores),
    )


@pytest.fixture(scope="module")
def puppet_sequence() -> PoseSequence:
    """One recording with a contact, a rub, a nod and a turn."""
    doll = Puppet(20)
    t = doll.times
    doll.reach("right", "nose", 2, 4, rub=(0.05, 2.0))
    doll.head(dy=0.06 * np.sin(2 * np.pi * 2 * t) * ((t > 8) & (t < 10)))
    doll.head(dx=0.2 * doll.during(14, 16))
    return doll.sequence()
