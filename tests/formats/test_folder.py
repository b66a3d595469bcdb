"""Folders of recordings are data sets: loose files, class folders, a table, annotations beside."""

from __future__ import annotations

from pathlib import Path

import format_files as files
import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, write_events
from mgskel.core.recording import Dataset, Recording
from mgskel.formats import detect, read, validate, write


def put(path: Path, seed: int = 0) -> Path:
    """A recording of two seconds, as the ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(files.json.dumps(files.mmpose_tree(frames=50)))
    else:
        recording = Recording(files.sequence(frames=50, source=f"{seed}.mp4"), str(seed))
        write(path, Dataset([recording]))
    return path


def test_ntu_files_bring_their_labels(tmp_path: Path) -> None:
    for name in ("S001C001P003R001A013", "S001C002P008R002A050"):
        (tmp_path / f"{name}.skeleton").write_text(files.ntu_text())
    (tmp_path / "README.txt").write_text("hello\n")
    data = read(tmp_path)
    assert [(one.label, one.subject, one.view) for one in data] == [(12, 3, 1), (49, 8, 2)]
    assert (data.format, data.labels.tolist()) == ("folder of recordings", ["12", "49"])
    assert validate(tmp_path).ok


@pytest.mark.parametrize("ending", [".npz", ".csv", ".json"])
def test_folders_are_classes(tmp_path: Path, ending: str) -> None:
    for number, name in enumerate(("nod/a", "nod/b", "shrug/c", "shrug/d")):
        put(tmp_path / f"{name}{ending}", number)
    data = read(tmp_path)
    assert data.class_names == ("nod", "shrug")
    assert data.labels.tolist() == ["nod", "nod", "shrug", "shrug"]
    assert len(set(data.names)) == 4
    assert "names of folders: nod, shrug" in data.notes[0]


def test_two_files_of_one_clip_keep_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / f"{name}.npz", 7)
    assert read(tmp_path).names.tolist() == ["a", "b"]


def test_parts_of_the_set_above_the_classes(tmp_path: Path) -> None:
    for name in ("train/nod/a", "train/nod/b", "train/7/c", "val/nod/d", "val/7/e"):
        put(tmp_path / f"{name}.npz")
    data = read(tmp_path)
    assert data.splits.tolist() == ["train"] * 3 + ["val"] * 2
    assert data.labels.tolist() == ["7", "nod", "nod", "7", "nod"]


def test_a_recording_per_folder_is_no_class_per_folder(tmp_path: Path) -> None:
    for clip in ("one", "two"):
        files.write_openpose(tmp_path / clip, [files.triples("openpose25")], clip)
    data = read(tmp_path)
    assert data.names.tolist() == ["one", "two"] and data.labels is None


def test_a_table_names_labels_and_people(tmp_path: Path) -> None:
    for name in ("a", "b", "sub/c", "unlisted"):
        put(tmp_path / f"{name}.npz")
    table = tmp_path / "labels.csv"
    table.write_text(
        "clip,label,participant\na.npz,nod,p1\nb,shrug,p2\nsub/c.npz,nod,p2\nz,nod,p1\n"
    )
    for source in (tmp_path, table):
        data = read(source)
        assert data.labels.tolist() == ["nod", "shrug", "nod"]
        assert data.subjects.tolist() == ["p1", "p2", "p2"]
        assert "1 files that are no recordings here: z" in data.notes[0]
    table.write_text("file,class\na.npz,3\nb.npz,12\n")
    assert read(tmp_path).labels.tolist() == ["3", "12"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [("a,nod\na,shrug\n", "each file once"), ("a,\n", "a label"), ("a,nod,1\n", "2 cells")],
)
def test_faults_of_a_table_are_told_by_line(tmp_path: Path, rows: str, says: str) -> None:
    put(tmp_path / "a.npz")
    (tmp_path / "labels.csv").write_text("file,label\n" + rows)
    with pytest.raises(InputError, match=f"line .(\n|.)*{says}"):
        read(tmp_path)


def test_annotations_beside_recordings_are_their_events(tmp_path: Path) -> None:
    events = [GestureEvent("1", "shrug", -1, 0.2, 0.6), GestureEvent("1", "nod", -1, 1.0, 1.6)]
    write_events(put(tmp_path / "a.npz").with_suffix(".eaf"), events)
    write_events(put(tmp_path / "b.npz").with_suffix(".csv"), events[:1])
    clips = read(tmp_path).clips()
    assert clips.labels.tolist() == ["shrug", "nod", "shrug"]
    assert [sequence.num_frames for sequence in clips.sequences] == [10, 15, 10]


def test_labels_beside_the_sets_own_files_are_no_recordings(tmp_path: Path) -> None:
    files.write_imigue_npy(tmp_path)
    files.write_imigue(tmp_path / "0007")
    data = read(tmp_path)
    assert [one.label for one in data] == [None, 16, 31]
    assert data.vocabulary == "imigue"


def test_faults_are_told_with_the_file(tmp_path: Path) -> None:
    put(tmp_path / "nod" / "a.npz")
    (tmp_path / "nod" / "b.skeleton").write_text(files.ntu_text()[:2000])
    report = validate(tmp_path)
    assert [fault.place.split(":")[0] for fault in report.faults] == ["nod/b.skeleton"]
    with pytest.raises(InputError, match="nod/b.skeleton"):
        read(tmp_path)


def test_sets_with_other_class_names_join_by_name(tmp_path: Path) -> None:
    for name, classes in (("one", ("nod", "shrug")), ("two", ("shrug", "wave"))):
        recordings = [
            Recording(files.sequence(), f"{name}{label}", label=label) for label in (0, 1)
        ]
        write(tmp_path / f"{name}.npz", Dataset(recordings, class_names=classes))
    data = read(tmp_path)
    assert data.class_names == ("nod", "shrug", "wave")
    assert data.labels.tolist() == ["nod", "shrug", "shrug", "wave"]


def test_a_folder_without_recordings_is_none(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("hello\n")
    with pytest.raises(InputError, match="no known format"):
        read(tmp_path)
    put(tmp_path / "deep" / "a.npz")
    with pytest.raises(InputError, match="no known format"):
        detect(tmp_path, collections=False)
    np.testing.assert_array_equal(read(tmp_path).only.sequence.num_frames, 50)
