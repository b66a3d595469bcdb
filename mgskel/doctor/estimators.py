"""Each pose estimator is built and run on a small drawn picture."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from mgskel.pose.estimators import EstimatorSettings, MMPoseSettings, create_estimator

_SMALL_NETWORK = "rtmpose-t_8xb256-420e_coco-256x192"


def drawn_person(height: int = 240, width: int = 320) -> np.ndarray:
    """A picture (height, width, 3) uint8 of a figure in flat colours."""
    y, x = np.mgrid[0:height, 0:width] / height
    middle = width / height / 2
    picture = np.full((height, width, 3), 205, np.uint8)
    picture[(abs(x - middle) < 0.22) & (y > 0.5)] = (60, 80, 140)
    picture[(abs(x - middle) < 0.05) & (y > 0.4) & (y < 0.55)] = (215, 170, 140)
    picture[((x - middle) / 0.11) ** 2 + ((y - 0.28) / 0.15) ** 2 < 1] = (215, 170, 140)
    for side in (-1, 1):
        picture[((x - middle - side * 0.04) ** 2 + (y - 0.25) ** 2) < 0.012**2] = (40, 30, 30)
    return picture


def _run(settings: EstimatorSettings) -> int:
    """Build an estimator, let it look at a drawn figure, and count the people it finds."""
    estimator = create_estimator(settings)
    try:
        (people,) = estimator.estimate([drawn_person()])
    finally:
        estimator.close()
    return len(people)


def mediapipe() -> str:
    """The default: Holistic, built from the model files in MediaPipe's wheel."""
    _run(EstimatorSettings("mediapipe"))
    return f"{version('mediapipe')} runs on a drawn picture"


def mmpose() -> str:
    """A small network with random weights: plumbing only, since weights are the user's to bring."""
    settings = MMPoseSettings(config=_SMALL_NETWORK, allow_random_weights=True)
    if _run(EstimatorSettings("mmpose", mmpose=settings)) != 1:
        raise RuntimeError("a whole-frame box must give exactly one person")
    return f"{version('mmpose')} runs RTMPose-t with random weights on a drawn picture"
