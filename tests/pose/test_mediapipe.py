"""MediaPipe for real: on the sample clip that comes with an installed package, and on our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pose_clips import write_video

pytest.importorskip("mediapipe")

from mgskel.core.errors import InputError
from mgskel.core.skeleton import get_skeleton
from mgskel.pose.cleaning import CleaningSettings
from mgskel.pose.estimator import EstimatorSettings
from mgskel.pose.estimators.mediapipe import FACE_POINTS, MediaPipe, MediaPipeSettings, layout
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.pose.frames import VideoSettings
from mgskel.pose.tracking import PeopleSettings
from mgskel.pose.video import open_source

CLIPS = (
    "a7_s5_t2_color.avi",
    "a7_s5_t3_color.avi",
    "exercise.avi",
    "obama_speech.mp4",
    "WolfgangLanger_Pexels.mp4",
)

EVERYBODY = PeopleSettings(keep="all")
RAW = CleaningSettings(enabled=False)


def part(seconds: float, **more: object) -> ExtractSettings:
    return ExtractSettings(video=VideoSettings(end=seconds), **more)


def test_a_talking_man(sample_clip: Path) -> None:
    result = extract(sample_clip, settings=part(0.4))
    sequence = result.sequence
    assert sequence.skeleton == get_skeleton("mediapipe_holistic")
    assert sequence.num_people == 1 and sequence.frame_size == (193, 144)  # square pixels
    assert result.quality.parts["head"] > 0.9
    nose, mouth = (sequence.joint(name)[0].mean(0) for name in ("nose", "upper_lip"))
    left_eye, right_eye = (sequence.joint(f"{side}_eye")[0].mean(0) for side in ("left", "right"))
    assert left_eye[0] > right_eye[0]  # his left is on the right of the picture
    assert left_eye[1] < nose[1] < mouth[1]


def test_two_runs_give_the_same_numbers(sample_clip: Path) -> None:
    model, lone = MediaPipe(), MediaPipe(threads=1)
    first = extract(sample_clip, estimator=model, settings=part(0.2)).sequence
    again = extract(sample_clip, estimator=model, settings=part(0.2)).sequence
    single = extract(sample_clip, estimator=lone, settings=part(0.2)).sequence
    for other in (again, single):
        np.testing.assert_array_equal(first.keypoints, other.keypoints)
        np.testing.assert_array_equal(first.scores, other.scores)
    model.close(), lone.close()


def test_face_points_agree_with_the_body_model(sample_clip: Path) -> None:
    """The named vertices of the mesh are where the body model sees the same things."""
    model = MediaPipe(MediaPipeSettings(face="full"))
    frames = open_source(sample_clip)
    (person,) = next(model.estimate([frame.image])[0:1][0] for frame in frames)
    frames.close()
    model.close()
    skeleton = model.skeleton
    points = dict(zip(skeleton.joints, person.keypoints, strict=True))
    width = np.linalg.norm(points["left_eye_outer"] - points["right_eye_outer"])
    for side in ("left", "right"):
        lid = (points[f"{side}_eye_upper"] + points[f"{side}_eye_lower"]) / 2
        assert np.linalg.norm(lid - points[f"{side}_eye"]) < 0.3 * width
        assert points[f"{side}_brow_mid"][1] < points[f"{side}_eye_upper"][1]
    lips = (points["upper_lip"] + points["lower_lip"]) / 2
    assert np.linalg.norm(lips - (points["mouth_left"] + points["mouth_right"]) / 2) < 0.4 * width
    assert points["forehead"][1] < points["left_brow_mid"][1] < points["chin"][1]
    assert points["left_jaw"][0] > points["chin"][0] > points["right_jaw"][0]
    for name, vertex in FACE_POINTS.items():
        np.testing.assert_array_equal(points[name], points[f"face_{vertex}"])


def test_layouts_of_needed_and_full_face() -> None:
    needed = layout(MediaPipeSettings())
    full = layout(MediaPipeSettings(face="full"))
    assert {needed.index(name) for name in FACE_POINTS} == set(needed.parts["face"])
    assert full.num_joints == needed.num_joints + 468
    assert full.joints[: needed.num_joints] == needed.joints


def test_nobody_is_nobody() -> None:
    model = MediaPipe()
    assert model.estimate([np.full((120, 160, 3), 128, np.uint8)]) == [[]]
    model.close()


@pytest.mark.parametrize("complexity", [0, 2])
def test_complexities_that_would_download_are_refused(complexity: int) -> None:
    with pytest.raises(InputError, match="lacks its weights") as error:
        MediaPipe(MediaPipeSettings(complexity=complexity))
    assert "nothing is downloaded" in str(error.value)
    with pytest.raises(InputError, match="unknown MediaPipe complexity"):
        MediaPipe(MediaPipeSettings(complexity=5))


def test_lost_hands_fall_back_to_the_body_model(shared: Path) -> None:
    clip = shared / "clips" / "obama_speech.mp4"
    sequence = extract(clip, settings=part(0.8, people=EVERYBODY)).sequence
    joints = sequence.skeleton
    knuckle, tip = joints.index("left_index_mcp"), joints.index("left_index_tip")
    lost = ~sequence.present[0, :, tip]
    assert lost.mean() > 0.5  # the hand model sees nothing behind a lectern
    kept = sequence.present[0, lost, knuckle]
    assert kept.any()
    assert (sequence.scores[0, lost, knuckle][kept] < 0.8).all()  # and does not boast


def pictures(clip: Path, count: int) -> list[np.ndarray]:
    """The first pictures of a clip, there and back again as often as needed."""
    source = open_source(clip)
    once = [frame.image for frame in source]
    source.close()
    return [(once + once[-2:0:-1])[i % (2 * len(once) - 2)] for i in range(count)]


def test_two_people_beside_each_other(sample_clip: Path, tmp_path: Path) -> None:
    """The man of the sample clip and his mirror image."""
    both = [np.concatenate([p, p[:, ::-1]], 1) for p in pictures(sample_clip, 10)]
    clip = write_video(tmp_path / "two.mkv", both, codec="libx264")
    sequence = extract(clip, settings=ExtractSettings(people=EVERYBODY)).sequence
    assert sequence.people == ("1", "2")
    assert sequence.present.any(2).all()
    (left,) = extract(
        clip, settings=ExtractSettings(people=PeopleSettings(keep="left"))
    ).sequence.joint("nose")
    assert (left[:, 0] < both[0].shape[1] / 2).all()


def test_who_is_not_followed_is_counted(sample_clip: Path, tmp_path: Path) -> None:
    both = [np.concatenate([p, p[:, ::-1]], 1) for p in pictures(sample_clip, 3)]
    clip = write_video(tmp_path / "two.mkv", both, codec="libx264")
    chosen = EstimatorSettings("mediapipe", MediaPipeSettings(most_people=1))
    notes = extract(clip, settings=ExtractSettings(estimator=chosen)).notes
    assert any("2 people were in the picture at once, and 1 followed" in note for note in notes)


@pytest.mark.slow
def test_the_man_behind_the_speaker_is_somebody_else(shared: Path) -> None:
    settings = ExtractSettings(people=EVERYBODY)
    both = extract(shared / "clips" / "obama_speech.mp4", settings=settings).sequence
    assert both.people == ("1", "2") and both.present.any(2).all()
    speaker, other = both.joint("nose")[..., 0]
    assert np.abs(speaker - 200).max() < 25 and np.abs(other - 90).max() < 25


@pytest.mark.slow
def test_two_people_at_a_table_are_seen_as_if_alone(shared: Path, tmp_path: Path) -> None:
    """Two clips side by side: keypoints within 2% of the picture of those found alone."""
    takes = [pictures(shared / "clips" / f"a7_s5_t{n}_color.avi", 90) for n in (2, 3)]
    both = [np.concatenate(pair, 1) for pair in zip(*takes, strict=True)]
    settings = ExtractSettings(people=EVERYBODY, cleaning=RAW)

    def seen(name: str, images: list[np.ndarray]) -> np.ndarray:
        clip = write_video(tmp_path / name, images, fps=30, codec="libx264")
        return extract(clip, settings=settings).sequence.keypoints

    together = seen("both.mkv", both)
    assert len(together) == 2
    for person, take in enumerate(takes):
        (alone,) = seen(f"{person}.mkv", take)
        place = (person * take[0].shape[1], 0)
        away = np.nanmean(np.linalg.norm(together[person] - place - alone, axis=-1), axis=1)
        assert (away < 0.02 * both[0].shape[1]).mean() >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("passing", [False, True])
def test_crossing_and_passing_by(shared: Path, tmp_path: Path, passing: bool) -> None:
    """Cut-outs of two people glide past each other, or one past the other."""
    takes = [pictures(shared / "clips" / f"a7_s5_t{n}_color.avi", 200) for n in (2, 3)]
    first, second = ([p[:, 170:430] for p in take] for take in takes)
    frames = []
    for index, (one, other) in enumerate(zip(first, second, strict=True)):
        ground = np.full((480, 960, 3), 90, np.uint8)
        if passing:
            layers = [(one, 350), (other, -260 + 15 * (index - 60))]
        else:
            layers = [(other, 680 - 3 * index), (one, 20 + 3 * index)]
        for person, left in layers:
            begin, end = max(left, 0), min(left + 260, 960)
            if begin < end:
                ground[:, begin:end] = person[:, begin - left : end - left]
        frames.append(ground)
    clip = write_video(tmp_path / "clip.mkv", frames, fps=30, codec="libx264")
    sequence = extract(clip, settings=ExtractSettings(people=EVERYBODY)).sequence
    assert sequence.people == ("1", "2")
    noses = sequence.joint("nose")[..., 0]
    if passing:
        assert np.nanmax(np.abs(noses[0] - 470)) < 60
        (main,) = extract(clip).sequence.people
        assert main == "1"
    else:
        assert noses[0, 0] < 200 < 700 < noses[0, -1]
        assert noses[1, -1] < 300 and noses[1, 0] > 700


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_every_clip_is_extracted(shared: Path, name: str) -> None:
    result = extract(shared / "clips" / name)
    assert result.quality.parts["head"] > 0.8
    assert result.quality.longest_loss_s < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("take", ["a7_s5_t2", "a7_s5_t3"])
def test_agreement_with_openpose(shared: Path, take: str) -> None:
    """On two takes whose OpenPose keypoints are known; aligned by one scale and shift."""
    from utd_agreement import agreement

    result = agreement(shared, take)
    print(f"{take}: median distance {result.median_sw:.3f} shoulder widths, {result.about}")
    assert result.median_sw < 0.15


def test_settings_reach_the_estimator(sample_clip: Path) -> None:
    chosen = EstimatorSettings("mediapipe", MediaPipeSettings(face="full"))
    sequence = extract(sample_clip, settings=part(0.1, estimator=chosen)).sequence
    assert sequence.skeleton.has("face_467")
    record = sequence.provenance[0]["estimator"]
    assert record["settings"]["face"] == "full" and len(record["weights"]) == 64
