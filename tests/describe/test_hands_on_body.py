"""Hands on arms and hips, folded arms: what is told, and what merely looks like it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.describe import describe

Make = Callable[..., "Puppet"]  # noqa: F821
OTHER_UPPER_ARM = (0.58, 0.38)


def touched(sequence: PoseSequence) -> set[tuple[str, str]]:
    passing = ("approaching", "leaving", "near")
    kinds = ("hand_to", "hands_", "hand_on", "arms_", "rubbing")
    return {
        (s.kind, s.side)
        for s in describe(sequence).statements
        if s.category not in passing and s.kind.startswith(kinds)
    }


def test_strokes_along_the_other_arm_are_a_touch_and_rubbing(puppet: Make) -> None:
    doll = puppet(16).reach("right", OTHER_UPPER_ARM, 4, 8, rub=(0.08, 2.0))
    assert {("hand_to_arm", "right"), ("rubbing", "right")} <= touched(doll.sequence())


def test_a_hand_that_always_lies_at_the_other_arm_is_not_told(puppet: Make) -> None:
    doll = puppet(16).reach("right", OTHER_UPPER_ARM, -2, 20)
    assert "hand_to_arm" not in {kind for kind, _ in touched(doll.sequence())}


def test_hands_past_each_other_in_the_lap_are_not_folded_arms(puppet: Make) -> None:
    doll = puppet(16).reach("left", (-0.1, 1.35), 4, 9).reach("right", (0.1, 1.35), 4, 9)
    assert "arms_folded" not in {kind for kind, _ in touched(doll.sequence())}


def test_hands_that_cross_while_talking_are_not_folded_arms(puppet: Make) -> None:
    doll = puppet(20)
    apart = 0.6 * np.sin(2 * np.pi * 0.4 * doll.times) * doll.during(5, 15)
    doll.reach("left", (0.0, 0.7), 5, 15).reach("right", (0.0, 0.7), 5, 15)
    doll.tips["left"] = doll.tips["left"] + np.stack([apart, 0 * apart], 1)
    doll.tips["right"] = doll.tips["right"] - np.stack([apart, 0 * apart], 1)
    assert "arms_folded" not in {kind for kind, _ in touched(doll.sequence())}


@pytest.mark.parametrize("held", [True, False])
def test_a_hand_at_the_hip_is_told_unless_it_always_is_there(puppet: Make, held: bool) -> None:
    doll = puppet(20)
    during = doll.during(6, 10) if held else doll.during(-2, 30)
    doll.shift(["left_elbow"], 0.3 * during, -0.05 * during)
    # The wrist, 0.46 before the finger tips, comes to the side of the trunk above the hip.
    tips = np.array([0.12, 1.3]) * during[:, None] + doll.tips["left"] * (1 - during[:, None])
    doll.tips["left"] = tips
    assert (("hand_on_hip", "left") in touched(doll.sequence())) == held


def test_a_hand_under_the_chin_may_be_at_the_neck(puppet: Make) -> None:
    doll = puppet(12).reach("right", (0.0, -0.28), 4, 7)
    statements = describe(doll.sequence()).statements
    (touch,) = [s for s in statements if s.category == "touching"]
    assert touch.kind == "hand_to_head" and "touched the head or the neck" in touch.text


def test_leaning_raises_no_shoulder_and_one_must_rise_further_than_two(puppet: Make) -> None:
    def raised(left: float, right: float) -> list[str]:
        doll = puppet(16)
        doll.shift(["left_shoulder"], 0, -left * doll.during(6, 8))
        doll.shift(["right_shoulder"], 0, -right * doll.during(6, 8))
        statements = describe(doll.sequence()).statements
        return [s.side for s in statements if s.kind == "shoulders_raised"]

    assert raised(0.16, -0.16) == []
    assert raised(0.115, 0.115) == ["both"]
    assert raised(0.115, 0.0) == []
    assert raised(0.2, 0.0) == ["left"]


def test_a_quick_sway_is_told(puppet: Make) -> None:
    doll = puppet(20)
    t = doll.times
    doll.lean(5 * np.sin(2 * np.pi * 2.0 * t) * ((t >= 6) & (t <= 9)))
    (sway,) = [s for s in describe(doll.sequence()).statements if s.kind == "torso_sway"]
    assert sway.text.startswith("The torso swayed") and "6 times" in sway.text
