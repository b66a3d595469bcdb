"""Statements against the programs that made the motion; in full: tools/study_description.py."""

from __future__ import annotations

import pytest
from studies.description.expected import expectations, study_truth
from studies.description.study import Score, Scores, study, table

from mgskel.synthesis.settings import SynthesisSettings
from mgskel.synthesis.synthetic_recording import synthesise_recording

ENOUGH = 20  # statements of a kind, to judge it by a few recordings


def together(scores: dict[str, Score], prefix: str) -> Score:
    chosen = [score for kind, score in scores.items() if kind.startswith(prefix)]
    return Score(
        *(sum(getattr(s, n) for s in chosen) for n in ("told", "right", "happened", "found"))
    )


def test_performances_become_expectations() -> None:
    recording = synthesise_recording(60, 3)
    expected = expectations(recording)
    assert expected
    for e in expected:
        assert e.kinds and 0 <= e.from_s <= e.to_s <= 60


def test_statements_agree_with_a_few_recordings() -> None:
    scores = study(range(700, 705), 60)
    everything = together(scores, "")
    assert everything.told >= 20
    assert everything.precision >= 0.85
    assert "| kind | told | precision |" in table(Scores(scores, {}))


@pytest.mark.slow
def test_precision_and_recall_per_kind() -> None:
    """On recordings that no threshold was set on; a false kind or a deaf one must fail."""
    everyday = study(range(2100, 2110), 120)
    places = SynthesisSettings(labels=study_truth().focus["places"])
    scores = dict(everyday)
    for kind, score in study(range(2200, 2208), 120, places).items():
        scores[kind] = scores.get(kind, Score()) + score
    frequent = {kind: score for kind, score in scores.items() if score.told >= ENOUGH}
    assert {"hands_joined", "head_tilt", "head_turn", "hand_to_arm"} <= set(frequent)
    for kind, score in frequent.items():
        assert score.precision >= 0.85, kind
    for kind in ("arms_folded", "hand_to_arm"):
        assert scores[kind].recall >= 0.8, kind
    for prefix in ("head_", "hand_to_", "shoulders_raised", "hands_joined"):
        assert together(everyday, prefix).recall >= 0.85, prefix
