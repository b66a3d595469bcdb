"""Fitting the decision rule: it finds what is there, and its chances are those of being right."""

from __future__ import annotations

import numpy as np
import pytest
from studies.shipped.calibrate import calibrate, false_at_rest, found_in

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decision.caution import (
    Watched,
    clear_chance,
    quieted,
    said_at_rest,
    verdicts_of,
)
from mgskel.spotting.decision.decision_rule import DecisionRule, Judge
from mgskel.spotting.decision.decoding import MomentTrack
from mgskel.spotting.decision.hand_place import PLACE_TERMS

COMMON = get_vocabulary("common")
K = len(COMMON)
STEP = 0.1
NOD, SHAKE = (COMMON.by_name(name).id for name in ("nodding", "shaking head"))


def watched(seed, gestures=True, clear=1.0):
    """Nods and head shakes that look alike, with evidence that is too modest by itself."""
    rng = np.random.default_rng(seed)
    length = 1500
    log_odds = -5 + 0.8 * rng.standard_normal((K + 1, length))
    truth = []
    for start in range(50, length - 100, 100) if gestures else ():
        right, other = (NOD, SHAKE) if rng.random() < 0.5 else (SHAKE, NOD)
        times = slice(start, start + 15)
        log_odds[right, times] += 3 + 0.6 * clear + 0.5 * rng.standard_normal()
        log_odds[other, times] += 3 + 0.5 * rng.standard_normal()
        log_odds[-1, times] += 4
        gesture = COMMON.by_id(right)
        truth.append(
            GestureEvent("1", gesture.name, right, (start - 1) * STEP, (start + 15) * STEP)
        )
    served, places = np.ones((K, length), bool), np.zeros((len(PLACE_TERMS), length))
    return Watched(MomentTrack("1", log_odds, served, places, 0.0, STEP), tuple(truth))


@pytest.fixture(scope="module")
def fitted() -> DecisionRule:
    examples = [watched(seed) for seed in range(6)]
    return calibrate(examples, [watched(seed, False) for seed in (20, 21)], COMMON)


def test_what_is_modest_everywhere_is_found(fitted):
    new = watched(100)
    events = found_in(new.track, COMMON, fitted)
    plain = found_in(new.track, COMMON, DecisionRule.plain(COMMON, 0.5))
    assert len(events) >= 0.9 * len(new.truth) > len(plain)
    assert all(event.group == "head" for event in events)


def test_times_are_put_right(fitted):
    assert -0.3 < fitted.onset_shift_s < 0
    assert fitted.offset_shift_s >= 0


def test_chances_are_those_of_being_right(fitted):
    judge = Judge(COMMON, fitted)
    said, right = [], []
    for seed in range(200, 212):
        new = watched(seed)
        for verdict in verdicts_of(new.track, judge):
            middle = (verdict.stretch.start_s + verdict.stretch.end_s) / 2
            (true,) = [e for e in new.truth if e.start_s < middle < e.end_s] or [None]
            said.append(verdict.chances.max())
            right.append(true is not None and true.class_id == verdict.chances.argmax())
    assert len(said) > 100
    assert np.mean(said) == pytest.approx(np.mean(right), abs=0.1)


def test_a_quieter_rest_costs_gestures_no_more_than_needed():
    examples = [watched(seed) for seed in range(4)]
    rests = [Watched(watched(30, clear=-1.0).track), watched(31, False)]
    said = [
        false_at_rest(rests, COMMON, calibrate(examples, rests, COMMON, limit))
        for limit in (1e6, 5.0)
    ]
    assert said[0] >= said[1]
    assert said[1] <= 5.0


def test_groups_without_examples_keep_the_plain_rule(fitted):
    plain = DecisionRule.plain(COMMON)
    group = COMMON.groups.index("hand")
    assert fitted.presence[group] == plain.presence[group]


def test_nothing_to_fit_on_is_refused():
    with pytest.raises(InputError, match="no recordings"):
        calibrate([], [], COMMON)


def test_a_rule_is_made_as_quiet_as_asked_group_by_group(fitted):
    loud = [Watched(watched(40 + i).track) for i in range(2)]
    head = COMMON.groups.index("head")
    said = said_at_rest(fitted, COMMON, loud)
    assert said[head] > 10
    most = [count + 5 for count in said]
    assert quieted(fitted, COMMON, loud, most) == fitted
    most[head] = 3
    quiet = quieted(fitted, COMMON, loud, most)
    assert said_at_rest(quiet, COMMON, loud)[head] == 3
    assert [a == b for a, b in zip(quiet.nothing, fitted.nothing, strict=True)].count(False) == 1


def test_a_closed_set_says_what_is_clear_enough_for_its_clips():
    def clip(seed, chance, right):
        rng = np.random.default_rng(seed)
        chances = np.full((K, 20), (1 - chance) / (K - 1))
        chances[NOD if right else SHAKE] = chance
        log_odds = np.log(chances / (1 - chances)) + 0.01 * rng.standard_normal((K, 20))
        log_odds = np.concatenate([log_odds, log_odds.max(0, keepdims=True)])
        served, places = np.ones((K, 20), bool), np.zeros((len(PLACE_TERMS), 20))
        event = GestureEvent("1", "nodding", NOD, 0.0, 20 * STEP)
        return Watched(MomentTrack("1", log_odds, served, places, 0.0, STEP), (event,))

    clips = [clip(i, 0.75, True) for i in range(8)] + [clip(i, 0.55, False) for i in range(8)]
    assert clear_chance(clips, COMMON) == 0.7
