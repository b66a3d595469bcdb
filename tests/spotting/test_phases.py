"""A label for every frame, learned from made-up hands that rest, wave and are held up."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest
from studies.phases.study import PHASES, REST, TOGETHER, compare, leave_one_user_out

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, read_events, write_events
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.formats import write
from mgskel.spotting.phases import LabelledRecording, PhaseLabeller, labelled_recordings
from mgskel.spotting.phases.fit import PhaseFitSettings
from mgskel.spotting.phases.labelled import label_names
from mgskel.spotting.phases.labeller import load_labeller
from mgskel.spotting.phases.motion import channels, course_of, mirror_order, num_channels

LAYOUT = "gesture_phase6"
QUICK = PhaseFitSettings(steps=40, batch=6, window=96)


def made_up(seed: int, fps: float = 30.0, turns: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (T, 6, 3) and labels (T,): rest on the lap, waving, holding still high up."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate(
        [
            np.repeat(label, int(fps * rng.uniform(0.8, 1.6)))
            for _ in range(turns)
            for label in ("rest", "wave", "hold")
        ]
    )
    times = np.arange(len(labels)) / fps
    base = np.array([[-1, 1], [1, 1], [0, -2], [0, 0], [-1, 0.8], [1, 0.8]], float)
    points = np.tile(base, (len(labels), 1, 1))
    up = np.where(labels == "rest", 0.0, -1.0)
    up = np.convolve(np.pad(up, 3, "edge"), np.full(7, 1 / 7), "valid")
    wave = np.where(labels == "wave", 0.5 * np.sin(2 * np.pi * 2 * times), 0)
    for joint in (1, 5):
        points[:, joint, 0] += wave
        points[:, joint, 1] += up + rng.uniform(-0.2, 0.2)
    points = points * rng.uniform(0.5, 3) + rng.normal(0, 0.01, points.shape)
    return np.concatenate([points, np.ones((*points.shape[:2], 1))], 2), labels


def recording(seed: int, user: str, **changes) -> LabelledRecording:
    points, labels = made_up(seed, **changes)
    fps = changes.get("fps", 30.0)
    sequence = PoseSequence.from_arrays(points, fps=fps, skeleton=LAYOUT, unit="normalised")
    return LabelledRecording(sequence, labels, user, f"{user}{seed}")


@pytest.fixture(scope="module")
def lessons() -> list[LabelledRecording]:
    return [recording(seed, "a") for seed in range(3)]


@pytest.fixture(scope="module")
def labeller(lessons) -> PhaseLabeller:
    return PhaseLabeller.fit(lessons, rest="rest", seeds=(0, 1), settings=QUICK)


@pytest.fixture
def tool(root):
    def load(name):
        spec = importlib.util.spec_from_file_location(name, root / f"tools/{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize("fps", [30.0, 20.0])
def test_another_person_at_another_rate(labeller, fps):
    new = recording(9, "b", fps=fps)
    assert (labeller.labels(new.sequence) == new.labels).mean() > 0.8
    resting = labeller.answers(new.sequence).rest > 0.5
    assert (resting == (new.labels == "rest")).mean() > 0.85


def test_events_are_stretches_of_a_label(labeller):
    new = recording(9, "b")
    labels = labeller.labels(new.sequence)
    events = labeller.events(new.sequence)
    assert {event.label for event in events} == {"wave", "hold"}
    for event in events:
        inside = (new.sequence.timestamps >= event.start_s - 1e-3) & (
            new.sequence.timestamps < event.end_s - 1e-3
        )
        assert set(labels[inside]) == {event.label}
    spent = sum(event.end_s - event.start_s for event in events)
    assert spent == pytest.approx((labels != "rest").sum() / 30, abs=0.1)


def test_what_is_saved_comes_back(labeller, tmp_path):
    labeller.save(tmp_path)
    again = load_labeller(tmp_path)
    new = recording(9, "b").sequence
    assert again.names == labeller.names
    np.testing.assert_array_equal(again.answers(new).labels, labeller.answers(new).labels)
    tree = json.loads((tmp_path / "phases.json").read_text())
    (tmp_path / "phases.json").write_text(json.dumps({**tree, "names": ["rest"]}))
    with pytest.raises(InputError, match="cannot be rebuilt"):
        load_labeller(tmp_path)


def test_equal_seeds_give_equal_networks(lessons):
    few = replace(QUICK, steps=3)
    one, two = (PhaseLabeller.fit(lessons, seeds=(4,), settings=few) for _ in range(2))
    new = recording(9, "b").sequence
    np.testing.assert_array_equal(one.answers(new).labels, two.answers(new).labels)
    assert not one.answers(new).rest.any()


def test_nobody_is_no_phase(labeller):
    new = recording(9, "b").sequence
    points, scores = new.keypoints.copy(), new.scores.copy()
    points[:, 100:200], scores[:, 100:200] = np.nan, 0
    gone = new.replace(keypoints=points, scores=scores)
    labels = labeller.labels(gone)
    assert set(labels[100:200]) == {""}
    assert "" not in labels[:100]
    assert not [e for e in labeller.events(gone) if e.start_s > 3.4 and e.end_s < 6.6]


@pytest.mark.parametrize("frames", [0, 1, 2, 20])
def test_very_short_recordings(labeller, frames):
    brief = recording(9, "b").sequence.frames(slice(0, frames))
    assert labeller.labels(brief).shape == (frames,)
    assert isinstance(labeller.events(brief), tuple)


def test_constant_and_missing_joints(labeller):
    still = PoseSequence.from_arrays(np.ones((60, 6, 3)), fps=30, skeleton=LAYOUT)
    assert labeller.labels(still).shape == (60,)
    blind = recording(9, "b").sequence
    points, scores = blind.keypoints.copy(), blind.scores.copy()
    points[:, :, [0, 4]], scores[:, :, [0, 4]] = np.nan, 0
    found = labeller.labels(blind.replace(keypoints=points, scores=scores))
    assert (found == recording(9, "b").labels).mean() > 0.6


def test_another_layout_is_refused(labeller):
    other = PoseSequence.from_arrays(np.ones((60, 17, 2)), fps=30, skeleton="coco17")
    with pytest.raises(InputError, match="another layout"):
        labeller.labels(other)


def test_frames_without_a_label_teach_nothing(lessons):
    half = [
        LabelledRecording(
            r.sequence, np.where(np.arange(len(r.labels)) % 200 < 100, r.labels, ""), r.user
        )
        for r in lessons
    ]
    assert label_names(half) == ("rest", "wave", "hold")
    taught = PhaseLabeller.fit(half, rest="rest", seeds=(0,), settings=QUICK)
    new = recording(9, "b")
    assert (taught.labels(new.sequence) == new.labels).mean() > 0.75


@pytest.mark.parametrize("fault", ["none", "one label", "unknown rest"])
def test_what_cannot_be_learned_from(lessons, fault):
    given, rest = list(lessons), "rest"
    if fault == "none":
        given = []
    if fault == "one label":
        given = [LabelledRecording(r.sequence, np.full(len(r.labels), "rest"), "a") for r in given]
    if fault == "unknown rest":
        rest = "sleep"
    with pytest.raises(InputError):
        PhaseLabeller.fit(given, rest=rest, settings=QUICK)


def test_labels_for_another_recording_are_refused(lessons):
    with pytest.raises(InputError, match="do not fit"):
        LabelledRecording(lessons[0].sequence, lessons[0].labels[:-1], "a")


@pytest.mark.parametrize("layout", [LAYOUT, "upper", "natops8"])
def test_channels_of_any_layout(layout):
    rng = np.random.default_rng(0)
    joints = get_skeleton(layout).num_joints
    sequence = PoseSequence.from_arrays(rng.random((50, joints, 2)), fps=30, skeleton=layout)
    course = course_of(sequence)
    x = channels(course.places[None], course.context[None])
    assert x.shape == (1, num_channels(sequence.skeleton), 50)
    order = mirror_order(sequence.skeleton)
    assert sorted(order) == list(range(len(order)))


def made_set(seeds, users) -> Dataset:
    return Dataset(
        [
            Recording(
                PoseSequence.from_arrays(points, fps=30, skeleton=LAYOUT, unit="normalised"),
                f"{user}{seed}",
                frame_labels=labels,
            )
            for seed, user in zip(seeds, users, strict=True)
            for points, labels in [made_up(seed)]
        ]
    )


def test_users_come_from_names(tmp_path):
    recordings = labelled_recordings(made_set((0, 1, 2), "aab"))
    assert [r.user for r in recordings] == ["a", "a", "b"]
    assert all(len(r.labels) == r.sequence.num_frames for r in recordings)


def test_the_comparison_beats_the_commonest_label():
    recordings = labelled_recordings(made_set((0, 1, 2, 3), "aabb"))
    rows = leave_one_user_out(recordings, "rest", (0,), QUICK)
    assert {row.tested_on for row in rows} == {"a", "b"}
    for task in (PHASES, REST):
        best = {row.method: row.macro_f1 for row in rows if row.task == task}
        assert best[TOGETHER] > best["commonest label"] + 0.2
    with pytest.raises(InputError, match="needs two"):
        leave_one_user_out(recordings[:2], "rest", (0,), QUICK)
    assert len(compare(recordings[:2], recordings[2:], None, (0,), replace(QUICK, steps=3))) == 6


def test_the_study_writes_figures_and_a_page(tool, tmp_path, monkeypatch, capsys):
    study = tool("study_phases")
    write(tmp_path / "ab.npz", made_set((0, 1), "ab"), "bundle")
    write(tmp_path / "c.npz", made_set((5,), "c"), "bundle")
    words = ["--data", tmp_path / "ab.npz", "--test", tmp_path / "c.npz", "--rest", "rest"]
    words += ["--seeds", 1, "--json", tmp_path / "out.json", "--write", tmp_path / "page.md"]
    monkeypatch.setattr(study, "compare", lambda *a: compare(*a, replace(QUICK, steps=5)))
    assert study.main([*map(str, words)]) == 0
    rows = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert {row["tested_on"] for row in rows} == {"c"}
    assert "| networks and ridge together |" in (tmp_path / "page.md").read_text()
    assert study.main(["--data", str(tmp_path / "none.npz")]) == 2
    assert "study_phases: " in capsys.readouterr().err


def test_from_elan_to_elan(tool, tmp_path, capsys):
    phases = tool("phases")
    folder = tmp_path / "annotated"
    folder.mkdir()
    for seed in range(2):
        made = recording(seed, "a")
        made.sequence.save(folder / f"r{seed}.npz")
        edges = np.flatnonzero(made.labels[1:] != made.labels[:-1]) + 1
        bounds = [0, *edges, len(made.labels)]
        write_events(
            folder / f"r{seed}.eaf",
            [
                GestureEvent("1", str(made.labels[a]), -1, a / 30, b / 30)
                for a, b in zip(bounds, bounds[1:], strict=False)
                if made.labels[a] != "rest"
            ],
        )
    few = ["--seeds", "1", "--steps", "20"]
    run, out = tmp_path / "run", tmp_path / "new.eaf"
    assert phases.main(["learn", "--recordings", str(folder), "-o", str(run), *few]) == 0
    recording(9, "b").sequence.save(tmp_path / "new.npz")
    words = ["--model", str(run), "-o", str(out)]
    assert phases.main(["label", str(tmp_path / "new.npz"), *words]) == 0
    assert {event.label for event in read_events(out)} <= {"wave", "hold"}
    assert phases.main(["label", str(out), "--model", str(tmp_path), "-o", str(out)]) == 2
    assert "phases: " in capsys.readouterr().err
