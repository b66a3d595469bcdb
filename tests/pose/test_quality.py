"""The quality report says what a recording can show, and what it cannot."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.core.visibility import bridged
from mgskel.pose.extract import refine
from mgskel.pose.quality import quality_report

LAYOUT = get_skeleton("mediapipe_holistic")


def recording(fps: float = 30, seconds: float = 10, noise: float = 0.2, width: float = 100):
    rng = np.random.default_rng(5)
    pose = rng.uniform(0, 400, (LAYOUT.num_joints, 2))
    pose[LAYOUT.index("left_shoulder")] = (200 + width / 2, 200)
    pose[LAYOUT.index("right_shoulder")] = (200 - width / 2, 200)
    points = np.repeat(pose[None, None], int(fps * seconds), axis=1)
    points = points + rng.normal(0, noise, points.shape)
    scores = np.full(points.shape[:3], 0.9, np.float32)
    return points, scores


def report(points, scores, fps: float = 30):
    return quality_report(PoseSequence.from_arrays(points, scores, fps=fps, skeleton=LAYOUT))


def verdict(result, start: str):
    return next(v for v in result.verdict if v.group.startswith(start))


def test_a_good_recording_can_show_everything() -> None:
    result = report(*recording())
    assert all(v.can_show for v in result.verdict), result.verdict
    assert "can show every gesture group" in result.line()
    assert result.longest_loss_s == 0
    assert set(result.parts.values()) == {1.0}


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.0, 2.0])
def test_jitter_is_the_noise(noise: float) -> None:
    # The quietest fifth of half-seconds is a little quieter than the average one.
    result = report(*recording(noise=noise))
    assert result.jitter_sw == pytest.approx(noise / 100, rel=0.25)


def test_movement_is_not_jitter() -> None:
    points, scores = recording(noise=0.2)
    points[..., 0] += 40 * np.sin(2 * np.pi * 0.3 * np.arange(points.shape[1]) / 30)[:, None]
    assert report(points, scores).jitter_sw < 0.004


def test_a_hand_of_which_only_wrist_and_knuckles_are_known_is_bridged() -> None:
    points, scores = recording()
    bridges = [f"left_{name}" for name in ("hand_root", "thumb_ip", "index_mcp", "pinky_mcp")]
    kept = LAYOUT.indices(*bridges)
    scores[:, :60, [joint for joint in LAYOUT.parts["left_hand"] if joint not in kept]] = 0
    sequence = PoseSequence.from_arrays(points, scores, fps=30, skeleton=LAYOUT)
    known = bridged(sequence)
    assert known[0, :60][:, list(kept)].all() and known.sum() == 60 * 4
    result = refine(sequence).quality
    assert result.bridged == {"left_hand": 0.2}
    assert "by the body model only: left hand 20%" in result.line()
    assert any("no fingers were found of the left hand in 20%" in n for n in refine(sequence).notes)


def test_jitter_is_told_with_what_calms_it() -> None:
    points, scores = recording(noise=6.0)
    sequence = PoseSequence.from_arrays(points, scores, fps=30, skeleton=LAYOUT)
    assert any("--smooth calms" in note for note in refine(sequence).notes)


def test_hands_never_seen_means_no_hand_classes() -> None:
    points, scores = recording()
    for part in ("left_hand", "right_hand"):
        scores[:, :, list(LAYOUT.parts[part])] = 0
    for side in ("left", "right"):
        scores[:, :, LAYOUT.index(f"{side}_wrist")] = 0
    result = report(points, scores)
    assert not verdict(result, "hand to head").can_show
    assert not verdict(result, "fingers").can_show
    assert verdict(result, "head movement").can_show
    assert "cannot show: hand to head or face" in result.line()


def test_hands_seen_now_and_then_are_enough_and_it_is_said() -> None:
    points, scores = recording()
    hands = [j for part in ("left_hand", "right_hand") for j in LAYOUT.parts[part]]
    hands += [LAYOUT.index("left_wrist"), LAYOUT.index("right_wrist")]
    scores[:, :240][:, :, hands] = 0
    result = verdict(report(points, scores), "hand to head")
    assert result.can_show and "20%" in result.why


def test_longest_loss() -> None:
    points, scores = recording()
    scores[:, 30:75] = 0
    scores[:, 200:210] = 0
    assert report(points, scores).longest_loss_s == pytest.approx(1.5, abs=0.04)


def test_too_slow_too_small_too_shaky() -> None:
    slow = report(*recording(fps=6), fps=6)
    assert not any(v.can_show for v in slow.verdict)
    small = report(*recording(width=12, noise=0.02))
    assert "too small" in verdict(small, "head movement").why
    shaky = report(*recording(noise=8))
    assert "tremble" in verdict(shaky, "head movement").why


def test_layout_without_the_points() -> None:
    layout = get_skeleton("coco17")
    points = np.random.default_rng(0).normal(200, 50, (1, 60, 17, 2))
    result = quality_report(PoseSequence.from_arrays(points, fps=30, skeleton=layout))
    assert "has no face" in verdict(result, "lips").why
    assert "has no left hand" in verdict(result, "fingers").why


def test_report_is_plain_json() -> None:
    content = json.loads(json.dumps(report(*recording()).to_dict(), allow_nan=False))
    assert {"parts", "jitter_sw", "longest_loss_s", "verdict", "line"} <= set(content)


def test_shortest_and_emptiest() -> None:
    points, scores = recording()
    assert report(points[:, :1], scores[:, :1]).jitter_sw is None
    nobody = report(np.full_like(points, np.nan), np.zeros_like(scores))
    assert not any(v.can_show for v in nobody.verdict)
    assert nobody.longest_loss_s == pytest.approx(10)


def test_other_layouts_have_reports_too() -> None:
    for name in ("natops8", "gesture_phase6", "kinect20", "jhmdb15"):
        layout = get_skeleton(name)
        points = np.random.default_rng(0).normal(0, 1, (1, 60, layout.num_joints, 3))
        sequence = PoseSequence.from_arrays(points, fps=30, skeleton=layout, unit="metre")
        assert quality_report(sequence).line()
