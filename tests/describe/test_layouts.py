"""Descriptions from every layout, from odd recordings, and from depth sensors."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton, list_skeletons
from mgskel.describe import describe


@pytest.mark.parametrize("layout", list_skeletons())
@pytest.mark.parametrize("dims", [2, 3])
def test_any_layout_gives_a_description_or_says_why_not(layout: str, dims: int) -> None:
    skeleton = get_skeleton(layout)
    generator = np.random.default_rng(3)
    rest = generator.uniform(0, 100, (1, 1, skeleton.num_joints, dims))
    points = rest + generator.normal(0, 0.2, (1, 200, skeleton.num_joints, dims))
    unit = "metre" if dims == 3 else "pixel"
    description = describe(PoseSequence.from_arrays(points, fps=30, skeleton=skeleton, unit=unit))
    (person,) = description.quality["people"]
    assert person["measured"] or person["why"]
    assert description.text("full")


@pytest.mark.parametrize("frames", [1, 2, 5, 40])
def test_short_recordings_say_little_and_do_not_fail(
    puppet_sequence: PoseSequence, frames: int
) -> None:
    description = describe(puppet_sequence.frames(slice(0, frames)))
    assert all(s.kind in ("stillness", "fidgeting") for s in description.statements)


def test_a_person_never_seen_is_named_as_such(unseen: PoseSequence) -> None:
    description = describe(unseen)
    assert not description.statements
    assert "could not be described" in description.text()


def test_points_outside_the_picture_are_not_believed(puppet_sequence: PoseSequence) -> None:
    # The picture ends below the chin: hands and shoulders are guesses.
    cropped = puppet_sequence.replace(frame_size=(640, 85))
    kinds = {s.kind for s in describe(cropped).statements}
    assert not {"shoulders_raised", "hands_joined", "torso_sway"} & kinds


def test_depth_sensors_tell_hands_behind_the_back() -> None:
    skeleton = get_skeleton("kinect20")
    # Sensor axes: x to the sensor's left, y up, z away from it; the person looks at the sensor.
    rest = {
        "hip_centre": (0, -0.5, 2.5), "spine": (0, -0.2, 2.5), "neck": (0, 0.1, 2.5),
        "head": (0, 0.35, 2.5), "left_shoulder": (-0.18, 0.1, 2.5), "left_elbow": (-0.3, -0.2, 2.5),
        "left_wrist": (-0.2, -0.45, 2.35), "left_hand": (-0.18, -0.5, 2.3),
        "left_hip": (-0.1, -0.5, 2.5), "left_knee": (-0.1, -0.9, 2.4),
        "left_ankle": (-0.1, -1.3, 2.5),
        "left_foot": (-0.1, -1.35, 2.4),
    }  # fmt: skip
    points = np.zeros((300, 20, 3))
    for v, name in enumerate(skeleton.joints):
        x, y, z = rest.get(name) or rest[name.replace("right", "left")]
        points[:, v] = (-x if name.startswith("right") else x, y, z)
    for side, sign in (("left", -1), ("right", 1)):
        points[100:200, skeleton.index(f"{side}_wrist")] = (0.08 * sign, -0.4, 2.72)
        points[100:200, skeleton.index(f"{side}_hand")] = (0.03 * sign, -0.45, 2.75)
    points += np.random.default_rng(0).normal(0, 0.001, points.shape)
    sequence = PoseSequence.from_arrays(points, fps=30, skeleton=skeleton, unit="metre")
    (behind,) = [s for s in describe(sequence).statements if s.kind == "hands_behind_back"]
    assert behind.category == "behind"
    assert (behind.from_s, behind.to_s) == pytest.approx((3.33, 6.67), abs=0.3)
    assert "nothing is said about depth" not in describe(sequence).text()
