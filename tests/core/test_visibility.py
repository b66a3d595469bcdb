"""What can be seen, and what an estimator only guesses."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.core.visibility import doubt_unseen, hide_unseen, visible

INSIDE, EDGE, OUTSIDE, MISSING = (50, 40), (100.5, 40), (50, 130), (np.nan, np.nan)


def sequence(unit: str = "pixel", size: tuple[int, int] | None = (100, 80)) -> PoseSequence:
    points = np.zeros((1, 1, 8, 2), np.float32) + INSIDE
    points[0, 0, :4] = INSIDE, EDGE, OUTSIDE, MISSING
    scores = np.ones((1, 1, 8), np.float32)
    scores[0, 0, 4] = 0.2
    return PoseSequence.from_arrays(
        points, scores=scores, fps=30, skeleton="natops8", unit=unit, frame_size=size
    )


def test_a_joint_is_seen_with_a_good_score_and_inside_the_picture() -> None:
    assert visible(sequence())[0, 0].tolist() == [True, True, False, False, False] + 3 * [True]
    assert visible(sequence(), min_score=0.1, edge=0.0)[0, 0, :5].tolist() == [
        True, False, False, False, True
    ]  # fmt: skip


@pytest.mark.parametrize(("unit", "size"), [("pixel", None), ("metre", (100, 80))])
def test_without_a_known_picture_nothing_lies_outside(
    unit: str, size: tuple[int, int] | None
) -> None:
    assert visible(sequence(unit, size))[0, 0, :3].all()


def test_what_is_not_seen_is_missing_afterwards() -> None:
    hidden = hide_unseen(sequence())
    assert np.isnan(hidden.keypoints[0, 0, 2]).all() and hidden.scores[0, 0, 2] == 0
    assert (hidden.keypoints[0, 0, 0] == INSIDE).all() and hidden.scores[0, 0, 0] == 1
    assert (visible(hidden) == visible(sequence())).all()


def test_guesses_are_doubted_but_stay() -> None:
    doubted = doubt_unseen(sequence())
    assert doubted.scores[0, 0, :5] == pytest.approx([1, 1, 0.15, 0, 0.15])
    assert np.array_equal(doubted.keypoints, sequence().keypoints, equal_nan=True)
    assert (visible(doubted) == visible(sequence())).all()
