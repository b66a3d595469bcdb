"""The small protocol behind which every pose estimator stands, and how one is chosen by name.

An estimator gets RGB pictures and answers with the people it found in each. Ours are
`mediapipe` and `mmpose`; anybody's own is found by the entry point group `mgskel.estimators`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from mgskel.core.errors import InputError, unknown
from mgskel.core.skeleton import Skeleton

ENTRY_POINTS = "mgskel.estimators"


@dataclass(frozen=True, eq=False)
class Detection:
    """One person in one picture.

    Attributes:
        keypoints: (V, 2) float32, x and y in pixels of the picture given; NaN where unknown.
        scores: (V,) float32 in 0..1; 0 where unknown.
    """

    keypoints: np.ndarray
    scores: np.ndarray


@runtime_checkable
class Estimator(Protocol):
    """Pictures in, people out.

    Attributes:
        skeleton: the layout of every detection.
        batch_size: how many pictures it likes to get at once.
        identity: name, versions, weights' hash, settings: whatever changes the numbers.
    """

    skeleton: Skeleton
    batch_size: int
    identity: Mapping[str, Any]

    def reset(self) -> None:
        """Forget earlier pictures: a new clip begins."""

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        """The people in each (H, W, 3) uint8 RGB picture, one list per picture.

        A failure raises; an empty list means that nobody is there.
        """

    def close(self) -> None:
        """Let go of models and threads."""


@dataclass(frozen=True)
class MediaPipeSettings:
    """`face`: only the points that micro-gestures need, or the whole mesh of 468."""

    face: Literal["needed", "full"] = "needed"
    complexity: int = 1
    min_detection_score: float = 0.5
    min_tracking_score: float = 0.5


@dataclass(frozen=True)
class MMPoseSettings:
    """A config by alias or file, its checkpoint, and how the person's box is found.

    The box comes from `detector` (an MMDetection config with `detector_checkpoint`), or is
    given (`box`: left, top, right, bottom in pixels), or is the whole frame.
    """

    config: str = ""
    checkpoint: str = ""
    layout: str = ""
    detector: str = ""
    detector_checkpoint: str = ""
    detector_score: float = 0.3
    box: tuple[float, float, float, float] | None = None
    device: str = "cpu"
    batch: int = 8
    allow_random_weights: bool = False


@dataclass(frozen=True)
class EstimatorSettings:
    """Which estimator, and the settings of each; `own` goes to an estimator by entry point."""

    name: str = "mediapipe"
    mediapipe: MediaPipeSettings = MediaPipeSettings()
    mmpose: MMPoseSettings = MMPoseSettings()
    own: Mapping[str, Any] = field(default_factory=dict)


def list_estimators() -> tuple[str, ...]:
    return ("mediapipe", "mmpose", *sorted(_own_estimators()))


def create_estimator(
    settings: EstimatorSettings = EstimatorSettings(), threads: int | None = None
) -> Estimator:
    """The estimator of that name, ready to run, on so many threads (by default its own choice)."""
    if settings.name == "mediapipe":
        from mgskel.pose.mediapipe import MediaPipe

        return MediaPipe(settings.mediapipe, threads)
    if settings.name == "mmpose":
        from mgskel.core.threads import set_threads
        from mgskel.pose.mmpose import MMPose

        set_threads(threads)

        return MMPose(settings.mmpose)
    made = _own_factory(settings.name)(**dict(settings.own))
    if not isinstance(made, Estimator):
        raise InputError(
            f"estimator '{settings.name}' does not keep to the protocol",
            expected="skeleton, batch_size, identity, reset(), estimate(), close()",
            found=type(made).__name__,
            remedy="see docs/howto/own-estimator.md",
        )
    return made


def estimator_identity(settings: EstimatorSettings) -> dict[str, Any]:
    """What changes the numbers, known without loading a model (weights enter by their hash)."""
    if settings.name == "mediapipe":
        from mgskel.pose.mediapipe import identity

        return identity(settings.mediapipe)
    if settings.name == "mmpose":
        from mgskel.pose.mmpose_index import identity as mmpose_identity

        return mmpose_identity(settings.mmpose)
    found = _entry_point(settings.name)
    version = found.dist.version if found.dist is not None else ""
    return {
        "name": settings.name,
        "from": found.value,
        "version": version,
        "settings": dict(settings.own),
    }


def _own_estimators() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _entry_point(name: str) -> EntryPoint:
    own = _own_estimators()
    if name not in own:
        raise unknown("estimator", name, list_estimators())
    return own[name]


def _own_factory(name: str) -> Any:
    point = _entry_point(name)
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"estimator '{name}' cannot be loaded from {point.value}: {error}",
            remedy="install the package that provides it anew",
        ) from error
