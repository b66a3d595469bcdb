"""Files appear whole or not at all."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from mgskel.core.errors import InputError, MissingDependency, unknown
from mgskel.core.storage.files import (
    content_hash,
    file_hash,
    json_hash,
    sweep_leftovers,
    write_json,
    write_text,
    writing,
    writing_together,
)
from mgskel.core.storage.intake import read_json


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), writing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_folders_are_made_and_endings_kept(tmp_path):
    with writing(tmp_path / "x" / "y" / "b.mp4") as temporary:
        assert temporary.suffix == ".mp4"
        temporary.write_bytes(b"1")
    assert (tmp_path / "x" / "y" / "b.mp4").read_bytes() == b"1"


def test_a_forbidden_place_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_text(tmp_path / "file" / "below", "x")


def test_files_that_belong_together_appear_together(tmp_path):
    write_text(tmp_path / "out" / "a.txt", "old")
    write_text(tmp_path / "out" / "other.txt", "other")
    for place in ("out", "new/deep"):
        with pytest.raises(RuntimeError), writing_together(tmp_path / place) as temporary:
            write_text(temporary / "a.txt", "half")
            raise RuntimeError
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.txt", "other.txt", "out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"
    with writing_together(tmp_path / "out") as temporary:
        write_text(temporary / "a.txt", "new")
        write_text(temporary / "deep" / "b.txt", "new")
    found = {p.name: p.read_text() for p in tmp_path.rglob("*.txt")}
    assert found == {"a.txt": "new", "b.txt": "new", "other.txt": "other"}
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_dir()) == ["deep", "out"]


def test_folders_that_killed_runs_left_are_swept(tmp_path):
    write_text(tmp_path / "o" / ".0123456789abcdef0123.part-files" / "a.txt", "half")
    write_text(tmp_path / "o" / ".0123456789abcdef0123.part-b.txt", "half")
    assert sweep_leftovers(tmp_path) == 2
    assert not list((tmp_path / "o").iterdir())


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path):
    from_here = (
        f"from mgskel.core.storage.files import writing; f = writing({str(tmp_path / 'a.txt')!r})"
    )
    killed = f"{from_here}; f.__enter__().write_text('half'); import os; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", killed])
    of_others = [tmp_path / name for name in (".notes.part-1", ".ffff0000000100000000.part-a.txt")]
    for path in of_others:
        path.write_text("somebody else's")
    assert len(list(tmp_path.iterdir())) == 3
    with writing(tmp_path / "b.txt") as temporary:
        temporary.write_text("whole")
        write_text(tmp_path / "c.txt", "beside it")
    assert sorted(tmp_path.iterdir()) == sorted(
        [*of_others, tmp_path / "b.txt", tmp_path / "c.txt"]
    )


def test_a_dash_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no name for an output"):
        write_text("-", "text")
    assert not list(tmp_path.iterdir())


def test_json_refuses_nan_and_keeps_letters(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"name": "Jürgen"})
    assert "Jürgen" in path.read_text(encoding="utf-8")
    assert read_json(path) == {"name": "Jürgen"}
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"x": float("nan")})
    assert read_json(path) == {"name": "Jürgen"}


def test_broken_json_is_placed(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1,\n "b": }')
    with pytest.raises(InputError, match="line 2, column 7"):
        read_json(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_json(path)
    with pytest.raises(InputError, match="not found"):
        read_json(tmp_path / "none.json")


def test_hashes_follow_content(tmp_path):
    write_text(tmp_path / "a", "1")
    write_text(tmp_path / "b", "1")
    assert file_hash(tmp_path / "a") == file_hash(tmp_path / "b")
    assert json_hash({"a": 1, "b": 2}) == json_hash({"b": 2, "a": 1}) != json_hash({"a": 1})
    with pytest.raises(InputError):
        file_hash(tmp_path / "none")


def test_a_folder_is_known_by_what_lies_in_it_not_by_where(tmp_path):
    for name in ("here", "there"):
        write_text(tmp_path / name / "deep" / "a.txt", "1")
    assert content_hash(tmp_path / "here") == content_hash(tmp_path / "there")
    write_text(tmp_path / "there" / "deep" / "a.txt", "2")
    assert content_hash(tmp_path / "here") != content_hash(tmp_path / "there")
    file = tmp_path / "here" / "deep" / "a.txt"
    assert content_hash(file) == file_hash(file)


@pytest.mark.parametrize(
    "error",
    [
        InputError("wrong", expected="a", found="b", remedy="c", place="d"),
        MissingDependency("ray", "ray", "the cluster engine"),
        unknown("layout", "coco", ["coco17"]),
    ],
)
def test_errors_cross_process_borders(error):
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert type(again) is type(error)
