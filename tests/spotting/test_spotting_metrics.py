"""Matching is one to one, by label and overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.spotting.metrics import check_reference, match, score_events, score_in_words


def event(start, end, label="nod", person="1", score=1.0):
    return GestureEvent(person, label, 0, start, end, score, True)


@st.composite
def events(draw):
    pairs = draw(
        st.lists(
            st.tuples(st.floats(0, 50), st.floats(0.1, 5), st.sampled_from("abc")), max_size=12
        )
    )
    return [event(start, start + length, label) for start, length, label in pairs]


@given(events())
def test_events_agree_with_themselves(given_events):
    score = score_events(given_events, given_events)
    assert set(score.f1.values()) == {1.0}
    assert score.frame_f1 == 1.0
    assert not score.onset_error_s


@given(events(), events())
def test_scores_are_symmetric_and_fall_with_the_threshold(a, b):
    ab, ba = score_events(a, b), score_events(b, a)
    assert ab.f1 == ba.f1
    assert ab.frame_f1 == pytest.approx(ba.frame_f1)
    assert ab.f1[0.1] >= ab.f1[0.3] >= ab.f1[0.5]


def test_one_prediction_matches_one_reference():
    # The reference code of the challenge counts both.
    score = score_events([event(0, 2), event(2, 4)], [event(0, 4)])
    assert score.f1[0.3] == pytest.approx(2 / 3)


def test_as_many_pairs_as_can_be():
    overlaps = np.array([[0.9, 0.6], [0.8, 0.0]])
    assert sorted(match(overlaps, 0.3)) == [(0, 1), (1, 0)]


def test_other_labels_and_other_people_do_not_match():
    assert score_events([event(0, 2, "nod")], [event(0, 2, "shake")]).f1[0.1] == 0
    two = [event(0, 2, person="1"), event(5, 6, person="2")]
    swapped = [event(0, 2, person="2"), event(5, 6, person="1")]
    assert score_events(two, swapped).f1[0.1] == 0
    assert score_events([event(0, 2, person="anna")], [event(0, 2, person="1")]).f1[0.1] == 1


def test_the_overlap_must_exceed_the_threshold():
    assert score_events([event(0, 10)], [event(0, 3)]).f1[0.3] == 0
    assert score_events([event(0, 10)], [event(0, 3.01)]).f1[0.3] == 1


def test_onset_and_offset_errors_are_of_matched_pairs():
    score = score_events([event(1, 3), event(10, 12)], [event(1.2, 2.9), event(30, 31)])
    assert score.onset_error_s == pytest.approx(0.2)
    assert score.offset_error_s == pytest.approx(0.1)


def test_nothing_to_find_and_nothing_found_is_right():
    assert score_events([], []).f1[0.3] == 1
    assert score_events([], [event(0, 1)]).f1[0.3] == 0


def test_references_outside_are_refused_and_oddities_told():
    with pytest.raises(InputError, match="after the recording's end"):
        check_reference([event(50, 51)], 20)
    with pytest.raises(InputError, match="before the recording begins"):
        check_reference([event(50, 51)], 80, 60)
    remarks = check_reference([event(1, 3), event(2, 4), event(19, 25)], 20)
    assert any("overlap" in remark for remark in remarks)
    assert any("1 reference event last beyond" in remark for remark in remarks)
    assert check_reference([event(19, 20.07)], 20) == []  # another grid of times


def test_a_score_reads_as_a_sentence():
    true = [event(1, 2), event(3, 4), event(6, 8)]
    said = score_in_words(score_events(true, [event(1, 2), event(10, 11)]), 60)
    assert said.startswith("Of 3 true gestures, 1 was found with the right name at the right time.")
    assert "Of 2 gestures found, 1 was not among the true ones (1.0 per minute)." in said
    assert "F1: 0.40 where a pair must overlap by 0.3" in said
    assert "right time. Nothing else was found." in score_in_words(score_events(true, true), 60)
    assert score_in_words(score_events([], []), 60).startswith("There are no true gestures")
