"""What moves in a body, as named signals over time: the language that rest and programs speak.

Angles are in degrees, lengths in shoulder widths, and 0 is the upright, relaxed body. An arm is
not described by angles but by where its hand should be (`HandTrack`); inverse kinematics follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mgskel.core.errors import unknown
from mgskel.synthesis.signals import Array

SIDES = ("left", "right")

# Each channel: its unit and the largest excursion either way that a body allows.
CHANNELS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "lean": ("degrees", 45.0),  # torso forward
        "side_lean": ("degrees", 30.0),  # torso to the person's left
        "twist": ("degrees", 60.0),  # chest over pelvis, to the person's left
        "pelvis_yaw": ("degrees", 90.0),
        "slouch": ("shoulder_widths", 0.35),  # bent spine: the chest sinks and comes forward
        "root_x": ("shoulder_widths", 2.0),
        "root_y": ("shoulder_widths", 2.0),
        "root_z": ("shoulder_widths", 2.0),
        "shrug_left": ("shoulder_widths", 0.35),
        "shrug_right": ("shoulder_widths", 0.35),
        "forward_left": ("shoulder_widths", 0.2),
        "forward_right": ("shoulder_widths", 0.2),
        "head_pitch": ("degrees", 55.0),  # nose down
        "head_yaw": ("degrees", 75.0),  # face to the person's left
        "head_roll": ("degrees", 40.0),  # ear to the left shoulder
        "neck_short": ("shoulder_widths", 0.22),
        "head_forward": ("shoulder_widths", 0.25),
        "jaw": ("share", 1.0),  # mouth open
        "lips_press": ("share", 1.0),
        "smile": ("share", 1.0),
        "brows": ("share", 1.0),
        "cheeks": ("share", 1.0),
        "blink": ("share", 1.0),
        "knee_left": ("shoulder_widths", 0.8),  # outwards
        "knee_right": ("shoulder_widths", 0.8),
        "heel_left": ("shoulder_widths", 0.3),  # off the floor
        "heel_right": ("shoulder_widths", 0.3),
        "cross_left": ("share", 1.0),  # this leg lies over the other one
        "cross_right": ("share", 1.0),
        "foot_left": ("shoulder_widths", 1.0),  # forwards
        "foot_right": ("shoulder_widths", 1.0),
    }
)
_COLUMN = {name: index for index, name in enumerate(CHANNELS)}


class Channels:
    """All channels over time; a missing excursion is 0.

    Attributes:
        values: (T, K) in the order of `CHANNELS`.
    """

    def __init__(self, frames: int) -> None:
        self.values = np.zeros((frames, len(CHANNELS)))

    def __getitem__(self, name: str) -> Array:
        """The signal (T,) of one channel: a view, to be added to."""
        if name not in _COLUMN:
            raise unknown("channel of the synthetic body", name, CHANNELS)
        return self.values[:, _COLUMN[name]]

    def limited(self) -> Channels:
        """The same motion within the body's limits; excursions near a limit are bent, not cut."""
        result = Channels(0)
        limit = np.array([largest for _, largest in CHANNELS.values()])
        soft = 0.8 * limit
        over = np.maximum(np.abs(self.values) - soft, 0.0)
        spare = limit - soft
        bent = soft + spare * np.tanh(over / spare)
        result.values = np.where(over > 0, np.sign(self.values) * bent, self.values)
        return result


@dataclass
class HandTrack:
    """Where one hand should be over time; the mutable canvas on which rest and programs draw.

    Attributes:
        goal: (T, 3) where the hand's contact point should be.
        contact: (T, 3) the contact point in the hand's own frame (along, palm, thumb side), in
            shoulder widths from the wrist.
        along: (T, 3) wished direction of the fingers.
        palm: (T, 3) wished direction that the palm faces.
        pole: (T, 3) direction to which the elbow bends out.
        fingers: (T, 7) finger posture, see `hands`.
    """

    goal: Array
    contact: Array
    along: Array
    palm: Array
    pole: Array
    fingers: Array

    def piece(self, frames: slice) -> HandTrack:
        """The same over some of the frames (views, no copies)."""
        return HandTrack(
            self.goal[frames],
            self.contact[frames],
            self.along[frames],
            self.palm[frames],
            self.pole[frames],
            self.fingers[frames],
        )
