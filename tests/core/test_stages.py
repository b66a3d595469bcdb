"""Finished stages are reused while everything they rest on holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mgskel.core.errors import InputError
from mgskel.core.stages import Stages, working_in


@pytest.fixture
def stages(tmp_path):
    (tmp_path / "a.txt").write_text("1")
    record = Stages(tmp_path)
    record.finished("first", "key", ["a.txt"])
    return Stages(tmp_path)


def test_a_finished_stage_is_fresh(stages):
    assert stages.fresh("first", "key", ["a.txt"])


def test_other_keys_files_and_stages_are_not(stages):
    assert not stages.fresh("first", "other", ["a.txt"])
    assert not stages.fresh("first", "key", ["a.txt", "b.txt"])
    assert not stages.fresh("second", "key", ["a.txt"])


def test_a_changed_or_lost_file_is_made_again(stages):
    (stages.folder / "a.txt").write_text("2")
    assert not stages.fresh("first", "key", ["a.txt"])
    (stages.folder / "a.txt").unlink()
    assert not stages.fresh("first", "key", ["a.txt"])


@pytest.mark.parametrize("text", ["", "[1]", '{"first": 3}', '{"first": {"key": "key"}}'])
def test_a_broken_record_only_means_work(stages, text):
    (stages.folder / ".stages.json").write_text(text)
    assert not Stages(stages.folder).fresh("first", "key", ["a.txt"])


def test_two_runs_into_one_folder_are_refused(tmp_path):
    other = (
        "import sys; from pathlib import Path; from mgskel.core.stages import working_in\n"
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
