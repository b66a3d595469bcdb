"""What varies between synthetic recordings, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from mgskel.core.config import Between, check_bounds
from mgskel.core.errors import InputError

Range = tuple[float, float]
_WITHIN = {
    "yaw": (-180, 180), "pitch": (-90, 90), "roll": (-180, 180), "view_angle": (1, 150),
    "shake": (0, 45), "per_minute": (0, 600),
}  # fmt: skip
_LARGEST_SIDE = 16_384


@dataclass(frozen=True)
class CameraSettings:
    """Where cameras stand.

    Attributes:
        yaw, pitch, roll: degrees off the frontal, level view (positive pitch: from above).
        view_angle: vertical opening, degrees.
        framing: relative frequency of what the picture shows.
        desk: share of people behind a desk or lectern, which hides what lies below its top.
        off_centre: how far from the middle the person may be, share of the picture's height.
        shake: strength of a hand-held camera's motion, degrees; most cameras stand still.
        fps: frame rates, one of which is drawn.
        sizes: (width, height) in pixels, one of which is drawn.
    """

    yaw: Range = (-38.0, 38.0)
    pitch: Range = (-10.0, 22.0)
    roll: Range = (-4.0, 4.0)
    view_angle: Range = (22.0, 60.0)
    framing: Mapping[str, float] = field(
        default_factory=lambda: {"close": 0.15, "bust": 0.30, "half": 0.28, "full": 0.27}
    )
    desk: Annotated[float, Between(0, 1)] = 0.2
    off_centre: float = 0.15
    shake: Range = (0.0, 0.4)
    fps: tuple[float, ...] = (12.0, 15.0, 24.0, 25.0, 28.0, 30.0, 30.0)
    sizes: tuple[tuple[int, int], ...] = (
        (320, 240),
        (640, 360),
        (640, 480),
        (1280, 720),
        (1280, 720),
        (1920, 1080),
    )


@dataclass(frozen=True)
class FlowSettings:
    """How gestures follow one another in a recording.

    Attributes:
        per_minute: range of the gesture rate; iMiGUE has 9 annotated clips per minute.
        illustrate: share of gestures that illustrate speech and are no micro-gestures.
        frequencies: `equal`, or the class frequencies of a data set (its long tail).
        margin_s: least pause between two gestures of one body part.
    """

    per_minute: Range = (4.0, 14.0)
    illustrate: Annotated[float, Between(0, 1)] = 0.25
    frequencies: Literal["equal", "imigue", "smg"] = "equal"
    margin_s: float = 0.3


@dataclass(frozen=True)
class SynthesisSettings:
    """Everything but the seed.

    Attributes:
        layout: joints of the result.
        labels: classes to perform; empty means all.
        programs: further program files (see docs/howto/own-gestures.md).
        seated: share of seated people.
        noise: strength of the estimator's errors; 0 gives perfect keypoints.
        estimator: whose errors; a key of noise.yaml, or `auto` to follow the layout.
        amplitude, duration: scale of the gestures' size and time, for studies of limits.
        lasting: scale of how long gestures stay at their place, with as many more repetitions.
        rest: scale of the liveliness at rest.
        walks: share of people who come before the camera as the recording begins, and of those
            who leave it at the end.
        seen: keep only events that the picture shows; those outside it remain in the truth.
        space: `image` gives pixels, `camera` gives metres as depth sensors do; `auto` follows
            the layout.
    """

    layout: str = "upper"
    labels: tuple[str, ...] = ()
    programs: tuple[Path, ...] = ()
    seated: Annotated[float, Between(0, 1)] = 0.65
    noise: Annotated[float, Between(0, 100)] = 1.0
    estimator: str = "auto"
    amplitude: Range = (1.0, 1.0)
    duration: Range = (1.0, 1.0)
    lasting: Range = (1.0, 1.0)
    rest: Annotated[float, Between(0, 1000)] = 1.0
    walks: Annotated[float, Between(0, 1)] = 0.25
    seen: bool = True
    space: Literal["auto", "image", "camera"] = "auto"
    camera: CameraSettings = CameraSettings()
    flow: FlowSettings = FlowSettings()

    def __post_init__(self) -> None:
        check_bounds(self)
        if not self.camera.fps or min(self.camera.fps) <= 0:
            raise InputError("frame rates are positive", found=self.camera.fps)
        unknown_framing = set(self.camera.framing) - {"close", "bust", "half", "full"}
        if unknown_framing or sum(self.camera.framing.values()) <= 0:
            raise InputError(
                "wrong framing",
                expected="weights of close, bust, half, full",
                found=dict(self.camera.framing),
            )
        for name, (lowest, highest) in _WITHIN.items():
            low, high = getattr(self.flow if name == "per_minute" else self.camera, name)
            if not lowest <= low <= high <= highest:
                raise InputError(
                    f"'{name}' is a range",
                    expected=f"low,high within {lowest} to {highest}, the lower one first",
                    found=f"{low:g},{high:g}",
                )
        if not all(1 <= side <= _LARGEST_SIDE for size in self.camera.sizes for side in size):
            raise InputError(
                "no size of a picture", expected=f"1 to {_LARGEST_SIDE}", found=self.camera.sizes
            )
        for name in ("amplitude", "duration", "lasting"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise InputError(
                    f"'{name}' is a range of scales", expected="0 < low <= high", found=(low, high)
                )

    @property
    def errors(self) -> str:
        """The estimator whose errors are added."""
        if self.estimator != "auto":
            return self.estimator
        if self.in_metres:
            return "depth_sensor"
        return "mediapipe" if self.layout.startswith(("upper", "mediapipe")) else "openpose"

    @property
    def in_metres(self) -> bool:
        depth_sensors = ("kinect", "utd_kinect", "natops", "gesture_phase")
        return self.space == "camera" or (
            self.space == "auto" and self.layout.startswith(depth_sensors)
        )


DEFAULT = SynthesisSettings()
