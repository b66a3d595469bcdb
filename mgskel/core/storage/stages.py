"""Stages of work in a folder: reused on a rerun, redone when anything they rest on changed.

A stage is finished under a key (a hash of what it rests on and of all stages before it) with the
content hashes of the files it wrote. It is fresh only while both still hold, so a damaged or
edited file is made again, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError, shown
from mgskel.core.storage.files import (
    check_name,
    file_hash,
    folders_missing,
    json_hash,
    remove_empty,
    write_json,
)
from mgskel.core.storage.intake import read_json
from mgskel.core.version import __version__

_RECORD = ".stages.json"
_LOCK = ".lock"
# What a link leads to is never cut to nothing, and a pipe is not waited for.
_HOW = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Stages:
    """The stages of one output folder, done one after the other.

    Args:
        begins: told the name of each stage that has to be done.

    Attributes:
        reused: the stages that were still fresh.
    """

    def __init__(self, folder: Path, begins: Callable[[str], None] = lambda name: None) -> None:
        self.folder = folder
        self.reused: list[str] = []
        self._begins = begins
        self._path = folder / _RECORD
        self._record = self._read()
        self._key = ""

    def __call__(
        self, name: str, files: Sequence[str], rests_on: object, work: Callable[[], None]
    ) -> None:
        """Do the work, which writes the files, unless they are fresh.

        Args:
            rests_on: inputs and settings, as far as the stages before do not hold them.
        """
        self._key = json_hash([name, __version__, self._key, rests_on])
        if self._fresh(name, files):
            self.reused.append(name)
            return
        self._begins(name)
        work()
        hashes = {file: file_hash(self.folder / file) for file in files}
        self._write({**self._record, name: {"key": self._key, "files": hashes}})

    def forget(self, name: str) -> None:
        """Let the next run do this stage again."""
        self._write({key: entry for key, entry in self._record.items() if key != name})

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        try:
            record = read_json(self._path)
        except InputError:
            return {}
        return record if isinstance(record, dict) else {}

    def _write(self, record: dict[str, Any]) -> None:
        self._record = record
        write_json(self._path, record)

    def _fresh(self, name: str, files: Sequence[str]) -> bool:
        """Whether the stage was finished under this key and its files are as it left them."""
        entry = self._record.get(name)
        if not isinstance(entry, dict) or entry.get("key") != self._key:
            return False
        hashes = entry.get("files")
        if not isinstance(hashes, dict) or sorted(hashes) != sorted(files):
            return False
        return all(
            (self.folder / file).is_file() and file_hash(self.folder / file) == hashes[file]
            for file in files
        )


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Hold an output folder alone: a second run into it is refused, not mixed in.

    The hold ends with the process, however it ends. Of folders made for a run that wrote nothing
    into them, nothing is left.
    """
    check_name(folder)
    try:
        made, new = folders_missing(folder), not os.path.lexists(folder / _LOCK)
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, _HOW, 0o644)
    except OSError as error:
        raise InputError(
            f"cannot write into {folder}: {error.strerror}",
            remedy="choose an output folder that you may write to",
        ) from error
    try:
        _lock(handle, folder)
        _keep_what_is_no_lock(handle, folder)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
        os.ftruncate(handle, 0)
    except BaseException:
        if new and not made:  # a folder that was there is left as it was
            with suppress(OSError):
                (folder / _LOCK).unlink()
        raise
    finally:
        if made and os.listdir(folder) == [_LOCK]:
            with suppress(OSError):  # Windows removes no file that is open
                (folder / _LOCK).unlink()
            remove_empty(made)
        os.close(handle)


def _keep_what_is_no_lock(handle: int, folder: Path) -> None:
    """Refuse a device of the lock's name, and a file that holds what somebody else wrote."""
    regular = stat.S_ISREG(os.fstat(handle).st_mode)
    written = os.read(handle, 21) if regular else b"a pipe or device"
    os.lseek(handle, 0, os.SEEK_SET) if regular else None
    # A power failure leaves NUL bytes where a number stood.
    if written.strip(b"\0\n") and not written.strip(b"\0\n").isdigit():
        raise InputError(
            f"{folder / _LOCK} is no lock of this program",
            expected="an empty file, or the number of a process",
            found=shown(written.decode("utf-8", "replace")),
            remedy="move it away, or choose another output folder",
        )


def _lock(handle: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; there the user keeps runs apart.
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 20).decode("ascii", "replace").strip()
        raise InputError(
            f"another run is working in {folder}",
            found=f"process {holder}" if holder.isdigit() else None,
            remedy="wait for it to finish, or choose another output folder",
        ) from error
