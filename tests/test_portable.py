"""What other systems do differently: locks, newlines, consoles, paths and processes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.events import read_events
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.stages import working_in

ODD = "Zwei Wörter 漢"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / ODD / "a b.npz"
    points = np.random.default_rng(0).random((20, 28, 2), np.float32) * 400
    PoseSequence.from_arrays(points, fps=20, skeleton="upper_head", frame_size=(640, 480)).save(
        path
    )
    return path


def test_a_console_of_few_letters(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' consoles know the letters of one country."""
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    assert main(["validate", str(recording)]) == 0
    console.flush()
    assert b"W\xf6rter \\u6f22" in console.buffer.getvalue()


def test_paths_and_newlines(recording: Path, tmp_path: Path) -> None:
    """What is written has plain newlines everywhere; what came through Windows reads the same."""
    table = tmp_path / ODD / "ünter" / "a.csv"
    assert main(["convert", str(recording), str(table)]) == 0
    assert b"\r" not in table.read_bytes()
    plain, windows = tmp_path / "plain.csv", tmp_path / "windows.csv"
    plain.write_bytes(b"label,start_s,end_s\nnod,1.0,2.0\nshrug,3.0,4.5\n")
    windows.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    assert read_events(plain) == read_events(windows)


def test_without_locks_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no flock: then nobody is kept out, and everything else works."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with working_in(tmp_path / "out"):
        assert (tmp_path / "out").is_dir()
