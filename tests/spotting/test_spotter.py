"""Recordings in, events out; folders are trusted only when they are whole."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.spotting.recognizer import Recognizer, spot


def test_what_is_saved_comes_back(stored, saved, recording):
    again = Recognizer.load(saved)
    assert again.fingerprint == stored.fingerprint
    assert again.vocabulary == stored.vocabulary
    events = again.spot(recording.sequence)
    assert events
    assert events == stored.spot(recording.sequence) == spot(recording.sequence, saved)


def test_half_precision_hardly_moves_the_scores(tiny, stored, recording):
    (a,), (b,) = (list(s.tracks(recording.sequence)) for s in (tiny, stored))
    assert np.abs(a.scores - b.scores).max() < 0.01


def test_settings_change_the_fingerprint(tiny, stored, tmp_path):
    decision = replace(tiny.decision, onset_shift_s=0.1)
    replace(tiny, decision=decision).save(tmp_path)
    assert Recognizer.load(tmp_path).fingerprint != stored.fingerprint


def copied(saved, tmp_path):
    for path in saved.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_changed_weights_are_refused(saved, tmp_path):
    folder = copied(saved, tmp_path)
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(weights))
    with pytest.raises(InputError, match="not the file"):
        Recognizer.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "recognizer.json"])
def test_a_missing_file_is_named(saved, tmp_path, name):
    folder = copied(saved, tmp_path)
    (folder / name).unlink()
    with pytest.raises(InputError) as error:
        Recognizer.load(folder)
    assert name in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 1},
        {"model": {"backbone": "light", "fusion": "on", "sizes": {"channels": [8, "x"]}}},
        {"model": {"backbone": "light", "fusion": "off", "sizes": {"channels": [8, 8]}}},
        {"model": {"backbone": "light", "fusion": "on", "sizes": {"follow_sample": False}}},
        {"vocabulary": None},
        {"decision": {"scale": 1.0}},
    ],
)
def test_a_changed_description_is_refused(saved, tmp_path, change):
    folder = copied(saved, tmp_path)
    tree = json.loads((folder / "recognizer.json").read_text())
    (folder / "recognizer.json").write_text(json.dumps({**tree, **change}))
    with pytest.raises(InputError):
        Recognizer.load(folder)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(InputError, match="no run folder"):
        Recognizer.load(tmp_path / "nowhere")


def test_several_people_are_told_apart(stored, recording):
    one = recording.sequence
    two = one.replace(
        keypoints=np.concatenate([one.keypoints, one.keypoints + 50]),
        scores=np.concatenate([one.scores, one.scores]),
        people=("anna", "ben"),
    )
    assert {event.person for event in stored.spot(two)} == {"anna", "ben"}
    # An untrained network has near ties, and events turn with the last digit of a coordinate.
    mine, yours = stored.tracks(two)
    np.testing.assert_allclose(mine.scores, yours.scores, atol=1e-3)


@pytest.mark.parametrize("frames", [0, 1, 2, 7])
def test_shorter_than_a_window(stored, recording, frames):
    brief = recording.sequence.frames(slice(0, frames))
    assert all(e.end_s <= 1.5 for e in stored.spot(brief))
    assert stored.classify(brief).sum() == pytest.approx(1)
    assert isinstance(stored.remarks(brief), list)


def test_constant_joints_are_harmless(stored, recording):
    points = np.ones((1, 60, 27, 2), np.float32)
    stored.spot(PoseSequence.from_arrays(points, fps=30, skeleton="upper"))
    stuck = recording.sequence.keypoints.copy()
    stuck[:, :, :5] = stuck[:, :1, :5]
    (track,) = stored.tracks(recording.sequence.replace(keypoints=stuck))
    assert np.isfinite(track.scores).all()


@pytest.mark.parametrize("lost", [["nose"], ["left_shoulder"], ["neck"], ["left_hip", "right_hip"]])
def test_joints_missing_throughout(stored, recording, lost):
    (track,) = stored.tracks(without(recording.sequence, lost))
    assert np.isfinite(track.scores).all()
    assert track.scores.shape[1] == 300


def test_without_shoulders_there_is_no_measure(stored, recording):
    blind = without(recording.sequence, ["left_shoulder", "right_shoulder", "neck"])
    (track,) = stored.tracks(blind)
    # The network sees nobody, from beginning to end.
    assert np.ptp(track.scores, axis=1).max() < 1e-6
    assert stored.remarks(blind)


def without(sequence, names):
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    joints = list(sequence.skeleton.indices(*names))
    points[:, :, joints], scores[:, :, joints] = np.nan, 0
    return sequence.replace(keypoints=points, scores=scores)


def test_nobody_is_no_gesture(stored, recording):
    gone = recording.sequence
    empty = gone.replace(
        keypoints=np.full_like(gone.keypoints, np.nan), scores=np.zeros_like(gone.scores)
    )
    assert stored.spot(empty) == ()
    assert stored.attention(empty) is None
    assert "never seen" in " ".join(stored.remarks(empty))


def test_nothing_is_said_while_nobody_is_there(stored, recording):
    points = recording.sequence.keypoints.copy()
    scores = recording.sequence.scores.copy()
    absent = (recording.sequence.timestamps >= 10) & (recording.sequence.timestamps < 20)
    points[:, absent], scores[:, absent] = np.nan, 0
    events = stored.spot(recording.sequence.replace(keypoints=points, scores=scores))
    assert events
    assert not [e for e in events if e.start_s > 10.2 and e.end_s < 19.8]
    remarks = stored.remarks(recording.sequence.replace(keypoints=points, scores=scores))
    assert any("75%" in remark for remark in remarks)


def test_nothing_is_said_while_all_of_several_people_are_away(stored, recording):
    one = recording.sequence
    points = np.concatenate([one.keypoints, one.keypoints + 50])
    scores = np.concatenate([one.scores, one.scores])
    away = (one.timestamps >= 10) & (one.timestamps < 20)
    points[:, away], scores[:, away] = np.nan, 0
    both = one.replace(keypoints=points, scores=scores, people=("anna", "ben"))
    events = stored.spot(both)
    assert {event.person for event in events} == {"anna", "ben"}
    assert not [e for e in events if e.start_s > 10.2 and e.end_s < 19.8]
    assert len([remark for remark in stored.remarks(both) if "75%" in remark]) == 2


def test_without_hands_hand_gestures_are_not_said(stored, recording):
    sequence = recording.sequence
    lost = [i for i, j in enumerate(sequence.skeleton.joints) if "wrist" in j or "hand" in j]
    lost += [i for i, j in enumerate(sequence.skeleton.joints) if j.endswith("_tip")]
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    points[:, :, lost], scores[:, :, lost] = np.nan, 0
    blind = sequence.replace(keypoints=points, scores=scores)
    groups = {e.group for e in stored.spot(blind)}
    assert groups <= {"head", "body", "hand"}
    assert not {"touching ear", "hands together", "folding arms"} & {
        e.label for e in stored.spot(blind)
    }
    assert any("hands together" in remark for remark in stored.remarks(blind))


@pytest.mark.parametrize(
    "layout", ["openpose25", "coco17", "mediapipe33", "kinect20", "natops8", "gesture_phase6"]
)
def test_other_layouts(stored, layout):
    from mgskel.synthesis import SynthesisSettings, synthesise_recording

    made = synthesise_recording(8, 3, SynthesisSettings(layout=layout))
    said = {event.class_id for event in stored.spot(made.sequence)}
    # What needs a joint that the layout lacks is not said, but told.
    unserved = {g.id for g in stored.vocabulary if "nose" in g.needs}
    if not made.sequence.skeleton.has("nose"):
        assert not said & unserved
        assert any("nothing is said of" in remark for remark in stored.remarks(made.sequence))
    assert stored.classify(made.sequence).shape == (len(stored.vocabulary),)


def test_uneven_and_changing_frame_rates(stored, recording):
    sequence = recording.sequence
    keep = np.r_[0:400, 400 : sequence.num_frames : 2]
    events = stored.spot(sequence.frames(keep))
    before = [e for e in stored.spot(sequence) if e.end_s < 16]
    assert [e for e in events if e.end_s < 16] == before


def test_a_hole_in_the_recording_is_not_filled(stored, recording):
    sequence = recording.sequence
    times = sequence.timestamps
    cut = sequence.frames(np.flatnonzero((times < 10) | (times >= 30)))
    assert not [e for e in stored.spot(cut) if e.start_s > 10.3 and e.end_s < 29.7]


def test_metres_and_pixels_agree_on_what_is_up(stored, recording):
    sequence = recording.sequence
    metres = sequence.replace(
        keypoints=sequence.keypoints * np.array([0.01, -0.01], np.float32),
        unit="metre",
        frame_size=None,
    )
    (a,), (b,) = (list(stored.tracks(s)) for s in (sequence, metres))
    assert np.abs(a.scores - b.scores).max() < 1e-3


def test_attention_has_the_recordings_own_joints(stored, recording):
    weights, step = stored.attention(recording.sequence)
    steps = round(recording.sequence.duration_s / step)
    assert weights.shape == (1, steps, recording.sequence.num_joints)
    assert weights.min() >= 0
    assert weights.max() == pytest.approx(1)


def test_agreement_in_words_translates_other_vocabularies(stored, recording):
    text = stored.score_in_words(recording.events, (), 40)
    assert text.startswith("Of ")
    assert "0 were found" in text and "F1: 0.00" in text
    truth = [GestureEvent("1", "Touching ears", 8, 1.0, 2.0)]
    mine = [GestureEvent("1", "touching ear", 10, 1.0, 2.0)]
    assert "1 was found" in stored.score_in_words(truth, mine, 60)
    with pytest.raises(InputError, match="no label"):
        stored.score_in_words([GestureEvent("1", "yodelling", -1, 0, 1)], mine, 60)
