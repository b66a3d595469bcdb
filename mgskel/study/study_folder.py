"""The folder of a study: one folder of results per clip, and what lies in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mgskel.core.errors import Faults, InputError, listed, shown
from mgskel.core.events import GestureEvent, event_of, in_order, read_events, table_rows
from mgskel.core.gestures import GestureClass
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import write_json
from mgskel.core.storage.intake import checked, csv_rows, read_json
from mgskel.core.storage.pose_file import PoseHeader, read_pose_header
from mgskel.core.version import __version__
from mgskel.study.reviews import last_word

EVENTS, POSE, STATEMENTS, QUALITY = "events.csv", "pose.npz", "statements.json", "quality.json"
REPORT = "report.html"
ABOUT = "study.json"
_ON_RECORD = {"sources", "classes", "recognizer", "settings", "failures"}
_SHORTEST_BIN_S, _LONGEST_BIN_S = 0.1, 1e6


@dataclass(frozen=True)
class About:
    """What the run that made the study put on record (`study.json`)."""

    # clip to the file it was made of. On record, what lies in the study or beside it is named from
    # there on, so that both may move together
    sources: Mapping[str, str] = field(default_factory=dict)
    # what the recognizer could have said; empty where that is not on record
    classes: tuple[GestureClass, ...] = ()
    recognizer: str = ""  # the recognizer's name
    # what was asked for, for the methods paragraph
    settings: Mapping[str, Any] = field(default_factory=dict)
    # clip to why it could not be analysed
    failures: Mapping[str, str] = field(default_factory=dict)
    # bin_s, parquet: how the tables were asked for
    bin_s: float = 60.0
    parquet: bool = False

    def __post_init__(self) -> None:
        if not _SHORTEST_BIN_S <= self.bin_s <= _LONGEST_BIN_S:
            raise InputError(
                "no length of a time bin",
                expected=f"{_SHORTEST_BIN_S} to {_LONGEST_BIN_S:g} s",
                found=shown(self.bin_s),
            )

    def save(self, folder: Path) -> None:
        sources = {clip: _seen_from(folder, source) for clip, source in self.sources.items()}
        tree = {"mgskel": __version__, **asdict(self), "sources": sources}
        write_json(folder / ABOUT, tree)

    @classmethod
    def load(cls, folder: Path) -> About:
        """What is on record; nothing where there is no record."""
        path = folder / ABOUT
        if not path.exists():
            return cls()
        tree = read_json(path)
        if not isinstance(tree, dict) or not _ON_RECORD <= tree.keys():
            raise InputError(
                "not a study's record of this version",
                place=str(path),
                expected="keys " + ", ".join(sorted(_ON_RECORD)),
                found=listed(tree) if isinstance(tree, dict) else type(tree).__name__,
                remedy="run 'mgskel analyze' into the folder again: what is done is reused",
            )
        about, here = checked(cls, tree, Faults(path)), folder.resolve()
        sources = about.sources.items()
        return replace(about, sources={c: os.path.normpath(here / one) for c, one in sources})


def _seen_from(folder: Path, source: str) -> str:
    """A path from a study's folder on, if it lies in the study or in the folder around it."""
    here, path = folder.resolve(), Path(source)
    if not path.is_absolute() or here.parent not in path.parents:
        return source
    return Path(os.path.relpath(path, here)).as_posix()


@dataclass(frozen=True)
class ClipResult:
    """One clip's results, read when asked for."""

    name: str  # the clip's name: its folder, from the study's folder on
    folder: Path

    def found(self) -> tuple[GestureEvent, ...]:
        """The events as the machine found them."""
        return read_events(self.folder / EVENTS)

    def events(self) -> tuple[GestureEvent, ...]:
        """The events as a person left them; as the machine found them where nobody looked."""
        review = last_word(self.folder)
        return review.standing() if review is not None else self.found()

    def sequence(self) -> PoseSequence:
        return PoseSequence.load(self.folder / POSE)

    def header(self) -> PoseHeader:
        """What `pose.npz` says of itself, without loading its keypoints."""
        return read_pose_header(self.folder / POSE)[0]

    def statements(self) -> list[Mapping[str, Any]]:
        tree = self._json(STATEMENTS)
        listed = tree.get("statements")
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    def quality(self) -> Mapping[str, Any]:
        told = self._json(QUALITY)
        lists = {key: told.get(key) for key in ("notes", "verdict")}
        return {**told, **{key: one if isinstance(one, list) else [] for key, one in lists.items()}}

    def _json(self, name: str) -> Mapping[str, Any]:
        path = self.folder / name
        tree = read_json(path) if path.exists() else {}
        return tree if isinstance(tree, dict) else {}


def is_clip_folder(folder: Path) -> bool:
    return (folder / EVENTS).is_file() and (folder / POSE).is_file()


def clip_folders(folder: Path) -> list[Path]:
    """Folders of clips' results below a folder, by name."""
    found = {path.parent for path in folder.rglob(EVENTS) if is_clip_folder(path.parent)}
    return sorted(found - {folder}, key=lambda path: path.relative_to(folder).as_posix())


def study_clips(folder: Path) -> list[ClipResult]:
    """The clips of a study; an error where there are none."""
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}", remedy="check the path")
    clips = [ClipResult(path.relative_to(folder).as_posix(), path) for path in clip_folders(folder)]
    if not clips and is_clip_folder(folder):
        clips = [ClipResult(folder.resolve().name, folder)]
    if not clips:
        raise InputError(
            f"no analysed clips in {folder}",
            expected=f"one folder per clip, with {EVENTS} and {POSE}",
            remedy="run 'mgskel analyze CLIPS... -o STUDY' first",
        )
    return clips


def recorded_s(folder: Path) -> float | None:
    """How long a clip's recording is, without loading its keypoints."""
    try:
        return recorded(folder)[0]
    except InputError:
        return None


def recorded(folder: Path) -> tuple[float | None, tuple[str, ...]]:
    """How long a clip's recording is, and who is in it, without loading its keypoints."""
    header, times = read_pose_header(folder / POSE)
    known = len(times) and header.fps > 0
    return float(times[-1]) + 1 / header.fps if known else None, header.people


def clip_of_table(path: Path, text: str) -> dict[str, tuple[GestureEvent, ...]] | None:
    """Events per clip of a study's table; none where the file names no clips."""
    if "clip" not in next(csv_rows(text, path), (1, []))[1]:
        return None
    table: dict[str, list[GestureEvent]] = {}
    for place, values in table_rows(text, path):
        table.setdefault(str(values["clip"]), []).append(event_of(values, place=place))
    return {name: in_order(events) for name, events in table.items()}
