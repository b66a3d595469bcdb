"""Cut clips have no past; their first moments count all the same."""

from __future__ import annotations

import numpy as np

from mgskel.spotting import Recognizer
from mgskel.spotting.network.grid import with_still_past
from mgskel.synthesis import synthesise_clip


def test_the_first_frame_is_held():
    clip = synthesise_clip("nod", 3, fps=24).sequence
    held = with_still_past(clip, 1.0)
    assert held.num_frames == clip.num_frames + 24
    assert np.isclose(clip.timestamps[0] - held.timestamps[0], 1.0)
    assert np.all(np.diff(held.timestamps) > 0)
    np.testing.assert_array_equal(held.keypoints[:, 5], clip.keypoints[:, 0])
    assert with_still_past(clip.frames(slice(0, 0)), 1.0).num_frames == 0


def test_a_short_clip_is_judged_by_what_it_shows():
    spotter = Recognizer.load()
    clip = synthesise_clip("turn-body", 4, fps=24)
    (event,) = clip.events
    short = clip.sequence.crop(event.start_s, event.start_s + 1.2)
    (track,) = spotter.clip_tracks(short)
    (plain,) = spotter.tracks(short)
    assert track.scores.shape == plain.scores.shape
    assert track.start_s == plain.start_s or np.isclose(track.start_s, plain.start_s, atol=0.01)
    # A recording that begins with the gesture is no blind spot either.
    assert min(np.ptp(plain.scores, axis=1).max(), np.ptp(track.scores, axis=1).max()) > 0.4
