"""What a file of recordings holds, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.formats.faults import Faults

ASSUMED_FPS = 30.0
HandOrder = Literal["auto", "right-first", "left-first"]
Scores = Literal["strict", "clip"]


@dataclass(frozen=True)
class ReadOptions:
    """What the caller knows and a file may not say.

    Attributes:
        layout: the skeleton layout, by name or YAML path.
        fps: frames per second.
        frame_size: (width, height) in pixels.
        unit: 'pixel', 'metre' or 'normalised'.
        hand_order: which hand's finger tips come first in iMiGUE challenge arrays.
        scores: whether scores beyond 1 are refused or clipped (some estimators give them).
        guess_layout: whether a file that names no layout may be taken as any with as many
            joints; enough to look for faults, not to use the data.
    """

    layout: str | Path | None = None
    fps: float | None = None
    frame_size: tuple[int, int] | None = None
    unit: str | None = None
    hand_order: HandOrder = "auto"
    scores: Scores = "strict"
    guess_layout: bool = False


@dataclass(frozen=True, eq=False)
class Recording:
    """One sequence and what its file says about it.

    Attributes:
        sequence: the joints.
        name: its name within the file.
        label: its class, in the numbering of the file's vocabulary (or the file's own).
        subject, view, split: who, which camera, which part of the data set.
        frame_label: (T,) what happens in each frame.
        events: gestures within it.
        extra: what else the file tells of it.
    """

    sequence: PoseSequence
    name: str
    label: int | None = None
    subject: int | str | None = None
    view: int | str | None = None
    split: str | None = None
    frame_label: np.ndarray | None = None
    events: tuple[GestureEvent, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


Builder = Callable[[int, Faults], Recording | None]


class Recordings(Sequence[Recording]):
    """The recordings of one file, each made (and checked) when it is asked for."""

    def __init__(self, path: str | Path, count: int, build: Builder) -> None:
        self._path = path
        self._count = count
        self._build = build

    @classmethod
    def of(cls, path: str | Path, made: Iterable[Recording | None]) -> Recordings:
        """Recordings that are there already; those that could not be made are left out."""
        ready = [recording for recording in made if recording is not None]
        return cls(path, len(ready), lambda index, faults: ready[index])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> list[Recording]: ...
    def __getitem__(self, index: int | slice) -> Recording | list[Recording]:
        if isinstance(index, slice):
            return [self[i] for i in range(self._count)[index]]
        faults = Faults(self._path)
        recording = self._build(range(self._count)[index], faults)
        faults.raise_if_stopping()
        if recording is None:
            raise InputError(f"recording {index} cannot be read", place=str(self._path))
        return recording

    def check(self, faults: Faults) -> None:
        """Collect the faults of every recording."""
        for index in range(self._count):
            self._build(index, faults)


@dataclass(frozen=True, eq=False)
class Contents:
    """What reading a file gives.

    Attributes:
        format: the name of the file's format.
        recordings: its recordings.
        class_names: names of the labels 0, 1, ...
        vocabulary: the name of the gesture vocabulary of the labels.
        notes: what the reader assumed or could not keep, for people.
    """

    format: str
    recordings: Recordings
    class_names: tuple[str, ...] | None = None
    vocabulary: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def only(self) -> Recording:
        """The recording of a file that holds one."""
        if len(self.recordings) != 1:
            raise InputError(
                "one recording is needed here",
                expected="1 recording",
                found=f"{len(self.recordings)} recordings in a {self.format} file",
                remedy="choose one with --only NAME_OR_NUMBER",
            )
        return self.recordings[0]
