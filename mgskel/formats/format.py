"""What a format is: one entry with its recogniser, reader, writer, and what it cannot hold.

A format is one file of this package, or of another one's under the entry point group
``mgskel.formats``. At its end it registers its entry, and everything else follows: `read`,
`mgskel validate` and `convert`, their help, and the documentation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from mgskel.core.errors import Faults, InputError, listed
from mgskel.core.recording import Dataset, Recording
from mgskel.core.registry import Registry
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.formats.reading.source import Source

if TYPE_CHECKING:
    from mgskel.pose.extract import ExtractSettings

ASSUMED_FPS = 30.0
UNFORESEEN = "something that no reader expects"
HandOrder = Literal["auto", "right-first", "left-first"]
Scores = Literal["strict", "clip"]
Fact = Literal[
    "frame rate", "times", "picture size", "provenance", "names of people", "names", "unit",
    "layout name", "label", "subject", "view", "split", "labels of frames", "events", "extra",
    "names of the classes",
]  # fmt: skip


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
        likely_layout: what to take, with a note, where nobody names one and the joints are as
            many: that of a trained run, say.
        extract: how the poses of clips are extracted.
        guess_layout: whether a file that names no layout may be taken as any with as many
            joints; enough to look for faults, not to use the data.
    """

    layout: str | Path | None = None
    fps: float | None = None
    frame_size: tuple[int, int] | None = None
    unit: str | None = None
    hand_order: HandOrder = "auto"
    scores: Scores = "strict"
    likely_layout: Skeleton | None = None
    extract: ExtractSettings | None = None
    guess_layout: bool = False

    def with_defaults(self, **defaults: object) -> ReadOptions:
        """A format's own values where the caller says nothing."""
        unset = {key: value for key, value in defaults.items() if getattr(self, key) is None}
        return dataclasses.replace(self, **unset)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Writer:
    """How recordings become a file of a format.

    Attributes:
        write: writes all of a data set where the file holds `many` recordings, else its only one.
        ending: of the file; empty where a recording becomes a folder.
        cannot_hold: what the format has no place for.
        also_loses: what else it does not keep of a certain data set, for people.
    """

    write: Callable[[Path, Dataset], None]
    ending: str
    many: bool = False
    cannot_hold: tuple[Fact, ...] = ()
    also_loses: Callable[[Dataset], Iterable[str]] = lambda data: ()


@dataclass(frozen=True)
class Format:
    """A format of recordings.

    Attributes:
        name: as it is typed (``--to NAME``).
        title: as messages and reports call it.
        give: which file or folder of it to give, for the documentation.
        gives: what comes out of it, for the documentation.
        recognises: whether a file or folder is of this format, by its content.
        read: the recordings, with everything that is wrong told to the faults.
        writer: how to write it, where that is possible.
        collection: whether it is a folder of files of other formats; such are looked for last.
        estimated: whether keypoints have to be estimated first; looked for after the others.
        companions: files beside one that belong to it (labels), and are none themselves.
    """

    name: str
    title: str
    give: str
    gives: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source, ReadOptions, Faults], Dataset]
    writer: Writer | None = None
    collection: bool = False
    estimated: bool = False
    companions: Callable[[Path], Iterable[Path]] = lambda path: ()


FORMATS: Registry[Format] = Registry("format", "mgskel.formats", "mgskel.formats")


def register(entry: Format) -> Format:
    """Make a format known under its name."""
    return FORMATS.register(entry.name, entry, origin=entry.read)


def detect(path: str | Path, collections: bool = True) -> tuple[Format, Source]:
    """The format of a file or folder, by its content.

    Formats of other packages are asked first, since they know their files best.

    Args:
        collections: whether a folder of files of other formats will do.
    """
    source = Source(path)
    if not source.is_folder and not source.is_remote and not source.head:
        raise InputError(
            "the file is empty", place=path, expected="a recording", found="0 bytes",
            remedy="write or copy it again",
        )  # fmt: skip
    for entry in sorted(FORMATS, key=_turn):
        if (collections or not entry.collection) and entry.recognises(source):
            return entry, source
    raise InputError(
        "no known format of recordings",
        place=path,
        expected="one of " + ", ".join(entry.title for entry in FORMATS),
        found=_glimpse(source),
        remedy="'mgskel convert --formats' lists them",
    )


def _turn(entry: Format) -> tuple[bool, bool, bool]:
    own = entry.read.__module__.startswith(FORMATS.package)
    return entry.collection, entry.estimated, own


def is_recording(path: str | Path) -> bool:
    """Whether a file or folder is keypoints in a known format: no clip, no folder of many."""
    try:
        return not detect(path, collections=False)[0].estimated
    except InputError:
        return False


def _glimpse(source: Source) -> str:
    if source.is_folder:
        names = sorted(source.listed())
        return f"a folder with {listed(names, 3)}" if names else "an empty folder"
    if source.npz_keys:
        return "an npz with the arrays " + listed(sorted(source.npz_keys))
    if source.head.startswith(b"PK"):
        return "a damaged npz or zip archive"
    return f"a file that begins with {source.head[:24]!r}"


@contextmanager
def unforeseen(faults: Faults) -> Iterator[None]:
    """Whatever else a damaged file makes a reader run into is a fault of the file."""
    try:
        yield
    except (
        ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError,
        RecursionError, OSError,
    ) as error:  # fmt: skip
        raise faults.stop(
            "content",
            "values of the right kinds",
            f"{UNFORESEEN} ({type(error).__name__}: {error})",
            "write the file again; if other programs read it, please report this",
        ) from error


Builder = Callable[[int, Faults], Recording | None]


class RecordingsOnDemand(Sequence[Recording]):
    """The recordings of one file, each made (and checked) when it is asked for."""

    def __init__(self, path: str | Path, count: int, build: Builder) -> None:
        self._path = path
        self._count = count
        self._build = build

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> list[Recording]: ...
    def __getitem__(self, index: int | slice) -> Recording | list[Recording]:
        if isinstance(index, slice):
            return [self[i] for i in range(self._count)[index]]
        faults, index = Faults(self._path), range(self._count)[index]
        with unforeseen(faults):
            recording = self._build(index, faults)
        faults.raise_if_stopping()
        if recording is None:
            raise InputError(f"recording {index} cannot be read", place=str(self._path))
        return recording

    def made(self, faults: Faults) -> list[Recording | None]:
        """Every recording, or none where the faults tell why it cannot be made."""
        return [self._build(index, faults) for index in range(self._count)]


def dataset_of(made: Iterable[Recording | None]) -> Dataset:
    """A data set of recordings that are there already, those left out that could not be made."""
    return Dataset(tuple(one for one in made if one is not None))


def single(sequence: PoseSequence | None, source: Source) -> Dataset:
    """A data set of one recording, called as its file; of none where it could not be made."""
    return dataset_of([None if sequence is None else Recording(sequence, source.path.stem)])


def made(data: Dataset, faults: Faults) -> Dataset:
    """The data set with every recording made, those left out that the faults tell of."""
    if isinstance(data.recordings, RecordingsOnDemand):
        return data.replace(recordings=dataset_of(data.recordings.made(faults)).recordings)
    return data
