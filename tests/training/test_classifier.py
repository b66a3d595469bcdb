from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_score

from mgskel.core.errors import InputError
from mgskel.training.classifier import MicroGestureClassifier

SIZES = {"channels": [16, 32], "heads": 4}


def classifier(**changes: Any) -> MicroGestureClassifier:
    settings = {
        "layout": "natops8", "sizes": SIZES, "window": 12, "epochs": 12, "lr": 0.01,
        "augment": "none", "scale": "none", "threads": 1, "batch": 8,
    }  # fmt: skip
    return MicroGestureClassifier(**(settings | changes))


def test_it_works_in_cross_validation_with_people_kept_apart(make_bundle: Any) -> None:
    bundle = make_bundle(36)
    sequences = [bundle.keypoints(i) for i in range(36)]
    words = np.array(["nod", "shake", "shrug"])[bundle.label - 1]
    scores = cross_val_score(
        classifier(), sequences, words, groups=bundle.subject, cv=GroupKFold(2)
    )
    assert len(scores) == 2 and scores.mean() > 0.6


def test_labels_come_back_in_their_own_kind(make_bundle: Any) -> None:
    bundle = make_bundle(18)
    sequences = [bundle.sequence(i) for i in range(18)]
    fitted = classifier(layout=None, epochs=2).fit(sequences, bundle.label * 10)
    assert fitted.classes_.tolist() == [10, 20, 30]
    assert set(fitted.predict(sequences)) <= {10, 20, 30}
    probabilities = fitted.predict_proba(sequences)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert 0 <= fitted.score(sequences, bundle.label * 10) <= 1


def test_parameters_are_scikit_learns(make_bundle: Any) -> None:
    copy = clone(classifier(epochs=3))
    assert copy.get_params()["epochs"] == 3
    with pytest.raises(NotFittedError):
        copy.predict(make_bundle(2))


def test_wrong_input_is_named(make_bundle: Any) -> None:
    bundle = make_bundle(6)
    sequences = [bundle.keypoints(i) for i in range(6)]
    with pytest.raises(InputError, match="need a layout"):
        classifier(layout=None).fit(sequences, bundle.label)
    with pytest.raises(InputError, match="differ in length"):
        classifier().fit(sequences, bundle.label[:4])
    with pytest.raises(InputError, match="no sequences"):
        classifier().fit([], [])
    with pytest.raises(InputError, match="nothing to tell apart"):
        classifier().fit(sequences, [1] * 6)
