"""A first look at a file or folder, shared by all formats so that nothing is parsed twice."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from mgskel.core.errors import Faults, InputError
from mgskel.core.storage.intake import open_file, parse_json, read_bytes
from mgskel.core.storage.npz import open_npz
from mgskel.pose.frames import CAMERA

_HEAD = 4096


class Source:
    """What a path shows without being read in full."""

    def __init__(self, path: str | Path) -> None:
        self.given, self.path = path, Path(path)
        self.is_remote = bool(CAMERA.match(str(path))) or "://" in str(path)
        if not self.is_remote and not self.path.exists():
            raise InputError(f"file not found: {path}", remedy="check the path")

    @functools.cached_property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    def listed(self) -> list[str]:
        """Names in a folder, hidden ones left out, in no order; nothing for a file.

        Not kept: a folder of frames has so many that they weigh as much as the recording.
        """
        if not self.is_folder:
            return []
        try:
            return [name for name in os.listdir(self.path) if not name.startswith(".")]
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}") from error

    def files(self, ending: str) -> list[Path]:
        """The files of a folder whose names end so."""
        return [self.path / name for name in sorted(self.listed()) if name.endswith(ending)]

    def json_sample(self) -> Source | None:
        """Itself if it is JSON, or a look at the first such file of a folder."""
        if self.is_folder:
            name = min((name for name in self.listed() if name.endswith(".json")), default=None)
            return None if name is None else Source(self.path / name).json_sample()
        return self if self.looks_json else None

    @functools.cached_property
    def head(self) -> bytes:
        """The first bytes of a file."""
        if self.is_folder or self.is_remote:
            return b""
        with open_file(self.path) as handle:
            return handle.read(_HEAD)

    @property
    def size(self) -> int:
        """Bytes of a file."""
        return self.path.stat().st_size

    @functools.cached_property
    def first_line(self) -> str:
        """The first line of a text, without byte order mark; empty for other files."""
        try:
            text = self.head.decode(
                "utf-8-sig", errors="strict" if len(self.head) < _HEAD else "ignore"
            )
        except UnicodeDecodeError:
            return ""
        return text.split("\n", 1)[0].strip()

    @functools.cached_property
    def npz_keys(self) -> frozenset[str]:
        """Names of the arrays of an ``.npz`` archive; nothing for other files."""
        if not self.head.startswith(b"PK"):
            return frozenset()
        try:
            with open_npz(self.path, Faults(self.path)) as archive:
                return frozenset(archive.keys)
        except InputError:
            return frozenset()

    @property
    def looks_json(self) -> bool:
        return self.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")

    @functools.cached_property
    def json(self) -> Any:
        """The parsed JSON of a file."""
        return parse_json(read_bytes(self.path), self.path)
