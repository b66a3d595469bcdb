"""Bundles: one array of many sequences, checked whole, saved and read back unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.formats.bundle import Bundle, bundle_from_sequences, load_bundle, save_bundle
from mgskel.formats.bundle_rules import guess_unit

SHARED_FILES = [
    ("nw_ucla_train.npz", "kinect20", 1020, "metre"),
    ("utd_mhad_train.npz", "utd_kinect20", 431, "metre"),
    ("natops_train.npz", "natops8", 180, "metre"),
    ("jhmdb14_2d_split1_train.npz", "jhmdb15", 433, "normalised"),
    ("utd_rgb_openpose18_train.npz", "openpose18", 99, "normalised"),
    ("gesture_phase_users_ab.npz", "gesture_phase6", 5, "normalised"),
]


def small_bundle(**changes: Any) -> Bundle:
    rng = np.random.default_rng(3)
    lengths = [4, 7, 2]
    fields: dict[str, Any] = {
        "frames": rng.normal(size=(13, 20, 3)).astype(np.float32),
        "offsets": np.cumsum([0, *lengths]),
        "skeleton": get_skeleton("kinect20"),
        "label": np.array([0, 1, 1]),
        "subject": np.array([5, 6, 5]),
        "name": np.array(["a", "Zoë", "c"]),
        "view": np.array([1, 2, 1]),
        "fps": 25.0,
        "scores": rng.uniform(0.1, 1, size=(13, 20)).astype(np.float32),
        "frame_label": np.array(["rest"] * 6 + ["stroke"] * 7),
        "class_names": ("nod", "shrug"),
        "unit": "metre",
        "extra": {"age": np.array([20, 30, 40])},
    }
    return Bundle(**{**fields, **changes})


def assert_equal(one: Bundle, other: Bundle) -> None:
    for key in ("frames", "offsets", "label", "subject", "name", "view", "scores", "frame_label"):
        np.testing.assert_array_equal(getattr(one, key), getattr(other, key), key)
    for key in ("skeleton", "fps", "class_names", "unit"):
        assert np.all(getattr(one, key) == getattr(other, key)), key
    assert one.extra.keys() == other.extra.keys()


def test_save_and_load_is_identity(tmp_path: Path) -> None:
    bundle = small_bundle()
    save_bundle(tmp_path / "b.npz", bundle)
    assert_equal(load_bundle(tmp_path / "b.npz"), bundle)
    assert_equal(load_bundle(tmp_path / "b.npz", "kinect20"), bundle)
    with np.load(tmp_path / "b.npz", allow_pickle=False) as archive:
        assert str(archive["layout"]) == "kinect20"


def test_a_sequence_is_its_frames() -> None:
    bundle = small_bundle()
    sequence = bundle.sequence(1)
    np.testing.assert_array_equal(sequence.keypoints[0], bundle.frames[4:11])
    np.testing.assert_array_equal(sequence.scores[0], bundle.scores[4:11])  # type: ignore[index]
    assert (sequence.fps, sequence.unit, sequence.source) == (25.0, "metre", "Zoë")
    assert bundle.sequence(-1).num_frames == 2
    with pytest.raises(IndexError):
        bundle.sequence(3)


def test_select_by_index_and_mask() -> None:
    bundle = small_bundle(fps=np.array([25.0, 30.0, 50.0]))
    chosen = bundle.select([2, 0])
    np.testing.assert_array_equal(chosen.frames, bundle.frames[[11, 12, 0, 1, 2, 3]])
    np.testing.assert_array_equal(chosen.offsets, [0, 2, 6])
    assert list(chosen.name) == ["c", "a"]  # type: ignore[arg-type]
    assert list(chosen.extra["age"]) == [40, 20]
    assert chosen.fps_of(0) == 50.0
    assert_equal(bundle.select(np.array([True, False, True])), bundle.select([0, 2]))
    with pytest.raises(InputError, match="another length"):
        bundle.select(np.array([True]))


def test_sequences_to_bundle_and_back() -> None:
    bundle = small_bundle()
    again = bundle_from_sequences(
        [bundle.sequence(i) for i in range(3)],
        bundle.label,
        subject=bundle.subject,
        view=bundle.view,
        class_names=bundle.class_names,
        frame_label=bundle.frame_label,
        extra=bundle.extra,
        fps=25.0,
    )
    assert_equal(again, bundle)


def test_sequences_of_different_kinds_are_refused() -> None:
    bundle = small_bundle()
    two = PoseSequence.from_arrays(np.ones((2, 3, 20, 3)), fps=25, skeleton="kinect20")
    with pytest.raises(InputError, match="2 people"):
        bundle_from_sequences([bundle.sequence(0), two])
    with pytest.raises(InputError, match="at least one"):
        bundle_from_sequences([])


def test_nan_is_missing() -> None:
    frames = np.ones((3, 20, 3), np.float32)
    frames[1, 4] = np.nan
    bundle = small_bundle(
        frames=frames,
        offsets=np.array([0, 3]),
        **dict.fromkeys(("label", "subject", "name", "view", "scores", "frame_label")),
        extra={},
    )
    sequence = bundle.sequence(0)
    assert sequence.scores[0, 1, 4] == 0
    assert sequence.scores.sum() == 59
    assert small_bundle(fps=None).sequence(0).provenance[-1]["step"] == "read"


def test_other_layout_by_name() -> None:
    bundle = small_bundle()
    other = bundle.to_skeleton("utd_kinect20")
    np.testing.assert_array_equal(
        other.frames[:, other.skeleton.index("left_hand")],
        bundle.frames[:, bundle.skeleton.index("left_hand")],
    )
    assert_equal(other.to_skeleton("kinect20"), bundle)


def test_classes_by_name() -> None:
    bundle = small_bundle().with_classes(["wave", "shrug", "nod"])
    assert list(bundle.label) == [2, 1, 1]  # type: ignore[arg-type]
    with pytest.raises(InputError, match="shrug"):
        small_bundle().with_classes(["nod"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"frames": np.zeros((13, 3, 20), np.float32)}, "swap the last two axes"),
        ({"frames": np.zeros((13, 25, 3), np.float32)}, "kinect25"),
        ({"frames": np.zeros((13, 20, 3, 1), np.float32)}, "one person each"),
        ({"offsets": np.array([0, 4, 11])}, "13 (the number of frames)"),
        ({"offsets": np.array([0, 4, 11, 12])}, "at the end"),
        ({"offsets": np.array([1, 4, 11, 13])}, "0 at the start"),
        ({"offsets": np.array([0, 11, 4, 13])}, "position 2"),
        ({"offsets": np.array([0.0, 4.0, 11.0, 13.0])}, "whole numbers"),
        ({"label": np.array([0, 1])}, "one per sequence"),
        ({"label": np.array([0, 1, 2])}, "sequence 2"),
        ({"label": np.eye(3)[[0, 1, 1]]}, "argmax"),
        ({"fps": -25.0}, "frames per second"),
        ({"fps": np.array([25.0, 0.0])}, "one number, or 3"),
        ({"unit": "feet"}, "pixel"),
        ({"scores": np.full((13, 20), 2.0, np.float32)}, "joint hip_centre"),
        ({"frame_label": np.array(["rest"])}, "one per frame"),
        ({"frames": np.full((13, 20, 3), np.inf, np.float32)}, "finite"),
    ],
)
def test_faults(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        small_bundle(**changes)
    assert says in str(caught.value)


def test_several_faults_at_once() -> None:
    with pytest.raises(InputError, match="3 faults"):
        small_bundle(offsets=np.array([1, 4, 11, 13]), label=np.array([0]), fps=np.array([25.0]))


def test_a_file_without_layout_asks_for_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", frames=np.ones((4, 20, 3)), offsets=[0, 4])
    with pytest.raises(InputError) as caught:
        load_bundle(tmp_path / "b.npz")
    assert "--layout" in str(caught.value) and "kinect20, utd_kinect20" in str(caught.value)
    assert load_bundle(tmp_path / "b.npz", "kinect20").num_joints == 20


def test_a_named_layout_is_not_overruled(tmp_path: Path) -> None:
    save_bundle(tmp_path / "b.npz", small_bundle())
    with pytest.raises(InputError, match="names 'kinect20'"):
        load_bundle(tmp_path / "b.npz", "utd_kinect20")


def test_labels_that_are_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", frames=np.ones((4, 20, 3)), offsets=[0, 2, 4], label=["y", "x"])
    bundle = load_bundle(tmp_path / "b.npz", "kinect20")
    assert list(bundle.label) == [1, 0]  # type: ignore[arg-type]
    assert bundle.class_names == ("x", "y")


def test_damaged_files(tmp_path: Path) -> None:
    whole = tmp_path / "b.npz"
    save_bundle(whole, small_bundle())
    content = whole.read_bytes()
    cut = tmp_path / "cut.npz"
    for length in (0, 10, len(content) // 2, len(content) - 10):
        cut.write_bytes(content[:length])
        with pytest.raises(InputError, match="cut off"):
            load_bundle(cut)
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    cut.write_bytes(bytes(flipped))
    with pytest.raises(InputError):
        load_bundle(cut)
    np.savez(cut, frames=np.array([{}, 1], dtype=object), offsets=[0, 1])
    with pytest.raises(InputError, match="never executed"):
        load_bundle(cut, "kinect20")


@pytest.mark.parametrize(("name", "layout", "count", "unit"), SHARED_FILES)
def test_real_files(
    shared: Path, tmp_path: Path, name: str, layout: str, count: int, unit: str
) -> None:
    bundle = load_bundle(shared / "data" / name, layout)
    assert len(bundle) == count
    assert bundle.unit == unit
    assert bundle.sequence(count - 1).num_frames == bundle.lengths[-1]
    save_bundle(tmp_path / "b.npz", bundle)
    assert_equal(load_bundle(tmp_path / "b.npz"), bundle)


def test_frame_labels_of_the_gesture_phase_recordings(shared: Path) -> None:
    bundle = load_bundle(shared / "data" / "gesture_phase_users_ab.npz", "gesture_phase6")
    assert set(bundle.frame_label) == {"Rest", "Preparation", "Stroke", "Hold", "Retraction"}  # type: ignore[arg-type]
    assert list(bundle.name) == ["a1", "a2", "a3", "b1", "b3"]  # type: ignore[arg-type]


def test_unit_guess() -> None:
    rng = np.random.default_rng(0)
    body = rng.uniform(0, 1, size=(50, 20, 3))
    assert guess_unit(body) == "metre"
    assert guess_unit(body * 300) == "normalised"
    assert guess_unit(body[..., :2] * 300) == "pixel"
    assert guess_unit(body[..., :2]) == "normalised"
    assert guess_unit(np.full((3, 20, 2), np.nan)) == "normalised"


def test_lists_of_facts_are_taken_like_arrays():
    one = PoseSequence.from_arrays(np.ones((4, 17, 2)), fps=10, skeleton="coco17")
    bundle = bundle_from_sequences([one, one], label=[0, 1], subject=["anna", "ben"])
    assert bundle.select([1]).subject.tolist() == ["ben"]
