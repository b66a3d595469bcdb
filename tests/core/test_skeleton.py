"""Layouts are anatomically true, mirror onto themselves, and convert by joint name."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.core.skeleton import (
    computed_ways,
    convert,
    get_skeleton,
    list_skeletons,
    load_skeleton,
    skeleton_from_dict,
    skeleton_to_dict,
)

SIZES = {
    "mediapipe33": 33,
    "coco17": 17,
    "coco_wholebody133": 133,
    "halpe26": 26,
    "openpose18": 18,
    "openpose25": 25,
    "openpose137": 137,
    "imigue22": 22,
    "kinect20": 20,
    "utd_kinect20": 20,
    "kinect25": 25,
    "jhmdb15": 15,
    "natops8": 8,
    "gesture_phase6": 6,
    "upper": 27,
    "upper_head": 28,
}


@pytest.fixture(params=list_skeletons())
def skeleton(request):
    return get_skeleton(request.param)


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_known_layouts_have_their_sizes(name, size):
    assert get_skeleton(name).num_joints == size


def test_mirroring_twice_is_nothing_and_bones_mirror_onto_bones(skeleton):
    order = skeleton.mirror
    assert (order[order] == np.arange(skeleton.num_joints)).all()
    bones = set(skeleton.bones)
    assert {(order[c], order[p]) for c, p in bones} == bones


def test_every_sided_joint_has_a_mirror_image(skeleton):
    paired = {joint for pair in skeleton.mirror_pairs for joint in pair}
    for index, joint in enumerate(skeleton.joints):
        sided = {"left", "right"} & set(joint.split("_"))
        assert (index in paired) == bool(sided), joint


def test_each_joint_belongs_to_one_known_part(skeleton):
    members = sorted(joint for part in skeleton.parts.values() for joint in part)
    assert members == list(range(skeleton.num_joints))
    assert "other" not in skeleton.parts
    assert skeleton.colours.keys() == skeleton.parts.keys()


def test_bones_form_trees(skeleton):
    children = [child for child, _ in skeleton.bones]
    assert len(children) == len(set(children))
    assert skeleton.parents[skeleton.root] == -1
    for joint in range(skeleton.num_joints):
        steps = 0
        while joint >= 0:
            joint = skeleton.parents[joint]
            steps += 1
            assert steps <= skeleton.num_joints


def test_openpose_right_arm_comes_first():
    # The iMiGUE starter kit names these left.
    body = get_skeleton("openpose25").joints
    assert body[2:5] == ("right_shoulder", "right_elbow", "right_wrist")
    assert body[5:8] == ("left_shoulder", "left_elbow", "left_wrist")


def test_imigue_bones_are_not_shifted():
    skeleton = get_skeleton("imigue22")
    names = {(skeleton.joints[c], skeleton.joints[p]) for c, p in skeleton.bones}
    assert ("nose", "neck") in names
    assert ("right_elbow", "right_shoulder") in names
    assert ("right_thumb_tip", "right_wrist") in names
    assert skeleton.joints[12:17] == tuple(
        f"right_{f}_tip" for f in ("thumb", "index", "middle", "ring", "pinky")
    )


def test_kinect25_order_follows_the_sensor():
    joints = get_skeleton("kinect25").joints
    assert joints[20] == "neck"
    assert joints[2] == "upper_neck"
    assert joints[21:] == ("left_hand_tip", "left_thumb_tip", "right_hand_tip", "right_thumb_tip")


def test_plain_values_and_pickles_give_the_same_skeleton(skeleton):
    again = skeleton_from_dict(skeleton_to_dict(skeleton))
    assert again == skeleton
    assert again.mirror_pairs == skeleton.mirror_pairs
    assert pickle.loads(pickle.dumps(skeleton)) == skeleton


def test_wrong_names_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="coco17"):
        get_skeleton("coco_17")
    with pytest.raises(InputError, match="left_wrist"):
        get_skeleton("coco17").index("left_wirst")


def test_computed_joints_are_means_scored_like_their_worst_parent():
    coco, openpose = get_skeleton("coco17"), get_skeleton("openpose18")
    points = np.random.default_rng(0).normal(size=(1, 4, 17, 2)).astype(np.float32)
    scores = np.full((1, 4, 17), 0.9, np.float32)
    left, right = coco.indices("left_shoulder", "right_shoulder")
    scores[:, :, left] = 0.3
    scores[0, 2, right] = 0
    points[0, 2, right] = np.nan
    out, out_scores = convert(points, scores, coco, openpose)
    neck = openpose.index("neck")
    np.testing.assert_allclose(out[0, 0, neck], (points[0, 0, left] + points[0, 0, right]) / 2)
    assert out_scores[0, 0, neck] == pytest.approx(0.3)
    assert np.isnan(out[0, 2, neck]).all()
    assert out_scores[0, 2, neck] == 0


def test_second_way_fills_frames_where_the_first_lacks_a_parent():
    whole, upper = get_skeleton("coco_wholebody133"), get_skeleton("upper")
    points = np.ones((1, 2, 133, 2), np.float32)
    scores = np.ones((1, 2, 133), np.float32)
    lost = whole.index("left_middle_mcp")
    points[0, 1, lost], scores[0, 1, lost] = np.nan, 0
    out, out_scores = convert(points, scores, whole, upper)
    hand = upper.index("left_hand")
    assert np.isfinite(out[0, :, hand]).all()
    assert (out_scores[0, :, hand] == 1).all()


def test_a_joint_that_cannot_be_had_is_named():
    source, target = get_skeleton("natops8"), get_skeleton("coco17")
    points, scores = np.ones((1, 1, 8, 3)), np.ones((1, 1, 8))
    with pytest.raises(InputError, match="nose"):
        convert(points, scores, source, target)
    out, out_scores = convert(points, scores, source, target, allow_missing=True)
    assert np.isnan(out[0, 0, target.index("nose")]).all()
    assert out_scores[0, 0, target.index("nose")] == 0
    assert out_scores[0, 0, target.index("left_wrist")] == 1


@given(
    names=st.tuples(st.sampled_from(list_skeletons()), st.sampled_from(list_skeletons())),
    seed=st.integers(0, 999),
)
def test_there_and_back_keeps_shared_joints_and_invents_none(names, seed):
    source, target = map(get_skeleton, names)
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(1, 3, source.num_joints, 2)).astype(np.float32)
    scores = rng.uniform(0.1, 1, points.shape[:3]).astype(np.float32)
    lost = rng.random(scores.shape) < 0.3
    points[lost], scores[lost] = np.nan, 0
    there = convert(points, scores, source, target, allow_missing=True)
    back, back_scores = convert(*there, target, source, allow_missing=True)
    shared = [i for i, joint in enumerate(source.joints) if target.has(joint)]
    np.testing.assert_array_equal(back[:, :, shared], points[:, :, shared])
    np.testing.assert_array_equal(back_scores[:, :, shared], scores[:, :, shared])
    for i, joint in enumerate(source.joints):
        if not target.has(joint) and joint not in computed_ways():
            assert (back_scores[:, :, i] == 0).all()
    assert (np.isnan(back).any(-1) == (back_scores == 0)).all()


GOOD = {
    "name": "own",
    "root": "a",
    "joints": ["a", "left_b", "right_b"],
    "bones": {"left_b": "a", "right_b": "a"},
}


def test_own_layout_from_yaml(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(GOOD))
    skeleton = get_skeleton(path)
    assert skeleton.mirror_pairs == ((1, 2),)
    assert load_skeleton(path) == skeleton


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"root": "zzz"}, "root 'zzz' is not a joint"),
        ({"root": None}, "not a joint"),
        ({"joints": ["a", "a", "left_b", "right_b"]}, "'a' is listed twice"),
        ({"joints": "a, b"}, "'joints' is not a list"),
        ({"joints": []}, "'joints' is empty"),
        ({"joints": ["a", 3]}, "'joints' is not a list"),
        ({"bones": {"left_b": "x", "right_b": "a"}}, "names 'x'"),
        ({"bones": {"left_b": "right_b", "right_b": "left_b"}}, "circle"),
        ({"bones": {"left_b": "a"}}, "no mirror image"),
        ({"bones": {"a": "left_b", "right_b": "a"}}, "root 'a' has a parent"),
        ({"bones": ["left_b", "a"]}, "'bones' is not a mapping"),
        ({"mirror": [["left_b"]]}, "pairs"),
        ({"mirror": [["left_b", "c"]]}, "names 'c'"),
        ({"mirror": [["left_b", "right_b"], ["left_b", "a"]]}, "twice"),
        ({"parts": {"torso": ["a"]}}, "belongs to 0 parts"),
        ({"parts": {"torso": ["a", "q", "left_b", "right_b"]}}, "names 'q'"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_faults_of_own_layouts_are_named(tmp_path, change, said):
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(GOOD | change))
    with pytest.raises(InputError, match="own.yaml") as caught:
        load_skeleton(path)
    assert said in str(caught.value)


def test_all_faults_of_a_file_are_named_at_once():
    with pytest.raises(InputError) as caught:
        skeleton_from_dict(GOOD | {"root": "q", "bones": {"left_b": "x", "right_b": "a"}})
    assert "root 'q'" in str(caught.value)
    assert "names 'x'" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "name: [unclosed", "just words"])
def test_files_that_are_no_layout(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="own.yaml"):
        load_skeleton(path)


def test_the_documented_example_is_a_layout(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "howto" / "own-skeleton.md"
    path = tmp_path / "own.yaml"
    path.write_text(page.read_text().split("```yaml\n")[1].split("```")[0])
    skeleton = load_skeleton(path)
    assert skeleton.num_joints == 10
    assert len(skeleton.mirror_pairs) == 4
