"""Cleaning repairs what is broken and leaves micro-gestures alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.pose.cleaning import (
    CleaningSettings,
    GapSettings,
    OutlierSettings,
    SwapSettings,
    body_scale,
    clean,
    drop_outliers,
    fill_gaps,
    repair_swaps,
)
from mgskel.pose.smoothing import SmoothingSettings

LAYOUT = get_skeleton("mediapipe_holistic")
WIDTH = 100.0


def still_person(fps: float = 30, seconds: float = 4, noise: float = 0.0) -> np.ndarray:
    """(1, T, V, 2) of somebody with shoulders 100 pixels apart who does nothing."""
    rng = np.random.default_rng(7)
    pose = rng.uniform(0, 400, (LAYOUT.num_joints, 2))
    pose[LAYOUT.index("left_shoulder")] = (250, 200)
    pose[LAYOUT.index("right_shoulder")] = (150, 200)
    points = np.repeat(pose[None, None], int(fps * seconds), axis=1)
    return points + rng.normal(0, noise, points.shape)


def sequence_of(points: np.ndarray, fps: float = 30, scores: np.ndarray | None = None):
    return PoseSequence.from_arrays(points, scores, fps=fps, skeleton=LAYOUT)


def amplitude(path: np.ndarray, fps: float, hz: float) -> float:
    """Of the sine of that frequency within (T,), edges left out."""
    keep = slice(int(0.5 * fps), -int(0.5 * fps))
    turn = 2 * np.pi * hz * np.arange(len(path))[keep] / fps
    waves = np.stack([np.sin(turn), np.cos(turn), np.ones_like(turn)], 1)
    return float(np.hypot(*np.linalg.lstsq(waves, path[keep], rcond=None)[0][:2]))


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60, 120])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_default_keeps_a_micro_gesture(fps: float, noise: float) -> None:
    points = still_person(fps, noise=noise)
    joint = LAYOUT.index("left_index_tip")
    times = np.arange(points.shape[1]) / fps
    points[0, :, joint, 0] += 0.02 * WIDTH * np.sin(2 * np.pi * 8 * times)
    cleaned = clean(sequence_of(points, fps))
    assert amplitude(cleaned.keypoints[0, :, joint, 0], fps, 8) >= 0.8 * 0.02 * WIDTH


def test_default_keeps_a_brief_single_movement() -> None:
    points = still_person(noise=0.2)
    joint = LAYOUT.index("right_wrist")
    points[0, 60:64, joint, 1] -= (3, 6, 6, 3)  # one twitch of 130 ms, 6% of a shoulder width
    before = sequence_of(points).keypoints[0, 55:70, joint, 1]
    after = clean(sequence_of(points)).keypoints[0, 55:70, joint, 1]
    assert np.ptp(after) >= 0.8 * np.ptp(before)


def test_smoothing_lessens_noise() -> None:
    points = still_person(60, noise=1.0)
    raw = sequence_of(points, 60)
    for method in ("butterworth", "one_euro", "savitzky_golay"):
        chosen = CleaningSettings(smoothing=SmoothingSettings(method=method))
        smooth = clean(raw, chosen)
        assert smooth.keypoints.std(1).mean() < 0.75 * raw.keypoints.std(1).mean(), method


@pytest.mark.parametrize("method", ["butterworth", "one_euro", "savitzky_golay"])
def test_smoothing_never_crosses_a_gap(method: str) -> None:
    points = still_person()
    points[0, 50:90, 3] = np.nan
    points[0, 90:, 3] += 200
    chosen = CleaningSettings(smoothing=SmoothingSettings(method=method))
    cleaned = clean(sequence_of(points), chosen)
    assert np.isnan(cleaned.keypoints[0, 50:90, 3]).all()
    np.testing.assert_allclose(cleaned.keypoints[0, 90:, 3], points[0, 90:, 3], atol=0.01)
    np.testing.assert_allclose(cleaned.keypoints[0, :50, 3], points[0, :50, 3], atol=0.01)


def test_gaps_are_filled_up_to_the_limit_and_never_beyond() -> None:
    points = still_person()
    points[0, :, 4, 0] = np.arange(points.shape[1])
    points[0, 10:16, 4] = np.nan  # 6 frames, 0.2 s
    points[0, 30:37, 4] = np.nan  # 7 frames
    points[0, :3, 4] = np.nan  # no sighting before: nothing to fill from
    filled = fill_gaps(sequence_of(points), GapSettings(longest_s=0.2))
    np.testing.assert_allclose(filled.keypoints[0, 10:16, 4, 0], np.arange(10, 16), atol=1e-4)
    assert (filled.scores[0, 10:16, 4] == 0.5).all()
    assert np.isnan(filled.keypoints[0, 30:37, 4]).all()
    assert np.isnan(filled.keypoints[0, :3, 4]).all()
    assert filled.provenance[-1]["filled"] == 6


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    share=st.floats(0, 0.9),
    longest=st.floats(0.02, 0.5),
    fps=st.sampled_from([10.0, 15.0, 30.0]),
)
def test_gap_filling_holds_its_promises(seed: int, share: float, longest: float, fps: float):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 50, (2, 40, LAYOUT.num_joints, 2)).astype(np.float32)
    points[rng.random(points.shape[:3]) < share] = np.nan
    raw = sequence_of(points, fps)
    filled = fill_gaps(raw, GapSettings(longest_s=longest))
    seen = raw.present
    np.testing.assert_array_equal(filled.keypoints[seen], raw.keypoints[seen])
    for m, joint in np.ndindex(2, LAYOUT.num_joints):
        held = np.flatnonzero(seen[m, :, joint])
        for frame in np.flatnonzero(filled.present[m, :, joint] & ~seen[m, :, joint]):
            before, after = held[held < frame].max(), held[held > frame].min()
            assert (after - before - 1) / fps <= longest + 1e-6


def test_outliers_go_and_their_neighbours_stay() -> None:
    points = still_person(noise=0.3)
    points[0, 40, 5] += 80
    points[0, 70:72, 6] -= 60
    raw = sequence_of(points)
    cleaned = drop_outliers(raw, body_scale(raw), OutlierSettings())
    gone = raw.present & ~cleaned.present
    assert set(map(tuple, np.argwhere(gone))) == {(0, 40, 5), (0, 70, 6), (0, 71, 6)}


def test_a_real_step_is_no_outlier() -> None:
    points = still_person(noise=0.3)
    points[0, 60:, 5] += 80
    raw = sequence_of(points)
    assert drop_outliers(raw, body_scale(raw), OutlierSettings()).present.all()


def test_short_left_right_swaps_are_undone() -> None:
    points = still_person(noise=0.3)
    names = ("shoulder", "elbow", "wrist")
    left = [LAYOUT.index(f"left_{n}") for n in names]
    right = [LAYOUT.index(f"right_{n}") for n in names]
    broken = points.copy()
    broken[0, 30:34, left], broken[0, 30:34, right] = (
        points[0, 30:34, right],
        points[0, 30:34, left],
    )
    raw = sequence_of(broken)
    fixed = repair_swaps(raw, body_scale(raw), SwapSettings())
    np.testing.assert_allclose(fixed.keypoints, points.astype(np.float32), atol=1e-3)


def test_crossing_arms_are_no_swap() -> None:
    points = still_person()
    left, right = LAYOUT.index("left_wrist"), LAYOUT.index("right_wrist")
    path = np.linspace(-60, 60, points.shape[1])
    points[0, :, left] = np.stack([200 - path, np.full_like(path, 250)], -1)
    points[0, :, right] = np.stack([200 + path, np.full_like(path, 250)], -1)
    raw = sequence_of(points)
    assert np.array_equal(
        repair_swaps(raw, body_scale(raw), SwapSettings()).keypoints, raw.keypoints
    )


def test_every_step_is_recorded_and_can_be_left_out() -> None:
    raw = sequence_of(still_person(noise=0.3))
    steps = [record["step"] for record in clean(raw).provenance]
    assert steps == ["left/right swaps", "score threshold", "outliers", "gaps", "smoothing"]
    bare = CleaningSettings(
        min_score=0,
        swaps=SwapSettings(enabled=False),
        outliers=OutlierSettings(enabled=False),
        gaps=GapSettings(enabled=False),
        smoothing=SmoothingSettings(method="off"),
    )
    assert clean(raw, bare).provenance == ()
    assert clean(raw, CleaningSettings(enabled=False)) is raw


def test_unsure_points_become_missing() -> None:
    points = still_person()
    scores = np.full(points.shape[:3], 0.9)
    scores[0, :, 8] = 0.1
    cleaned = clean(sequence_of(points, scores=scores))
    assert not cleaned.present[0, :, 8].any()
    assert cleaned.present[0, :, 9].all()


def test_slow_recordings_are_left_unsmoothed_and_say_so() -> None:
    cleaned = clean(sequence_of(still_person(12), 12))
    assert "too slow" in str(cleaned.provenance[-1]["skipped"])


def test_one_frame_and_nobody() -> None:
    clean(sequence_of(still_person()[:, :1]))
    empty = sequence_of(np.full((1, 20, LAYOUT.num_joints, 2), np.nan))
    assert not clean(empty).present.any()
