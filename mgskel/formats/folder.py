"""A folder of recordings in any of the other formats: a data set as people keep one.

What the files say themselves is kept: the class in an NTU name, gesture events in a file beside
one (``NAME.eaf``, ``.csv`` or ``.json``). Otherwise a table names the label of each file, or the
folders that they lie in are the classes. Folders ``train``, ``val`` and ``test`` above these are
the parts of the data set.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from mgskel.core.errors import Faults, InputError, MgskelError, MissingDependency
from mgskel.core.events import GestureEvent, read_events
from mgskel.core.recording import Dataset, join
from mgskel.formats.format import (
    Format,
    ReadOptions,
    dataset_of,
    detect,
    made,
    register,
    unforeseen,
)
from mgskel.formats.reading.csv_reading import read_rows
from mgskel.formats.reading.source import Source

_DEEPEST = 3
_SHOWN = 5
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val",
           "validation": "val", "test": "test", "testing": "test"}  # fmt: skip
_TABLES = ("labels.csv", "label.csv")
_FILE = ("file", "filename", "file_name", "path")
_FILE_IN_TABLES = (*_FILE, "name", "clip", "video")
_FACTS = {
    "label": ("label", "class", "gesture", "action"),
    "subject": ("subject", "participant", "person"),
    "view": ("view", "camera"),
    "split": ("split", "part", "set"),
}
Row = Mapping[str, str | None]


def recognises(source: Source) -> bool:
    if source.is_folder:
        return next(_files(source.path), None) is not None
    return _is_table(source)


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    root = source.path if source.is_folder else source.path.parent
    table = _table(source, faults)
    parts: list[Dataset] = []
    places: list[Path] = []
    found: set[str] = set()
    for entry, file in _files(root):
        place = file.path.relative_to(root)
        name = None if table is None else _name_in(table, place)
        if table is not None and name is None:
            continue
        part = _part(entry, file, place, options, faults)
        if table is not None and name is not None:
            part = _with_row(part, table[name])
            found.add(name)
        parts.append(part)
        places += [place] * len(part)
    faults.raise_if_stopping()
    data = _with_own_names(join(parts), places)
    if table is not None:
        return data.replace(notes=(*data.notes, *_absent(set(table) - found)))
    if data.vocabulary is None and any(one.events for one in data):
        return _numbered(data)
    folders = [_class_folder(place) for place in places]
    classes = {folder for folder in folders if folder is not None}
    if classes and len(data) > len(classes) and all(one.label is None for one in data):
        note = f"labels are the names of folders: {', '.join(sorted(classes)[:_SHOWN])}"
        return data.labelled(folders).replace(notes=(*data.notes, note))
    return data


def _files(folder: Path, deepest: int = _DEEPEST) -> Iterator[tuple[Format, Source]]:
    """Everything below a folder that is a recording by itself: files, and folders of frames."""
    companions: set[Path] = set()
    inside: list[Path] = []
    for name in sorted(Source(folder).listed()):
        path = folder / name
        if path in companions:
            continue
        try:
            entry, source = detect(path, collections=False)
        except InputError:
            inside += [path] * path.is_dir()
            continue
        companions |= set(entry.companions(path))
        yield entry, source
    for path in inside if deepest > 1 else ():
        yield from _files(path, deepest - 1)


def _part(
    entry: Format, file: Source, place: Path, options: ReadOptions, faults: Faults
) -> Dataset:
    """The recordings of one file; what is wrong with it is told with its place in the folder."""
    found = Faults(file.path)
    data = dataset_of([])
    try:
        with unforeseen(found):
            data = made(entry.read(file, options, found), found)
    except MissingDependency:
        raise
    except MgskelError as error:
        found.add_error(error)
    for fault in found:
        faults.add(
            f"{place}: {fault.place}", fault.expected, fault.found, fault.remedy,
            stops=found.stopping,
        )  # fmt: skip
    folders = place.parent.parts
    split = _SPLITS.get(folders[0].lower()) if folders else None
    prefix = "".join(f"{folder}/" for folder in folders)
    return data.replace(
        recordings=[
            one.replace(
                name=f"{prefix}{one.name}",
                split=one.split or split,
                events=one.events or _events_beside(file.path),
            )
            for one in data
        ]
    )


def _with_own_names(data: Dataset, places: Sequence[Path]) -> Dataset:
    """Files that name the same clip are called by their place in the folder instead."""
    times = Counter(one.name for one in data)
    return data.replace(
        recordings=[
            one if times[one.name] == 1 else one.replace(name=place.with_suffix("").as_posix())
            for one, place in zip(data, places, strict=True)
        ]
    )


def _class_folder(place: Path) -> str | None:
    folders = place.parent.parts
    if folders and folders[0].lower() in _SPLITS:
        folders = folders[1:]
    return folders[0] if folders else None


def _events_beside(path: Path) -> tuple[GestureEvent, ...]:
    """What somebody annotated in a file of the same name."""
    for ending in (".eaf", ".csv", ".json"):
        beside = path.with_suffix(ending)
        if beside != path and beside.is_file():
            head = Source(beside).head
            if ending == ".eaf" or (b"start_s" in head and b"label" in head):
                return read_events(beside)
    return ()


def _numbered(data: Dataset) -> Dataset:
    """Events of no vocabulary, their labels counted in the order of the alphabet."""
    names = tuple(sorted({event.label for one in data for event in one.events}))
    recordings = [
        one.replace(
            events=tuple(
                dataclasses.replace(event, class_id=names.index(event.label))
                for event in one.events
            )
        )
        for one in data
    ]
    return data.replace(recordings=recordings, class_names=names)


def _is_table(source: Source) -> bool:
    columns = {name.strip().strip('"').lower() for name in source.first_line.split(",")}
    files = _FILE_IN_TABLES if source.path.name.lower() in _TABLES else _FILE
    return not columns.isdisjoint(files) and not columns.isdisjoint(_FACTS["label"])


def _table(source: Source, faults: Faults) -> dict[str, Row] | None:
    """The rows of the folder's table, or of the table that was given, by file."""
    found = [source]
    if source.is_folder:
        found = [one for one in map(Source, source.files(".csv")) if _is_table(one)]
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(one.path.name for one in found)
        raise faults.stop("tables", "one table of labels", names, "keep one of them in the folder")
    path = found[0].path
    header, rows = read_rows(path, faults)
    columns = [name.lower() for name in header]
    file = next(columns.index(name) for name in _FILE_IN_TABLES if name in columns)
    facts = {
        fact: next((columns.index(name) for name in names if name in columns), None)
        for fact, names in _FACTS.items()
    }
    table: dict[str, Row] = {}
    for line, cells in rows:
        name = Path(cells[file].strip()).as_posix()
        values = {f: None if at is None else cells[at].strip() or None for f, at in facts.items()}
        if name in table and table[name] != values:
            faults.add(f"{path.name}, line {line}", "each file once", f"{name} again", "correct it")
        elif values["label"] is None:
            faults.add(f"{path.name}, line {line}", "a label", "none", "label it, or leave it out")
        table[name] = values
    return table


def _name_in(table: Mapping[str, Row], place: Path) -> str | None:
    """What the table calls a file: its place in the folder or its name, with ending or without."""
    names = (place.as_posix(), place.with_suffix("").as_posix(), place.name, place.stem)
    return next((name for name in names if name in table), None)


def _with_row(part: Dataset, row: Row) -> Dataset:
    facts = {fact: row[fact] for fact in ("subject", "view", "split") if row[fact] is not None}
    labelled = part.labelled([row["label"]] * len(part))
    return labelled.replace(recordings=[one.replace(**facts, events=()) for one in labelled])


def _absent(names: Collection[str]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(sorted(names)[:_SHOWN])
    return [f"the table names {len(names)} files that are no recordings here: {shown}"]


FOLDER = register(
    Format(
        "folder",
        "folder of recordings",
        "a folder of any of the files above: loose, in class folders, or with a table of labels",
        "one data set; labels from the files, the table or the folders' names",
        recognises,
        read,
        collection=True,
    )
)
