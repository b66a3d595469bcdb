"""Each reader gives what stands in a file as its own program writes it."""

from __future__ import annotations

import json
from pathlib import Path

import format_files as files
import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.formats import ReadOptions, detect, read, read_sequence, validate


def joint(sequence, name: str, person: int = 0) -> np.ndarray:  # type: ignore[no-untyped-def]
    return sequence.joint(name)[person]


@pytest.mark.parametrize(
    ("layout", "points"),
    [("openpose18", 18), ("openpose25", 25), ("openpose135", 135), ("openpose137", 137)],
)
def test_openpose_folder(tmp_path: Path, layout: str, points: int) -> None:
    values = files.triples(layout)
    folder = files.write_openpose(tmp_path / "json", [values])
    (recording,) = read(folder).recordings
    sequence = recording.sequence
    assert sequence.skeleton.name == layout
    assert sequence.keypoints.shape == (1, 12, points, 2)
    np.testing.assert_allclose(sequence.keypoints[0], values[..., :2], atol=1e-3)
    np.testing.assert_allclose(sequence.scores[0], values[..., 2], atol=1e-3)
    assert sequence.unit == "pixel"
    assert recording.name == "clip"


def test_openpose_body_without_feet_but_with_hands(tmp_path: Path) -> None:
    values = files.triples("openpose137")
    folder = files.write_openpose(tmp_path / "json", [values])
    for file in folder.iterdir():
        tree = json.loads(file.read_text())
        tree["people"][0]["face_keypoints_2d"] = []
        file.write_text(json.dumps(tree))
    sequence = read_sequence(folder)
    assert sequence.skeleton.name == "openpose137"
    assert sequence.present[0, :, :67].all() and not sequence.present[0, :, 67:].any()


def test_openpose_several_people_and_missing_frames(tmp_path: Path) -> None:
    first, second = files.triples("openpose25"), files.triples("openpose25", seed=1)
    folder = files.write_openpose(tmp_path / "json", [first, second])
    (folder / "clip_000000000004_keypoints.json").unlink()
    alone = folder / "clip_000000000007_keypoints.json"
    alone.write_text(json.dumps({"people": [files.openpose_person(first[7])]}))
    (folder / "clip_000000000009_keypoints.json").write_text('{"people": []}')
    sequence = read_sequence(folder)
    assert (sequence.num_people, sequence.num_frames) == (2, 12)
    assert not sequence.present[:, 4].any()
    assert not sequence.present[:, 9].any()
    assert sequence.present[0, 7].any() and not sequence.present[1, 7].any()
    np.testing.assert_allclose(sequence.keypoints[1, 11], second[11, :, :2], atol=1e-3)
    assert sequence.provenance[-1]["missing_frame_files"] == 1


def test_openpose_zero_is_missing(tmp_path: Path) -> None:
    values = files.triples("openpose25")
    values[3, 4] = 0
    sequence = read_sequence(files.write_openpose(tmp_path / "json", [values]))
    assert np.isnan(sequence.keypoints[0, 3, 4]).all()
    assert sequence.scores[0, 3, 4] == 0


def test_openpose_folder_of_two_clips(tmp_path: Path) -> None:
    for clip, length in (("a", 5), ("b_2", 7)):
        files.write_openpose(tmp_path / "json", [files.triples("openpose25", length)], clip)
    contents = read(tmp_path / "json")
    assert [(r.name, r.sequence.num_frames) for r in contents.recordings] == [("a", 5), ("b_2", 7)]
    with pytest.raises(InputError, match="--only"):
        read_sequence(tmp_path / "json")


def test_openpose_track_ids_keep_people_apart(tmp_path: Path) -> None:
    people = [files.triples("openpose25", seed=0), files.triples("openpose25", seed=1)]
    folder = files.write_openpose(tmp_path / "json", people)
    for number, file in enumerate(sorted(folder.iterdir())):
        tree = json.loads(file.read_text())
        for identity, entry in zip((7, 3), tree["people"], strict=True):
            entry["person_id"] = [identity]
        if number % 2:
            tree["people"].reverse()
        file.write_text(json.dumps(tree))
    sequence = read_sequence(folder)
    assert sequence.people == ("3", "7")
    np.testing.assert_allclose(sequence.person("7").keypoints[0], people[0][..., :2], atol=1e-3)


def test_openpose_right_is_right(tmp_path: Path) -> None:
    """Points 2 to 4 of BODY_25 are the right arm: at the left of a picture of a facing person."""
    sequence = read_sequence(files.write_openpose(tmp_path / "json", [files.triples("openpose25")]))
    assert sequence.skeleton.joints[2:5] == ("right_shoulder", "right_elbow", "right_wrist")
    assert (joint(sequence, "right_wrist")[:, 0] < joint(sequence, "left_wrist")[:, 0]).all()


@pytest.mark.parametrize("wrapped", [False, True])
def test_mmpose_predictions(make, wrapped: bool) -> None:  # type: ignore[no-untyped-def]
    tree = files.mmpose_tree(people=2)
    path = make("clip.json", {"meta_info": {}, "instance_info": tree} if wrapped else tree)
    sequence = read_sequence(path)
    assert sequence.skeleton.name == "coco17"
    assert sequence.keypoints.shape == (2, 12, 17, 2)
    np.testing.assert_allclose(sequence.keypoints[1], files.person("coco17", seed=1), rtol=1e-5)
    np.testing.assert_allclose(sequence.scores[0], files.scores("coco17"), rtol=1e-5)


def test_mmpose_frames_counted_from_one_with_a_gap_and_tracks(make) -> None:  # type: ignore[no-untyped-def]
    tree = files.mmpose_tree(people=2)
    for number, entry in enumerate(tree):
        entry["frame_id"] = number + 1 + (number > 5)
        for track, instance in zip((4, 2), entry["instances"], strict=True):
            instance["track_id"] = track
        if number % 2:
            entry["instances"].reverse()
    sequence = read_sequence(make("clip.json", tree))
    assert sequence.people == ("2", "4")
    assert sequence.num_frames == 13
    assert not sequence.present[:, 6].any()
    np.testing.assert_allclose(
        sequence.person("4").keypoints[0, :6], files.person("coco17")[:6], rtol=1e-5
    )


def test_mmpose_whole_body_and_a_single_picture(make) -> None:  # type: ignore[no-untyped-def]
    tree = files.mmpose_tree("coco_wholebody133")
    assert read_sequence(make("a.json", tree)).skeleton.name == "coco_wholebody133"
    one = read_sequence(make("b.json", files.mmpose_tree()[0]["instances"]))
    assert one.num_frames == 1


def test_mmpose_scores_beyond_one_are_refused_or_clipped(make) -> None:  # type: ignore[no-untyped-def]
    tree = files.mmpose_tree()
    tree[3]["instances"][0]["keypoint_scores"][5] = 1.07
    path = make("clip.json", tree)
    with pytest.raises(InputError, match="--scores clip"):
        read_sequence(path)
    assert read_sequence(path, ReadOptions(scores="clip")).scores.max() == 1


def test_coco_annotations(make) -> None:  # type: ignore[no-untyped-def]
    sequence = read_sequence(make("person_keypoints.json", files.coco_tree()))
    assert sequence.keypoints.shape == (1, 12, 17, 2)
    assert sequence.frame_size == (1280, 720)
    assert not sequence.present[0, :, 3].any()
    assert (sequence.scores[0, :, 4] == 0.5).all()
    assert (sequence.scores[0, :, 5] == 1).all()


def test_coco_joints_go_by_name(make) -> None:  # type: ignore[no-untyped-def]
    tree = files.coco_tree()
    order = list(reversed(range(17)))
    tree["categories"][0]["keypoints"] = [tree["categories"][0]["keypoints"][i] for i in order]
    for entry in tree["annotations"]:
        entry["keypoints"] = np.reshape(entry["keypoints"], (17, 3))[order].ravel().tolist()
    straight = read_sequence(make("a.json", files.coco_tree()))
    np.testing.assert_array_equal(read_sequence(make("b.json", tree)).keypoints, straight.keypoints)


def test_coco_detections_and_tracks(make) -> None:  # type: ignore[no-untyped-def]
    rows = []
    for frame in range(6):
        for track in (1, 0) if frame % 2 else (0, 1):
            values = files.triples("coco17", 6, track)[frame].astype(float)
            rows.append(
                {
                    "image_id": frame + 3, "category_id": 1, "score": 0.9, "track_id": track,
                    "keypoints": values.ravel().tolist(),
                }
            )  # fmt: skip
    sequence = read_sequence(make("results.json", rows))
    assert sequence.keypoints.shape == (2, 6, 17, 2)
    np.testing.assert_allclose(sequence.keypoints[1], files.person("coco17", 6, seed=1), rtol=1e-5)
    np.testing.assert_allclose(sequence.scores[0], files.scores("coco17", 6), rtol=1e-5)


@pytest.mark.parametrize(
    "style",
    ["{name}_{value}", "{value}_{number}", "{v}{one}", "{number}_{value}", "{name}.{value}"],
)
def test_mediapipe_wide(make, style: str) -> None:  # type: ignore[no-untyped-def]
    sequence = read_sequence(make("landmarks.csv", files.mediapipe_wide(style=style)))
    values = files.mediapipe_values()
    assert sequence.skeleton.name == "mediapipe33"
    assert (sequence.unit, sequence.fps) == ("normalised", 25.0)
    np.testing.assert_allclose(sequence.keypoints[0], values[..., :3], atol=1e-5)
    np.testing.assert_allclose(sequence.scores[0], values[..., 3], atol=1e-5)


@pytest.mark.parametrize("named", [True, False])
def test_mediapipe_long(make, named: bool) -> None:  # type: ignore[no-untyped-def]
    sequence = read_sequence(make("l.csv", files.mediapipe_long(named=named)), ReadOptions(fps=30))
    np.testing.assert_allclose(sequence.keypoints[0], files.mediapipe_values()[..., :3], atol=1e-5)
    assert sequence.fps == 30


def test_mediapipe_empty_cells_are_missing(make) -> None:  # type: ignore[no-untyped-def]
    lines = files.mediapipe_wide().splitlines()
    cells = lines[4].split(",")
    lines[4] = ",".join(cells[:2] + [""] * (len(cells) - 2))
    sequence = read_sequence(make("l.csv", "\n".join(lines)))
    assert not sequence.present[0, 3].any()
    assert sequence.present[0, 4].all()


def test_ntu_skeleton(make) -> None:  # type: ignore[no-untyped-def]
    path = make("S001C002P003R002A013.skeleton", files.ntu_text())
    (recording,) = read(path).recordings
    sequence = recording.sequence
    assert (recording.label, recording.subject, recording.view) == (12, 3, 2)
    assert sequence.keypoints.shape == (2, 8, 25, 3)
    assert not sequence.present[1, 0].any() and sequence.present[1, 1].any()
    assert (sequence.scores[0, :, 23] == 0.5).all()
    assert not sequence.present[0, :, 24].any()
    np.testing.assert_allclose(
        sequence.keypoints[1, 1:, :20], files.person("kinect25", 8, seed=1, dims=3)[1:, :20],
        atol=1e-5,
    )  # fmt: skip
    assert detect(make("renamed.txt", files.ntu_text()))[0].name == "ntu-skeleton"


def test_ntu_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "ntu.npz", **files.ntu_arrays())
    recordings = read(tmp_path / "ntu.npz").recordings
    assert [(r.name, r.label, r.split) for r in recordings] == [
        ("train_0", 4, "train"),
        ("train_1", 59, "train"),
        ("test_0", 4, "test"),
    ]
    assert [r.sequence.keypoints.shape[:2] for r in recordings] == [(1, 10), (2, 6), (1, 8)]
    np.testing.assert_array_equal(
        recordings[1].sequence.keypoints[1], files.person("kinect25", 10, seed=9, dims=3)[:6]
    )


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("dims", [2, 3])
def test_pyskl(tmp_path: Path, dims: int, protocol: int) -> None:
    tree = files.pyskl_tree(dims=dims, people=2)
    contents = read(files.write_pickle(tmp_path / "a.pkl", tree, protocol))
    recording = contents.recordings[1]
    sequence = recording.sequence
    assert sequence.skeleton.name == ("coco17" if dims == 2 else "kinect25")
    assert (recording.name, recording.label, recording.split) == ("S001_1", 1, "train")
    assert contents.recordings[-1].split == "val"
    np.testing.assert_array_equal(
        sequence.keypoints, tree["annotations"][1]["keypoint"].astype(np.float32)
    )
    if dims == 2:
        assert sequence.frame_size == (1280, 720)
        np.testing.assert_array_equal(
            sequence.scores, tree["annotations"][1]["keypoint_score"].astype(np.float32)
        )
    else:
        assert (sequence.scores == 1).all()


def test_pyskl_list_without_splits(tmp_path: Path) -> None:
    tree = files.pyskl_tree()["annotations"]
    assert len(read(files.write_pickle(tmp_path / "a.pkl", tree)).recordings) == 4


def test_nw_ucla_file_and_folder(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = make("all_sqe/a05_s02_e03_v01.json", files.nw_ucla_tree())
    make("all_sqe/a01_s03_e00_v03.json", {**files.nw_ucla_tree(name="a01_s03_e00_v03"), "label": 1})
    (recording,) = read(path).recordings
    assert (recording.label, recording.subject, recording.view) == (4, 2, 1)
    np.testing.assert_allclose(
        recording.sequence.keypoints[0], files.person("kinect20", 9, dims=3), rtol=1e-6
    )
    assert [r.label for r in read(path.parent).recordings] == [0, 4]


def test_bundle(tmp_path: Path) -> None:
    contents = read(files.write_bundle(tmp_path / "b.npz"))
    assert [(r.name, r.label) for r in contents.recordings] == [("one", 0), ("two", 1)]
    assert contents.class_names == ("a", "b")


def test_pose_format(tmp_path: Path) -> None:
    pose_format = pytest.importorskip("pose_format")
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    def component(name: str, count: int):  # type: ignore[no-untyped-def]
        return PoseHeaderComponent(name, [str(i) for i in range(count)], [], [], "XYZC")

    parts = [("POSE_LANDMARKS", 33), ("FACE_LANDMARKS", 5), ("LEFT_HAND_LANDMARKS", 21),
             ("RIGHT_HAND_LANDMARKS", 21)]  # fmt: skip
    header = PoseHeader(
        0.1, PoseHeaderDimensions(640, 480, 0), [component(*part) for part in parts]
    )
    rng = np.random.default_rng(0)
    data = rng.uniform(100, 400, (6, 1, 80, 3)).astype(np.float32)
    confidence = np.ones((6, 1, 80), np.float32)
    confidence[2, 0, 15] = 0
    body = NumPyPoseBody(24.0, np.ma.masked_array(data, np.zeros(data.shape, bool)), confidence)
    with open(tmp_path / "x.pose", "wb") as handle:
        pose_format.Pose(header, body).write(handle)
    contents = read(tmp_path / "x.pose")
    sequence = contents.only.sequence
    assert (sequence.fps, sequence.frame_size, sequence.num_frames) == (24.0, (640, 480), 6)
    np.testing.assert_allclose(joint(sequence, "nose"), data[:, 0, 0], rtol=1e-4)
    np.testing.assert_allclose(joint(sequence, "left_thumb_tip"), data[:, 0, 38 + 4], rtol=1e-4)
    np.testing.assert_allclose(joint(sequence, "right_pinky_tip"), data[:, 0, 59 + 20], rtol=1e-4)
    assert not sequence.present[0, 2, sequence.skeleton.index("left_wrist")]
    assert "FACE_LANDMARKS" in contents.notes[0]


def test_every_good_file_is_recognised_by_content_and_has_no_faults(tmp_path: Path) -> None:
    for name, path in files.write_all(tmp_path / "all").items():
        report = validate(path)
        assert report.format == name
        assert report.ok, (name, report.faults)
        if path.is_file():
            hidden = tmp_path / "hidden" / f"{path.stem}.dat"
            hidden.parent.mkdir(exist_ok=True)
            hidden.write_bytes(path.read_bytes())
            assert detect(hidden)[0].title == name


def test_a_face_close_up_is_readable(tmp_path: Path) -> None:
    """Two in three of its joints are guessed below the picture."""
    points = np.full((1, 20, 33, 2), 240.0)
    points[:, :, 11:, 1] = 900.0
    points[..., 0] += np.arange(20)[:, None]
    sequence = PoseSequence.from_arrays(
        points, fps=25, skeleton="mediapipe33", frame_size=(640, 480)
    )
    sequence.save(tmp_path / "face.npz")
    assert read(tmp_path / "face.npz").only.sequence.num_frames == 20
