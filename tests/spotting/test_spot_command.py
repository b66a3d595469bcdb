"""``mgskel spot``, end to end."""

from __future__ import annotations

import json

import pytest

from mgskel.cli import main
from mgskel.core.events import GestureEvent, read_events, write_events


@pytest.fixture
def pose(recording, tmp_path):
    path = tmp_path / "pose.npz"
    recording.sequence.save(path)
    return path


def run(capsys, *words):
    status = main(["spot", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("ending", ["csv", "eaf", "json"])
def test_events_are_written(pose, saved, stored, recording, tmp_path, capsys, ending):
    out = tmp_path / f"events.{ending}"
    status, text, _ = run(capsys, pose, "--model", saved, "-o", out)
    assert status == 0
    expected = stored.spot(recording.sequence)
    assert text.startswith(f"{len(expected)} gestures")
    written = read_events(out, stored.vocabulary)
    assert [e.label for e in written] == [e.label for e in expected]
    assert written[0].start_s == pytest.approx(expected[0].start_s, abs=2e-3)


def test_a_reference_adds_the_score(pose, saved, recording, tmp_path, capsys):
    reference = tmp_path / "truth.eaf"
    write_events(reference, recording.events)
    status, text, err = run(capsys, pose, "--model", saved, "--reference", reference, "--json")
    assert status == 0
    score = json.loads(text)
    assert set(score) == {
        "f1_0.1", "f1_0.3", "f1_0.5", "frame_f1", "onset_error_s", "offset_error_s",
        "n_reference", "n_predicted",
    }  # fmt: skip
    assert score["n_reference"] == len(recording.events)
    assert "'synthetic'" in err
    _, text, _ = run(capsys, pose, "--model", saved, "--reference", reference)
    assert text.startswith(f"Of {len(recording.events)} true gestures, ")


def test_its_own_events_score_one(pose, saved, tmp_path, capsys):
    run(capsys, pose, "--model", saved, "-o", tmp_path / "own.csv")
    _, text, _ = run(capsys, pose, "--model", saved, "--reference", tmp_path / "own.csv", "--json")
    assert json.loads(text)["f1_0.5"] == 1


def test_several_spot_together(pose, saved, tmp_path, capsys):
    outs = [tmp_path / f"{n}.csv" for n in (1, 2)]
    run(capsys, pose, "--model", saved, "-o", outs[0])
    run(capsys, pose, "--model", saved, "--model", saved, "-o", outs[1])
    one, both = map(read_events, outs)
    assert [(e.label, e.start_s) for e in one] == [(e.label, e.start_s) for e in both]


def test_json_alone_gives_the_events_with_what_was_measured(pose, saved, capsys):
    _, text, _ = run(capsys, pose, "--model", saved, "--json")
    events = json.loads(text)["events"]
    assert {"label", "start_s", "end_s", "score"} <= set(events[0])
    assert any(event["evidence"] for event in events)


def test_a_reference_outside_the_recording(pose, saved, tmp_path, capsys):
    reference = tmp_path / "truth.csv"
    write_events(reference, [GestureEvent("1", "nodding", 0, 3600.0, 3601.0)])
    status, out, err = run(capsys, pose, "--model", saved, "--reference", reference)
    assert status == 2
    assert not out
    assert "after the recording's end" in err


def test_an_overlapping_reference_is_remarked_on(pose, saved, tmp_path, capsys):
    reference = tmp_path / "truth.csv"
    pair = [GestureEvent("1", "nodding", 0, 1.0, 3.0), GestureEvent("1", "nodding", 0, 2.0, 4.0)]
    write_events(reference, pair)
    status, _, err = run(capsys, pose, "--model", saved, "--reference", reference)
    assert status == 0
    assert "overlap another" in err


def test_a_reference_in_nobodys_words(pose, saved, tmp_path, capsys):
    reference = tmp_path / "truth.csv"
    write_events(reference, [GestureEvent("1", "yodelling", -1, 1.0, 3.0)])
    status, _, err = run(capsys, pose, "--model", saved, "--reference", reference)
    assert status == 2
    assert "yodelling" in err


@pytest.mark.parametrize("fault", ["no model", "no pose", "wrong person", "wrong ending"])
def test_faults_are_told(pose, saved, tmp_path, capsys, fault):
    words = {
        "no model": (pose, "--model", tmp_path / "none"),
        "no pose": (tmp_path / "none.npz", "--model", saved),
        "wrong person": (pose, "--model", saved, "--person", "zoe"),
        "wrong ending": (pose, "--model", saved, "-o", tmp_path / "events.xlsx"),
    }[fault]
    status, _, err = run(capsys, *words)
    assert status == 2
    assert err.startswith("mgskel spot: ")
    assert "Traceback" not in err


def test_sensitivity_and_level_choose_what_is_said(pose, saved, stored, recording, capsys):
    def said(*words):
        return json.loads(run(capsys, pose, "--model", saved, "--json", *words)[1])["events"]

    assert len(said("--sensitivity", 0)) < len(said("--sensitivity", 1))
    found = said()
    assert [e["label"] for e in found] == [e.label for e in stored.spot(recording.sequence)]
    named = [event for event in found if event["level"] == "gesture"]
    assert said("--level", "gesture") == named
    assert run(capsys, pose, "--model", saved, "--sensitivity", 7)[0] == 2


def test_what_nothing_is_said_of_is_one_line_and_more_with_v(saved, recording, tmp_path, capsys):
    layout = recording.sequence.skeleton
    points, scores = recording.sequence.keypoints.copy(), recording.sequence.scores.copy()
    lost = [i for i, name in enumerate(layout.joints) if "wrist" in name or "hand" in name]
    points[:, :, lost], scores[:, :, lost] = float("nan"), 0
    blind = recording.sequence.replace(keypoints=points, scores=scores)
    blind.save(tmp_path / "blind.npz")
    _, _, brief = run(capsys, tmp_path / "blind.npz", "--model", saved)
    assert brief.count("nothing is said of") == 1 and "of 30 gestures" in brief
    _, _, full = run(capsys, tmp_path / "blind.npz", "--model", saved, "-v")
    assert full.count("nothing is said of") > 2 and "hands together" in full
