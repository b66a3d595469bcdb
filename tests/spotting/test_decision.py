"""The decision rule: its parts fit together, and its chances sum to one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.spotting.decision.decision_rule import STRETCH_TERMS, DecisionRule, Judge, Stretch
from mgskel.spotting.decision.hand_place import PLACE_TERMS
from mgskel.spotting.learning.finetune import extended

COMMON = get_vocabulary("common")
K = len(COMMON)
PLAIN = DecisionRule.plain(COMMON)


def stretch(classes, served=1.0, group=1):
    about = np.zeros(len(STRETCH_TERMS))
    return Stretch(group, 0.0, 1.0, np.asarray(classes, float), about, np.full(K, served))


@given(st.integers(0, 2**32 - 1))
def test_the_chances_of_a_groups_classes_and_of_nothing_sum_to_one(seed):
    judge = Judge(COMMON, PLAIN)
    evidence = 4 * np.random.default_rng(seed).standard_normal(K)
    chances = judge.chances(stretch(evidence))
    assert (chances[~judge.members[1]] == 0).all()
    assert 0 < chances.sum() < 1
    assert chances.argmax() == np.where(judge.members[1], evidence.clip(-3, 3), -np.inf).argmax()


def test_of_what_was_not_seen_nothing_is_said():
    assert Judge(COMMON, PLAIN).chances(stretch(np.ones(K), served=0.4)).sum() == 0


@given(st.integers(0, 2**32 - 1))
def test_presence_is_the_chance_of_any_of_a_group(seed):
    judge = Judge(COMMON, PLAIN)
    log_odds = np.random.default_rng(seed).uniform(-6, 6, (K + 1, 5))
    chance = 1 / (1 + np.exp(-log_odds[:-1]))
    for group, members in enumerate(judge.members):
        expected = 1 - np.prod(1 - chance[members], 0)
        found = 1 / (1 + np.exp(-judge.presence(log_odds)[group]))
        assert found == pytest.approx(expected, abs=1e-3)


def test_where_the_hand_is_decides_between_gestures_that_look_alike():
    ear, lower = (COMMON.by_name(name) for name in ("touching ear", "touching lower face"))
    places = np.zeros((K, len(PLACE_TERMS)))
    places[lower.id, PLACE_TERMS.index("fingers 0.25 below the nose")] = 3
    judge = Judge(COMMON, replace(PLAIN, places=tuple(map(tuple, places))))
    alike = stretch(np.eye(K)[ear.id] + np.eye(K)[lower.id], group=judge.group_of[ear.id])
    below = replace(alike, about=np.array([float("0.25 below" in t) for t in STRETCH_TERMS]))
    assert judge.chances(alike)[ear.id] == pytest.approx(judge.chances(alike)[lower.id])
    assert judge.chances(below)[lower.id] > 5 * judge.chances(below)[ear.id]


def test_groups_that_need_hands_are_rivals():
    judge = Judge(COMMON, PLAIN)
    index = {name: i for i, name in enumerate(COMMON.groups)}
    assert judge.rivals[index["head-hand"], index["body-hand"]]
    assert judge.rivals[index["hand"], index["illustrative"]]
    assert not judge.rivals[index["head"]].any() and not judge.rivals[index["body"]].any()


def test_the_default_sensitivity_is_the_fitted_threshold():
    assert PLAIN.least() == pytest.approx(PLAIN.threshold)
    assert PLAIN.least(0.0) > PLAIN.least(0.5) > PLAIN.least(1.0)


def test_more_classes_get_typical_corrections():
    rule = replace(PLAIN, bias=tuple(range(K)), mix=((0.5,) * K,) * K)
    wider = extended(COMMON, ["cracking knuckles", "nodding"])
    more = rule.widened(COMMON, wider)
    assert more.fits(wider) and not rule.fits(wider)
    assert more.bias[-1] == np.median(range(K))
    assert more.mix[0][-1] == 0.0 and more.presence[:-1] == rule.presence


def test_parts_of_different_sizes_are_refused():
    with pytest.raises(InputError, match="do not fit together"):
        replace(PLAIN, presence=PLAIN.presence[1:])
    with pytest.raises(InputError, match="another vocabulary"):
        Judge(get_vocabulary("imigue"), PLAIN)
