"""Training examples: windows as when spotting, and what varies between them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mgskel.core.skeleton import get_skeleton
from mgskel.spotting.learning.corpus import Piece
from mgskel.spotting.learning.examples import (
    ExampleSettings,
    VariationSettings,
    draw_examples,
    joints_given_by,
    varied,
)
from mgskel.spotting.network.stream_network import Timing

STILL = VariationSettings(mirror=0, scale=0, lose_hands=0, lose_hips=0, lose_joint=0)
LAYOUT = get_skeleton("upper_head")


def test_the_first_frame_is_held_before_a_recording_and_nobody_is_seen_after_it() -> None:
    frames = 12
    values = np.ones((6, frames, LAYOUT.num_joints), np.float16) * np.arange(1, frames + 1)[:, None]
    everything = np.ones((frames, LAYOUT.num_joints), bool)
    targets = np.ones((2, frames), bool)
    piece = Piece(values, everything, targets, targets)
    settings = ExampleSettings(window=64, outside=20, variation=STILL)
    batch = draw_examples(
        [piece], LAYOUT, Timing(2, 4, 30, 4), settings, 1, np.random.default_rng(3)
    )
    assert batch.mask is not None and batch.known is not None
    seen = batch.mask[0, :, 0, 0].numpy()
    course = batch.x[0, 0, :, 0, 0].numpy()[seen]
    assert (np.diff(course) >= 0).all() and course[0] == 1 and course[-1] == frames
    assert not seen[-1] and (course == 1).sum() > 1
    assert int(batch.known[0, 0].sum()) == frames // 2 == int(batch.target[0, 0].sum())


@pytest.mark.parametrize(
    ("layout", "lacking"),
    [
        ("kinect25", {"nose", "left_ear", "mouth", "left_index_tip"}),
        ("coco17", {"mouth", "left_hand", "right_index_tip"}),
        ("imigue22", {"mouth", "left_hip"}),
        ("mediapipe_holistic", set()),
    ],
)
def test_a_layout_gives_what_it_has_and_what_follows_from_it(
    layout: str, lacking: set[str]
) -> None:
    given = joints_given_by(layout, LAYOUT)
    assert given[[LAYOUT.index("head"), LAYOUT.index("neck")]].all()
    assert lacking <= {name for name, has in zip(LAYOUT.joints, given, strict=True) if not has}


def test_as_another_layout_only_its_joints_are_left() -> None:
    x = torch.ones(16, 6, 8, LAYOUT.num_joints)
    seen = torch.ones(16, 8, LAYOUT.num_joints, dtype=torch.bool)
    settings = VariationSettings(
        mirror=0, scale=0, lose_hands=0, lose_hips=0, lose_joint=0, as_layout=1, layouts=("coco17",)
    )
    values, mask = varied(x, seen, LAYOUT, settings, np.random.default_rng(0))
    assert (mask.numpy() == joints_given_by("coco17", LAYOUT)).all()
    assert (values[~mask.unsqueeze(1).expand_as(values)] == 0).all()


def test_a_stretched_picture_changes_heights_alone() -> None:
    x = torch.ones(8, 6, 4, LAYOUT.num_joints)
    seen = torch.ones(8, 4, LAYOUT.num_joints, dtype=torch.bool)
    settings = VariationSettings(
        mirror=0, scale=0, lose_hands=0, lose_hips=0, lose_joint=0, stretch=0.2
    )
    values, _ = varied(x, seen, LAYOUT, settings, np.random.default_rng(0))
    assert (values[:, 0::2] == 1).all()
    assert float(values[:, 1::2].std()) > 0.05
