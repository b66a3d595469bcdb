"""One clip, from pixels to a judged sequence."""

from __future__ import annotations

import dataclasses
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from pose_clips import SquareEstimator, SquareSettings, square_pictures, write_video

from mgskel.core.config import load_config, to_dict
from mgskel.core.errors import InputError, PartFailed
from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.pose.cleaning import CleaningSettings
from mgskel.pose.estimator import Detection
from mgskel.pose.extract import ExtractSettings, extract, refine
from mgskel.pose.frames import VideoSettings
from mgskel.pose.tracking import PeopleSettings


def test_keypoints_follow_the_picture(make_clip) -> None:
    result = extract(make_clip(count=40), estimator=SquareEstimator())
    sequence = result.sequence
    assert sequence.keypoints.shape == (1, 40, 5, 2)
    assert (sequence.fps, sequence.frame_size) == (pytest.approx(20), (64, 48))
    truth = 5 + (0.5 * np.arange(40)).astype(int) + 5.5
    np.testing.assert_allclose(sequence.keypoints[0, :, 0, 0], truth, atol=1)
    assert sequence.source == "clip.mp4"
    assert [record["step"] for record in sequence.provenance][0] == "extract"


def test_shrinking_keeps_full_size_coordinates(make_clip) -> None:
    clip = make_clip(count=20)
    raw = ExtractSettings(cleaning=CleaningSettings(enabled=False))
    small = ExtractSettings(video=VideoSettings(max_side=32), cleaning=raw.cleaning)
    full = extract(clip, estimator=SquareEstimator(), settings=raw).sequence
    shrunk = extract(clip, estimator=SquareEstimator(), settings=small).sequence
    assert shrunk.frame_size == (64, 48)
    np.testing.assert_allclose(shrunk.keypoints, full.keypoints, atol=2.5)


def test_times_of_a_part_stay_those_of_the_clip(make_clip) -> None:
    settings = ExtractSettings(video=VideoSettings(start=1.0, end=1.5))
    sequence = extract(make_clip(), estimator=SquareEstimator(), settings=settings).sequence
    np.testing.assert_allclose(sequence.timestamps, 1 + np.arange(10) / 20, atol=1e-3)


def test_an_estimator_that_fails_is_an_error_with_its_time(make_clip) -> None:
    with pytest.raises(PartFailed, match=r"frame at 0\.\d+ s.*the lens fell off"):
        extract(make_clip(), estimator=SquareEstimator(SquareSettings(fails_at=7)))


def test_an_estimator_that_miscounts_is_an_error(make_clip) -> None:
    class Forgetful(SquareEstimator):
        def estimate(self, images):
            return super().estimate(images)[:-1]

    with pytest.raises(PartFailed, match="lost count"):
        extract(make_clip(), estimator=Forgetful())


def test_nobody_there(tmp_path) -> None:
    clip = write_video(tmp_path / "dark.mp4", [np.zeros((48, 64, 3), np.uint8)] * 10)
    with pytest.raises(InputError, match="no person found in any of its 10 frames"):
        extract(clip, estimator=SquareEstimator())


def test_damage_is_noted_in_the_file(make_clip) -> None:
    clip = make_clip("cut.avi", count=100, codec="mjpeg")
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) // 2])
    result = extract(clip, estimator=SquareEstimator())
    assert any("missing" in note for note in result.notes)
    assert any("missing" in str(r.get("notes")) for r in result.sequence.provenance)


def test_an_estimator_by_name(make_clip, square: ExtractSettings) -> None:
    by_name = extract(make_clip(), estimator="square")
    by_settings = extract(make_clip(), settings=square)
    np.testing.assert_array_equal(by_name.sequence.keypoints, by_settings.sequence.keypoints)
    with pytest.raises(InputError, match="did you mean 'square'"):
        extract(make_clip(), estimator="sqare")


def test_progress_counts_every_frame(make_clip) -> None:
    progress = Progress(None, "test", quiet=True)
    extract(make_clip(count=33), estimator=SquareEstimator(), progress=progress)
    assert (progress.done, progress.total) == (33, 33)


def test_imported_keypoints_go_the_same_way() -> None:
    layout = get_skeleton("coco17")
    rng = np.random.default_rng(0)
    pose = rng.uniform(0, 100, (layout.num_joints, 2))
    pose[layout.index("nose")] = (50, 0)
    pose[layout.index("left_shoulder")], pose[layout.index("right_shoulder")] = (80, 40), (20, 40)
    points = np.stack([np.tile(pose, (50, 1, 1)), np.tile(pose * 0.5 + 400, (50, 1, 1))])
    # Per-frame numbering as OpenPose gives it: the two change places every few frames.
    points[:, 10:20] = points[::-1, 10:20].copy()
    raw = PoseSequence.from_arrays(points, fps=25, skeleton=layout, frame_size=(640, 480))
    result = refine(raw, source="match.json")
    np.testing.assert_allclose(result.sequence.keypoints[0], np.tile(pose, (50, 1, 1)), atol=0.01)
    assert result.sequence.source == "match.json"


def test_imported_3d_keeps_its_people() -> None:
    points = np.random.default_rng(0).normal(0, 0.3, (2, 40, 20, 3))
    raw = PoseSequence.from_arrays(points, fps=30, skeleton="kinect20", unit="metre")
    assert refine(raw).sequence.num_people == 2


def test_the_commented_config_is_the_default(root) -> None:
    loaded = load_config(ExtractSettings, root / "configs" / "extract" / "default.yaml")
    assert to_dict(loaded) == to_dict(ExtractSettings())
    load_config(ExtractSettings, root / "configs" / "extract" / "gentle.yaml")


def test_box_and_shrinking_exclude_each_other() -> None:
    chosen = ["--estimator.name=mmpose", "--estimator.mmpose.box=1,2,3,4"]
    with pytest.raises(InputError, match="full picture"):
        load_config(ExtractSettings, None, [*chosen, "--video.max_side=320"])


class _Standing:
    """An estimator that costs nothing: somebody in the middle, with a little noise."""

    batch_size = 1

    def __init__(self) -> None:
        self.skeleton = get_skeleton("mediapipe_holistic")
        self.identity = {"name": "standing"}
        rng = np.random.default_rng(3)
        self._poses = rng.normal(0, 1, (64, self.skeleton.num_joints, 2)) + rng.uniform(
            10, 50, (self.skeleton.num_joints, 2)
        )
        self._scores = np.full(self.skeleton.num_joints, 0.9, np.float32)
        self._count = 0

    def reset(self) -> None:
        self._count = 0

    def close(self) -> None:
        pass

    def estimate(self, images):
        self._count += len(images)
        pose = self._poses[self._count % 64].astype(np.float32)
        return [[Detection(pose, self._scores)] for _ in images]


def _frames_and_peak_mb(clip: Path) -> tuple[int, float]:
    result = extract(clip, estimator=_Standing())
    return result.sequence.num_frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(tmp_path) -> None:
    clip = write_video(tmp_path / "hour.mp4", square_pictures(30 * 3600, (64, 48)), fps=30)
    # A process of its own: this one's peak may come from tests before.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        frames, peak_mb = pool.submit(_frames_and_peak_mb, clip).result()
    assert frames == 30 * 3600
    print(f"peak {peak_mb:.0f} MB")
    assert peak_mb < 1500


@pytest.mark.slow
def test_speed_after_the_estimator(tmp_path) -> None:
    """Tracking, cleaning, judging and writing, without decoding: over 2,000 frames a second."""
    from mgskel.pose.extract import ExtractSettings as Settings
    from mgskel.pose.extract import refine as after_estimator

    model = _Standing()
    poses = [model.estimate([None])[0][0] for _ in range(6000)]
    raw = PoseSequence.from_arrays(
        np.stack([pose.keypoints for pose in poses]),
        np.stack([pose.scores for pose in poses]),
        fps=30,
        skeleton=model.skeleton,
        frame_size=(64, 48),
    )
    after_estimator(raw)
    best = 0.0
    for _ in range(3):
        begin = time.process_time()
        after_estimator(raw, Settings()).sequence.save(tmp_path / "out.npz")
        best = max(best, 6000 / (time.process_time() - begin))
    print(f"after the estimator: {best:.0f} frames per second of CPU time")
    assert best > 2000


def test_normalised_keypoints_are_tracked_too() -> None:
    layout = get_skeleton("coco17")
    pose = np.random.default_rng(0).uniform(0, 0.2, (layout.num_joints, 2))
    pose[layout.index("nose")] = (0.1, 0.0)
    pose[layout.index("left_shoulder")] = (0.16, 0.08)
    pose[layout.index("right_shoulder")] = (0.04, 0.08)
    points = np.stack([np.tile(pose, (30, 1, 1)), np.tile(pose + (0.6, 0.3), (30, 1, 1))])
    points[:, 10:20] = points[::-1, 10:20].copy()
    raw = PoseSequence.from_arrays(points, fps=25, skeleton=layout, unit="normalised")
    everybody = ExtractSettings(people=PeopleSettings(keep="all"))
    sequence = refine(raw, everybody).sequence
    assert sequence.num_people == 2
    for person in range(2):
        assert np.ptp(sequence.joint("nose")[person, :, 0]) < 0.01


class Attentive(SquareEstimator):
    """Glimpses at everybody unless everybody is asked for."""

    def attend(self, keep: str) -> None:
        self.asked = [*getattr(self, "asked", ()), keep]

    def estimate(self, images):
        return [
            [dataclasses.replace(one, glimpsed=self.asked[-1] != "all") for one in found]
            for found in super().estimate(images)
        ]


def test_glimpses_are_never_stored(make_clip) -> None:
    """Whoever is kept but was only glimpsed gets a second, close look."""
    model = Attentive()
    sequence = extract(make_clip(), estimator=model).sequence
    assert model.asked == ["main", "all"]
    plain = extract(make_clip(), estimator=SquareEstimator()).sequence
    np.testing.assert_array_equal(sequence.keypoints, plain.keypoints)
