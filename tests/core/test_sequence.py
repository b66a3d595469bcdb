"""PoseSequence keeps its promises at the border, in its transformations and on disk."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.body_scale import shoulder_width
from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton, list_skeletons


def random_sequence(seed=0, layout="coco17", people=1, frames=12, dims=2, fps=25.0, gaps=0.2):
    rng = np.random.default_rng(seed)
    shape = (people, frames, get_skeleton(layout).num_joints)
    points = rng.normal(200, 60, (*shape, dims))
    scores = rng.uniform(0.05, 1, shape)
    scores[rng.random(shape) < gaps] = 0
    return PoseSequence.from_arrays(
        points, scores, fps=fps, skeleton=layout, frame_size=(640, 480), source="clip.mp4"
    )


def same(a, b):
    np.testing.assert_array_equal(a.keypoints, b.keypoints)
    np.testing.assert_array_equal(a.scores, b.scores)
    np.testing.assert_array_equal(a.timestamps, b.timestamps)
    return (a.fps, a.skeleton, a.unit, a.people, a.frame_size, a.source) == (
        b.fps, b.skeleton, b.unit, b.people, b.frame_size, b.source
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    layout=st.sampled_from(list_skeletons()),
    people=st.integers(1, 3),
    frames=st.integers(1, 9),
    dims=st.sampled_from([2, 3]),
)
def test_saved_and_loaded_is_the_same(tmp_path_factory, seed, layout, people, frames, dims):
    sequence = random_sequence(seed, layout, people, frames, dims).noted("made", seed=seed)
    path = tmp_path_factory.mktemp("saved") / "pose.npz"
    sequence.save(path)
    again = PoseSequence.load(path)
    assert same(sequence, again)
    assert again.provenance == ({"step": "made", "seed": seed},)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), layout=st.sampled_from(list_skeletons()))
def test_mirrored_twice_is_the_same(seed, layout):
    sequence = random_sequence(seed, layout)
    twice = sequence.mirrored().mirrored()
    np.testing.assert_allclose(twice.keypoints, sequence.keypoints, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(twice.scores, sequence.scores)


def test_mirroring_moves_the_left_wrist_to_the_right():
    sequence = random_sequence(gaps=0)
    mirrored = sequence.mirrored()
    np.testing.assert_allclose(
        mirrored.joint("right_wrist")[..., 0], 640 - sequence.joint("left_wrist")[..., 0], atol=1e-3
    )


def test_nothing_can_be_written_into_a_sequence():
    sequence = random_sequence()
    with pytest.raises(ValueError, match="read-only"):
        sequence.keypoints[0] = 0
    with pytest.raises(AttributeError):
        sequence.fps = 3


def test_from_arrays_makes_zero_scores_missing_and_missing_zero_scores():
    points = np.ones((1, 2, 17, 2))
    points[0, 0, 3, 1] = np.nan
    scores = np.ones((1, 2, 17))
    scores[0, 1, 5] = 0
    sequence = PoseSequence.from_arrays(points, scores, fps=30, skeleton="coco17")
    assert not sequence.present[0, 0, 3]
    assert np.isnan(sequence.keypoints[0, 0, 3]).all()
    assert np.isnan(sequence.keypoints[0, 1, 5]).all()
    assert sequence.present.sum() == 2 * 17 - 2


def test_crop_takes_the_half_open_interval():
    sequence = random_sequence(frames=50, fps=10)
    part = sequence.crop(1.0, 2.0)
    assert part.num_frames == 10
    assert part.timestamps[0] == 1.0
    np.testing.assert_array_equal(part.keypoints, sequence.keypoints[:, 10:20])


def test_person_by_name_and_by_position():
    sequence = random_sequence(people=3)
    np.testing.assert_array_equal(sequence.person("2").keypoints, sequence.keypoints[1:2])
    assert sequence.person(-1).people == ("3",)
    with pytest.raises(InputError, match="one of 1, 2, 3"):
        sequence.person("9")


def test_resampling_on_the_same_grid_changes_nothing_and_lines_stay_lines():
    sequence = random_sequence(frames=40)
    np.testing.assert_array_equal(sequence.resampled(25.0).keypoints, sequence.keypoints)
    ramp = np.broadcast_to(np.arange(40.0)[:, None, None], (40, 17, 2))
    line = PoseSequence.from_arrays(ramp, fps=20, skeleton="coco17").resampled(30)
    np.testing.assert_allclose(line.keypoints[0, :, 0, 0], line.timestamps * 20, atol=1e-4)


def test_resampling_does_not_fill_gaps():
    points = np.ones((10, 17, 2))
    points[4:6] = np.nan
    doubled = PoseSequence.from_arrays(points, fps=10, skeleton="coco17").resampled(20)
    absent = ~doubled.present[0, :, 0]
    np.testing.assert_allclose(doubled.timestamps[absent], [0.35, 0.4, 0.45, 0.5, 0.55])


def test_shoulder_width_scales_with_the_body():
    sequence = random_sequence(people=2, gaps=0)
    double = sequence.replace(keypoints=sequence.keypoints * 2)
    np.testing.assert_allclose(shoulder_width(double), 2 * shoulder_width(sequence), rtol=1e-5)


def test_conversion_is_recorded():
    converted = random_sequence().to_skeleton("openpose18")
    assert converted.provenance[-1] == {
        "step": "layout", "source": "coco17", "target": "openpose18"
    }  # fmt: skip


def arrays(**changes):
    points = np.ones((1, 3, 17, 2), np.float32)
    given = {
        "keypoints": points,
        "scores": np.ones((1, 3, 17), np.float32),
        "fps": 25.0,
        "skeleton": get_skeleton("coco17"),
        "timestamps": np.arange(3) / 25,
    }
    return given | changes


def with_value(shape, where, value):
    array = np.ones(shape, np.float32)
    array[where] = value
    return array


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"keypoints": np.ones((3, 17, 2))}, "number of axes"),
        ({"keypoints": np.ones((1, 3, 25, 2))}, "does not fit the layout"),
        ({"keypoints": np.ones((1, 3, 17, 4))}, "neither 2-D nor 3-D"),
        ({"scores": np.ones((3, 17))}, "scores do not fit"),
        ({"scores": with_value((1, 3, 17), (0, 1, 2), 1.5)}, "outside 0..1"),
        ({"scores": with_value((1, 3, 17), (0, 1, 2), np.nan)}, "outside 0..1"),
        ({"scores": with_value((1, 3, 17), (0, 1, 2), 0)}, "score 0 have coordinates"),
        ({"keypoints": with_value((1, 3, 17, 2), (0, 1, 2), np.nan)}, "positive score"),
        ({"keypoints": with_value((1, 3, 17, 2), (0, 1, 2), np.inf)}, "infinite"),
        ({"timestamps": np.array([0, 0.1, 0.1])}, "do not increase"),
        ({"timestamps": np.array([0, np.nan, 1])}, "do not increase"),
        ({"timestamps": np.arange(4)}, "timestamps do not fit"),
        ({"fps": 0}, "frame rate"),
        ({"fps": float("nan")}, "frame rate"),
        ({"unit": "inch"}, "unknown unit"),
        ({"people": ("a", "b")}, "names do not fit"),
    ],
)
def test_the_border_refuses(changes, said):
    with pytest.raises(InputError, match=said):
        PoseSequence(**arrays(**changes))


def test_refusals_name_frame_and_joint():
    scores = with_value((1, 3, 17), (0, 1, 9), 7)
    with pytest.raises(InputError, match="frame 1, joint left_wrist"):
        PoseSequence(**arrays(scores=scores))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "pose.npz"
    random_sequence().save(path)
    return path


def test_truncated_files_are_refused(saved):
    content = saved.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 5):
        saved.write_bytes(content[:size])
        with pytest.raises(InputError, match="pose.npz"):
            PoseSequence.load(saved)


def test_other_npz_files_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, x=np.ones(3))
    with pytest.raises(InputError, match="a pose sequence of this project: arrays header"):
        PoseSequence.load(path)
    np.savez(path, header=np.array({"a": 1}, dtype=object), keypoints=1, scores=1, timestamps=1)
    with pytest.raises(InputError, match="never executed"):
        PoseSequence.load(path)
    with pytest.raises(InputError, match="not found"):
        PoseSequence.load(tmp_path / "absent.npz")


def test_a_newer_schema_is_refused_by_name(saved, tmp_path):
    with np.load(saved) as archive:
        parts = dict(archive)
    header = json.loads(str(parts["header"])) | {"schema": 99}
    np.savez(tmp_path / "new.npz", **parts | {"header": np.array(json.dumps(header))})
    with pytest.raises(InputError, match="schema 99"):
        PoseSequence.load(tmp_path / "new.npz")


def test_saved_files_hold_no_pickles(saved):
    with zipfile.ZipFile(saved) as archive:
        for name in archive.namelist():
            assert b"object" not in archive.read(name)[:128]
