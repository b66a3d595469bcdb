"""Writing recordings in another format, and saying what it has no place for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mgskel.core.errors import InputError, unknown
from mgskel.core.sequence import PoseSequence
from mgskel.formats import long_csv, ntu_npz, openpose, pyskl
from mgskel.formats.bundle import bundle_from_sequences, save_bundle
from mgskel.formats.folders import writing_folder
from mgskel.formats.losses import fps_assumed, general_losses, people_named
from mgskel.formats.recording import Recording

TARGETS = ("npz", "bundle", "pyskl", "ntu", "openpose", "csv")
_BY_ENDING = {".npz": "npz", ".pkl": "pyskl", ".pickle": "pyskl", ".csv": "csv", "": "npz"}


@dataclass(frozen=True)
class Written:
    """What was written, and what could not be."""

    target: str
    recordings: int
    lost: tuple[str, ...]


def write_recordings(
    path: str | Path,
    recordings: Sequence[Recording],
    target: str | None = None,
    class_names: tuple[str, ...] | None = None,
) -> Written:
    """Write recordings; the format follows from `target` or else the ending of `path`.

    A path without ending is a folder with one file (or, for OpenPose, one folder) per
    recording. Several recordings in one ``.npz`` make a bundle.
    """
    if not recordings:
        raise InputError("there is nothing to write", found="no recordings")
    ending = Path(path).suffix.lower()
    if target is None:
        if ending not in _BY_ENDING:
            raise unknown("ending", ending, [e for e in _BY_ENDING if e], place=str(path))
        target = _BY_ENDING[ending]
    elif target not in TARGETS:
        raise unknown("format", target, TARGETS)
    folder = not ending
    several = len(recordings) > 1
    if target == "npz" and several and not folder:
        target = "bundle"
    if folder and target in ("bundle", "pyskl", "ntu"):
        raise InputError(
            f"a {target} file holds all recordings",
            place=str(path),
            expected="a file name with its ending",
            remedy=f"name it {path}{'.pkl' if target == 'pyskl' else '.npz'}",
        )
    if target == "csv" and several and not folder:
        raise InputError(
            "a CSV file holds one recording",
            place=str(path),
            expected="one recording",
            found=f"{len(recordings)} recordings",
            remedy="give a folder to write one file each, or choose one with --only",
        )
    if target == "bundle":
        lost = _write_bundle(path, recordings, class_names)
    elif target == "pyskl":
        pyskl.write(path, recordings)
        lost = _losses(recordings, pyskl.lost, ("label", "split"))
    elif target == "ntu":
        ntu_npz.write(path, recordings, len(class_names) if class_names else None)
        lost = _losses(recordings, ntu_npz.lost, ("label", "split"))
    elif target == "openpose":
        _write_each(path, recordings, openpose.write, "", several)
        lost = _losses(recordings, openpose.lost, ())
    elif target == "csv":
        _write_each(path, recordings, long_csv.write, ".csv", folder)
        lost = _losses(recordings, long_csv.lost, ())
    else:
        _write_each(path, recordings, lambda file, one: one.save(file), ".npz", folder)
        lost = _losses(recordings, lambda sequence: (), ())
    if class_names and target != "bundle":
        lost = (*lost, "names of the classes")
    return Written(target, len(recordings), lost)


def _write_each(
    path: str | Path,
    recordings: Sequence[Recording],
    write: Callable[[Path, PoseSequence], None],
    ending: str,
    folder: bool,
) -> None:
    if not folder:
        write(Path(path), recordings[0].sequence)
        return
    with writing_folder(path) as target:
        taken: set[str] = set()
        for recording in recordings:
            name = _file_name(recording.name, taken)
            write(target / f"{name}{ending}", recording.sequence)


def _file_name(name: str, taken: set[str]) -> str:
    """A name that a file system takes, and that no other recording has."""
    plain = re.sub(r"[^\w.() -]+", "_", name).strip(" .") or "recording"
    free, number = plain, 2
    while free.casefold() in taken:
        free, number = f"{plain}_{number}", number + 1
    taken.add(free.casefold())
    return free


_FIELDS = ("label", "subject", "view", "split", "frame_label", "events")
_WORDS = {"frame_label": "labels of frames", "events": "gesture events (write them by --events)"}


def _losses(
    recordings: Sequence[Recording],
    of_sequence: Callable[[PoseSequence], tuple[str, ...]],
    kept: tuple[str, ...],
) -> tuple[str, ...]:
    """What the format has no place for, each thing once."""
    found: dict[str, None] = {}
    for recording in recordings:
        found |= dict.fromkeys(of_sequence(recording.sequence))
        for name in _FIELDS:
            value = getattr(recording, name)
            if name not in kept and value is not None and not (name == "events" and not value):
                found[_WORDS.get(name, name)] = None
        if "extra" not in kept:
            found |= dict.fromkeys(f"array '{key}'" for key in recording.extra)
    return tuple(found)


def _write_bundle(
    path: str | Path, recordings: Sequence[Recording], class_names: tuple[str, ...] | None
) -> tuple[str, ...]:
    """A bundle has one person per sequence: the one who is seen most."""
    people = [_main_person(recording.sequence) for recording in recordings]
    columns: dict[str, Any] = {}
    lost = list(_losses(recordings, _bundle_lost, (*_FIELDS[:3], "split", "extra")))
    for key in ("label", "subject", "view", "split"):
        values = [getattr(recording, key) for recording in recordings]
        if all(value is not None for value in values):
            columns[key] = np.array(values)
        elif any(value is not None for value in values):
            lost.append(f"{key} (some recordings have none)")
    extra = {
        key: np.array([recording.extra[key] for recording in recordings])
        for key in recordings[0].extra
        if all(key in recording.extra for recording in recordings)
    }
    if "split" in columns:
        extra.setdefault("split", columns.pop("split"))
    marks = [recording.frame_label for recording in recordings]
    given = [mark for mark in marks if mark is not None]
    if len(given) == len(marks):
        columns["frame_label"] = np.concatenate(given)
        lost.remove(_WORDS["frame_label"])
    rates = np.array([sequence.fps for sequence in people])
    assumed = all(fps_assumed(sequence) for sequence in people)
    columns["fps"] = None if assumed else float(rates[0]) if np.ptp(rates) == 0 else rates
    columns["name"] = np.array([recording.name for recording in recordings])
    bundle = bundle_from_sequences(
        people, class_names=class_names, extra=MappingProxyType(extra), **columns
    )
    save_bundle(path, bundle)
    return tuple(lost)


def _main_person(sequence: PoseSequence) -> PoseSequence:
    if sequence.num_people == 1:
        return sequence
    return sequence.person(int(np.argmax(sequence.scores.sum(axis=(1, 2)))))


def _bundle_lost(sequence: PoseSequence) -> tuple[str, ...]:
    losses = general_losses(sequence, fps=True, size=True)
    if sequence.num_people > 1:
        losses.append("all people but the one who is seen most (choose by --person)")
    elif people_named(sequence):
        losses.append("the person's name")
    return tuple(losses)
