"""A label for every frame, learned from made-up hands that rest, wave and are held up."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest
from studies.phases.study import (
    PHASES,
    REST,
    TOGETHER,
    compare,
    leave_one_user_out,
    recordings_of,
)

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, read_events, write_events
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.formats import write
from mgskel.spotting import FrameRecognizer, Recognizer
from mgskel.spotting.learning.frame_training import (
    FramesConfig,
    label_names,
    split,
    teach,
    with_frame_labels,
)
from mgskel.spotting.network.frame_features import CHANNELS, channels, course_of, mirror_order
from mgskel.training.train_config import MachineConfig, ModelConfig

LAYOUT = "gesture_phase6"
_BASIS = FramesConfig()
QUICK = replace(
    _BASIS,
    rest="rest",
    window=64,
    batches=40,
    optim=replace(_BASIS.optim, epochs=1, batch=6),
    model=ModelConfig(fusion="off", sizes={**_BASIS.model.sizes, "channels": (16, 16)}),
    machine=MachineConfig(threads=1, tensorboard=False),
)


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


def recording(seed: int, user: str, **changes) -> Recording:
    points, labels = made_up(seed, **changes)
    fps = changes.get("fps", 30.0)
    sequence = PoseSequence.from_arrays(points, fps=fps, skeleton=LAYOUT, unit="normalised")
    return Recording(sequence, f"{user}{seed}", frame_labels=labels)


@pytest.fixture(scope="module")
def lessons() -> list[Recording]:
    return [recording(seed, "a") for seed in range(3)]


@pytest.fixture(scope="module")
def labeller(lessons, tmp_path_factory) -> FrameRecognizer:
    return teach(lessons, QUICK, tmp_path_factory.mktemp("frames"))


@pytest.fixture
def study(root):
    spec = importlib.util.spec_from_file_location("study_phases", root / "tools/study_phases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("fps", [30.0, 20.0])
def test_another_person_at_another_rate(labeller, fps):
    new = recording(9, "b", fps=fps)
    assert (labeller.labels(new.sequence) == new.frame_labels).mean() > 0.8
    resting = labeller.answers(new.sequence).rest > 0.5
    assert (resting == (new.frame_labels == "rest")).mean() > 0.85


def test_events_are_stretches_of_a_label(labeller):
    new = recording(9, "b")
    labels = labeller.labels(new.sequence)
    events = labeller.spot(new.sequence)
    assert {event.label for event in events} == {"wave", "hold"}
    for event in events:
        inside = (new.sequence.timestamps >= event.start_s - 1e-3) & (
            new.sequence.timestamps < event.end_s - 1e-3
        )
        assert set(labels[inside]) == {event.label}
    spent = sum(event.end_s - event.start_s for event in events)
    assert spent == pytest.approx((labels != "rest").sum() / 30, abs=0.1)
    more, less = (labeller.spot(new.sequence, sensitivity) for sensitivity in (0.95, 0.05))
    lasting = [sum(e.end_s - e.start_s for e in some) for some in (less, events, more)]
    assert lasting[0] < lasting[1] < lasting[2]


def test_what_is_saved_comes_back(labeller, tmp_path):
    labeller.save(tmp_path)
    again = Recognizer.load(tmp_path)
    assert isinstance(again, FrameRecognizer) and again.names == labeller.names
    new = recording(9, "b").sequence
    np.testing.assert_array_equal(again.answers(new).labels, labeller.answers(new).labels)
    assert again.predict_proba(new).shape == (1, 3)
    with pytest.raises(InputError, match="whole recordings"):
        again.follow()
    tree = json.loads((tmp_path / "recognizer.json").read_text())
    (tmp_path / "recognizer.json").write_text(json.dumps({**tree, "rest": "sleep"}))
    with pytest.raises(InputError, match="no label 'sleep'"):
        Recognizer.load(tmp_path)


def test_equal_seeds_give_equal_networks(lessons, tmp_path):
    few = replace(QUICK, batches=3)
    one, two = (teach(lessons, few, tmp_path / name) for name in "ab")
    new = recording(9, "b").sequence
    np.testing.assert_array_equal(one.answers(new).labels, two.answers(new).labels)


def test_nobody_is_no_phase(labeller):
    new = recording(9, "b").sequence
    points, scores = new.keypoints.copy(), new.scores.copy()
    points[:, 100:200], scores[:, 100:200] = np.nan, 0
    gone = new.replace(keypoints=points, scores=scores)
    labels = labeller.labels(gone)
    assert set(labels[100:200]) == {""}
    assert "" not in labels[:100]
    assert not [e for e in labeller.spot(gone) if e.start_s > 3.4 and e.end_s < 6.6]


@pytest.mark.parametrize("frames", [0, 1, 2, 20])
def test_very_short_recordings(labeller, frames):
    brief = recording(9, "b").sequence.frames(slice(0, frames))
    assert labeller.labels(brief).shape == (frames,)
    assert isinstance(labeller.spot(brief), tuple)


def test_constant_and_missing_joints(labeller):
    still = PoseSequence.from_arrays(np.ones((60, 6, 3)), fps=30, skeleton=LAYOUT)
    assert labeller.labels(still).shape == (60,)
    blind = recording(9, "b").sequence
    points, scores = blind.keypoints.copy(), blind.scores.copy()
    points[:, :, [0, 4]], scores[:, :, [0, 4]] = np.nan, 0
    found = labeller.labels(blind.replace(keypoints=points, scores=scores))
    assert (found == recording(9, "b").frame_labels).mean() > 0.6


def test_a_layout_without_its_joints_is_refused(labeller):
    other = PoseSequence.from_arrays(np.ones((60, 17, 2)), fps=30, skeleton="coco17")
    with pytest.raises(InputError, match="left_hand"):
        labeller.labels(other)


def test_frames_without_a_label_teach_nothing(lessons, tmp_path):
    half = [
        r.replace(frame_labels=np.where(np.arange(len(r.frame_labels)) % 200 < 100,
                                        r.frame_labels, ""))
        for r in lessons
    ]  # fmt: skip
    assert label_names(half) == ("rest", "wave", "hold")
    taught = teach(half, replace(QUICK, batches=20), tmp_path)
    new = recording(9, "b")
    assert (taught.labels(new.sequence) == new.frame_labels).mean() > 0.7


@pytest.mark.parametrize("validation", ["none", "random"])
def test_what_is_left_out_is_neither_learned_from_nor_judged_by(lessons, validation):
    data = Dataset(tuple(one.replace(name=f"r{i}") for i, one in enumerate([*lessons] * 4)))
    chosen = ("r0", "r3", "r5")
    parts = split(data, replace(QUICK.data, validation=validation, leave_out=chosen))
    assert sorted(name for part in parts for name in part.names) == sorted(
        name for name in data.names if name not in chosen
    )


def test_events_clips_and_numbers_become_labels_of_frames(lessons):
    sequence = lessons[0].sequence
    events = (
        GestureEvent("1", "hold", 0, 2.0, 4.0),
        GestureEvent("1", "wave", 1, 3.0, 5.0),
    )
    numbers = np.arange(sequence.num_frames) % 3 - 1
    given = Dataset(
        [
            Recording(sequence, events=events),
            Recording(sequence, label=1),
            Recording(sequence, frame_labels=numbers),
            Recording(sequence),
        ],
        class_names=("hold", "wave"),
    )
    of_events, of_clip, of_numbers, nothing = (
        one.frame_labels for one in with_frame_labels(given, "still")
    )
    assert [of_events[int(30 * s)] for s in (1.0, 2.5, 3.5, 4.5, 5.5)] == [
        "still", "hold", "wave", "wave", "still"
    ]  # fmt: skip
    assert set(of_clip) == {"wave"} and set(nothing) == {""}
    assert list(of_numbers[:3]) == ["", "hold", "wave"]


@pytest.mark.parametrize("fault", ["none", "one label", "unknown rest"])
def test_what_cannot_be_learned_from(lessons, fault, tmp_path):
    given, config = list(lessons), QUICK
    if fault == "none":
        given = []
    if fault == "one label":
        given = [r.replace(frame_labels=np.full(len(r.frame_labels), "rest")) for r in given]
    if fault == "unknown rest":
        config = replace(QUICK, rest="sleep")
    with pytest.raises(InputError):
        teach(given, config, tmp_path)


@pytest.mark.parametrize("layout", [LAYOUT, "upper", "natops8"])
def test_channels_of_any_layout(layout):
    rng = np.random.default_rng(0)
    joints = get_skeleton(layout).num_joints
    sequence = PoseSequence.from_arrays(rng.random((50, joints, 2)), fps=30, skeleton=layout)
    course = course_of(sequence)
    x, mask = channels(course.places[None], course.context[None], sequence.skeleton)
    assert x.shape == (1, CHANNELS, 50, joints, 1) and mask.shape == (1, 50, joints, 1)
    assert not (np.abs(x).max(1) > 0)[~mask].any()
    order = mirror_order(sequence.skeleton)
    assert sorted(order) == list(range(len(order)))


def made_set(seeds, users) -> Dataset:
    return Dataset([recording(seed, user) for seed, user in zip(seeds, users, strict=True)])


def test_users_come_from_names():
    recordings = recordings_of(made_set((0, 1, 2), "aab"))
    assert [r.subject for r in recordings] == ["a", "a", "b"]


@pytest.mark.slow
def test_the_comparison_beats_the_commonest_label():
    recordings = recordings_of(made_set((0, 1, 2, 3), "aabb"))
    rows = leave_one_user_out(recordings, QUICK, (0,))
    assert {row.tested_on for row in rows} == {"a", "b"}
    for task in (PHASES, REST):
        best = {row.method: row.macro_f1 for row in rows if row.task == task}
        assert best[TOGETHER] > best["commonest label"] + 0.2
    with pytest.raises(InputError, match="needs two"):
        leave_one_user_out(recordings[:2], QUICK, (0,))


def test_the_study_writes_figures_and_a_page(study, tmp_path, monkeypatch, capsys):
    write(tmp_path / "ab.npz", made_set((0, 1), "ab"), "bundle")
    write(tmp_path / "c.npz", made_set((5,), "c"), "bundle")
    words = ["--data", tmp_path / "ab.npz", "--test", tmp_path / "c.npz", "--rest", "rest"]
    words += ["--seeds", 1, "--json", tmp_path / "out.json", "--write", tmp_path / "page.md"]
    few = replace(QUICK, batches=5)
    monkeypatch.setattr(study, "compare", lambda a, b, _, seeds: compare(a, b, few, seeds))
    assert study.main([*map(str, words)]) == 0
    rows = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert {row["tested_on"] for row in rows} == {"c"}
    assert "| networks and ridge together |" in (tmp_path / "page.md").read_text()
    assert study.main(["--data", str(tmp_path / "none.npz")]) == 2
    assert "study_phases: " in capsys.readouterr().err


QUICK_WORDS = (
    "--batches 10 --window 64 --optim.epochs 1 --optim.batch 4 --model.sizes.channels [16,16]"
).split()


def test_from_elan_to_elan(tmp_path):
    folder = tmp_path / "annotated"
    folder.mkdir()
    for seed in range(4):
        made = recording(seed, "a", turns=3)
        made.sequence.save(folder / f"r{seed}.npz")
        labels = made.frame_labels
        edges = np.flatnonzero(labels[1:] != labels[:-1]) + 1
        bounds = [0, *edges, len(labels)]
        write_events(
            folder / f"r{seed}.eaf",
            [
                GestureEvent("1", str(labels[a]), -1, a / 30, b / 30)
                for a, b in zip(bounds, bounds[1:], strict=False)
                if labels[a] != "rest"
            ],
        )
    run, out = tmp_path / "run", tmp_path / "new.eaf"
    assert (
        main(["train", "--frames", "--data.train", str(folder), "-o", str(run), *QUICK_WORDS]) == 0
    )
    taught = Recognizer.load(run)
    assert taught.rest == "rest" and taught.notes["validation"]["n"] > 100
    recording(9, "b").sequence.save(tmp_path / "new.npz")
    words = ["spot", str(tmp_path / "new.npz"), "--model", str(run), "-o", str(out)]
    assert main(words) == 0
    assert {event.label for event in read_events(out)} <= {"wave", "hold"}


def test_a_bundle_of_frame_labels_and_clips_teach_together(tmp_path, capsys):
    write(tmp_path / "long.npz", made_set((0,), "a"), "bundle")
    clip = recording(1, "b").sequence.frames(slice(0, 40))
    write(tmp_path / "clips.npz", Dataset([Recording(clip, "c", 0)], ("shrug",)), "bundle")
    both = f"{tmp_path / 'long.npz'},{tmp_path / 'clips.npz'}"
    words = ["train", "--data.train", both, "-o", str(tmp_path / "run"), *QUICK_WORDS]
    assert main(words) == 0
    assert "shrug" in Recognizer.load(tmp_path / "run").vocabulary.names
    assert main([*words, "--stream", "bone"]) == 2
    assert "unknown key 'stream'" in capsys.readouterr().err
