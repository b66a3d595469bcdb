"""Movement energy over time, for timelines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.describe import PARTS, fidget_energy


def test_energy_is_the_speed_of_the_part_that_moves(puppet: Callable[..., object]) -> None:
    doll = puppet(20)
    t = doll.times
    swing = 0.1 * np.sin(2 * np.pi * 1.0 * t) * ((t > 8) & (t < 14))
    doll.shift(["left_elbow"], swing, 0)
    doll.tips["left"] = doll.tips["left"] + np.stack([swing, 0 * t], 1)
    result = fidget_energy(doll.sequence())
    assert result.parts == PARTS and result.people == ("1",)
    assert result.energy.shape == (1, len(PARTS), len(result.times))
    left, right = (result.energy[0, PARTS.index(f"{side}_arm")] for side in ("left", "right"))
    inside = (result.times > 9) & (result.times < 13)
    # The root mean square speed of a sine: amplitude x 2 pi f / sqrt 2, a little less averaged.
    assert np.median(left[inside]) == pytest.approx(0.1 * 2 * np.pi / np.sqrt(2), rel=0.15)
    assert np.nanmax(right) < 0.05 and np.nanmax(left[result.times < 7]) < 0.05


def test_unseen_parts_have_no_energy(puppet_sequence: PoseSequence) -> None:
    result = fidget_energy(puppet_sequence)
    assert np.isnan(result.energy[0, PARTS.index("left_leg")]).all()


def test_everybody_gone_gives_an_empty_result(unseen: PoseSequence) -> None:
    assert fidget_energy(unseen).energy.shape[0] == 0
