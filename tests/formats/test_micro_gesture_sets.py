"""The micro-gesture sets, in exactly their formats: anatomy, labels and times are right."""

from __future__ import annotations

from pathlib import Path

import format_files as files
import numpy as np
import pytest

from mgskel.core.gestures import get_vocabulary
from mgskel.formats import ReadOptions, read, read_sequence


def test_imigue_csv_with_labels(tmp_path: Path) -> None:
    path = files.write_imigue(tmp_path / "0007")
    for source in (path, path.parent):
        contents = read(source)
        (recording,) = contents.recordings
        assert (contents.format, contents.vocabulary) == ("iMiGUE CSV", "imigue")
        sequence = recording.sequence
        assert (sequence.skeleton.name, sequence.fps) == ("imigue35", 25.0)
        np.testing.assert_allclose(sequence.keypoints[0], files.person("imigue35", 40), atol=1e-3)
        assert [(e.label, e.class_id, e.micro) for e in recording.events] == [
            ("Folding arms", 16, True),
            ("Illustrative body language", 31, False),
        ]
        first = recording.events[0]
        assert (first.start_s, first.end_s) == (3 / 25, 10 / 25)


def test_imigue_arms_and_tips_are_anatomical(tmp_path: Path) -> None:
    """The starter kit's "ShoulderLeft, ElbowLeft, HandLeft" (points 2 to 4) is the right arm."""
    sequence = read_sequence(files.write_imigue(tmp_path / "0007"))
    assert sequence.skeleton.joints[2:5] == ("right_shoulder", "right_elbow", "right_wrist")
    assert sequence.skeleton.joints[25] == "right_thumb_tip"
    small = sequence.to_skeleton("imigue22")
    gap = np.linalg.norm(small.joint("right_index_tip") - small.joint("right_wrist"), axis=-1)
    far = np.linalg.norm(small.joint("right_index_tip") - small.joint("left_wrist"), axis=-1)
    assert (gap < far).all()
    bones = {(small.skeleton.joints[c], small.skeleton.joints[p]) for c, p in small.skeleton.bones}
    assert ("nose", "neck") in bones and ("right_thumb_tip", "right_wrist") in bones


@pytest.mark.parametrize("left_first", [False, True])
def test_imigue_challenge_array_in_both_hand_orders(tmp_path: Path, left_first: bool) -> None:
    path = files.write_imigue_npy(tmp_path, left_first=left_first)
    contents = read(path)
    assert len(contents.recordings) == 2
    assert [r.label for r in contents.recordings] == [16, 31]
    assert contents.class_names == get_vocabulary("imigue").names
    first, second = contents.recordings
    assert (first.name, first.sequence.num_frames) == ("0007_0", 90)
    assert second.sequence.num_frames == 40
    np.testing.assert_allclose(first.sequence.keypoints[0], files.person("imigue22", 90), rtol=1e-5)
    assert bool(contents.notes) == left_first
    forced = read(path, ReadOptions(hand_order="right-first")).recordings[0].sequence
    same = np.allclose(forced.keypoints, first.sequence.keypoints)
    assert same != left_first


def test_smg_with_labels_and_rate(tmp_path: Path) -> None:
    path = files.write_smg(tmp_path / "Sample0036")
    for source in (path, path.parent):
        contents = read(source)
        (recording,) = contents.recordings
        sequence = recording.sequence
        assert (sequence.skeleton.name, sequence.fps, sequence.unit) == ("kinect25", 28.0, "metre")
        np.testing.assert_allclose(
            sequence.keypoints[0], files.person("kinect25", 30, dims=3), atol=1e-4
        )
        assert [(e.label, e.micro) for e in recording.events] == [
            ("Folding arms", True),
            ("Illustrative hand gestures", False),
        ]
        assert recording.events[0].end_s == 10 / 28
        assert recording.subject == 36
