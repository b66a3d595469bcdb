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


def test_it_works_in_cross_validation_with_people_kept_apart(make_set: Any) -> None:
    data = make_set(36)
    sequences = [sequence.keypoints[0] for sequence in data.sequences]
    words = np.array(["nod", "shake", "shrug"])[[recording.label - 1 for recording in data]]
    scores = cross_val_score(classifier(), sequences, words, groups=data.subjects, cv=GroupKFold(2))
    assert len(scores) == 2 and scores.mean() > 0.6


def test_labels_come_back_in_their_own_kind(make_set: Any) -> None:
    data = make_set(18)
    sequences, labels = list(data.sequences), np.array([recording.label for recording in data])
    fitted = classifier(layout=None, epochs=2).fit(sequences, labels * 10)
    assert fitted.classes_.tolist() == [10, 20, 30]
    assert set(fitted.predict(sequences)) <= {10, 20, 30}
    probabilities = fitted.predict_proba(sequences)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert 0 <= fitted.score(sequences, labels * 10) <= 1


def test_parameters_are_scikit_learns(make_set: Any) -> None:
    copy = clone(classifier(epochs=3))
    assert copy.get_params()["epochs"] == 3
    with pytest.raises(NotFittedError):
        copy.predict(make_set(2))


def test_wrong_input_is_named(make_set: Any) -> None:
    data = make_set(6)
    sequences = [sequence.keypoints[0] for sequence in data.sequences]
    with pytest.raises(InputError, match="need a layout"):
        classifier(layout=None).fit(sequences, data.labels)
    with pytest.raises(InputError, match="differ in length"):
        classifier().fit(sequences, data.labels[:4])
    with pytest.raises(InputError, match="no sequences"):
        classifier().fit([], [])
    with pytest.raises(InputError, match="nothing to tell apart"):
        classifier().fit(sequences, [1] * 6)
