"""Probabilities become events: thresholds, ends, rivals, joints that must be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decoding import Decoder, DecodingSettings, decode

STEP = 0.1
COMMON = get_vocabulary("common")
K = len(COMMON)
NOD, SHAKE, EAR = (COMMON.by_name(n).id for n in ("nodding", "shaking head", "touching ear"))


def scores_of(rows, length):
    scores = np.zeros((K, length))
    for index, values in rows.items():
        scores[index, : len(values)] = values
    return scores


def found(rows, length=60, served=None, **changes):
    fitted = DecodingSettings((0.6,) * K, (0.3,) * K, (0.25,) * K, smooth=1, **changes)
    scores = scores_of(rows, length)
    seen = np.ones_like(scores, bool) if served is None else served
    events = decode(scores, seen, COMMON, fitted, STEP)
    return [(e.label, e.start_s, e.end_s) for e in events]


def pulse(start, stop, height=0.9):
    return np.r_[np.zeros(start), np.full(stop - start, height)]


def test_an_event_spans_where_the_probability_stays_above_leave():
    course = np.r_[np.zeros(10), 0.4, 0.4, 0.7, 0.9, 0.4, 0.4, 0.1]
    assert found({NOD: course}) == [("nodding", 1.0, 1.6)]


def test_never_reaching_enter_says_nothing():
    assert found({NOD: pulse(10, 20, 0.5)}) == []


def test_one_quiet_moment_is_bridged_two_are_not():
    one = np.r_[pulse(10, 15), 0, np.full(5, 0.9)]
    two = np.r_[pulse(10, 15), 0, 0, np.full(5, 0.9)]
    assert found({NOD: one}) == [("nodding", 1.0, 2.1)]
    assert found({NOD: two}) == [("nodding", 1.0, 1.5), ("nodding", 1.7, 2.2)]


def test_too_short_is_nothing():
    assert found({NOD: pulse(10, 12)}) == []
    assert len(found({NOD: pulse(10, 13)})) == 1


def test_in_one_group_the_better_supported_is_said():
    assert found({NOD: pulse(10, 20, 0.7), SHAKE: pulse(10, 20, 0.9)}) == [
        ("shaking head", 1.0, 2.0)
    ]


def test_groups_may_overlap():
    labels = {name for name, *_ in found({NOD: pulse(10, 20), EAR: pulse(12, 30)})}
    assert labels == {"nodding", "touching ear"}


def test_unseen_joints_silence_a_class():
    served = np.ones((K, 60), bool)
    served[NOD] = False
    assert found({NOD: pulse(10, 20)}, served=served) == []


def test_shifts_correct_systematic_lag():
    rows = {NOD: pulse(10, 20)}
    assert found(rows, onset_shift_s=-0.1, offset_shift_s=0.2) == [("nodding", 0.9, 2.2)]
    assert found({NOD: pulse(0, 20)}, onset_shift_s=-0.1) == [("nodding", 0.0, 2.0)]


def test_what_goes_on_at_the_end_ends_there():
    assert found({NOD: pulse(10, 30)}, length=30) == [("nodding", 1.0, 3.0)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
def test_within_a_group_events_never_overlap_and_all_are_in_bounds(seed, length):
    rng = np.random.default_rng(seed)
    scores = np.clip(rng.random((K, length)) * rng.random((1, length)) * 1.6, 0, 1)
    uniform = DecodingSettings.uniform(K)
    events = decode(scores, np.ones_like(scores, bool), COMMON, uniform, STEP)
    for event in events:
        assert 0 <= event.start_s < event.end_s <= length * STEP + 1e-6
    for group in COMMON.groups:
        spans = sorted(
            (e.start_s, e.end_s) for e in events if COMMON.by_id(e.class_id).group == group
        )
        assert all(a[1] <= b[0] + 1e-3 for a, b in zip(spans, spans[1:], strict=False))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_event_is_said_two_moments_after_its_end(seed):
    scores = np.random.default_rng(seed).random((K, 50))
    decoder = Decoder(COMMON, DecodingSettings.uniform(K), STEP)
    for index, moment in enumerate(scores.T):
        for event in decoder.step(index * STEP, moment, np.ones(K, bool)):
            assert event.end_s == pytest.approx((index - 1) * STEP, abs=1e-3)
