"""Recordings from a seed: exact, deterministic, in any layout."""

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.skeleton import list_skeletons
from mgskel.synthesis import (
    CameraSettings,
    FlowSettings,
    SynthesisSettings,
    synthesise_clip,
    synthesise_clips,
    synthesise_recording,
)
from mgskel.synthesis.flow import draw_flow
from mgskel.synthesis.programs import load_programs


def test_equal_seeds_give_equal_recordings_and_others_do_not():
    one, same = (synthesise_recording(8.0, 5, fps=25) for _ in range(2))
    other = synthesise_recording(8.0, 6, fps=25)
    np.testing.assert_array_equal(one.sequence.keypoints, same.sequence.keypoints)
    np.testing.assert_array_equal(one.sequence.scores, same.sequence.scores)
    assert one.events == same.events and one.truth == same.truth
    assert not np.array_equal(one.clean.keypoints, other.clean.keypoints)


@pytest.mark.parametrize("layout", list_skeletons())
def test_every_layout_can_be_had(layout):
    recording = synthesise_recording(3.0, 1, SynthesisSettings(layout=layout), fps=20)
    assert recording.sequence.skeleton.name == layout
    assert recording.sequence.keypoints.shape[1] == 60
    assert np.isfinite(recording.clean.keypoints).all()
    assert recording.sequence.unit == ("metre" if recording.sequence.num_dims == 3 else "pixel")


def test_noise_of_zero_leaves_perfect_keypoints():
    recording = synthesise_recording(4.0, 2, SynthesisSettings(noise=0.0), fps=25)
    np.testing.assert_array_equal(recording.sequence.keypoints, recording.clean.keypoints)
    assert (recording.sequence.scores == 1).all()


def test_events_and_truth_tell_the_same_story():
    recording = synthesise_recording(120.0, 3, SynthesisSettings(seen=False), fps=15)
    assert len(recording.events) == len(recording.truth) > 5
    for event, truth in zip(recording.events, recording.truth, strict=True):
        assert (event.label, event.start_s, event.end_s) == (
            truth.label,
            truth.onset_s,
            truth.end_s,
        )
        assert truth.onset_s < truth.apex_s <= truth.offset_s < truth.end_s <= 120.0
    starts = [event.start_s for event in recording.events]
    assert starts == sorted(starts)


def test_gestures_of_one_hand_never_overlap_but_others_may():
    settings = SynthesisSettings(flow=FlowSettings(per_minute=(60, 60)), seen=False)
    recording = synthesise_recording(240.0, 4, settings, fps=5)
    by_hand = [t for t in recording.truth if t.side in ("left", "both")]
    for before, after in zip(by_hand, by_hand[1:], strict=False):
        assert after.onset_s > before.end_s
    overlapping = [
        (a.label, b.label)
        for a, b in zip(recording.truth, recording.truth[1:], strict=False)
        if b.onset_s < a.end_s
    ]
    assert overlapping


def test_long_tail_frequencies_follow_the_data_set():
    flow = FlowSettings(per_minute=(10, 10), frequencies="imigue")
    performances = draw_flow(
        np.random.default_rng(5), 6000.0, load_programs(), True, SynthesisSettings(flow=flow)
    )
    labels = [performance.program.label for performance in performances]
    assert labels.count("illustrate") > labels.count("shake-shoulders") > labels.count("touch-ears")
    assert labels.count("bite-nails") <= 0.01 * len(labels)


@pytest.mark.parametrize(("frequencies", "published_s"), [("imigue", 2.5), ("smg", 51.3 / 28)])
def test_gestures_last_as_long_as_the_data_set_s(frequencies, published_s):
    flow = FlowSettings(per_minute=(4, 4), frequencies=frequencies)
    performances = draw_flow(
        np.random.default_rng(5), 20_000.0, load_programs(), True, SynthesisSettings(flow=flow)
    )
    lengths = [performance.end_s - performance.onset_s for performance in performances]
    assert np.mean(lengths) == pytest.approx(published_s, rel=0.12)


def test_what_the_picture_does_not_show_is_truth_but_no_event():
    camera = CameraSettings(framing={"close": 1.0}, off_centre=0.0)
    settings = SynthesisSettings(camera=camera, labels=("rub-hands",))
    recording = synthesise_recording(60.0, 6, settings, fps=10)
    assert recording.truth
    assert len(recording.events) < len(recording.truth)


def test_a_clip_holds_one_gesture_that_the_camera_shows():
    for seed in range(8):
        clip = synthesise_clip("pat-legs", seed)
        (event,) = clip.events
        assert event.label == "pat-legs" and clip.truth[0].visible >= 0.5
        assert event.end_s < clip.sequence.duration_s + 0.1


def test_clips_make_a_data_set_with_rest_as_its_own_class():
    data = synthesise_clips(7, 1, "upper", labels=("nod", "shrug"), rest=0.3)
    assert data.class_names == ("nod", "shrug", "rest")
    assert sorted(clip.label for clip in data) == [0, 0, 0, 1, 1, 2, 2]
    again = synthesise_clips(7, 1, "upper", labels=("nod", "shrug"), rest=0.3)
    for one, other in zip(data.sequences, again.sequences, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)


def test_a_scaled_gesture_is_smaller_and_briefer():
    normal = synthesise_clip("nod", 1).truth[0]
    small = synthesise_clip(
        "nod", 1, SynthesisSettings(amplitude=(0.5, 0.5), duration=(0.5, 0.5))
    ).truth[0]
    assert small.end_s - small.onset_s < normal.end_s - normal.onset_s
    amplitudes = [
        np.mean(
            [
                synthesise_clip("nod", s, SynthesisSettings(amplitude=(k, k)), fps=12)
                .truth[0]
                .amplitude
                for s in range(12)
            ]
        )
        for k in (0.5, 1.0)
    ]
    assert amplitudes[0] < 0.8 * amplitudes[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: synthesise_clip("touch-nos", 1), "touch-nose"),
        (lambda: synthesise_clip("nod", 1, program="no such"), "nod-upwards"),
        (lambda: synthesise_recording(0.0, 1), "24 hours"),
        (lambda: synthesise_recording(5.0, 1, SynthesisSettings(labels=("nodd",))), "nod"),
        (lambda: synthesise_recording(5.0, 1, SynthesisSettings(layout="uper")), "upper"),
        (lambda: synthesise_recording(5.0, 1, SynthesisSettings(estimator="x")), "mediapipe"),
        (lambda: synthesise_clips(0, 1), "at least 1"),
        (lambda: SynthesisSettings(noise=-1.0), "0 to 100"),
        (lambda: SynthesisSettings(seated=2.0), "0 to 1"),
    ],
)
def test_wrong_requests_are_refused_by_name(wrong, message):
    with pytest.raises(InputError, match=message):
        wrong()
