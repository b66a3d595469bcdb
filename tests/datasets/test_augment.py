"""Every augmentation changes what it should, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.datasets.augment import PARTS, PRESETS, Augmentation, Policy
from mgskel.datasets.augment.space import (
    BoneLength,
    Jitter,
    JointDropout,
    Mirror,
    Scale,
    Shift,
    ViewRotation,
)
from mgskel.datasets.augment.time import Posterise, Repetition, Speed, TemporalCrop, TemporalMask
from mgskel.datasets.clips import Clips, ClipStore, whole_times

WINDOW = 24


@pytest.fixture
def clips(store: ClipStore) -> Clips:
    return store.cut(torch.arange(4), whole_times(store.lengths, WINDOW))


def lengths_of(clips: Clips, skeleton: Skeleton) -> Tensor:
    """Bone lengths (N, M, T, B), zero where a bone is not seen."""
    child, parent = torch.tensor(skeleton.bones).T
    seen = clips.mask[..., child] & clips.mask[..., parent]
    gap = clips.points[..., child, :] - clips.points[..., parent, :]
    return gap.norm(dim=-1) * seen


SPACE: dict[str, Callable[[Skeleton], Callable[[Clips, Generator], Clips]]] = {
    "view_rotation": lambda s: ViewRotation(30, 10),
    "scale": lambda s: Scale(0.3),
    "scale_axes": lambda s: Scale(0.3, apart=True),
    "shift": lambda s: Shift(0.5),
    "jitter": lambda s: Jitter(0.05),
    "joint_dropout": lambda s: JointDropout(0.3),
    "mirror": lambda s: Mirror(1.0, s),
    "bone_length": lambda s: BoneLength(0.2, s),
    "temporal_mask": lambda s: TemporalMask(0.5),
}


@pytest.mark.parametrize("name", SPACE)
def test_spatial_parts_change_something_and_keep_the_rules(
    name: str, clips: Clips, kinect: Skeleton, rng: Generator
) -> None:
    before = clips.points.clone(), clips.scores.clone()
    after = SPACE[name](kinect)(clips, rng)
    assert not torch.allclose(after.points, clips.points), "dead augmentation"
    assert torch.equal(clips.points, before[0]) and torch.equal(clips.scores, before[1])
    assert (after.points[~after.mask] == 0).all(), "a missing joint got a coordinate"
    assert torch.isfinite(after.points).all()
    assert torch.equal(after.labels, clips.labels)
    if name not in ("joint_dropout", "temporal_mask", "mirror"):
        assert torch.equal(after.scores, clips.scores)


@pytest.mark.parametrize("name", SPACE)
def test_one_seed_makes_one_batch(name: str, clips: Clips, kinect: Skeleton) -> None:
    part = SPACE[name](kinect)
    first = part(clips, Generator().manual_seed(5))
    torch.manual_seed(99)  # global randomness has no say
    second = part(clips, Generator().manual_seed(5))
    other = part(clips, Generator().manual_seed(6))
    assert torch.equal(first.points, second.points)
    if name != "mirror":
        assert not torch.equal(first.points, other.points)


def test_rotation_keeps_bone_lengths_and_height(
    clips: Clips, kinect: Skeleton, rng: Generator
) -> None:
    turned = ViewRotation(60)(clips, rng)
    torch.testing.assert_close(
        lengths_of(turned, kinect), lengths_of(clips, kinect), atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(turned.points[..., 1], clips.points[..., 1], atol=1e-5, rtol=1e-5)


def test_rotation_stays_within_its_angle(kinect: Skeleton, rng: Generator) -> None:
    points = torch.zeros(500, 1, 2, 20, 3)
    points[..., 0] = 1.0
    clips = Clips(points, torch.ones(points.shape[:-1]), torch.zeros(500, dtype=torch.int64))
    turned = ViewRotation(40)(clips, rng).points[:, 0, 0, 0]
    angle = torch.rad2deg(torch.atan2(turned[:, 2], turned[:, 0])).abs()
    assert angle.max() <= 40.001
    assert angle.max() > 35


def test_rotation_in_two_dimensions_foreshortens_the_width(rng: Generator) -> None:
    points = torch.randn(6, 1, 4, 15, 2)
    clips = Clips(points, torch.ones(points.shape[:-1]), torch.zeros(6, dtype=torch.int64))
    turned = ViewRotation(60)(clips, rng).points
    torch.testing.assert_close(turned[..., 1], points[..., 1])
    ratio = turned[..., 0] / points[..., 0]
    assert (ratio >= 0.5 - 1e-4).all() and (ratio <= 1 + 1e-4).all()


def test_scale_is_one_factor_per_clip(clips: Clips, rng: Generator) -> None:
    scaled = Scale(0.3)(clips, rng)
    for n in range(len(clips)):
        seen = clips.points[n].abs() > 1e-3
        ratio = scaled.points[n][seen] / clips.points[n][seen]
        assert ratio.std() < 1e-4
        assert 0.7 <= float(ratio.mean()) <= 1.3


def test_shift_moves_all_joints_alike(clips: Clips, kinect: Skeleton, rng: Generator) -> None:
    moved = (Shift(0.5)(clips, rng).points - clips.points)[0][clips.mask[0]]
    assert moved.std(0).max() < 1e-5
    assert 0 < moved.abs().max() <= 0.5


def test_jitter_grows_as_scores_fall(rng: Generator) -> None:
    scores = torch.full((1, 1, 200, 40), 0.01)
    scores[..., 20:] = 1.0
    clips = Clips(torch.zeros(1, 1, 200, 40, 2), scores, torch.zeros(1, dtype=torch.int64))
    noise = Jitter(0.3)(clips, rng).points
    unsure, sure = noise[..., :20, :].std(), noise[..., 20:, :].std()
    assert float(unsure / sure) == pytest.approx(3, rel=0.1)


def test_dropout_loses_joints_for_the_whole_clip_but_not_all(clips: Clips, rng: Generator) -> None:
    dropped = JointDropout(0.4)(clips, rng)
    lost = clips.mask & ~dropped.mask
    assert lost.any()
    always = (lost | ~clips.mask).all(2)
    assert (lost.any(2) <= always).all()
    kept = dropped.mask
    torch.testing.assert_close(dropped.points[kept], clips.points[kept])
    everything = JointDropout(1.0)(clips, rng)
    assert everything.mask.flatten(1).any(1).all()


def test_mirror_twice_is_nothing_and_swaps_sided_labels(
    clips: Clips, kinect: Skeleton, rng: Generator
) -> None:
    mirror = Mirror(1.0, kinect, label_swap=(1, 0, 2))
    once = mirror(clips, rng)
    assert once.labels.tolist() == [1, 0, 2, 0]
    left, right = kinect.index("left_wrist"), kinect.index("right_wrist")
    expected = clips.points[..., right, :] * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(once.points[..., left, :], expected)
    twice = mirror(once, rng)
    torch.testing.assert_close(twice.points, clips.points)
    assert torch.equal(twice.labels, clips.labels)
    assert torch.equal(twice.scores, clips.scores)


def test_mirror_keeps_bone_lengths(clips: Clips, kinect: Skeleton, rng: Generator) -> None:
    once = Mirror(1.0, kinect)(clips, rng)
    sorted_lengths = [lengths_of(c, kinect).sort(dim=-1).values for c in (clips, once)]
    torch.testing.assert_close(*sorted_lengths, atol=1e-5, rtol=1e-5)


def test_bones_change_length_but_not_direction_alike_on_both_sides(
    clips: Clips, kinect: Skeleton, rng: Generator
) -> None:
    grown = BoneLength(0.2, kinect)(clips, rng)
    before, after = lengths_of(clips, kinect), lengths_of(grown, kinect)
    ratio = (after / before.clamp(min=1e-6))[0, 0, -1]
    assert ratio.min() >= 0.8 - 1e-3 and ratio.max() <= 1.2 + 1e-3 and ratio.std() > 0.01
    children = [child for child, _ in kinect.bones]
    forearms = [children.index(kinect.index(f"{side}_wrist")) for side in ("left", "right")]
    assert float(ratio[forearms[0]]) == pytest.approx(float(ratio[forearms[1]]), abs=1e-3)
    child, parent = torch.tensor(kinect.bones).T
    directions = [
        torch.nn.functional.normalize(c.points[..., child, :] - c.points[..., parent, :], dim=-1)
        for c in (clips, grown)
    ]
    seen = before > 1e-3
    torch.testing.assert_close(directions[0][seen], directions[1][seen], atol=1e-3, rtol=1e-3)


def test_temporal_mask_hides_one_block(clips: Clips, rng: Generator) -> None:
    hidden = TemporalMask(0.5)(clips, rng)
    gone = ~hidden.mask.flatten(3).any(-1)[:, 0]
    assert gone.any()
    for row in gone:
        places = torch.nonzero(row).flatten()
        assert len(places) <= WINDOW // 2
        assert len(places) == 0 or int(places[-1] - places[0]) == len(places) - 1


TIME = {
    "crop": TemporalCrop(0.5),
    "speed": Speed(0.5),
    "repetition": Repetition(1.0),
    "posterise": Posterise(1.0),
}


@pytest.mark.parametrize("name", TIME)
def test_temporal_parts_bend_time_and_stay_inside(
    name: str, store: ClipStore, rng: Generator
) -> None:
    times = whole_times(store.lengths, WINDOW)
    before = times.clone()
    bent = TIME[name](times, store.lengths, rng)
    assert bent.shape == times.shape
    assert not torch.allclose(bent, times), "dead augmentation"
    assert torch.equal(times, before)
    assert (bent >= -1e-4).all() and (bent <= (store.lengths - 1)[:, None] + 1e-3).all()
    again = TIME[name](times, store.lengths, Generator().manual_seed(3))
    assert torch.equal(bent, again)
    if name != "repetition":
        assert (bent.diff(dim=1) >= -1e-4).all(), "time ran backwards"


def test_crop_keeps_tempo_even_and_its_least_share(rng: Generator) -> None:
    lengths = torch.full((300,), 101)
    bent = TemporalCrop(0.5)(whole_times(lengths, 11), lengths, rng)
    shown = (bent[:, -1] - bent[:, 0]) / 100
    assert 0.5 <= float(shown.min()) < 0.53 and float(shown.max()) <= 1
    assert bent.diff(dim=1).std(dim=1).max() < 1e-4


def test_speed_keeps_the_ends(store: ClipStore, rng: Generator) -> None:
    times = whole_times(store.lengths, WINDOW)
    bent = Speed(1.0)(times, store.lengths, rng)
    torch.testing.assert_close(bent[:, [0, -1]], times[:, [0, -1]])
    assert bent.diff(dim=1).std(dim=1).min() > 0


def test_repetition_shows_the_clip_twice(store: ClipStore, rng: Generator) -> None:
    bent = Repetition(1.0)(whole_times(store.lengths, WINDOW), store.lengths, rng)
    half = WINDOW // 2
    torch.testing.assert_close(bent[:, :half], bent[:, half:])


def test_posterise_holds_poses(store: ClipStore, rng: Generator) -> None:
    times = whole_times(store.lengths, WINDOW)
    bent = Posterise(1.0)(times, store.lengths, rng)
    for row, original in zip(bent, times, strict=True):
        different = len(row.unique())
        assert WINDOW / 4 <= different <= WINDOW / 2
        assert all(float((original - place).abs().min()) < 1e-4 for place in row)


def test_presets_differ_as_their_names_say() -> None:
    micro, action = (Augmentation(name).strengths() for name in ("micro", "action"))
    for part in ("view_rotation", "scale", "jitter", "bone_length"):
        assert micro[part] < action[part]
    assert micro["repetition"] > 0 and micro["posterise"] > 0
    assert not any(Augmentation("none").strengths().values())
    assert all(part in PARTS for preset in PRESETS.values() for part in preset)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_a_policy_acts_by_itself(
    part: str, store: ClipStore, kinect: Skeleton, rng: Generator
) -> None:
    strength = 20.0 if part in ("view_rotation", "tilt") else 0.5
    strength = 1.0 if part in ("mirror", "repetition", "posterise") else strength
    plain = Policy(Augmentation("none"), kinect).cut(store, torch.arange(4), WINDOW, rng)
    only = Policy(Augmentation("none", **{part: strength}), kinect)
    changed = only.cut(store, torch.arange(4), WINDOW, rng)
    assert not torch.allclose(changed.points, plain.points)
    off = Policy(Augmentation("micro", **{part: 0.0}), kinect)
    on = Policy(Augmentation("micro", **{part: strength}), kinect)
    assert len(on.time) + len(on.space) >= len(off.time) + len(off.space)


def test_a_strength_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match="joint_dropout"):
        Augmentation(joint_dropout=1.5).strengths()
    with pytest.raises(InputError, match="view_rotation"):
        Augmentation(view_rotation=-3).strengths()


def test_a_policy_acts_on_a_recording(kinect: Skeleton) -> None:
    import numpy as np

    from mgskel.core.sequence import PoseSequence

    points = np.random.default_rng(0).normal(size=(1, 30, 20, 3)).astype(np.float32)
    points[0, :5, 3] = np.nan
    sequence = PoseSequence.from_arrays(points, fps=25, skeleton=kinect, unit="metre")
    policy = Policy(Augmentation("micro"), kinect)
    changed = policy.sequence(sequence, seed=1)
    assert changed.keypoints.shape == sequence.keypoints.shape
    assert not np.allclose(np.nan_to_num(changed.keypoints), np.nan_to_num(sequence.keypoints))
    assert np.isnan(changed.keypoints[0, 0, 3]).all() and changed.scores[0, 0, 3] == 0
    again = policy.sequence(sequence, seed=1)
    np.testing.assert_array_equal(changed.keypoints, again.keypoints)
    assert changed.provenance[-1]["step"] == "augment"


def test_mirror_pairs_of_the_imigue_layout_are_anatomical() -> None:
    imigue = get_skeleton("imigue22")
    for name in ("shoulder", "elbow", "wrist", "eye", "ear", "thumb_tip", "pinky_tip"):
        left, right = imigue.index(f"left_{name}"), imigue.index(f"right_{name}")
        assert imigue.mirror[left] == right
