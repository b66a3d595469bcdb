"""A face: named points on a head, moved by a few expressions.

The head's origin lies between the ears, its axes are those of `geometry`, its unit is the
shoulder width of an adult of mean proportions (0.36 m); a person's head scale comes on top.
"""

from __future__ import annotations

import numpy as np

from mgskel.synthesis.signals import Array, Channels

# Points in the median plane, then points of the left side (the right ones mirror them).
_MIDDLE = {
    "nose": (0, -0.02, 0.30),
    "nose_tip": (0, -0.02, 0.30),
    "nose_base": (0, -0.05, 0.275),
    "nose_bridge_1": (0, 0.065, 0.258),
    "nose_bridge_2": (0, 0.035, 0.270),
    "nose_bridge_3": (0, 0.008, 0.285),
    "forehead": (0, 0.27, 0.205),
    "head_top": (0, 0.40, 0.02),
    "upper_lip": (0, -0.115, 0.272),
    "upper_lip_inner": (0, -0.130, 0.268),
    "lower_lip_inner": (0, -0.140, 0.265),
    "lower_lip": (0, -0.165, 0.265),
    "chin": (0, -0.270, 0.235),
}
_LEFT = {
    "left_ear": (0.185, 0.0, 0.0),
    "left_eye_inner": (0.052, 0.062, 0.232),
    "left_eye": (0.098, 0.065, 0.235),
    "left_pupil": (0.098, 0.065, 0.235),
    "left_eye_outer": (0.138, 0.060, 0.205),
    "left_eye_upper": (0.098, 0.083, 0.240),
    "left_eye_lower": (0.098, 0.046, 0.236),
    "left_eye_upper_inner": (0.080, 0.080, 0.240),
    "left_eye_upper_outer": (0.117, 0.078, 0.228),
    "left_eye_lower_inner": (0.082, 0.048, 0.236),
    "left_eye_lower_outer": (0.117, 0.047, 0.222),
    "left_brow_inner": (0.036, 0.118, 0.268),
    "left_brow_inner_mid": (0.062, 0.132, 0.264),
    "left_brow_mid": (0.090, 0.137, 0.250),
    "left_brow_outer_mid": (0.118, 0.130, 0.226),
    "left_brow_outer": (0.145, 0.106, 0.190),
    "left_nostril": (0.020, -0.046, 0.268),
    "left_nostril_outer": (0.042, -0.040, 0.250),
    "mouth_left": (0.074, -0.135, 0.235),
    "mouth_left_inner": (0.064, -0.135, 0.240),
    "left_upper_lip": (0.020, -0.111, 0.271),
    "left_upper_lip_outer": (0.049, -0.119, 0.255),
    "left_upper_lip_inner": (0.026, -0.131, 0.264),
    "left_lower_lip": (0.022, -0.163, 0.262),
    "left_lower_lip_outer": (0.050, -0.153, 0.250),
    "left_lower_lip_inner": (0.026, -0.139, 0.261),
    "left_jaw_0": (0.190, 0.030, 0.0),
    "left_jaw_1": (0.190, -0.030, 0.010),
    "left_jaw_2": (0.186, -0.090, 0.030),
    "left_jaw_3": (0.174, -0.146, 0.060),
    "left_jaw": (0.150, -0.195, 0.100),
    "left_jaw_5": (0.116, -0.230, 0.150),
    "left_jaw_6": (0.080, -0.255, 0.195),
    "left_jaw_7": (0.040, -0.268, 0.225),
}
# How far each point of the jaw's line follows the chin.
_OPENS = {"left_jaw_0": 0.0, "left_jaw_1": 0.1, "left_jaw_2": 0.25, "left_jaw_3": 0.4,
          "left_jaw": 0.6, "left_jaw_5": 0.8, "left_jaw_6": 0.9}  # fmt: skip
_EXPRESSIONS = ("jaw", "lips_press", "smile", "brows", "cheeks", "blink")


def _mirrored(name: str) -> str:
    return "_".join("right" if word == "left" else word for word in name.split("_"))


NAMES: tuple[str, ...] = (*_MIDDLE, *_LEFT, *(_mirrored(name) for name in _LEFT))
_SHAPE = np.array(
    [*_MIDDLE.values(), *_LEFT.values(), *((-x, y, z) for x, y, z in _LEFT.values())], dtype=float
)


def _expression(name: str, point: str) -> tuple[float, float, float]:
    """How far an expression at full strength moves a point of the median plane or the left."""
    lower, upper = "lower_lip" in point, "upper_lip" in point
    if name == "jaw" and (lower or point == "chin" or point.startswith("left_jaw")):
        share = _OPENS.get(point, 1.0)
        return 0.0, -0.10 * share, -0.03 * share
    if name == "jaw" and point.startswith("mouth_left"):
        return -0.006, -0.03, -0.005
    if name == "lips_press" and (lower or upper):
        return 0.0, (0.018 if lower else -0.014), -0.02
    if name == "lips_press" and point.startswith("mouth_left"):
        return 0.012, -0.004, -0.01
    if name == "smile" and point.startswith("mouth_left"):
        return 0.025, 0.022, -0.015
    if name == "brows" and "brow" in point:
        return 0.0, 0.04, 0.0
    if name == "cheeks" and point in ("left_jaw_2", "left_jaw_3", "left_jaw", "left_jaw_5"):
        return 0.028, 0.0, 0.01
    if name == "blink" and "eye_upper" in point:
        return 0.0, -0.032, 0.0
    return 0.0, 0.0, 0.0


def _all_moves(name: str) -> list[tuple[float, float, float]]:
    middle = [_expression(name, point) for point in _MIDDLE]
    left = [_expression(name, point) for point in _LEFT]
    return [*middle, *left, *((-x, y, z) for x, y, z in left)]


_MOVES = np.array([_all_moves(name) for name in _EXPRESSIONS])  # (E, P, 3)


def face_shape(channels: Channels, variation: Array) -> Array:
    """All face points (T, P, 3) in the head's frame, in the order of `NAMES`.

    `variation` (P, 3) is the person's own deviation from the mean face.
    """
    strength = np.stack([channels[name] for name in _EXPRESSIONS], axis=-1)
    return _SHAPE + variation + np.einsum("te,epi->tpi", np.clip(strength, -0.3, 1.0), _MOVES)


def sample_variation(rng: np.random.Generator) -> Array:
    """A person's own face: smooth stretches of the mean face and small local differences."""
    stretch = 1.0 + 0.05 * rng.standard_normal(3)
    local = 0.006 * rng.standard_normal((len(NAMES), 3))
    half = len(_LEFT)
    left, right = local[len(_MIDDLE) : len(_MIDDLE) + half], local[len(_MIDDLE) + half :]
    right[:] = left * np.array([-1.0, 1.0, 1.0])
    local[: len(_MIDDLE), 0] = 0.0
    return _SHAPE * (stretch - 1.0) + local
