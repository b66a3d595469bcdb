"""A format of one's own: one file outside the package, found by its entry point."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mgskel.cli import verb_parser
from mgskel.core.registry import load_file
from mgskel.formats import FORMATS, detect, read


@pytest.fixture
def code(root: Path) -> str:
    """The format that the page on own formats shows."""
    page = (root / "docs" / "howto" / "own-format.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return str(block)


def install(folder: Path, code: str) -> None:
    """What pip leaves of a package with one module and one entry point."""
    (folder / "nose_format.py").write_text(code)
    about = folder / "nose_format-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nose-format\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[mgskel.formats]\nnoses = nose_format\n")


def mgskel(folder: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(folder), str(root)])
    return subprocess.run(
        [sys.executable, "-m", "mgskel", *words], capture_output=True, text=True, check=False,
        cwd=folder, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def test_an_installed_format_works_from_the_command_line(
    tmp_path: Path, root: Path, code: str
) -> None:
    install(tmp_path, code)
    (tmp_path / "a.txt").write_text("noses\n1 2\n3 4\n5 6\n")
    done = mgskel(tmp_path, root, "convert", "a.txt", "b.nose", "--fps", "25", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["source_format"], answer["target"]) == ("list of noses", "noses")
    assert "frame rate (25)" in answer["lost"]
    assert (tmp_path / "b.nose").read_text().startswith("noses\n1.0")
    assert "noses" in mgskel(tmp_path, root, "convert", "--formats").stdout


def test_a_file_of_ones_own_is_added_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    (tmp_path / "mine.py").write_text(code)
    known = {name: FORMATS.get(name) for name in FORMATS.names()}
    monkeypatch.setattr(FORMATS, "_entries", known)
    load_file(tmp_path / "mine.py")
    (tmp_path / "a.txt").write_text("noses\n1 2\n3 4\n")
    assert read(tmp_path / "a.txt").only.sequence.num_frames == 2


def test_no_two_formats_take_the_same_file(tmp_path: Path) -> None:
    import format_files as files

    for path in files.write_all(tmp_path / "all").values():
        source = detect(path)[1]
        takers = [entry.name for entry in FORMATS if entry.recognises(source)]
        assert len([name for name in takers if name != "folder"]) == 1, (path, takers)


def test_the_command_lists_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verb_parser("convert")[1].parse_args(["--formats"])
    printed = capsys.readouterr().out
    assert all(entry.title in printed for entry in FORMATS)
    assert "mgskel npz: --to npz  (.npz)" in printed and "OpenPose JSON: --to openpose" in printed


def test_the_page_lists_every_format(root: Path) -> None:
    page = (root / "docs" / "howto" / "own-data.md").read_text(encoding="utf-8")
    for entry in FORMATS:
        held = "no" if entry.writer is None else f"`{entry.name}`"
        assert f"| {entry.title} | {entry.give} | {entry.gives} | {held} |" in page, entry.name
        if entry.writer is not None:
            assert f"- `{entry.name}`: {', '.join(entry.writer.cannot_hold)}" in page
