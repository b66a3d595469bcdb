"""What was done with every clip of a batch: one JSON file beside the results.

It is rewritten whole after each clip, so that it never promises more than what lies on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mgskel.core.errors import Faults, InputError
from mgskel.core.storage.files import file_hash, write_json
from mgskel.core.storage.intake import checked, read_json

NAME = "manifest.json"
_VERSION = 1


@dataclass(frozen=True)
class ClipRecord:
    """One clip's record.

    Attributes:
        clip: its name below the given folder.
        hash: SHA-256 of its content.
        settings: key of the estimator and settings used, into the manifest's `settings`.
        state: 'done' or 'failed'.
        pose: the pose file below the output folder.
        quality: the quality report in one line.
    """

    clip: str
    hash: str
    settings: str
    state: str
    pose: str = ""
    pose_hash: str = ""
    error: str = ""
    notes: tuple[str, ...] = ()
    duration_s: float = 0.0
    frames: int = 0
    seconds: float = 0.0
    quality: str = ""


@dataclass
class Manifest:
    """The records of a batch, by clip name; `folder` is where it lies."""

    folder: Path
    entries: dict[str, ClipRecord] = field(default_factory=dict)
    settings: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Manifest:
        """The manifest of a folder, empty where there is none yet."""
        path = folder / NAME
        if not path.exists():
            return cls(folder)
        content = read_json(path, "manifest")
        try:
            assert isinstance(content, dict) and content["version"] == _VERSION
            clips = {name: {**one, "clip": name} for name, one in content["clips"].items()}
            entries = checked(dict[str, ClipRecord], clips, Faults(path))
            settings = checked(dict[str, dict[str, Any]], content["settings"], Faults(path))
            assert {entry.settings for entry in entries.values()} <= settings.keys()
            return cls(folder, entries, dict(settings))
        except (AssertionError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                "this manifest is not one of an extraction",
                place=path,
                remedy="choose another output folder, or remove the file to begin anew",
            ) from error

    def is_done(self, clip: str, content_hash: str, settings: str, pose: str) -> bool:
        """Whether that very content was extracted so already, and the result is still whole."""
        entry = self.entries.get(clip)
        return (
            entry is not None
            and entry.state == "done"
            and bool(content_hash)
            and (entry.hash, entry.settings, entry.pose) == (content_hash, settings, pose)
            and (self.folder / pose).is_file()
            and file_hash(self.folder / pose) == entry.pose_hash
        )

    def record(self, entry: ClipRecord) -> None:
        """Add it and write all, unless there is nothing yet that they could tell where to find."""
        self.entries[entry.clip] = entry
        if not any(one.state == "done" for one in self.entries.values()):
            return
        used = {one.settings for one in self.entries.values()}
        clips = {
            name: {key: value for key, value in asdict(one).items() if key != "clip"}
            for name, one in sorted(self.entries.items())
        }
        write_json(
            self.folder / NAME,
            {
                "version": _VERSION,
                "settings": {key: dict(self.settings[key]) for key in sorted(used)},
                "clips": clips,
            },
        )
