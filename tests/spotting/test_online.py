"""Frame by frame gives what the whole recording gives, in bounded time."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.spotting.online import OnlineSpotter
from mgskel.synthesis import SynthesisSettings, synthesise_recording


def followed(spotter, sequence):
    online = OnlineSpotter(
        spotter,
        sequence.skeleton,
        sequence.fps,
        unit=sequence.unit,
        frame_size=sequence.frame_size,
    )
    events, lateness = [], []
    for points, scores, time_s in zip(
        sequence.keypoints[0], sequence.scores[0], sequence.timestamps, strict=True
    ):
        new = online.push(points, scores, time_s)
        lateness += [time_s - event.end_s for event in new]
        events += new
    events += online.finish()
    return sorted(events, key=lambda e: (e.start_s, e.end_s, e.label)), lateness, online


def ordered(events):
    return sorted(events, key=lambda e: (e.start_s, e.end_s, e.label))


@pytest.mark.parametrize("fps", [12, 15, 24, 30])
def test_online_is_offline(stored, fps):
    sequence = synthesise_recording(20, fps, fps=fps).sequence
    events, lateness, online = followed(stored, sequence)
    assert events
    assert events == ordered(stored.spot(sequence))
    assert max(lateness) <= online.delay_s + 1e-3 <= 0.5 + 1e-3


def test_uneven_frames_with_a_hole(stored):
    sequence = synthesise_recording(20, 1, fps=30).sequence
    rng = np.random.default_rng(0)
    keep = np.flatnonzero(rng.random(sequence.num_frames) < 0.6)
    keep = keep[(keep < 200) | (keep > 300)]
    events, _, _ = followed(stored, sequence.frames(keep))
    assert events == ordered(stored.spot(sequence.frames(keep)))


def test_a_changing_rate_while_nobody_is_there_for_a_time(stored):
    sequence = synthesise_recording(20, 4, fps=30).sequence
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    points[:, 150:300], scores[:, 150:300] = np.nan, 0
    gone = sequence.replace(keypoints=points, scores=scores)
    gone = gone.frames(np.r_[0:250, 250:600:2])
    events, _, _ = followed(stored, gone)
    assert events == ordered(stored.spot(gone))
    assert not [e for e in events if e.start_s > 5.2 and e.end_s < 9.8]


def test_another_layout_and_missing_joints(stored):
    settings = SynthesisSettings(layout="openpose25")
    sequence = synthesise_recording(15, 2, settings).sequence
    events, _, _ = followed(stored, sequence)
    assert events == ordered(stored.spot(sequence))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_very_short_stream(stored, recording, frames):
    brief = recording.sequence.frames(slice(0, frames))
    events, _, _ = followed(stored, brief)
    assert events == ordered(stored.spot(brief))


def test_frames_out_of_order_are_refused(stored, recording):
    online = OnlineSpotter(stored, recording.sequence.skeleton, 24)
    online.push(recording.sequence.keypoints[0, 0], None, 1.0)
    with pytest.raises(InputError, match="order of time"):
        online.push(recording.sequence.keypoints[0, 1], None, 1.0)


def test_a_frame_of_another_layout_is_refused(stored):
    with pytest.raises(InputError, match="does not fit the layout"):
        OnlineSpotter(stored, "coco17").push(np.zeros((27, 2)), None, 0.0)
