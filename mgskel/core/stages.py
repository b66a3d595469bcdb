"""Finished stages of a folder: reused on a rerun, redone when anything they rest on changed.

A stage is finished under a key (a hash of its inputs and settings) with the content hashes of
the files it wrote. It is fresh only while both still hold, so a damaged or edited file is made
again, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.files import file_hash, read_json, write_json

_RECORD = ".stages.json"
_LOCK = ".lock"


class Stages:
    """The record of one output folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / _RECORD
        self._record = self._read()

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        try:
            record = read_json(self._path)
        except InputError:
            return {}
        return record if isinstance(record, dict) else {}

    def fresh(self, stage: str, key: str, files: Sequence[str]) -> bool:
        """Whether the stage was finished under this key and its files are as it left them."""
        entry = self._record.get(stage)
        if not isinstance(entry, dict) or entry.get("key") != key:
            return False
        hashes = entry.get("files")
        if not isinstance(hashes, dict) or sorted(hashes) != sorted(files):
            return False
        return all(
            (self.folder / name).is_file() and file_hash(self.folder / name) == hashes[name]
            for name in files
        )

    def finished(self, stage: str, key: str, files: Sequence[str]) -> None:
        hashes = {name: file_hash(self.folder / name) for name in files}
        self._record = {**self._record, stage: {"key": key, "files": hashes}}
        write_json(self._path, self._record)


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Hold an output folder alone: a second run into it is refused, not mixed in.

    The hold ends with the process, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(
            f"cannot write into {folder}: {error.strerror}",
            remedy="choose an output folder that you may write to",
        ) from error
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; there the user keeps runs apart.
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(
            f"another run is working in {folder}",
            remedy="wait for it to finish, or choose another output folder",
        ) from error
