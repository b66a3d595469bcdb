"""Estimator errors: what is put in can be measured again; rest can be told apart or not."""

from dataclasses import replace

import numpy as np
import pytest
from studies.synthesis.believability import RestWindows, rest_windows, separate
from studies.synthesis.measuring import fit_size, measure_groups, measure_hands, summary

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.synthesis import FlowSettings, SynthesisSettings, synthesise_recording
from mgskel.synthesis.noise import View, add_errors, estimator_errors

QUIET = FlowSettings(per_minute=(0.0, 0.0))
HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
PIXELS = 120.0


@pytest.fixture(scope="module")
def still() -> PoseSequence:
    """A person who does not move at all, twenty seconds."""
    settings = SynthesisSettings("mediapipe_holistic", noise=0.0, flow=QUIET, seated=1.0)
    clean = synthesise_recording(1.0, 3, settings, fps=20).clean
    middle = clean.keypoints[0, 10]
    width = np.linalg.norm(
        middle[clean.skeleton.index("left_shoulder")]
        - middle[clean.skeleton.index("right_shoulder")]
    )
    points = np.repeat((middle - middle.mean(axis=0))[None] * PIXELS / width + 600, 400, axis=0)
    return PoseSequence.from_arrays(points, fps=20, skeleton=clean.skeleton)


def seen(still: PoseSequence, seed: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.zeros(still.keypoints.shape[1:3], bool)
    view = View(PIXELS * scale, PIXELS * scale, (2000, 2000), hidden)
    return add_errors(
        np.random.default_rng(seed), still.keypoints[0], still.skeleton.joints, view,
        estimator_errors("mediapipe"), still.fps, 1.0,
    )  # fmt: skip


def test_measuring_finds_the_errors_that_were_put_in(still):
    errors = estimator_errors("mediapipe")
    clips = []
    for seed in range(8):
        points, scores = seen(still, seed)
        other, _ = seen(still, 100 + seed)
        sequence = PoseSequence.from_arrays(points, scores, fps=20, skeleton=still.skeleton)
        clips.append((PIXELS, measure_groups(sequence, other, errors)))
    found = summary(clips)
    for name in ("head", "shoulders", "wrists", "hips", "face"):
        kind = errors.groups[name]
        jitter = np.hypot(kind.jitter, kind.jitter_px / PIXELS)
        measured = np.median([m.jitter for _, ms in clips for m in ms if m.group == name])
        assert measured == pytest.approx(jitter, rel=0.5), name
        assert found[name]["offset"] == pytest.approx(kind.offset, rel=0.5), name
        assert found[name]["score"] > 0.9


def test_size_is_separated_from_share():
    pixels = np.array([20.0, 60.0, 120.0, 350.0])
    jitter = np.sqrt(0.003**2 + (0.4 / pixels) ** 2)
    assert fit_size(jitter, pixels) == pytest.approx((0.003, 0.4), rel=1e-3)


def test_small_hands_are_lost_and_large_ones_found(still):
    errors = estimator_errors("mediapipe")
    shares = []
    for scale in (0.2, 1.0):
        points, scores = seen(still, 1, scale)
        sequence = PoseSequence.from_arrays(points, scores, fps=20, skeleton=still.skeleton)
        hands = measure_hands(sequence, errors)
        shares.append(sum(h.slow[0] for h in hands) / max(sum(h.slow[1] for h in hands), 1))
    assert shares[0] < 0.3 and shares[1] > 0.9


def test_before_a_face_large_hands_stay_found(still):
    points = still.keypoints.copy()
    hand = [
        i
        for i, name in enumerate(still.skeleton.joints)
        if name.startswith("left_")
        and any(
            part in name for part in ("wrist", "hand", "thumb", "index", "middle", "ring", "pinky")
        )
    ]
    wrist, nose = (still.skeleton.index(name) for name in ("left_wrist", "nose"))
    points[:, :, hand] += (points[:, :, nose] - points[:, :, wrist])[:, :, None]
    held = still.replace(keypoints=points)
    tip = still.skeleton.index("left_index_tip")
    found = [np.mean([(seen(held, seed, scale)[1][:, tip] > 0).mean() for seed in range(4)])
             for scale in (0.5, 1.5)]  # fmt: skip
    assert found[0] < 0.6 < 0.9 < found[1]


def test_a_lost_hand_keeps_the_body_models_points(still):
    points, scores = seen(still, 2, 0.2)
    index = still.skeleton.index
    lost = scores[:, index("left_middle_tip")] == 0
    assert lost.mean() > 0.5
    assert (scores[lost][:, index("left_index_mcp")] > 0).all()
    assert np.isnan(points[lost][:, index("left_middle_tip")]).all()


@pytest.mark.parametrize("invents", [0.0, 1.0])
def test_joints_outside_the_picture_are_missing_or_invented(still, invents):
    hidden = np.zeros(still.keypoints.shape[1:3], bool)
    height = int(still.keypoints[0, 0, still.skeleton.index("left_shoulder"), 1])
    view = View(PIXELS, PIXELS, (2000, height), hidden)
    points, scores = add_errors(
        np.random.default_rng(0), still.keypoints[0], still.skeleton.joints, view,
        replace(estimator_errors("mediapipe"), invents=invents), still.fps, 1.0,
    )  # fmt: skip
    knee = scores[:, still.skeleton.index("left_knee")]
    assert (knee > 0.8).all() if invents else (knee == 0).all()
    assert (scores[:, still.skeleton.index("left_middle_tip")] == 0).mean() > 0.5
    assert (scores[:, still.skeleton.index("nose")] > 0.8).all()
    assert (np.isnan(points).any(-1) == (scores == 0)).all()


def windows(noise: float, first_seed: int) -> RestWindows:
    settings = SynthesisSettings("mediapipe_holistic", noise=noise, flow=QUIET)
    people = [
        synthesise_recording(6.0, first_seed + i, settings, fps=15).sequence for i in range(12)
    ]
    return rest_windows(people, HEAD, ("left_ear", "right_ear"))


def test_equal_rest_cannot_be_told_apart_and_perfect_rest_can():
    noisy = windows(1.0, 0)
    assert 0.3 < separate(noisy, windows(1.0, 50)).auc < 0.7
    told = separate(noisy, windows(0.0, 50))
    assert told.auc > 0.85 and told.differences[0][1] != 0


def test_one_person_is_too_few_to_compare():
    noisy = windows(1.0, 0)
    alone = RestWindows(noisy.motion, np.zeros(len(noisy.motion), int), noisy.joints)
    with pytest.raises(InputError, match="too few people"):
        separate(alone, noisy)
