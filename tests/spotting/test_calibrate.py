"""Fitting sees what the decoder does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.calibrate import Watched, calibrate, false_at_rest, spans
from mgskel.spotting.decoding import DecodingSettings, decode, smoothed
from mgskel.spotting.tracks import Track

COMMON = get_vocabulary("common")
K = len(COMMON)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_spans_are_the_decoders_events(seed):
    scores = np.zeros((K, 80))
    scores[0] = np.random.default_rng(seed).random(80)
    fitted = DecodingSettings((0.6,) * K, (0.45,) * K, (0.0,) * K)
    events = decode(scores, np.ones_like(scores, bool), COMMON, fitted, 0.1)
    found = spans(smoothed(scores, fitted.smooth)[0], 0.6, 0.45)
    assert [(e.start_s, e.end_s) for e in events] == pytest.approx(found * 0.1)


def watched(seed, gestures):
    rng = np.random.default_rng(seed)
    scores = 0.001 + 0.3 * rng.random((K + 1, 1500))
    truth = []
    for start in range(50, 1400, 100) if gestures else ():
        scores[0, start : start + 15] = 0.5 + 0.2 * rng.random(15)
        truth.append(GestureEvent("1", "nodding", 0, start * 0.1 - 0.1, start * 0.1 + 1.5))
    log_odds = np.log(scores / (1 - scores))
    return Watched(Track("1", log_odds, np.ones((K, 1500), bool), 0.0, 0.1), tuple(truth))


def test_thresholds_fall_between_noise_and_gestures():
    fitted = calibrate([watched(0, True)], [watched(1, False)], COMMON)
    assert 0.3 <= fitted.enter[0] <= 0.6
    assert fitted.onset_shift_s < 0
    assert fitted.offset_shift_s >= 0


def test_a_quieter_rest_costs_gestures_no_more_than_needed():
    recordings = [watched(seed, True) for seed in range(2)]
    rests = [watched(2, True), watched(3, False)]  # the truth of the first is none
    rests = [Watched(rest.track) for rest in rests]
    said = [
        false_at_rest(rests, COMMON, calibrate(recordings, rests, COMMON, limit))
        for limit in (1e6, 10.0, 0.0)
    ]
    assert said[0] > 10.0 >= said[1] >= said[2] == 0.0
