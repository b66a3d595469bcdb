from __future__ import annotations

import pytest
import torch

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.datasets.clips import Clips, ClipStore, whole_times
from mgskel.datasets.streams import STREAMS, derive, model_input, stream_channels


@pytest.fixture
def clips(store: ClipStore) -> Clips:
    return store.cut(torch.arange(4), whole_times(store.lengths, 16))


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_has_the_promised_form(name: str, clips: Clips, kinect: Skeleton) -> None:
    x, mask = model_input(clips, name, kinect)
    assert x.shape == (4, stream_channels(name, kinect, 3), 16, 20, 1)
    assert mask.shape == (4, 16, 20, 1)
    assert torch.isfinite(x).all()
    hidden = ~mask[:, None].expand_as(x)
    assert (x[hidden] == 0).all()
    assert hidden.any(), "the store has a joint that is missing for a while"


def test_bones_add_up_along_the_tree_to_the_joints(clips: Clips, kinect: Skeleton) -> None:
    bones, _ = derive(clips.points, clips.mask, "bone", kinect)
    for joint in range(kinect.num_joints - 1):
        reached = torch.zeros_like(clips.points[..., 0, :])
        ancestor = joint
        while kinect.parents[ancestor] >= 0:
            reached += bones[..., ancestor, :]
            ancestor = int(kinect.parents[ancestor])
        expected = clips.points[..., joint, :] - clips.points[..., ancestor, :]
        torch.testing.assert_close(reached, expected, atol=1e-5, rtol=1e-4)


def test_motion_is_the_change_to_the_next_frame(clips: Clips, kinect: Skeleton) -> None:
    motion, mask = derive(clips.points, clips.mask, "joint_motion", kinect)
    expected = clips.points[:, :, 1:] - clips.points[:, :, :-1]
    both = clips.mask[:, :, 1:] & clips.mask[:, :, :-1]
    torch.testing.assert_close(motion[:, :, :-1], expected * both[..., None])
    assert torch.equal(mask[:, :, :-1], both)
    assert torch.equal(motion[:, :, -1], motion[:, :, -2])


def test_a_still_body_has_no_motion_in_any_stream(kinect: Skeleton) -> None:
    points = torch.randn(2, 1, 1, 20, 3).expand(2, 1, 8, 20, 3)
    mask = torch.ones(2, 1, 8, 20, dtype=torch.bool)
    for name in STREAMS:
        if name.endswith("_motion"):
            moved, _ = derive(points, mask, name, kinect)
            assert moved.abs().max() < 1e-5


def test_bone_relative_and_distance_do_not_see_a_shift(clips: Clips, kinect: Skeleton) -> None:
    shifted = (clips.points + torch.tensor([3.0, -1.0, 2.0])) * clips.mask[..., None]
    for name in ("bone", "relative", "distance"):
        here, _ = derive(clips.points, clips.mask, name, kinect)
        there, _ = derive(shifted, clips.mask, name, kinect)
        torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)
    moved, _ = derive(shifted, clips.mask, "joint", kinect)
    assert not torch.allclose(moved, clips.points)


def test_distances_do_not_see_a_turn(clips: Clips, kinect: Skeleton) -> None:
    turn, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))
    here, _ = derive(clips.points, clips.mask, "distance", kinect)
    there, _ = derive(clips.points @ turn, clips.mask, "distance", kinect)
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)


def test_relative_looks_from_the_head_and_the_other_hand() -> None:
    upper = get_skeleton("upper")
    points = torch.zeros(1, 1, 1, upper.num_joints, 3)
    mask = torch.ones(1, 1, 1, upper.num_joints, dtype=torch.bool)
    head = [v for part in ("head", "face") for v in upper.parts.get(part, ())]
    left, right = upper.parts["left_hand"], upper.parts["right_hand"]
    points[..., head, :] = torch.tensor([0.0, 5.0, 0.0])
    points[..., list(left), :] = torch.tensor([1.0, 4.0, 0.0])
    points[..., list(right), :] = torch.tensor([-2.0, 0.0, 0.0])
    seen, _ = derive(points, mask, "relative", upper)
    anchors = seen.shape[-1] // 3
    from_head, from_hand = seen[0, 0, 0, left[0], :3], seen[0, 0, 0, left[0], -3:]
    assert anchors == 3
    assert from_head.tolist() == pytest.approx([1, -1, 0], abs=1e-5)
    assert from_hand.tolist() == pytest.approx([3, 4, 0], abs=1e-5)
    # A head that is not seen is nobody's anchor: no coordinate is made up from zeros.
    mask[..., head] = False
    hidden, _ = derive(points * mask[..., None], mask, "relative", upper)
    assert hidden[0, 0, 0, left[0], :3].tolist() == [0, 0, 0]


@pytest.mark.parametrize("layout", ["natops8", "jhmdb15", "imigue22", "kinect25", "openpose18"])
def test_streams_follow_from_any_layout(layout: str) -> None:
    skeleton = get_skeleton(layout)
    points = torch.randn(2, 1, 6, skeleton.num_joints, 2)
    clips = Clips(points, torch.ones(points.shape[:-1]), torch.tensor([0, 1]))
    for name in STREAMS:
        x, mask = model_input(clips, name, skeleton)
        assert x.shape[1] == stream_channels(name, skeleton, 2)
        assert mask.all()


def test_unknown_stream_names_the_nearest(clips: Clips, kinect: Skeleton) -> None:
    with pytest.raises(InputError, match="did you mean 'joint_motion'"):
        model_input(clips, "joint-motion", kinect)
