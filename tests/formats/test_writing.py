"""Writing and converting: what a format can hold comes back, what it can't is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.events import read_events
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton, list_skeletons, skeleton_from_dict
from mgskel.formats import ReadOptions, read, read_sequence, write

LAYOUTS = sorted(list_skeletons())
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def skeletons(draw: st.DrawFn) -> Skeleton:
    """A known layout, or a random tree with mirrored limbs."""
    if draw(st.booleans()):
        return get_skeleton(draw(st.sampled_from(LAYOUTS)))
    middle = [f"mid{i}" for i in range(draw(st.integers(1, 3)))]
    bones = {middle[i]: middle[draw(st.integers(0, i - 1))] for i in range(1, len(middle))}
    joints = list(middle)
    for i in range(draw(st.integers(0, 4))):
        inner = draw(st.integers(-1, i - 1))
        for side in ("left", "right"):
            bones[f"{side}_p{i}"] = middle[-1] if inner < 0 else f"{side}_p{inner}"
            joints.append(f"{side}_p{i}")
    order = draw(st.permutations(joints))
    return skeleton_from_dict(
        {"name": "random", "root": middle[0], "joints": order, "bones": bones}
    )


@st.composite
def sequences(
    draw: st.DrawFn, layout: st.SearchStrategy[Skeleton] | None = None, dims: int | None = None
) -> PoseSequence:
    """A recording with missing joints, several people and any scores."""
    skeleton = draw(layout if layout is not None else skeletons())
    people, frames = draw(st.integers(1, 3)), draw(st.integers(2, 6))
    size = dims or draw(st.sampled_from([2, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (people, frames, skeleton.num_joints)
    picture = size == 2 and draw(st.booleans())
    points = (
        rng.uniform(1, 600, (*shape, size))
        if picture
        else rng.normal(scale=0.3, size=(*shape, size))
    )
    scores = rng.uniform(0.05, 1, shape) * (rng.uniform(size=shape) > draw(st.floats(0, 0.5)))
    scores[:, 0, 0] = 0.5  # everybody is seen somewhere
    scores[:, -1, -1] = 0.5
    return PoseSequence.from_arrays(
        points,
        scores,
        fps=draw(st.sampled_from([12.5, 25, 29.97, 30, 60])),
        skeleton=skeleton,
        unit="pixel" if picture else "metre" if size == 3 else "normalised",
        frame_size=(640, 640) if picture else None,
        source="Zoë.mp4",
    )


def assert_same(one: PoseSequence, other: PoseSequence, **close: float) -> None:
    np.testing.assert_allclose(one.keypoints, other.keypoints, **(close or {"rtol": 0}))
    np.testing.assert_allclose(one.scores, other.scores, **(close or {"rtol": 0}))


@QUICK
@given(sequence=sequences())
def test_mirroring_twice_is_identity(sequence: PoseSequence) -> None:
    twice = sequence.mirrored().mirrored()
    assert_same(twice, sequence, rtol=1e-5, atol=1e-3)
    assert (twice.present == sequence.present).all()


@QUICK
@given(sequence=sequences())
def test_save_and_load_is_identity(tmp_path_factory: Any, sequence: PoseSequence) -> None:
    path = tmp_path_factory.mktemp("own") / "s.npz"
    sequence.save(path)
    again = read_sequence(path)
    assert_same(again, sequence)
    for name in ("fps", "skeleton", "frame_size", "unit", "source", "people", "provenance"):
        assert getattr(again, name) == getattr(sequence, name), name
    np.testing.assert_array_equal(again.timestamps, sequence.timestamps)


@QUICK
@given(sequence=sequences(), target=st.sampled_from(LAYOUTS))
def test_fewer_joints_and_back_never_invents_a_joint(sequence: PoseSequence, target: str) -> None:
    there = sequence.to_skeleton(target, allow_missing=True)
    back = there.to_skeleton(sequence.skeleton, allow_missing=True)
    computed = back.present & ~sequence.present
    # A joint that was missing may only come back as the mean of others, never with a place of
    # its own: its score is then that of a joint that was there.
    for person, frame, joint in np.argwhere(computed):
        assert back.scores[person, frame, joint] in sequence.scores[person, frame]
    for name in sequence.skeleton.joints:
        if there.skeleton.has(name):
            assert_same_joint(back, sequence, name)


def assert_same_joint(one: PoseSequence, other: PoseSequence, name: str) -> None:
    index = one.skeleton.index(name)
    seen = other.present[..., index]
    np.testing.assert_array_equal(one.joint(name)[seen], other.joint(name)[seen])


@QUICK
@given(sequence=sequences(st.just(get_skeleton("utd_kinect20"))))
def test_layout_there_and_back_is_identity(sequence: PoseSequence) -> None:
    back = sequence.to_skeleton("kinect20").to_skeleton("utd_kinect20")
    seen = sequence.present
    np.testing.assert_array_equal(back.keypoints[seen], sequence.keypoints[seen])


@QUICK
@given(sequence=sequences())
def test_long_csv_keeps_joints_scores_times_and_people(
    tmp_path_factory: Any, sequence: PoseSequence
) -> None:
    path = tmp_path_factory.mktemp("csv") / "s.csv"
    write(path, Dataset([Recording(sequence, "s")]))
    layout = path.with_suffix(".yaml")
    layout.write_text(json.dumps(skeleton_tree(sequence.skeleton)))
    again = read_sequence(path, ReadOptions(layout=layout, unit=sequence.unit))
    assert_same(again, sequence)
    assert again.people == sequence.people
    np.testing.assert_array_equal(again.timestamps, sequence.timestamps)
    assert again.fps == pytest.approx(sequence.fps, rel=1e-3)


def skeleton_tree(skeleton: Skeleton) -> dict[str, Any]:
    from mgskel.core.skeleton import skeleton_to_dict

    return skeleton_to_dict(skeleton)


@QUICK
@given(
    sequence=sequences(st.sampled_from([get_skeleton(n) for n in ("openpose25", "openpose137")]), 2)
)
def test_openpose_there_and_back(tmp_path_factory: Any, sequence: PoseSequence) -> None:
    folder = tmp_path_factory.mktemp("op") / "json"
    written = write(folder, Dataset([Recording(sequence, "s")]), "openpose")
    again = read_sequence(folder, ReadOptions(fps=sequence.fps, unit=sequence.unit))
    assert again.skeleton == sequence.skeleton
    assert_same(again, sequence)
    assert again.people == sequence.people
    assert f"frame rate ({sequence.fps:g})" in written.lost


@QUICK
@given(sequence=sequences(st.just(get_skeleton("coco17")), 2), label=st.integers(0, 50))
def test_pyskl_there_and_back(tmp_path_factory: Any, sequence: PoseSequence, label: int) -> None:
    path = tmp_path_factory.mktemp("pk") / "s.pkl"
    write(path, Dataset([Recording(sequence, "s", label=label, split="val")]))
    (again,) = read(path, ReadOptions(unit=sequence.unit)).recordings
    assert (again.name, again.label, again.split) == ("s", label, "val")
    assert_same(again.sequence, sequence)
    assert (again.sequence.fps, again.sequence.frame_size) == (sequence.fps, sequence.frame_size)


@QUICK
@given(sequence=sequences(st.just(get_skeleton("kinect25")), 3), label=st.integers(0, 59))
def test_ntu_there_and_back(tmp_path_factory: Any, sequence: PoseSequence, label: int) -> None:
    two = sequence.replace(
        keypoints=sequence.keypoints[:2], scores=sequence.scores[:2], people=sequence.people[:2]
    )
    path = tmp_path_factory.mktemp("ntu") / "s.npz"
    written = write(path, Dataset([Recording(two, "s", label=label, split="test")]), "ntu")
    (again,) = read(path, ReadOptions(fps=two.fps)).recordings
    np.testing.assert_array_equal(again.sequence.keypoints, two.keypoints)
    assert (again.label, again.split) == (label, "test")
    assert "scores" in written.lost


@QUICK
@given(several=st.lists(sequences(st.just(get_skeleton("coco17")), 2), min_size=2, max_size=4))
def test_bundle_there_and_back(tmp_path_factory: Any, several: list[PoseSequence]) -> None:
    alike = [one.person(0) for one in several if one.unit == several[0].unit]
    if len(alike) < 2:
        return
    path = tmp_path_factory.mktemp("b") / "b.npz"
    data = [Recording(one, f"r{i}", label=i, extra={"age": i}) for i, one in enumerate(alike)]
    written = write(path, Dataset(data))
    assert written.target == "bundle" and not written.lost
    again = read(path).recordings
    for one, recording in zip(alike, again, strict=True):
        assert_same(recording.sequence, one)
        assert recording.sequence.fps == one.fps
        assert recording.sequence.frame_size == one.frame_size
    assert [r.extra["age"] for r in again] == list(range(len(alike)))


# The command.


@pytest.fixture
def bundle_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    sequences = [
        PoseSequence.from_arrays(
            rng.normal(scale=0.3, size=(1, n, 20, 3)), fps=25, skeleton="kinect20", unit="metre",
            source=name,
        )
        for n, name in ((8, "a/b: c"), (1, "one"), (6, "Zoë"))
    ]  # fmt: skip
    labelled = zip(sequences, (0, 1, 1), strict=True)
    data = [Recording(sequence, sequence.source, label) for sequence, label in labelled]
    write(tmp_path / "in.npz", Dataset(data, class_names=("nod", "shrug")))
    return tmp_path / "in.npz"


def convert(capsys: Any, *words: object) -> dict[str, Any]:
    assert main(["convert", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_bundle_to_files_and_to_another_bundle(bundle_file: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    answer = convert(capsys, bundle_file, tmp_path / "each")
    assert (answer["recordings"], answer["target"]) == (3, "npz")
    assert {p.name for p in (tmp_path / "each").iterdir()} == {"a_b_ c.npz", "one.npz", "Zoë.npz"}
    assert "label" in answer["lost"] and "names of the classes" in answer["lost"]
    answer = convert(capsys, bundle_file, tmp_path / "b.npz", "--min-frames", 2)
    assert (answer["recordings"], answer["left_out"], answer["lost"]) == (2, 1, [])
    data = read(tmp_path / "b.npz")
    assert ([one.label for one in data], data.class_names) == ([0, 1], ("nod", "shrug"))
    answer = convert(capsys, bundle_file, tmp_path / "b.pkl")
    assert "unit (metre)" in answer["lost"]
    assert [r.label for r in read(tmp_path / "b.pkl").recordings] == [0, 1, 1]


def test_layout_rate_and_choice(bundle_file: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "o.npz"
    convert(
        capsys, bundle_file, out, "--only", "Zoë", "--to-layout", "utd_kinect20", "--to-fps", 50
    )
    sequence = PoseSequence.load(out)
    assert (sequence.skeleton.name, sequence.fps, sequence.num_frames) == ("utd_kinect20", 50, 11)
    convert(capsys, bundle_file, out, "--only", "0")
    assert PoseSequence.load(out).num_frames == 8


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--only", "nobody"], "no recording 'nobody'"),
        (["--only", "Zoë", "--to-layout", "coco17"], "--allow-missing"),
        (["--only", "Zoë", "--person", "7"], "no person '7'"),
        (["--min-frames", "99"], "long enough"),
        (["--to-fps", "0"], "--to-fps: 0.001 to 1000"),
        (["--events", "e.csv"], "1 recording"),
        (["--only", "Zoë", "--events", "e.csv"], "no gesture events"),
        (["--to", "csv"], "one recording"),
        (["--to", "fbx"], "unknown format 'fbx'"),
        (["--frame-size", "big"], "WIDTHxHEIGHT"),
        (["--layout", "kinect21"], "did you mean"),
    ],
)
def test_wrong_commands(
    bundle_file: Path, tmp_path: Path, capsys: Any, words: list[str], says: str
) -> None:
    assert main(["convert", str(bundle_file), str(tmp_path / "o.npz"), *words]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "o.npz").exists()


def test_outputs_that_can_not_be(bundle_file: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["convert", str(bundle_file), str(tmp_path / "o.fbx")]) == 2
    assert "unknown ending" in capsys.readouterr().err
    assert main(["convert", str(bundle_file), str(tmp_path / "o"), "--to", "pyskl"]) == 2
    assert "o.pkl" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    assert main(["convert", str(bundle_file), str(tmp_path / "full")]) == 2
    assert "something at" in capsys.readouterr().err
    assert main(["convert", str(bundle_file), str(tmp_path / "n.npz"), "--to", "ntu"]) == 2
    assert "kinect25" in capsys.readouterr().err
    with pytest.raises(InputError, match="nothing to write"):
        write(tmp_path / "x.npz", Dataset([]))


def test_events_beside_a_recording_are_written(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    rows = np.concatenate([np.zeros((20, 1)), rng.uniform(0.5, 1, (20, 105))], 1)
    rows[:, 1::3] = rng.uniform(200, 500, (20, 35))
    rows[:, 2::3] = rng.uniform(200, 500, (20, 35))
    np.savetxt(tmp_path / "0007_light_hand.csv", rows, delimiter=",")
    (tmp_path / "0007_label.csv").write_text("17,2,9\n")
    events = tmp_path / "e.eaf"
    answer = convert(
        capsys, tmp_path / "0007_light_hand.csv", tmp_path / "o.npz", "--to-layout", "imigue22",
        "--events", events,
    )  # fmt: skip
    assert read_events(events)[0].label == "Folding arms"
    assert answer["source_format"] == "iMiGUE CSV"
    assert any("gesture events" in loss for loss in answer["lost"])


REAL = {
    "nw_ucla_train.npz": "kinect20",
    "utd_mhad_train.npz": "utd_kinect20",
    "natops_train.npz": "natops8",
    "jhmdb14_2d_split1_train.npz": "jhmdb15",
    "utd_rgb_openpose18_train.npz": "openpose18",
    "gesture_phase_users_ab.npz": "gesture_phase6",
}


LARGE = ("nw_ucla_train.npz", "utd_mhad_train.npz", "jhmdb14_2d_split1_train.npz")


@pytest.mark.parametrize(
    ("name", "layout"),
    [pytest.param(*i, marks=[pytest.mark.slow] * (i[0] in LARGE)) for i in REAL.items()],
)
def test_real_files_load_validate_and_convert(
    shared: Path, tmp_path: Path, capsys: Any, name: str, layout: str
) -> None:
    source, out = shared / "data" / name, tmp_path / "b.npz"
    # One NW-UCLA sequence has a single frame, which is what `validate` is to tell.
    single = name == "nw_ucla_train.npz"
    assert main(["validate", str(source), "--layout", layout, "--json"]) == (2 if single else 0)
    (report,) = json.loads(capsys.readouterr().out)["files"]
    assert [fault["found"] for fault in report["faults"]] == ["a single frame"] * single
    answer = convert(capsys, source, out, "--layout", layout, "--min-frames", 2)
    assert (answer["lost"], answer["left_out"]) == ([], int(single))
    assert main(["validate", str(out)]) == 0
    capsys.readouterr()
    first, again = read(source, ReadOptions(layout=layout)), read(out)
    kept = [one for one in first if one.sequence.num_frames > 1]
    for one, other in zip(kept, again, strict=True):
        np.testing.assert_array_equal(one.sequence.keypoints, other.sequence.keypoints)
        assert one.extra.keys() == other.extra.keys()
    assert main(["convert", str(out), str(tmp_path / "b.pkl")]) == 0
    assert len(read(tmp_path / "b.pkl", ReadOptions(layout=layout)).recordings) == len(kept)
