"""Numbers survive the journey into the page."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgskel.report.pack import MISSING, STEPS, pack, pack_points, pack_shares, unpack


@given(
    kind=st.sampled_from([np.uint8, np.uint16]),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 50)),
    seed=st.integers(0, 99),
)
def test_packed_and_unpacked_is_the_same(kind, shape, seed):
    top = np.iinfo(kind).max + 1
    values = np.random.default_rng(seed).integers(0, top, shape).astype(kind)
    np.testing.assert_array_equal(unpack(pack(values)), values)


def test_points_keep_a_four_thousandth_and_gaps():
    points = np.random.default_rng(0).uniform(-50, 50, (2, 30, 5, 2))
    points[1, 3, 2] = np.nan
    packed = unpack(pack_points(points, np.array([-50.0, -50.0]), 100.0))
    back = packed.reshape(2, 5, 2, 30).transpose(0, 3, 1, 2) / STEPS * 100 - 50
    assert (packed.reshape(2, 5, 2, 30)[1, 2, :, 3] == MISSING).all()
    present = np.isfinite(points)
    assert np.abs(back - points)[present].max() <= 50 / STEPS + 1e-9


def test_shares_are_clipped():
    np.testing.assert_array_equal(
        unpack(pack_shares(np.array([[-1, 0, 0.5, 1, 2, np.nan]]))), [[0, 0, 128, 255, 255, 0]]
    )


def test_other_numbers_are_refused():
    with pytest.raises(ValueError, match="uint8 or uint16"):
        pack(np.zeros((2, 3)))
