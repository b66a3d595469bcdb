"""Evidence becomes events: where they begin and end, what they are called, what is left unsaid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decision.decision_rule import DecisionRule
from mgskel.spotting.decision.decoding import Decoder, MomentTrack
from mgskel.spotting.decision.hand_place import PLACE_TERMS

STEP = 0.1
COMMON = get_vocabulary("common")
K = len(COMMON)
PLAIN = DecisionRule.plain(COMMON)
NOD, SHAKE, EAR, LOWER, NECK = (
    COMMON.by_name(name).id
    for name in (
        "nodding",
        "shaking head",
        "touching ear",
        "touching lower face",
        "touching neck or collar",
    )
)


def evidence(rows, length=60):
    """Log-odds (K + 1, T) from probabilities of some classes."""
    chances = np.full((K + 1, length), 0.001)
    for index, values in rows.items():
        chances[index, : len(values)] = np.maximum(values, 0.001)
    return np.log(chances / (1 - chances))


def events_of(rows, length=60, served=None, rule=PLAIN, **options):
    log_odds = evidence(rows, length)
    seen = np.ones((K, length), bool) if served is None else served
    return Decoder(COMMON, rule, STEP, **options).events([track(log_odds, seen)])


def track(log_odds, served, first=0):
    """A part from its `first` moment on."""
    nowhere = np.zeros((len(PLACE_TERMS), log_odds.shape[1]))
    return MomentTrack("1", log_odds, served, nowhere, first * STEP, STEP)


def found(rows, length=60, **options):
    return [(e.label, e.start_s, e.end_s) for e in events_of(rows, length, **options)]


def pulse(start, stop, height=0.9):
    return np.r_[np.zeros(start), np.full(stop - start, height)]


def test_an_event_lasts_as_long_as_its_evidence():
    assert found({NOD: pulse(10, 20)}) == [("nodding", 1.1, 2.0)]


def test_weak_evidence_says_nothing():
    assert found({NOD: pulse(10, 20, 0.1)}) == []


def test_one_weak_moment_is_bridged_several_are_not():
    dip = np.r_[pulse(10, 15), 0.15, np.full(5, 0.9)]
    gap = np.r_[pulse(10, 15), 0, 0, 0, np.full(5, 0.9)]
    assert found({NOD: dip}) == [("nodding", 1.1, 2.1)]
    assert found({NOD: gap}) == [("nodding", 1.1, 1.5), ("nodding", 1.9, 2.3)]


def test_a_gesture_held_throughout_is_found():
    (event,) = events_of({EAR: np.full(30, 0.8)}, length=30)
    assert (event.label, event.start_s, event.end_s) == ("touching ear", 0.0, 3.0)
    assert (event.group, event.level, event.class_id) == ("head-hand", "gesture", EAR)


def test_in_a_group_the_likeliest_is_named_and_the_others_ranked():
    (event,) = events_of({NOD: pulse(10, 20, 0.5), SHAKE: pulse(10, 20, 0.9)})
    assert event.label == "shaking head"
    assert [label for label, _ in event.alternatives] == ["nodding"]
    assert event.score + event.alternatives[0][1] < 1


def test_where_only_the_group_is_clear_the_group_is_said():
    others = (COMMON.by_name(name).id for name in ("covering face", "touching head or hair"))
    rows = {i: pulse(10, 30, 0.6) for i in (EAR, LOWER, *others)}
    (event,) = events_of(rows)
    assert (event.level, event.label, event.class_id) == ("group", "hand at the head", -1)
    assert {label for label, _ in event.alternatives} == {COMMON.by_id(i).name for i in rows}
    assert event.score == pytest.approx(sum(chance for _, chance in event.alternatives), abs=0.05)


def test_head_and_hand_may_act_at_once():
    labels = {name for name, *_ in found({NOD: pulse(10, 20), EAR: pulse(12, 30)})}
    assert labels == {"nodding", "touching ear"}


def test_a_second_thing_that_hands_do_must_be_likelier_than_not():
    weak = pulse(10, 30, 0.3)
    assert found({NECK: weak}) == [("touching neck or collar", 1.1, 3.0)]
    assert found({NECK: weak, EAR: pulse(10, 30)}) == [("touching ear", 1.1, 3.0)]
    both = {name for name, *_ in found({NECK: pulse(10, 30, 0.7), EAR: pulse(10, 30)})}
    assert both == {"touching neck or collar", "touching ear"}


def test_unseen_joints_silence_a_class():
    served = np.ones((K, 60), bool)
    served[NOD] = False
    assert found({NOD: pulse(10, 20)}, served=served) == []
    served[NOD, :18] = True
    assert found({NOD: pulse(10, 20)}, served=served) == [("nodding", 1.1, 1.8)]


def test_shifts_correct_systematic_lag():
    rule = replace(PLAIN, onset_shift_s=-0.2, offset_shift_s=0.1)
    assert found({NOD: pulse(10, 20)}, rule=rule) == [("nodding", 0.9, 2.1)]
    assert found({NOD: np.full(20, 0.9)}, rule=rule) == [("nodding", 0.0, 2.1)]


def random_evidence(seed, length):
    rng = np.random.default_rng(seed)
    return 6 * (rng.random((K + 1, length)) - 1.3) + 8 * rng.random((1, length)) ** 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
def test_within_a_group_events_never_overlap_and_all_are_in_bounds(seed, length):
    seen = np.ones((K, length), bool)
    events = Decoder(COMMON, PLAIN, STEP).events([track(random_evidence(seed, length), seen)])
    for event in events:
        assert 0 <= event.start_s < event.end_s <= length * STEP + 1e-6
    for group in COMMON.groups:
        spans = sorted((e.start_s, e.end_s) for e in events if e.group == group)
        assert all(a[1] <= b[0] + 1e-3 for a, b in zip(spans, spans[1:], strict=False))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_more_sensitivity_never_loses_an_event(seed):
    log_odds, seen = random_evidence(seed, 60), np.ones((K, 60), bool)
    before: set[tuple[object, ...]] = set()
    for sensitivity in (0.0, 0.3, 0.5, 0.8, 1.0):
        events = Decoder(COMMON, PLAIN, STEP, sensitivity=sensitivity).events(
            [track(log_odds, seen)]
        )
        now = {(e.label, e.start_s, e.end_s, e.score) for e in events}
        assert before <= now
        before = now


def test_the_sensitivity_lies_within_0_and_1():
    with pytest.raises(InputError, match="out of range"):
        Decoder(COMMON, PLAIN, STEP, sensitivity=1.5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_pieces_give_the_same_and_an_event_is_said_two_moments_after_its_end(seed, size):
    log_odds, seen = random_evidence(seed, 50), np.ones((K, 50), bool)
    decoder, said = Decoder(COMMON, PLAIN, STEP), []
    for start in range(0, 50, size):
        part = slice(start, min(start + size, 50))
        for event in decoder.push(track(log_odds[:, part], seen[:, part], start)):
            assert part.stop >= round(event.end_s / STEP) + 2 > part.start
            said.append(event)
    assert said + decoder.finish() == Decoder(COMMON, PLAIN, STEP).events([track(log_odds, seen)])
