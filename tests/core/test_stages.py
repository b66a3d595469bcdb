"""Finished stages are reused while everything they rest on holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mgskel.core.errors import InputError
from mgskel.core.storage.stages import Stages, working_in


def run(folder, basis="clip", later="scene"):
    """Two stages, of which the first writes two files; which of them were reused."""

    def write(name):
        (folder / name).write_text(f"{name} of {basis}")

    stages = Stages(folder)
    stages("first", ["a.txt", "b.txt"], basis, lambda: (write("a.txt"), write("b.txt")))
    stages("second", ["c.txt"], later, lambda: write("c.txt"))
    return stages.reused


def test_finished_stages_are_reused_as_far_as_they_hold(tmp_path):
    assert run(tmp_path) == []
    assert run(tmp_path) == ["first", "second"]
    assert run(tmp_path, later="another scene") == ["first"]
    assert run(tmp_path, basis="another clip") == []
    assert (tmp_path / "c.txt").read_text() == "c.txt of another clip"


@pytest.mark.parametrize("damage", [lambda path: path.write_text("2"), lambda path: path.unlink()])
def test_a_changed_or_lost_file_is_made_again(tmp_path, damage):
    run(tmp_path)
    damage(tmp_path / "b.txt")
    assert run(tmp_path) == ["second"]
    assert (tmp_path / "b.txt").read_text() == "b.txt of clip"


def test_only_stages_that_have_to_be_done_begin(tmp_path):
    run(tmp_path)
    begun = []
    stages = Stages(tmp_path, begun.append)
    stages("first", ["a.txt", "b.txt"], "clip", lambda: None)
    stages("third", [], None, lambda: None)
    assert begun == ["third"]


def test_a_stage_that_failed_or_is_forgotten_is_done_again(tmp_path):
    run(tmp_path)
    Stages(tmp_path).forget("first")
    with pytest.raises(ZeroDivisionError):
        Stages(tmp_path)("first", ["a.txt", "b.txt"], "clip", lambda: 1 / 0)
    assert run(tmp_path) == ["second"]


@pytest.mark.parametrize("text", ["", "[1]", '{"first": 3}', '{"first": {"key": "key"}}'])
def test_a_broken_record_only_means_work(tmp_path, text):
    run(tmp_path)
    (tmp_path / ".stages.json").write_text(text)
    assert run(tmp_path) == []


def test_two_runs_into_one_folder_are_refused(tmp_path):
    other = (
        "import sys; from pathlib import Path; from mgskel.core.storage.stages import working_in\n"
        "with working_in(Path(sys.argv[1])): print('in')"
    )
    with working_in(tmp_path), pytest.raises(InputError, match="another run"):
        with working_in(tmp_path):
            pass
    done = subprocess.run(
        [sys.executable, "-c", other, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "in\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write into"), working_in(tmp_path / "file"):
        pass
