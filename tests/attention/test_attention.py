"""Attention finds what a network was taught to look at, and vanishes with what it learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from attention_cases import LAYOUT, MOMENT, planted, small_network

from mgskel.attention import METHODS, attend, faithfulness, randomised
from mgskel.core.errors import InputError
from mgskel.core.skeleton import get_skeleton
from mgskel.models import list_models

JUDGED = ("gradient", "occlusion", "explain")
WRIST = get_skeleton(LAYOUT).index("left_wrist")


def a_swing(index=1):
    x, labels = planted(8, 5)
    assert labels[index] == 1
    return x[index : index + 1]


def ways(network):
    return [m for m in METHODS if m != "bones" or network.name == "gat"]


def test_every_way_gives_one_kind_of_result(taught):
    x = a_swing()
    for method in ways(taught):
        look = attend(taught, x, method=method)
        assert look.weights.shape == (1, x.shape[2], x.shape[3])
        assert look.weights.min() >= 0
        assert look.weights.max() <= 1
        assert look.target == 1
        assert look.probability > 0.7
        assert set(look.parts()) == set(get_skeleton(LAYOUT).parts)


@pytest.mark.parametrize("method", ["occlusion", "explain"])
def test_the_taught_joint_and_moment_stand_out(taught, method):
    look = attend(taught, a_swing(), method=method)
    joints = look.joints()[0]
    assert joints[WRIST] >= np.sort(joints)[-3]
    moments = look.moments()[0]
    assert moments[MOMENT].mean() > moments[:6].mean()


@pytest.mark.parametrize("method", JUDGED)
def test_hiding_by_weight_beats_hiding_at_random(taught, method):
    gains = []
    for index in (1, 3):
        x = a_swing(index)
        curves = faithfulness(taught, x, None, attend(taught, x, method=method))
        gains.append((curves.deletion_gain, curves.insertion_gain))
    assert np.mean(gains, axis=0).min() > 0


def test_curves_begin_and_end_alike_whatever_the_order(taught):
    x = a_swing()
    curves = faithfulness(taught, x, None, attend(taught, x), random_orders=3)
    assert curves.deletion[0] == pytest.approx(curves.random_deletion[0])
    assert curves.deletion[-1] == pytest.approx(curves.insertion[0])
    assert curves.insertion[-1] == pytest.approx(curves.deletion[0])


@pytest.mark.parametrize("method", ["gates", *JUDGED])
def test_pictures_change_when_what_was_learned_is_lost(taught, method):
    x = a_swing()
    true = attend(taught, x, method=method, target=1).weights.ravel()
    lost = attend(randomised(taught), x, method=method, target=1).weights.ravel()
    ranks = [values.argsort().argsort() for values in (true, lost)]
    assert np.corrcoef(ranks)[0, 1] < 0.8


def test_looking_changes_nothing(taught):
    x = a_swing()
    before = {k: v.clone() for k, v in taught.state_dict().items()}
    with torch.no_grad():
        answer = taught(x)
    for method in ways(taught):
        attend(taught, x, method=method)
    after = taught.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    with torch.no_grad():
        assert torch.equal(taught(x), answer)


@pytest.mark.parametrize("name", list_models())
@pytest.mark.parametrize("method", [m for m in METHODS if m != "bones"])
def test_every_backbone_can_be_looked_into(name, method):
    x, _ = planted(1, 0)
    x = x.repeat(1, 1, 1, 1, 2)
    look = attend(small_network(name), x, method=method)
    assert look.weights.shape == (2, x.shape[2], x.shape[3])
    assert np.isfinite(look.weights).all()


def test_weights_for_every_frame_of_a_recording():
    x, _ = planted(1, 0)
    look = attend(small_network("light"), x)
    moments = look.weights.shape[1]
    np.testing.assert_allclose(look.at_frames(moments), look.weights)
    longer = look.at_frames(3 * moments - 2)
    np.testing.assert_allclose(longer[:, ::3], look.weights)
    assert look.at_frames(1).shape == (1, 1, x.shape[3])


@pytest.mark.parametrize("method", [m for m in METHODS if m != "bones"])
def test_what_was_not_seen_has_no_weight(method):
    x, _ = planted(1, 0)
    mask = torch.ones(1, *x.shape[2:], dtype=torch.bool)
    mask[0, 4:9, WRIST] = False
    look = attend(small_network("light"), x, mask, method=method)
    assert (look.weights[0, 4:9, WRIST] == 0).all()


def test_looks_can_be_repeated():
    x, _ = planted(1, 0)
    network = small_network("light")
    for method in ("gates", *JUDGED):
        first, second = (attend(network, x, method=method).weights for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_wrong_questions_are_refused():
    x, _ = planted(2, 0)
    network = small_network("light")
    with pytest.raises(InputError, match="one clip at a time"):
        attend(network, x)
    with pytest.raises(InputError, match="occlusion"):
        attend(network, x[:1], method="oclusion")
    with pytest.raises(InputError, match="only the network 'gat'"):
        attend(network, x[:1], method="bones")
    with pytest.raises(InputError, match="no balanced fusion"):
        attend(small_network("light", "off"), x[:1], method="gates")
