"""Writing recordings in another format, and saying what it has no place for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError, unknown
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import writing_folder
from mgskel.formats.format import FORMATS, Fact, Format, Writer

_DEFAULT = "npz"
_SEVERAL = "bundle"


@dataclass(frozen=True)
class Written:
    """What was written, and what could not be."""

    target: str
    recordings: int
    lost: tuple[str, ...]


def writable() -> dict[str, Writer]:
    """How to write each format that can be written, by name."""
    return {entry.name: entry.writer for entry in FORMATS if entry.writer is not None}


def write(path: str | Path, data: Dataset, target: str | None = None) -> Written:
    """Write recordings; the format follows from `target` or else the ending of `path`.

    A path without ending is a folder with one file (or, for OpenPose, one folder) per
    recording. Several recordings in one ``.npz`` make a bundle.
    """
    if not data:
        raise InputError("there is nothing to write", found="no recordings")
    path, several = Path(path), len(data) > 1
    folder = not path.suffix
    entry, writer = _target(path, target)
    if entry.name == _DEFAULT and several and not folder:
        entry, writer = _target(path, _SEVERAL)
    if folder and writer.many:
        raise InputError(
            f"a {entry.name} file holds all recordings",
            place=str(path),
            expected="a file name with its ending",
            remedy=f"name it {path}{writer.ending}",
        )
    # What is a folder by itself becomes a folder of folders.
    each = several if not writer.ending else folder
    if several and not each and not writer.many:
        raise InputError(
            f"a {entry.title} file holds one recording",
            place=str(path),
            expected="one recording",
            found=f"{len(data)} recordings",
            remedy="give a folder to write one file each, or choose one with --only",
        )
    if each and not writer.many:
        _write_each(path, data, writer)
    else:
        writer.write(path, data)
    return Written(entry.name, len(data), losses(writer, data))


def _target(path: Path, name: str | None) -> tuple[Format, Writer]:
    """The format to write: the named one, or the first whose ending the path has."""
    known = writable()
    ending = _ENDINGS.get(path.suffix.lower(), path.suffix.lower())
    if name is None:
        fitting = [key for key, writer in known.items() if writer.ending == ending and ending]
        if ending and not fitting:
            endings = dict.fromkeys(writer.ending for writer in known.values() if writer.ending)
            raise unknown("ending", ending, endings, place=str(path))
        name = _DEFAULT if _DEFAULT in fitting or not fitting else fitting[0]
    if name not in known:
        raise unknown("format", name, known)
    return FORMATS.get(name), known[name]


_ENDINGS = {".pickle": ".pkl"}


def _write_each(path: Path, data: Dataset, writer: Writer) -> None:
    with writing_folder(path) as target:
        taken: set[str] = set()
        for recording in data:
            name = _file_name(recording.name, taken)
            alone = data.replace(recordings=(recording,))
            writer.write(target / f"{name}{writer.ending}", alone)


def _file_name(name: str, taken: set[str]) -> str:
    """A name that a file system takes, and that no other recording has."""
    plain = re.sub(r"[^\w.() -]+", "_", name).strip(" .") or "recording"
    free, number = plain, 2
    while free.casefold() in taken:
        free, number = f"{plain}_{number}", number + 1
    taken.add(free.casefold())
    return free


def losses(writer: Writer, data: Dataset) -> tuple[str, ...]:
    """What the format has no place for and these recordings have, each thing once."""
    found: dict[str, None] = {}
    for recording in data:
        for fact, tell in _FACTS.items():
            if fact in writer.cannot_hold:
                found |= dict.fromkeys(tell(recording))
    found |= dict.fromkeys(writer.also_loses(data))
    if data.class_names and "names of the classes" in writer.cannot_hold:
        found["names of the classes"] = None
    return tuple(found)


def _frame_rate(one: Recording) -> Iterator[str]:
    if not fps_assumed(one.sequence):
        yield f"frame rate ({one.sequence.fps:g})"


def _times(one: Recording) -> Iterator[str]:
    sequence = one.sequence
    even = sequence.timestamps[0] + np.arange(sequence.num_frames) / sequence.fps
    if not np.allclose(sequence.timestamps, even, atol=1e-3 / sequence.fps):
        yield "uneven timestamps"
    elif abs(sequence.timestamps[0]) > 1e-9:
        yield "the time of the first frame"


def _provenance(one: Recording) -> Iterator[str]:
    # That a frame rate was assumed is no history.
    if any(record.get("step") != "read" or set(record) - {"step", "fps"}
           for record in one.sequence.provenance):  # fmt: skip
        yield "provenance"


def _when(fact: str, has: Callable[[Recording], object]) -> Callable[[Recording], Iterator[str]]:
    def tell(one: Recording) -> Iterator[str]:
        if has(one):
            yield fact

    return tell


_FACTS: Mapping[Fact, Callable[[Recording], Iterator[str]]] = {
    "frame rate": _frame_rate,
    "times": _times,
    "picture size": _when("picture size", lambda one: one.sequence.frame_size is not None),
    "provenance": _provenance,
    "names of people": _when("names of people", lambda one: people_named(one.sequence)),
    "names": _when("names", lambda one: True),
    "unit": lambda one: iter([f"unit ({one.sequence.unit})"]),
    "layout name": lambda one: iter([f"layout name ({one.sequence.skeleton.name})"]),
    "label": _when("label", lambda one: one.label is not None),
    "subject": _when("subject", lambda one: one.subject is not None),
    "view": _when("view", lambda one: one.view is not None),
    "split": _when("split", lambda one: one.split is not None),
    "labels of frames": _when("labels of frames", lambda one: one.frame_labels is not None),
    "events": _when("gesture events (write them by --events)", lambda one: one.events),
    "extra": lambda one: (f"array '{key}'" for key in one.extra),
}


def fps_assumed(sequence: PoseSequence) -> bool:
    return any("assumed" in str(record.get("fps", "")) for record in sequence.provenance)


def people_named(sequence: PoseSequence) -> bool:
    """Whether people have names of their own, not just their places."""
    return sequence.people != tuple(str(m + 1) for m in range(sequence.num_people))
