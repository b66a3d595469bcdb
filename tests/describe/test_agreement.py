"""Recognised gestures beside the measurement."""

from __future__ import annotations

import dataclasses

import pytest

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import get_vocabulary, list_vocabularies
from mgskel.core.sequence import PoseSequence
from mgskel.describe import describe, with_evidence
from mgskel.describe.gesture_evidence import kinds_for


def event(label: str, start: float, end: float, score: float = 0.8) -> GestureEvent:
    return GestureEvent("1", label, -1, start, end, score, True)


def only_gesture(sequence: PoseSequence, *events: GestureEvent) -> object:
    (statement,) = [s for s in describe(sequence, events).statements if s.kind == "gesture"]
    return statement


def test_a_recognition_that_the_joints_show_is_confirmed(puppet_sequence: PoseSequence) -> None:
    gesture = only_gesture(puppet_sequence, event("Touching nose", 2.0, 4.0))
    assert gesture.measured == "agrees" and gesture.category == "Touching nose"
    assert gesture.value == 0.8 and gesture.unit == "score"
    assert "The measurement agrees" in gesture.text and "touched the nose" in gesture.text
    assert "score 0.80" in gesture.text


def test_a_recognition_that_the_joints_do_not_show_is_contradicted(
    puppet_sequence: PoseSequence,
) -> None:
    gesture = only_gesture(puppet_sequence, event("Folding arms", 8.0, 10.0))
    assert gesture.measured == "disagrees"
    assert "The measurement does not show it" in gesture.text and "head nodded" in gesture.text
    assert gesture.confidence < 0.5


@pytest.mark.parametrize("label", ["Pressing lips", "something of my own"])
def test_what_cannot_be_measured_is_not_judged(puppet_sequence: PoseSequence, label: str) -> None:
    gesture = only_gesture(puppet_sequence, event(label, 8.0, 10.0))
    assert gesture.measured == "not measurable"


def test_unseen_hands_contradict_nothing(puppet_sequence: PoseSequence) -> None:
    hands = [
        n for n in puppet_sequence.skeleton.joints if "wrist" in n or "hand" in n or "tip" in n
    ]
    lost = [puppet_sequence.skeleton.index(name) for name in hands]
    points, scores = puppet_sequence.keypoints.copy(), puppet_sequence.scores.copy()
    points[:, :, lost], scores[:, :, lost] = float("nan"), 0.0
    blind = puppet_sequence.replace(keypoints=points, scores=scores)
    assert only_gesture(blind, event("Touching nose", 2, 4)).measured == "not measurable"


def test_disagreement_is_counted_in_the_page(puppet_sequence: PoseSequence) -> None:
    events = [event("Folding arms", 4 * k / 3, 4 * k / 3 + 1) for k in range(12)]
    text = describe(puppet_sequence, events).text("medium")
    assert "In all 12 gestures were recognised; 12 of them without the movement" in text


def test_an_event_carries_the_measurement_in_words(puppet_sequence: PoseSequence) -> None:
    events = [
        event("nod", 8.0, 10.0),
        event("Folding arms", 8.0, 10.0),
        event("Pressing lips", 8.0, 10.0),
    ]
    told = with_evidence(puppet_sequence, events)
    assert [e.label for e in told] == [e.label for e in events]
    assert [e.evidence for e in told] == [
        "the head went up and down 4 times",
        "not shown; instead: the head went up and down 4 times",
        "",
    ]


def test_a_touch_is_told_with_its_distance(puppet_sequence: PoseSequence) -> None:
    (told,) = with_evidence(puppet_sequence, [event("Touching nose", 2.0, 4.0)])
    assert told.evidence.startswith("the right hand was 0.0") and "from the nose" in told.evidence


def test_a_group_is_borne_out_by_any_of_its_gestures(puppet_sequence: PoseSequence) -> None:
    group = get_vocabulary("imigue").by_name("Biting nails").group
    hand = dataclasses.replace(event("hand at the head", 2, 4), level="group", group=group)
    assert only_gesture(puppet_sequence, hand).measured == "agrees"


def test_what_a_person_annotated_is_not_called_recognised(puppet_sequence: PoseSequence) -> None:
    coded = dataclasses.replace(event("nod", 8, 10, 1.0), source="annotation by anna")
    gesture = only_gesture(puppet_sequence, coded)
    assert gesture.text.startswith("Annotated by anna from 0:08.0") and "score" not in gesture.text
    assert gesture.source == "annotation by anna" and gesture.value is None
    text = describe(puppet_sequence, [coded] * 12).text("medium")
    assert "gestures were annotated" in text and "ecognised" not in text


def test_most_showable_classes_can_be_checked() -> None:
    for name in list_vocabularies():
        if name == "ma52_body":
            continue
        showable = [g for g in get_vocabulary(name) if g.showable and g.group != "lower limb"]
        checked = [g for g in showable if kinds_for(g.name)]
        assert len(checked) >= 0.6 * len(showable)
