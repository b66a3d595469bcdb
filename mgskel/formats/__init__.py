"""Every format of recordings that can be read, one file each, chosen by content.

`read(path)` gives `Contents`; `validate(path)` tells every fault instead of stopping at one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mgskel.core.errors import InputError, MgskelError, MissingDependency
from mgskel.core.sequence import PoseSequence
from mgskel.formats import (
    bundle_npz,
    coco,
    imigue_csv,
    imigue_npy,
    long_csv,
    mediapipe_csv,
    mmpose,
    ntu_npz,
    ntu_skeleton,
    nw_ucla,
    openpose,
    ours,
    pose_format,
    pyskl,
    smg,
)
from mgskel.formats.checks import SINGLE_FRAME
from mgskel.formats.faults import Fault, Faults, InvalidFile
from mgskel.formats.probe import Probe
from mgskel.formats.recording import Contents, ReadOptions, Recording

_STRAY_SHARE = 0.01


@dataclass(frozen=True)
class Format:
    """A format: its name, whether a file is of it, and how to read one."""

    name: str
    sniff: Callable[[Probe], bool]
    read: Callable[[Probe, ReadOptions, Faults], Contents]


# In this order the first that recognises a file reads it.
FORMATS = tuple(
    Format(module.NAME, module.sniff, module.read)
    for module in (
        ours,
        bundle_npz,
        ntu_npz,
        imigue_npy,
        pyskl,
        openpose,
        nw_ucla,
        mmpose,
        coco,
        long_csv,
        mediapipe_csv,
        imigue_csv,
        smg,
        ntu_skeleton,
        pose_format,
    )
)


def detect(path: str | Path) -> tuple[Format, Probe]:
    """The format of a file or folder, by its content."""
    probe = Probe(path)
    if not probe.is_folder and not probe.head:
        raise InputError(
            "the file is empty", place=path, expected="a recording", found="0 bytes",
            remedy="write or copy it again",
        )  # fmt: skip
    for known in FORMATS:
        if known.sniff(probe):
            return known, probe
    raise InputError(
        "no known format of recordings",
        place=path,
        expected="one of " + ", ".join(known.name for known in FORMATS),
        found=_glimpse(probe),
        remedy="see docs/howto/own-data.md; a clip goes to 'mgskel extract'",
    )


def _glimpse(probe: Probe) -> str:
    if probe.is_folder:
        names = sorted(probe.listed())[:3]
        return f"a folder with {', '.join(names)}..." if names else "an empty folder"
    if probe.npz_keys:
        return "an npz with the arrays " + ", ".join(sorted(probe.npz_keys))
    if probe.head.startswith(b"PK"):
        return "a damaged npz or zip archive"
    return f"a file that begins with {probe.head[:24]!r}"


def read(path: str | Path, options: ReadOptions | None = None) -> Contents:
    """All recordings of a file or folder; what makes them unusable is an error.

    Each recording is built and checked when it is taken from `Contents.recordings`.
    """
    known, probe = detect(path)
    faults = Faults(path)
    contents = known.read(probe, options or ReadOptions(), faults)
    faults.raise_if_stopping()
    return contents


def read_recordings(path: str | Path, options: ReadOptions | None = None) -> list[Recording]:
    """As `read`, with every recording built."""
    return list(read(path, options).recordings)


def read_sequence(path: str | Path, options: ReadOptions | None = None) -> PoseSequence:
    """The only recording of a file, whatever its format."""
    return read(path, options).only.sequence


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
        known, probe = detect(path)
        name = known.name
        wanted = replace(options or ReadOptions(), guess_layout=True)
        contents = known.read(probe, wanted, faults)
        contents.recordings.check(faults)
        count, notes = len(contents.recordings), contents.notes
    except InvalidFile:
        pass  # its faults are collected already
    except MissingDependency:
        raise
    except MgskelError as error:
        faults.add(
            str(error.place or path),
            str(error.expected or "a readable recording"),
            f"{error.message}" + (f": {error.found}" if error.found else ""),
            error.remedy or "correct the file",
        )
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
