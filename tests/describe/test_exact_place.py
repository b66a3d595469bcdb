"""Which place of the face is named, and when none is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.describe import Statement, describe

Make = Callable[..., "Puppet"]  # noqa: F821
NOSE_TO_MOUTH = (-0.01, -0.56)


def touches(sequence: PoseSequence) -> list[Statement]:
    return [s for s in describe(sequence).statements if s.category == "touching"]


def test_between_two_places_both_are_told(puppet: Make) -> None:
    (touch,) = touches(puppet(10).reach("right", NOSE_TO_MOUTH, 3, 5).sequence())
    assert touch.kind == "hand_to_face" and touch.joints == ("right_hand", "nose_or_mouth")
    assert "touched the face (nose or mouth)" in touch.text


def test_with_the_elbow_lifted_only_the_head_is_told(puppet: Make) -> None:
    """The hand may be behind the head then."""
    doll = puppet(10)
    doll.shift(["right_elbow"], -0.2, -1.2)
    (touch,) = touches(doll.reach("right", "right_eye", 3, 5).sequence())
    assert touch.kind == "hand_to_head" and "touched the head" in touch.text


def test_one_hand_seen_as_both_is_told_once(puppet: Make) -> None:
    sequence = puppet(10).reach("right", "nose", 3, 5).sequence()
    points = sequence.keypoints.copy()
    during = slice(int(3.4 * sequence.fps), int(4.4 * sequence.fps))
    names = [n.removeprefix("right_") for n in sequence.skeleton.joints if n.startswith("right_")]
    for name in (n for n in names if n.endswith(("hand", "tip", "wrist"))):
        right, left = (sequence.skeleton.index(f"{side}_{name}") for side in ("right", "left"))
        points[:, during, left] = points[:, during, right] + np.float32(2.0)
    assert {s.side for s in touches(sequence.replace(keypoints=points))} == {"right"}


def test_two_hands_at_the_face_are_told_as_both(puppet: Make) -> None:
    doll = puppet(10).reach("right", "right_eye", 3, 5).reach("left", "left_eye", 3, 5)
    (touch,) = touches(doll.sequence())
    assert touch.side == "both" and touch.kind == "hand_to_eye" and "the eyes" in touch.text


@pytest.mark.parametrize("turned", ["left", "right"])
def test_the_ear_that_a_turned_head_hides_is_never_named(puppet: Make, turned: str) -> None:
    doll = puppet(40)
    away = 0.16 if turned == "left" else -0.16  # the nose is now beside that ear
    doll.head(dx=away * doll.during(9, 16))
    side = turned
    told = touches(doll.reach(side, f"{turned}_ear", 11, 13).sequence())
    assert told and "hand_to_ear" not in {s.kind for s in told}
