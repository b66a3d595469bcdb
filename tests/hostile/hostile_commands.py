# ruff: noqa: E501
"""What the tests of hostile input share: commands that have to fail, files made to break them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mgskel.cli import main


def refuse(words: Sequence[object], folder: Path, capsys: Any, status: int = 2) -> str:
    """The message of a command that has to fail and to leave nothing."""
    before = sorted(folder.rglob("*"))
    assert main([str(word) for word in words]) == status
    err = str(capsys.readouterr().err)
    assert "Traceback" not in err and "internal error" not in err
    assert 0 < len(err.splitlines()) < 40 and len(err) < 10_000
    assert sorted(folder.rglob("*")) == before
    return err


def in_little(words: Sequence[object], tmp_path: Path) -> tuple[int, str]:
    """Exit code and message of a command in a child with 1 GB more than this and 5 CPU seconds."""
    said = tmp_path / "said.txt"
    child = os.fork()
    if not child:
        status = 99
        try:
            handle = os.open(said, os.O_WRONLY | os.O_CREAT)
            os.dup2(handle, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 30),) * 2)
            used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 5,) * 2)
            signal.alarm(80)
            status = main([str(word) for word in words])
            sys.stderr.flush()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read_text()


def on_a_full_disk(words: Sequence[object], largest: int) -> tuple[int, str]:
    """Exit code and message of a command that can write no file beyond so many bytes.

    A process of its own: a fork of one in which torch has worked may wait for its threads for ever.
    """
    program = (
        "import resource, signal, sys; from mgskel.cli import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest})); "
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=150,
    )
    return done.returncode, done.stderr


def zipped(*members: tuple[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.npz", "w", kind) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return folder / "a.npz"

    return make


def written(name: str, content: bytes | str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def filled(line: str, good: Path, hostile: object, out: Path, **more: object) -> list[str]:
    """A command line in which single letters stand for files: see `test_places`."""
    known = {"X": hostile, "P": good / "pose.npz", "E": good / "events.csv", "S": good / "statements.json", "R": good / "run", **more}  # fmt: skip
    return [
        str(known[word]) if word in known else word.replace("O", str(out), 1) if word[:1] == "O" else word
        for word in line.split()
    ]  # fmt: skip
