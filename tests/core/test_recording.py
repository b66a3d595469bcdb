"""Recordings and data sets: what is known of each, chosen, cut, converted, grouped."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton

COUNT = 8


@pytest.fixture
def data() -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(
        [
            Recording(
                PoseSequence.from_arrays(
                    rng.normal(size=(5, 20, 3)), fps=10, skeleton="kinect20", unit="metre"
                ),
                f"a{i // 2}_{i}",
                label=i % 3 + 1,
                subject=i // 2,
                view=i % 2,
                frame_labels=np.arange(5),
            )
            for i in range(COUNT)
        ]
    )


def test_some_are_chosen_by_number_mask_or_slice(data: Dataset) -> None:
    assert data.select([5, 1]).names.tolist() == ["a2_5", "a0_1"]
    mask = np.arange(COUNT) % 4 == 1
    assert data.select(mask).names.tolist() == data[1::4].names.tolist() == ["a0_1", "a2_5"]
    assert data[-1] is data.recordings[-1]
    with pytest.raises(InputError, match="another length"):
        data.select(mask[:3])
    with pytest.raises(InputError, match="1 recording"):
        _ = data.only


def test_groups_are_subject_view_and_video(data: Dataset) -> None:
    assert data.groups("subject").tolist() == [str(i // 2) for i in range(COUNT)]
    assert data.groups("view").tolist() == [str(i % 2) for i in range(COUNT)]
    assert data.groups("video").tolist() == [f"a{i // 2}" for i in range(COUNT)]
    with pytest.raises(InputError, match="split"):
        data.groups("split")


def test_layouts_convert_by_joint_name(data: Dataset) -> None:
    other = data.to_skeleton(get_skeleton("utd_kinect20"))
    assert other.skeleton.name == "utd_kinect20"
    np.testing.assert_array_equal(other.sequences[0].joint("head"), data.sequences[0].joint("head"))


def test_labels_are_told_as_the_set_names_them(data: Dataset) -> None:
    assert data[:3].labels.tolist() == ["1", "2", "3"]
    named = data.replace(class_names=("rest", "nod", "shrug", "wave"))
    assert named[:3].labels.tolist() == ["nod", "shrug", "wave"]
    assert data.replace(vocabulary="smg")[:3].labels.tolist() == ["2", "3", "4"]
    assert Dataset([one.replace(label=None) for one in data]).labels is None
    with pytest.raises(InputError, match="1 of 2 sequences have no label"):
        _ = Dataset([data[0], data[1].replace(label=None)]).labels


def test_a_recording_is_cut_at_its_events(data: Dataset) -> None:
    whole = data[0].replace(
        events=(GestureEvent("1", "nod", 4, 0.1, 0.3), GestureEvent("1", "shrug", 7, 0.2, 0.4))
    )
    first, second, untouched = Dataset([whole, data[1]]).clips()
    assert [(c.name, c.label, c.subject) for c in (first, second)] == [
        ("a0_0_0", 4, 0),
        ("a0_0_1", 7, 0),
    ]
    np.testing.assert_array_equal(first.sequence.keypoints, whole.sequence.keypoints[:, 1:3])
    assert untouched is data[1]


def test_labels_of_frames_fit_and_follow_a_resampling(data: Dataset) -> None:
    assert data[0].resampled(20).frame_labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    with pytest.raises(InputError, match="one per frame, 5"):
        data[0].replace(frame_labels=np.arange(4))
