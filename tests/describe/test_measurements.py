"""Golden statements of movements that are known exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mgskel.describe import Statement, describe

Make = Callable[..., "Puppet"]  # noqa: F821


def of_kind(statements: tuple[Statement, ...], kind: str) -> list[Statement]:
    transits = ("approaching", "leaving")
    return [s for s in statements if s.kind == kind and s.category not in transits]


def told(statements: tuple[Statement, ...]) -> set[tuple[str, str]]:
    """Kinds and sides of what happened, leaving aside how much the parts moved."""
    return {(s.kind, s.side) for s in statements if s.kind not in ("fidgeting", "stillness")}


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("nose", "hand_to_nose"),
        ("mouth", "hand_to_mouth"),
        ("right_eye", "hand_to_eye"),
        ("right_ear", "hand_to_ear"),
        ((-0.02, -0.14), "hand_to_neck"),
        ((-0.05, -1.1), "hand_to_hair"),
        ((0.0, -0.36), "hand_to_chin"),
    ],
)
def test_a_hand_at_a_place_is_told_with_its_time(puppet: Make, goal: object, kind: str) -> None:
    description = describe(puppet(10).reach("right", goal, 3, 5).sequence())
    (statement,) = of_kind(description.statements, kind)
    assert statement.side == "right" and statement.category == "touching"
    assert statement.from_s == pytest.approx(3, abs=0.25)
    assert statement.to_s == pytest.approx(5, abs=0.25)
    assert told(description.statements) == {(kind, "right")}


def test_reach_and_withdrawal_frame_the_contact(puppet: Make) -> None:
    description = describe(puppet(10).reach("left", "nose", 3, 5).sequence())
    by_category = {s.category: s for s in description.statements if s.kind == "hand_to_nose"}
    assert set(by_category) == {"approaching", "touching", "leaving"}
    assert by_category["approaching"].to_s <= by_category["touching"].from_s + 0.1
    assert by_category["leaving"].from_s >= by_category["touching"].to_s - 0.1
    assert by_category["approaching"].unit == "shoulder widths per second"


@pytest.mark.parametrize(("hertz", "category"), [(1.2, "slow"), (2.2, "moderate"), (4.0, "fast")])
def test_rubbing_has_its_frequency_strokes_and_length(
    puppet: Make, hertz: float, category: str
) -> None:
    description = describe(puppet(14).reach("right", "nose", 3, 8, rub=(0.05, hertz)).sequence())
    (rub,) = of_kind(description.statements, "rubbing")
    assert rub.unit == "Hz" and rub.value == pytest.approx(hertz, rel=0.1)
    assert rub.category == category
    strokes = int(rub.text.split(" strokes")[0].split()[-1])
    assert strokes == pytest.approx(10 * hertz, abs=3)


def test_a_hand_held_near_the_face_does_not_touch_it(puppet: Make) -> None:
    description = describe(puppet(10).reach("right", (-0.52, -0.6), 3, 6).sequence())
    (near,) = of_kind(description.statements, "hand_to_face")
    assert near.category == "near" and near.side == "right"


def test_nods_and_shakes_are_counted(puppet: Make) -> None:
    doll = puppet(20)
    t = doll.times
    doll.head(dy=0.06 * np.sin(2 * np.pi * 2 * t) * ((t >= 4) & (t <= 6)))
    doll.head(dx=0.08 * np.sin(2 * np.pi * 1.5 * t) * ((t >= 10) & (t <= 12)))
    statements = describe(doll.sequence()).statements
    (nod,) = of_kind(statements, "head_nod")
    (shake,) = of_kind(statements, "head_shake")
    assert nod.value == pytest.approx(4, abs=1) and "2.0 per second" in nod.text
    assert shake.value == pytest.approx(3, abs=1) and "1.5 per second" in shake.text
    assert told(statements) == {("head_nod", "none"), ("head_shake", "none")}


@pytest.mark.parametrize(("sign", "side"), [(1, "left"), (-1, "right")])
def test_turn_tilt_and_lean_have_the_persons_own_side(puppet: Make, sign: int, side: str) -> None:
    doll = puppet(24)
    doll.head(dx=sign * 0.2 * doll.during(3, 5)).tilt(sign * 15 * doll.during(9, 11))
    doll.lean(sign * 12 * doll.during(16, 19))
    statements = describe(doll.sequence()).statements
    assert told(statements) == {("head_turn", side), ("head_tilt", side), ("torso_lean", side)}
    (tilt,) = of_kind(statements, "head_tilt")
    assert tilt.unit == "degrees" and tilt.value == pytest.approx(15, abs=1)
    (lean,) = of_kind(statements, "torso_lean")
    assert lean.value == pytest.approx(12, abs=1)


def test_raised_shoulders_on_one_side_and_on_both(puppet: Make) -> None:
    doll = puppet(16)
    doll.shift(["left_shoulder"], 0, -0.2 * doll.during(3, 4))
    doll.shift(["left_shoulder", "right_shoulder", "neck"], 0, -0.14 * doll.during(9, 10))
    raised = of_kind(describe(doll.sequence()).statements, "shoulders_raised")
    assert [s.side for s in raised] == ["left", "both"]
    assert raised[1].value == pytest.approx(0.14, abs=0.02)


def test_straightening_is_told_apart_from_raised_shoulders(puppet: Make) -> None:
    doll = puppet(12)
    doll.shift([n for n in doll.points if not n.endswith("hip")], 0, -0.15 * doll.during(4, 30))
    assert told(describe(doll.sequence()).statements) == {("torso_straighten", "none")}


def test_sway_has_a_rate(puppet: Make) -> None:
    doll = puppet(20)
    t = doll.times
    doll.lean(6 * np.sin(2 * np.pi * 0.5 * t) * ((t >= 4) & (t <= 14)))
    (sway,) = of_kind(describe(doll.sequence()).statements, "torso_sway")
    assert "0.5 per second" in sway.text


def test_joined_hands_are_one_statement_on_both(puppet: Make) -> None:
    doll = puppet(12).reach("left", (0.02, 1.2), 3, 7).reach("right", (-0.02, 1.2), 3, 7)
    (joined,) = of_kind(describe(doll.sequence()).statements, "hands_joined")
    assert joined.side == "both"
    assert (joined.from_s, joined.to_s) == pytest.approx((3, 7), abs=0.3)


def test_folded_arms_leave_no_hand_on_chest_or_arm(puppet: Make) -> None:
    doll = puppet(12).reach("left", (-0.6, 0.6), 3, 8).reach("right", (0.6, 0.6), 3, 8)
    assert told(describe(doll.sequence()).statements) == {("arms_folded", "both")}


def test_the_same_with_both_hands_is_one_statement(puppet: Make) -> None:
    doll = puppet(12).reach("left", "left_ear", 3, 6).reach("right", "right_ear", 3, 6)
    (ears,) = of_kind(describe(doll.sequence()).statements, "hand_to_ear")
    assert ears.side == "both"
    assert ears.text.startswith("Both hands touched the ears from")


def test_stillness_and_fidgeting(puppet: Make) -> None:
    doll = puppet(30)
    t = doll.times
    later = (t > 15)[:, None]
    play = np.stack([0.06 * np.sin(2 * np.pi * 1.3 * t), 0.05 * np.sin(2 * np.pi * 1.7 * t)], 1)
    doll.tips["left"] = doll.tips["left"] + play * later
    statements = describe(doll.sequence()).statements
    (still,) = of_kind(statements, "stillness")
    assert (still.from_s, still.to_s) == pytest.approx((0, 15), abs=0.8)
    (fidget,) = of_kind(statements, "fidgeting")
    assert fidget.side == "left" and fidget.category == "small movements"
    assert fidget.from_s == pytest.approx(15, abs=1)


def test_nothing_is_told_without_the_joints(puppet: Make) -> None:
    doll = puppet(10).reach("right", "nose", 3, 5)
    lost = tuple(n for n in doll.points if n.startswith(("nose", "mouth", "left_e", "right_e")))
    assert not told(describe(doll.sequence(lost=lost)).statements)


def test_a_still_person_gives_no_movement(puppet: Make) -> None:
    statements = describe(puppet(20).sequence()).statements
    assert [s.kind for s in statements] == ["stillness"]
