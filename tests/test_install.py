"""Setting up: a machine that lacks something is told what, before anything is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def install(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "requirements/install.sh", *arguments],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def old_python(tmp_path: Path) -> str:
    """An interpreter that is not Python 3.11."""
    script = tmp_path / "python3.11"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    return str(script)


def test_another_python_is_refused(root: Path, tmp_path: Path, old_python: str) -> None:
    done = install(root, str(tmp_path / "env"), old_python)
    assert done.returncode == 2
    assert "needs Python 3.11" in done.stderr
    assert old_python in done.stderr
    assert "remedy" in done.stderr
    assert not (tmp_path / "env").exists()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="needs Python 3.11 itself")
def test_a_missing_compiler_is_named(root: Path, tmp_path: Path) -> None:
    done = install(root, str(tmp_path / "env"), sys.executable, CC="no-such-compiler")
    assert done.returncode == 2
    assert "no C compiler (no-such-compiler)" in done.stderr
    assert "apt-get install" in done.stderr
    assert not (tmp_path / "env").exists()


def test_make_installs_only_when_a_list_changed(root: Path, tmp_path: Path) -> None:
    """Make runs in a copy whose installer only leaves a trace."""
    (tmp_path / "requirements").mkdir()
    for name in ("build-tools.txt", "lock.txt", "no-deps.txt", "docs.txt", "extras.txt"):
        (tmp_path / "requirements" / name).write_text("")
    trace = 'mkdir -p "$1"; echo "installed with [$2]" >> trace\n'
    (tmp_path / "requirements/install.sh").write_text(trace)
    (tmp_path / "Makefile").write_text((root / "Makefile").read_text(encoding="utf-8"))

    def installs(*arguments: str) -> list[str]:
        command = ["make", "install", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        return (tmp_path / "trace").read_text().splitlines()

    assert installs("PYTHON=python3.11") == ["installed with [python3.11]"]
    assert len(installs()) == 1
    (tmp_path / "requirements/lock.txt").write_text("numpy==2.4.6\n")
    assert installs()[1:] == ["installed with []"]
    assert len(installs()) == 2
