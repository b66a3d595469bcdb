"""Where the fingers are beside the face, in any layout that shows them."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.skeleton import get_skeleton
from mgskel.spotting.decision.hand_place import PLACE_TERMS, place_terms

LAYOUT = get_skeleton("upper_head")


def terms(**joints):
    """`PLACE_TERMS` of one moment by name, of joints given as (x, y)."""
    points, seen = np.zeros((2, 1, LAYOUT.num_joints)), np.zeros((1, LAYOUT.num_joints), bool)
    for name, place in joints.items():
        points[:, 0, LAYOUT.index(name)] = place
        seen[0, LAYOUT.index(name)] = True
    return dict(zip(PLACE_TERMS, place_terms(points, seen, LAYOUT)[:, 0], strict=True))


@pytest.mark.parametrize("face", ["nose", "head"])
def test_fingers_are_told_from_the_face(face):
    told = terms(**{face: (0, -0.8)}, right_index_tip=(0.3, -0.55), left_index_tip=(1, 1))
    assert told["fingers"] == 1
    assert told["fingers 0.25 below the nose"] == pytest.approx(1)
    assert told["fingers 0.35 beside the nose"] > 0.8
    assert told["fingers 0.75 below the nose"] < 0.01
    assert told["hands together"] < 0.01


def test_a_wrist_alone_shows_no_place():
    told = terms(nose=(0, -0.8), right_wrist=(0, -0.8), left_wrist=(0.1, -0.8))
    assert told.pop("hands together") > 0.9
    assert not any(told.values())
