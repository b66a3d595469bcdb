from __future__ import annotations

import numpy as np

from mgskel.core.gestures import get_vocabulary
from mgskel.datasets.label_text import label_vectors


def test_names_that_share_places_and_motions_lie_closer() -> None:
    names = ("touching ears", "touching jaw", "moving legs", "crossing legs", "folding arms")
    vectors = label_vectors(names)
    close = vectors @ vectors.T
    assert close[0, 1] > close[0, 2] + 0.1
    assert close[2, 3] > close[2, 0] + 0.1


def test_vectors_are_unit_length_and_always_the_same() -> None:
    names = get_vocabulary("imigue").names
    first, second = label_vectors(names), label_vectors(names)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-5)
    close = first @ first.T - np.eye(len(names))
    assert close.max() < 0.999, "no two classes may collapse"
