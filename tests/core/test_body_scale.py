"""How large a body is: alike in any layout, whatever is seen of it."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.body_scale import body_size, estimated_shoulder_width, shoulder_width
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton

COCO = get_skeleton("coco17")


def body(width: float, frames: int = 8) -> np.ndarray:
    """One person (T, V, C) whose shoulders are so far apart."""
    points = np.full((frames, COCO.num_joints, 2), np.nan)
    for joint, place in {"shoulder": (0.5, 0), "elbow": (0.6, 0.8), "ear": (0.21, -0.7)}.items():
        for side, sign in (("left", 1), ("right", -1)):
            points[:, COCO.index(f"{side}_{joint}")] = np.array(place) * (sign, 1) * width
    return points


def test_sizes_grow_with_the_body() -> None:
    for width in (1.0, 80.0):
        points = body(width)
        sequence = PoseSequence.from_arrays(points, fps=25, skeleton=COCO)
        assert shoulder_width(sequence)[0] == pytest.approx(width)
        assert body_size(points, COCO) == pytest.approx(width)
        assert estimated_shoulder_width(points, COCO) == (pytest.approx(width), "shoulders")
    assert body_size(body(80.0), COCO, "none") == 1.0


def test_without_shoulders_other_lengths_stand_for_them() -> None:
    points = body(80.0)
    points[:, COCO.index("left_shoulder")] = np.nan
    assert estimated_shoulder_width(points, COCO) == (pytest.approx(80.0), "ears")
    assert body_size(points, COCO) == pytest.approx(2 * 0.6 * 80)  # the elbows' width
    sequence = PoseSequence.from_arrays(points, fps=25, skeleton=COCO)
    assert np.isnan(shoulder_width(sequence)[0])
    assert estimated_shoulder_width(np.full_like(points, np.nan), COCO) == (None, "")


def test_a_turn_does_not_make_a_body_small() -> None:
    points = body(80.0, frames=20)
    points[5:9] *= (0.1, 1)
    sequence = PoseSequence.from_arrays(points, fps=25, skeleton=COCO)
    assert shoulder_width(sequence)[0] == pytest.approx(80.0)
