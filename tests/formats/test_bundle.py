"""Bundles: many sequences in one array, checked whole, written and read back unchanged."""

from __future__ import annotations

from pathlib import Path

import format_files as files
import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.formats import ReadOptions, read, write
from mgskel.formats.reading.units import guess_unit

SHARED_FILES = [
    ("nw_ucla_train.npz", "kinect20", 1020, "metre"),
    ("utd_mhad_train.npz", "utd_kinect20", 431, "metre"),
    ("natops_train.npz", "natops8", 180, "metre"),
    ("jhmdb14_2d_split1_train.npz", "jhmdb15", 433, "normalised"),
    ("utd_rgb_openpose18_train.npz", "openpose18", 99, "normalised"),
    ("gesture_phase_users_ab.npz", "gesture_phase6", 5, "normalised"),
]
KINECT = ReadOptions(layout="kinect20")


def made_up() -> Dataset:
    rng = np.random.default_rng(3)
    recordings = []
    for i, (length, name) in enumerate(((4, "a"), (7, "Zoë"), (2, "c"))):
        sequence = PoseSequence.from_arrays(
            rng.normal(scale=0.3, size=(length, 20, 3)),
            rng.uniform(0.1, 1, size=(length, 20)),
            fps=(25.0, 30.0, 50.0)[i],
            skeleton="kinect20",
            unit="metre",
            source=name,
        )
        marks = np.array(["rest", "stroke"])[np.arange(length) // 2 % 2]
        recordings.append(
            Recording(
                sequence, name, i % 2, 5 + i % 2, i + 1, "train", marks, extra={"age": 20 + i}
            )
        )
    return Dataset(recordings, class_names=("nod", "shrug"))


def assert_same(one: Dataset, other: Dataset) -> None:
    assert one.class_names == other.class_names and len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.sequence.keypoints, b.sequence.keypoints)
        np.testing.assert_array_equal(a.sequence.scores, b.sequence.scores)
        assert (a.frame_labels is None) == (b.frame_labels is None)
        if a.frame_labels is not None and b.frame_labels is not None:
            np.testing.assert_array_equal(a.frame_labels, b.frame_labels)
        for key in ("name", "label", "subject", "view", "split", "extra"):
            assert getattr(a, key) == getattr(b, key), key
        for key in ("fps", "skeleton", "unit", "source", "frame_size"):
            assert getattr(a.sequence, key) == getattr(b.sequence, key), key


def test_written_and_read_is_the_same(tmp_path: Path) -> None:
    data = made_up()
    assert write(tmp_path / "b.npz", data).lost == ()
    assert_same(read(tmp_path / "b.npz"), data)
    assert_same(read(tmp_path / "b.npz", KINECT), data)
    with np.load(tmp_path / "b.npz", allow_pickle=False) as archive:
        assert str(archive["layout"]) == "kinect20"


def test_sequences_of_different_kinds_are_refused(tmp_path: Path) -> None:
    flat = PoseSequence.from_arrays(np.ones((3, 20, 2)), fps=25, skeleton="kinect20")
    with pytest.raises(InputError, match="2-D, pixel"):
        write(tmp_path / "b.npz", Dataset([*made_up(), Recording(flat, "flat")]))


def test_the_person_seen_most_is_kept_and_the_others_are_told(tmp_path: Path) -> None:
    two = Recording(files.sequence(people=2), "two")
    written = write(tmp_path / "b.npz", Dataset([two]), "bundle")
    assert any("all people but the one" in loss for loss in written.lost)
    assert read(tmp_path / "b.npz").only.sequence.num_people == 1


def test_a_fact_that_only_some_have_is_told(tmp_path: Path) -> None:
    first, *others = made_up()
    data = Dataset([first.replace(label=None, frame_labels=None), *others])
    lost = write(tmp_path / "b.npz", data).lost
    assert lost == ("label (some recordings have none)", "labels of frames")


def test_nan_is_missing_and_without_a_rate_one_is_assumed(tmp_path: Path) -> None:
    frames = np.ones((3, 20, 3), np.float32)
    frames[1, 4] = np.nan
    np.savez(tmp_path / "b.npz", frames=frames, offsets=[0, 3], layout="kinect20")
    data = read(tmp_path / "b.npz")
    assert data.only.sequence.scores[0, 1, 4] == 0
    assert data.only.sequence.scores.sum() == 59
    assert data.only.sequence.provenance[-1]["step"] == "read"
    assert "--fps" in data.notes[0]
    assert read(tmp_path / "b.npz", ReadOptions(fps=12)).only.sequence.fps == 12


def test_a_file_without_layout_asks_for_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", frames=np.ones((4, 20, 3)), offsets=[0, 4])
    with pytest.raises(InputError) as caught:
        read(tmp_path / "b.npz")
    assert "--layout" in str(caught.value) and "kinect20, utd_kinect20" in str(caught.value)
    assert read(tmp_path / "b.npz", KINECT).only.sequence.num_joints == 20


def test_a_named_layout_is_not_overruled(tmp_path: Path) -> None:
    write(tmp_path / "b.npz", made_up())
    with pytest.raises(InputError, match="names 'kinect20'"):
        read(tmp_path / "b.npz", ReadOptions(layout="utd_kinect20"))


def test_labels_that_are_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", frames=np.ones((4, 20, 3)), offsets=[0, 2, 4], label=["y", "x"])
    data = read(tmp_path / "b.npz", KINECT)
    assert [recording.label for recording in data] == [1, 0]
    assert data.class_names == ("x", "y")


@pytest.mark.parametrize(("name", "layout", "count", "unit"), SHARED_FILES)
def test_real_files(
    shared: Path, tmp_path: Path, name: str, layout: str, count: int, unit: str
) -> None:
    data = read(shared / "data" / name, ReadOptions(layout=layout))
    assert len(data) == count
    assert {sequence.unit for sequence in data.sequences} == {unit}
    write(tmp_path / "b.npz", data, "bundle")
    assert_same(read(tmp_path / "b.npz"), data)


def test_frame_labels_of_the_gesture_phase_recordings(shared: Path) -> None:
    data = read(
        shared / "data" / "gesture_phase_users_ab.npz", ReadOptions(layout="gesture_phase6")
    )
    words = {"Rest", "Preparation", "Stroke", "Hold", "Retraction"}
    assert {word for one in data for word in one.frame_labels} == words  # type: ignore[union-attr]
    assert data.names.tolist() == ["a1", "a2", "a3", "b1", "b3"]


def test_unit_guess() -> None:
    rng = np.random.default_rng(0)
    body = rng.uniform(0, 1, size=(50, 20, 3))
    assert guess_unit(body) == "metre"
    assert guess_unit(body * 300) == "normalised"
    assert guess_unit(body[..., :2] * 300) == "pixel"
    assert guess_unit(body[..., :2]) == "normalised"
    assert guess_unit(np.full((3, 20, 2), np.nan)) == "normalised"
