"""What a performance need not be told for, and how the results say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies.description.expected import expected_of, study_truth
from studies.description.pictured import Picture
from studies.description.study import Score, Scores, below, excuses

from mgskel.synthesis.settings import SynthesisSettings
from mgskel.synthesis.synthetic_recording import synthesise_recording
from mgskel.synthesis.truth import SyntheticRecording


@pytest.fixture(scope="module")
def recording() -> SyntheticRecording:
    settings = SynthesisSettings(labels=("touch-nose", "turn-head", "hold-arms"))
    return synthesise_recording(90, 11, settings)


def excuses_of(recording: SyntheticRecording, label: str) -> list[str]:
    picture = Picture(recording.clean)
    return [
        e.excuse
        for truth in recording.truth
        if truth.label == label
        for e in expected_of(truth, recording, picture)
        if not e.optional
    ]


def test_what_the_picture_does_not_hold_need_not_be_told(recording: SyntheticRecording) -> None:
    far = recording.clean.keypoints + np.float32(5000.0)
    gone = replace(recording, clean=recording.clean.replace(keypoints=far))
    assert set(excuses_of(gone, "hold-arms")) == {"out of the picture"}


def test_a_head_that_does_not_turn_in_the_picture_need_not_be_told(
    recording: SyntheticRecording,
) -> None:
    shown = excuses_of(recording, "turn-head")
    assert "" in shown
    still = recording.clean.keypoints.copy()
    still[:] = still[:, :1]
    held = replace(recording, clean=recording.clean.replace(keypoints=still))
    assert "" not in excuses_of(held, "turn-head")


def test_a_hand_seen_elsewhere_need_not_be_told(recording: SyntheticRecording) -> None:
    assert "" in excuses_of(recording, "touch-nose")
    moved = recording.clean.keypoints.copy()
    joints = recording.clean.skeleton.joints
    ear = moved[:, :, [joints.index("left_ear")]]
    hands = [v for v, name in enumerate(joints) if name.endswith(("_tip", "_hand", "_wrist"))]
    moved[:, :, hands] = ear
    seen = replace(recording, clean=recording.clean.replace(keypoints=moved))
    seen_as = excuses_of(seen, "touch-nose")
    assert "" not in seen_as and "nearer to another place" in seen_as


def test_every_movement_names_what_shows_it() -> None:
    for label, movement in study_truth().movements.items():
        assert movement.pictured > 0, label


def test_results_name_what_falls_short_and_what_is_excused() -> None:
    good = Score(told=10, right=10, happened=5, found=5)
    deaf = Score(told=10, right=10, happened=5, found=4)
    deaf.excused["too small"] = 7
    scores = Scores({"head_nod": good, "head_tilt": deaf}, {})
    assert below(scores) == "Below 0.9: head_tilt (recall 0.80).\n"
    assert "| head_tilt | 5 | 7 | 0 | 0 | 0 |" in excuses(scores)
