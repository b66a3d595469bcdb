"""Lines that look like a person, for every layout."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.skeleton import get_skeleton, list_skeletons
from mgskel.core.strokes import strokes


def named(skeleton, stroke):
    return tuple("+".join(skeleton.joints[j] for j in end) for end in (stroke.start, stroke.end))


@pytest.mark.parametrize("name", list_skeletons())
def test_every_line_has_a_colour_and_most_bones_are_drawn(name):
    skeleton = get_skeleton(name)
    drawn = strokes(skeleton)
    assert all(stroke.part in skeleton.colours for stroke in drawn)
    assert len(drawn) > 0.85 * len(skeleton.bones)


def test_shoulders_hang_from_no_nose():
    skeleton = get_skeleton("mediapipe_holistic")
    lines = {named(skeleton, stroke) for stroke in strokes(skeleton)}
    assert ("left_shoulder", "nose") not in lines
    assert ("left_shoulder", "right_shoulder") in lines
    assert ("left_shoulder+right_shoulder", "nose") in lines
    assert ("left_hip", "right_hip") in lines


def test_layouts_with_a_neck_keep_their_bones():
    skeleton = get_skeleton("upper")
    assert {s.joints for s in strokes(skeleton)} == set(skeleton.bones)


def test_a_neck_begins_between_the_shoulders():
    skeleton = get_skeleton("coco17")
    points = np.arange(34, dtype=float).reshape(17, 2)
    neck = next(s for s in strokes(skeleton) if len(s.start) == 2)
    start, end = neck.ends(points)
    left, right = skeleton.indices("left_shoulder", "right_shoulder")
    assert np.allclose(start, (points[left] + points[right]) / 2)
    assert np.array_equal(end, points[skeleton.index("nose")])
