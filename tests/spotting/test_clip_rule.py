"""From a clip's moments to one class."""

from __future__ import annotations

import numpy as np
import pytest
from studies.shipped.calibrate import fit_clip_rule

from mgskel.core.errors import InputError
from mgskel.spotting.decision.clip_rule import ClipRule, clip_evidence
from mgskel.spotting.decision.hand_place import PLACE_TERMS


def clip(label, rng, classes=4):
    """Two neighbouring classes look alike; the gesture fills the middle third."""
    scores = 0.1 * rng.random((classes + 1, 30))
    scores[[label, label ^ 1, -1], 10:20] = [[0.6], [0.55], [0.95]]
    scores[:-1, 10:20] += 0.1 * rng.random((classes, 10))
    return scores


def nowhere(moments=30):
    return np.zeros((len(PLACE_TERMS), moments))


def test_moments_without_a_gesture_hardly_count():
    scores = np.full((2, 10), 0.5)
    scores[0, 5:] = 0.99
    scores[-1] = [0.01] * 5 + [0.99] * 5
    assert clip_evidence(scores)[0] == pytest.approx(np.log(0.99 / 0.01), rel=1e-3)


def test_fitted_corrections_tell_classes_apart_that_look_alike():
    rng = np.random.default_rng(0)
    labels = list(range(4)) * 20
    unseen = [nowhere()] * len(labels)
    rule = fit_clip_rule([clip(label, rng) for label in labels], unseen, labels, 4)
    said = [int(rule.chances(clip(label, rng), nowhere()).argmax()) for label in labels]
    assert np.mean(np.array(said) == labels) > 0.7
    assert rule.chances(clip(0, rng), nowhere()).sum() == pytest.approx(1)


def test_where_the_hand_is_tells_apart_what_the_network_does_not():
    labels, scores = [0, 1] * 20, np.full((3, 30), 0.5)
    scores[0] = 0.6
    places = [nowhere() for _ in labels]
    for label, place in zip(labels, places, strict=True):
        place[1 + label] = 1
    rule = fit_clip_rule([scores] * len(labels), places, labels, 2)
    assert [int(rule.chances(scores, place).argmax()) for place in places[:2]] == [0, 1]


def test_more_classes_leave_the_old_ones_as_they_were():
    rule = ClipRule(1.0, (0.1, 0.2), ((0.0, 0.3), (0.4, 0.0)))
    wide = rule.widened(1)
    assert wide.bias == (0.1, 0.2, pytest.approx(0.15))
    scores = np.random.default_rng(1).random((4, 9))
    narrow = rule.chances(np.delete(scores, 2, axis=0), nowhere(9))
    chances = wide.chances(scores, nowhere(9))
    assert chances[1] / chances[0] == pytest.approx(narrow[1] / narrow[0])


def test_no_moments_and_wrong_sizes():
    assert ClipRule().chances(np.zeros((4, 0)), nowhere(0)) == pytest.approx([1 / 3] * 3)
    with pytest.raises(InputError, match="different numbers of classes"):
        ClipRule(1.0, (0.0, 0.0), ((0.0,),))
    with pytest.raises(InputError, match="different numbers of classes"):
        ClipRule(1.0, (0.0, 0.0), places=((0.0,),) * 2)
