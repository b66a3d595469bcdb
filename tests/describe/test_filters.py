"""Our filters do what the well-known ones do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, signal

from mgskel.describe.filters import band_pass, moving_mean, trailing_minimum


@pytest.mark.parametrize("frames", [301, 5000])
@pytest.mark.parametrize("band", [(0.2, 1.5), (0.6, 5.0), (0.8, 8.0)])
def test_band_pass_is_butterworth_there_and_back(frames, band):
    walk = np.cumsum(np.random.default_rng(0).normal(size=frames))
    sections = signal.butter(2, band, btype="bandpass", fs=30, output="sos")
    theirs = signal.sosfiltfilt(sections, walk, padlen=min(frames - 1, int(30 / band[0])))
    mine = band_pass(walk, 30.0, band)
    inner = slice(frames // 4, -frames // 4)
    assert np.abs(mine - theirs)[inner].max() < 0.02 * theirs.std()
    assert np.abs(mine - theirs).max() < 0.1 * theirs.std()


@pytest.mark.parametrize("frames", [2, 3, 8])
def test_band_pass_of_very_little(frames):
    assert np.allclose(band_pass(np.ones(frames), 30.0, (0.6, 5.0)), 0)


@pytest.mark.parametrize("window", [1, 2, 5, 30])
@pytest.mark.parametrize(("beyond", "mode"), [("level", "nearest"), ("zero", "constant")])
def test_moving_mean(window, beyond, mode):
    values = np.random.default_rng(1).normal(size=(3, 40))
    theirs = ndimage.uniform_filter1d(values, window, axis=1, mode=mode)
    assert np.allclose(moving_mean(values, window, 1, beyond), theirs)
    assert np.allclose(moving_mean(values.T, window, 0, beyond), theirs.T)


@pytest.mark.parametrize("window", [1, 2, 7, 100])
def test_trailing_minimum(window):
    values = np.random.default_rng(2).normal(size=50)
    naive = [values[max(0, i - window + 1) : i + 1].min() for i in range(50)]
    assert np.array_equal(trailing_minimum(values, window), naive)
