"""Coders: who marked what in which recording, from annotation files of any kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.event_formats.boris import is_boris, read_boris
from mgskel.core.event_formats.elan import elan_tiers, read_elan
from mgskel.core.events import GestureEvent, read_events
from mgskel.core.storage.intake import read_text
from mgskel.study.study_folder import clip_folders, clip_of_table, is_clip_folder, recorded

ENDINGS = (".eaf", ".csv", ".tsv", ".txt", ".json", ".boris")


@dataclass(frozen=True)
class Coding:
    """What one coder marked in one recording."""

    name: str  # the recording's name, by which codings are paired
    events: tuple[GestureEvent, ...]
    tiers: tuple[str, ...] = ()  # the tier that each event came from; empty where the file has none
    alias: str = ""  # another name that the recording may be known by (its media file)
    duration_s: float | None = None  # how long the recording is; none where nobody says
    people: tuple[str, ...] = ()  # who was recorded and could be marked, where that is known

    def tells_apart(self, people: Iterable[str]) -> bool:
        """Whether the coder knew these people apart, as far as can be seen."""
        marked = {event.person for event in self.events}
        return bool(self.people) or not marked or (len(marked) > 1 and marked <= set(people))

    def of(self, person: str) -> Coding:
        """What was marked of one person."""
        events = tuple(event for event in self.events if event.person == person)
        return replace(self, name=f"{self.name}, person {person}", events=events, tiers=())


@dataclass(frozen=True)
class Coder:
    """One source of annotations: a person, or the machine."""

    name: str
    codings: tuple[Coding, ...]
    remarks: tuple[str, ...] = ()

    def labels(self) -> Counter[str]:
        return Counter(event.label for coding in self.codings for event in coding.events)


@dataclass(frozen=True)
class Pairing:
    """Codings that belong together."""

    # the recordings, in the order of their names; of one with several people whom all coders tell
    # apart, each person
    names: tuple[str, ...]
    codings: tuple[tuple[Coding, ...], ...]  # per recording, one coding of each coder
    unpaired: dict[str, tuple[str, ...]]  # per coder, recordings that not every coder has
    remarks: tuple[str, ...] = ()


def read_coders(paths: Sequence[str | Path]) -> tuple[Coder, ...]:
    """One coder a path, each with a name of its own."""
    names = _own_names([Path(path) for path in paths])
    return tuple(read_coder(path, name) for path, name in zip(map(Path, paths), names, strict=True))


def read_coder(path: Path, name: str) -> Coder:
    """The codings of a file, of a folder of files, of one clip's results, or of a study."""
    if not path.exists():
        raise InputError(f"annotations not found: {path}", remedy="check the path")
    remarks: list[str] = []
    if not path.is_dir():
        codings = _file_codings(path, remarks)
    elif is_clip_folder(path):
        codings = [_clip_coding(path)]
    elif clips := clip_folders(path):
        codings = [_clip_coding(folder, path) for folder in clips]
    else:
        codings = _folder_codings(path, remarks)
    double = [n for n, count in Counter(same(c.name) for c in codings).items() if count > 1]
    if double:
        raise InputError(
            f"two codings of the recording '{double[0]}'",
            place=str(path),
            expected="one annotation file a recording",
            remedy="give each coder a folder of their own",
        )
    return Coder(name, tuple(codings), tuple(remarks))


def _clip_coding(folder: Path, study: Path | None = None) -> Coding:
    events = read_events(folder / "events.csv")
    name = folder.resolve().name if study is None else folder.relative_to(study).as_posix()
    length, people = recorded(folder)
    return Coding(name, events, alias=folder.name, duration_s=length, people=people)


def _folder_codings(folder: Path, remarks: list[str]) -> list[Coding]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith(".")
    )
    if not files:
        raise InputError(
            "no annotations in this folder",
            place=str(folder),
            expected="files that end in " + ", ".join(ENDINGS) + ", or the folder of a study",
        )
    codings = []
    for file in files:
        below = file.relative_to(folder).parent.as_posix()
        for coding in _file_codings(file, remarks):
            if below != ".":
                alias = coding.alias or coding.name
                coding = replace(coding, name=f"{below}/{coding.name}", alias=alias)
            codings.append(coding)
    return codings


def _file_codings(path: Path, remarks: list[str]) -> list[Coding]:
    text = read_text(path, "annotations")
    if text.lstrip()[:1] == "<":
        return [_elan_coding(path)]
    if is_boris(text):
        found = read_boris(path)
        remarks += [f"{path.name}, '{o.name}': {remark}" for o in found for remark in o.remarks]
        # A file of one observation is known by its own name too, as everybody else's is.
        return [
            Coding(
                o.name if len(found) > 1 else path.stem,
                o.events,
                alias=Path(o.media).stem if len(found) > 1 else o.name,
                duration_s=o.duration_s,
            )
            for o in found
        ]
    table = clip_of_table(path, text)
    if table is not None:
        return [Coding(name, events) for name, events in table.items()]
    return [Coding(path.stem, read_events(path))]


def _elan_coding(path: Path) -> Coding:
    found = [(event, tier) for tier in elan_tiers(path) for event in read_elan(path, tiers=[tier])]
    found.sort(key=lambda pair: (pair[0].start_s, pair[0].end_s))
    return Coding(path.stem, tuple(e for e, _ in found), tuple(t for _, t in found))


def pair(coders: Sequence[Coder]) -> Pairing:
    """Bring codings of the same recording together: by name, or where each coder has just one."""
    if len(coders) < 2:
        raise InputError("agreement needs two or more coders", found=f"{len(coders)}")
    if all(len(coder.codings) == 1 for coder in coders):
        only = _each_person(tuple(coder.codings[0] for coder in coders))
        return Pairing(tuple(row[0].name for row in only), tuple(only), {})
    remarks: list[str] = []
    shelves = [_shelf(coder.codings) for coder in coders]
    common = [name for name in shelves[0] if all(name in shelf for shelf in shelves[1:])]
    if not common:
        shelves = [_shelf(_without_shared_end(coder.codings)) for coder in coders]
        common = [name for name in shelves[0] if all(name in shelf for shelf in shelves[1:])]
        if common:
            remarks.append("files were paired by their names without what all of a coder's share")
    if not common:
        raise InputError(
            "no recording was coded by everybody",
            expected="files of the same name (anna/interview1.eaf and ben/interview1.csv)",
            found="; ".join(
                f"{coder.name}: {', '.join(c.name for c in coder.codings[:4])}" for coder in coders
            ),
            remedy="rename the files, or give two single files",
        )
    # An alias and a name may point at the same coding: it counts once.
    rows: dict[str, tuple[Coding, ...]] = {}
    for key in common:
        row = tuple(shelf[key] for shelf in shelves)
        rows.setdefault(row[0].name, row)
    used = [{id(row[n]) for row in rows.values()} for n in range(len(coders))]
    unpaired = {
        coder.name: tuple(dict.fromkeys(c.name for c in shelf.values() if id(c) not in seen))
        for coder, shelf, seen in zip(coders, shelves, used, strict=True)
    }
    by_name = [one for name in sorted(rows) for one in _each_person(rows[name])]
    return Pairing(
        tuple(row[0].name for row in by_name),
        tuple(by_name),
        {name: lost for name, lost in unpaired.items() if lost},
        tuple(remarks),
    )


def _each_person(row: tuple[Coding, ...]) -> list[tuple[Coding, ...]]:
    """One row a person, where several were recorded and every coder tells them apart."""
    people = dict.fromkeys(person for coding in row for person in coding.people)
    if len(people) < 2 or not all(coding.tells_apart(people) for coding in row):
        return [row]
    return [tuple(coding.of(person) for coding in row) for person in people]


def same(name: str) -> str:
    """What two spellings of a name share: case, hyphens and underscores do not count."""
    return " ".join(re.split(r"[\s_-]+", name.casefold())).strip()


def _shelf(codings: Iterable[Coding]) -> dict[str, Coding]:
    """Codings by name, and by other names that only one of them has."""
    codings = list(codings)
    shelf = {same(coding.name): coding for coding in codings}
    others = Counter(same(coding.alias) for coding in codings if coding.alias)
    for coding in codings:
        if coding.alias and others[same(coding.alias)] == 1:
            shelf.setdefault(same(coding.alias), coding)
    return shelf


def _without_shared_end(codings: Sequence[Coding]) -> list[Coding]:
    """Codings named without the words that end all their names: a coder's initials, mostly."""
    words = [re.split(r"(?=[\s_.-])", coding.name) for coding in codings]
    shared = 0
    while all(len(w) > shared + 1 and w[-shared - 1] == words[0][-shared - 1] for w in words):
        shared += 1
    if not shared:
        return list(codings)
    return [
        replace(coding, name="".join(w[:-shared])) for coding, w in zip(codings, words, strict=True)
    ]


def _own_names(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    parts = [path.resolve().with_suffix("").parts if path.is_file() else path.resolve().parts
             for path in paths]  # fmt: skip
    for depth in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(p[-depth:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    return [f"coder {n}" for n in range(1, len(paths) + 1)]
