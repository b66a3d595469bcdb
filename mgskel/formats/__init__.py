"""Whatever holds recordings goes in; a `Dataset` of them comes out, and back.

`read(path)` gives what a file, a folder or a clip holds; `validate(path)` tells every fault
instead of stopping at one; `write(path, data)` says what the format has no place for. A format is
one file of this package, see `mgskel.formats.format`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mgskel.core.errors import Fault, Faults, MgskelError, MissingDependency
from mgskel.core.recording import Dataset
from mgskel.core.sequence import PoseSequence
from mgskel.formats.format import (
    FORMATS,
    Format,
    ReadOptions,
    Writer,
    detect,
    is_recording,
    made,
    register,
    unforeseen,
)
from mgskel.formats.reading.sequence_checks import SINGLE_FRAME
from mgskel.formats.reading.source import Source
from mgskel.formats.writing import Written, writable, write
from mgskel.pose.frames import Footage, VideoSettings

__all__ = [
    "FORMATS",
    "Format",
    "ReadOptions",
    "Report",
    "Source",
    "Writer",
    "Written",
    "as_sequence",
    "detect",
    "is_recording",
    "read",
    "read_sequence",
    "register",
    "validate",
    "writable",
    "write",
]

_STRAY_SHARE = 0.01


def read(path: str | Path, options: ReadOptions | None = None) -> Dataset:
    """All recordings of a file or folder; what makes them unusable is an error.

    Each recording is built and checked when it is taken from the data set.
    """
    faults = Faults(path)
    data = _read(path, options or ReadOptions(), faults)
    faults.raise_if_stopping()
    return data


def _read(path: str | Path, options: ReadOptions, faults: Faults) -> Dataset:
    entry, source = detect(path)
    with unforeseen(faults):
        data = entry.read(source, options, faults)
    return data.replace(source=str(path), format=entry.title)


def read_sequence(path: str | Path, options: ReadOptions | None = None) -> PoseSequence:
    """The only recording of a file, whatever its format."""
    return read(path, options).only.sequence


def as_sequence(what: PoseSequence | Footage, fps: float | None = None) -> PoseSequence:
    """One recording, however it is given: itself, a file or clip, or a clip's pictures."""
    if isinstance(what, PoseSequence):
        return what
    if isinstance(what, str | Path):
        return read_sequence(what, ReadOptions(fps=fps))
    from mgskel.pose.extract import ExtractSettings, extract

    return extract(what, settings=ExtractSettings(video=VideoSettings(fps=fps))).sequence


@dataclass(frozen=True)
class Report:
    """What `validate` found in a file."""

    path: str
    format: str
    faults: tuple[Fault, ...]
    recordings: int = 0
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.faults

    def to_dict(self) -> dict[str, object]:
        return {
            "path": self.path,
            "format": self.format,
            "ok": self.ok,
            "faults": [fault.to_dict() for fault in self.faults],
        }


def validate(path: str | Path, options: ReadOptions | None = None) -> Report:
    """Every fault of a file, whatever its format."""
    faults = Faults(path)
    name, count = "unknown", 0
    notes: tuple[str, ...] = ()
    try:
        entry, source = detect(path)
        name = entry.title
        with unforeseen(faults):
            data = entry.read(source, replace(options or ReadOptions(), guess_layout=True), faults)
            made(data, faults)
        count, notes = len(data), data.notes
    except MissingDependency:
        raise
    except MgskelError as error:
        faults.add_error(error)
    found, strays = _without_strays(faults.all, count)
    return Report(str(path), name, found, count, (*notes, *strays))


def _without_strays(
    faults: tuple[Fault, ...], recordings: int
) -> tuple[tuple[Fault, ...], tuple[str, ...]]:
    """Faults that count, and notes on those that don't.

    A recording of one frame shows no movement. But a few of them among hundreds are the data
    set's own, as published, and no reason to refuse it.
    """
    strays = [fault for fault in faults if fault.found == SINGLE_FRAME]
    if not 0 < len(strays) <= _STRAY_SHARE * recordings:
        return faults, ()
    places = ", ".join(fault.place for fault in strays[:5])
    note = f"{len(strays)} of {recordings} recordings have a single frame: {places}"
    return tuple(fault for fault in faults if fault.found != SINGLE_FRAME), (note,)
