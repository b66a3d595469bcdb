"""The tables of a study: every event of every clip, and what they add up to.

One row of `events.csv` is one event, of `summary.csv` one gesture of one person in one clip
(gestures that did not happen are rows of 0), of `summary_wide.csv` one person in one clip, of
`bins.csv` one gesture in one stretch of time, of `observable.csv` one body part: how long it was
seen and how much it moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mgskel.core.errors import InputError, MissingDependency, listed, shown
from mgskel.core.events import UNKNOWN_CLASS, GestureEvent
from mgskel.core.gestures import GestureClass, get_vocabulary, list_vocabularies
from mgskel.core.storage.csv_table import harmless, plain
from mgskel.core.storage.files import write_text, writing_together
from mgskel.core.storage.intake import csv_rows, read_text
from mgskel.study.kinematics import (
    NAMES,
    UNSEEN,
    Paths,
    contact_point,
    measured,
    part_movement,
    paths,
)
from mgskel.study.observability import Observability
from mgskel.study.participants import Participants
from mgskel.study.rates import binned, summed
from mgskel.study.study_folder import About, ClipResult

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("clip", "participant", "person")
TEXT = (*KEYS, "label", "group", "part", "alternatives", "side", "contact_point", "reviewed",
        "level", "evidence", "source", "micro")  # fmt: skip
TABLES = ("events", "summary", "summary_wide", "bins", "observable")
_EVENT = (*KEYS, "label", "group", "start_s", "end_s", "duration_s", "score", "alternatives",
          "side", "contact_point", "peak_speed", "path_length", "strokes", "rhythm",
          "hold_share", "sub_movements", "reviewed", "level", "evidence", "source",
          "micro")  # fmt: skip
_SUMMARY = (*KEYS, "label", "count", "observable_s", "rate_per_min", "total_s", "mean_s", "sd_s",
            "share", "latency_s", "group")  # fmt: skip
_BINS = (*KEYS, "label", "bin", "start_s", "end_s", "count", "total_s", "observable_s",
         "rate_per_min", "group")  # fmt: skip
_OBSERVABLE = (*KEYS, "part", "observable_s", "recorded_s", "share", "movement")
_COLUMNS = {"events": _EVENT, "summary": _SUMMARY, "bins": _BINS, "observable": _OBSERVABLE}
OWN_COLUMNS = frozenset(name for columns in _COLUMNS.values() for name in columns)
_NAN = float("nan")
# What any reader needs of a table, what the study's page does, and what stands in each row.
_NEEDED = {
    "events": (*KEYS, "label", "start_s", "end_s"), "summary": (*KEYS, "label", "count"),
    "bins": (*KEYS, "label", "bin", "count"), "observable": (*KEYS, "part", "observable_s"),
}  # fmt: skip
_ON_THE_PAGE = {
    "events": ("duration_s", "score"), "summary": ("group", "observable_s", "total_s"),
    "observable": ("recorded_s", "share"),
}  # fmt: skip
_IN_EACH_ROW = frozenset(
    ("start_s", "end_s", "duration_s", "score", "count", "observable_s", "total_s", "recorded_s")
)
_LARGEST = 1e15


@dataclass(frozen=True)
class Tables:
    """The tables as data frames, and the columns that the participants' table brought."""

    events: pd.DataFrame
    summary: pd.DataFrame
    summary_wide: pd.DataFrame
    bins: pd.DataFrame
    observable: pd.DataFrame
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def write(self, folder: Path, parquet: bool = False) -> None:
        """Write each as CSV, and as Parquet on request."""
        with writing_together(folder) as place:
            for name in TABLES:
                table = getattr(self, name)
                write_text(place / f"{name}.csv", csv_text(table))
                if parquet:
                    _write_parquet(place / f"{name}.parquet", table)


def make_tables(
    clips: Sequence[ClipResult],
    about: About | None = None,
    participants: Participants | None = None,
    bin_s: float = 60.0,
) -> Tables:
    """Read every clip's results once and add them up."""
    import pandas as pd

    if not bin_s > 0:
        raise InputError("time bins need a length", expected="seconds above 0", found=bin_s)
    about, participants = about or About(), participants or Participants()
    found = {clip.name: clip.events() for clip in clips}
    gestures = _gestures(about.classes, [e for events in found.values() for e in events])
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in TABLES}
    for clip in clips:
        _add_clip(rows, clip, found[clip.name], gestures, participants, bin_s)
    extra = participants.columns
    names = [clip.name for clip in clips]
    lost = {
        "does not have": participants.missing(names),
        "names clips that are not in the study": participants.unused(names),
    }
    notes = (
        f"the participants' table {what}: {', '.join(some)}" for what, some in lost.items() if some
    )
    frames = {
        name: pd.DataFrame(rows[name], columns=[*columns, *extra])
        for name, columns in _COLUMNS.items()
    }
    counts = dict.fromkeys(("strokes", "sub_movements"), "Int64")
    frames["events"] = frames["events"].astype(counts)
    happened = [name for name in gestures if (frames["events"]["label"] == name).any()]
    wide = _wide(frames["summary"], happened, extra)
    return Tables(**frames, summary_wide=wide, columns=extra, notes=tuple(notes))


def _gestures(
    classes: Sequence[GestureClass], events: Sequence[GestureEvent]
) -> dict[str, GestureClass]:
    """All that could have been said: the recognizer's classes, and whatever else was said."""
    groups = {event.label: event.group for event in events}
    known = {gesture.name: gesture for gesture in classes or _known_classes(set(groups))}
    for label in sorted(set(groups) - set(known)):
        known[label] = GestureClass(UNKNOWN_CLASS, label, groups[label], True, UNKNOWN_CLASS)
    return known


def _known_classes(labels: set[str]) -> tuple[GestureClass, ...]:
    """Of the vocabulary that has all the labels; those that occur, since no more is on record."""
    for name in list_vocabularies():
        vocabulary = get_vocabulary(name)
        if labels and labels <= set(vocabulary.names):
            return tuple(gesture for gesture in vocabulary if gesture.name in labels)
    return ()


def _add_clip(
    rows: Mapping[str, list[tuple[object, ...]]],
    clip: ClipResult,
    events: Sequence[GestureEvent],
    gestures: Mapping[str, GestureClass],
    participants: Participants,
    bin_s: float,
) -> None:
    sequence = clip.sequence()
    statements = clip.statements()
    people = dict.fromkeys((*sequence.people, *sorted({event.person for event in events})))
    for position, person in enumerate(people):
        participant, extra = participants.of(clip.name, person, position)
        if not participant:
            participant = clip.name if len(people) == 1 else f"{clip.name}:{person}"
        key = (clip.name, participant, person)
        own = [event for event in events if event.person == person]
        tracked = person in sequence.people
        index = sequence.people.index(person) if tracked else 0
        # Somebody who was annotated but not tracked: the first track says what could be seen.
        seen = Observability(sequence, index)
        where = paths(sequence, index)
        for event in own:
            group = event.group or gestures[event.label].group
            rows["events"].append(
                (*key, *_event_cells(event, group, where if tracked else None, statements), *extra)
            )
        by_needs: dict[tuple[str, ...], np.ndarray] = {}
        for name, gesture in gestures.items():
            if gesture.needs not in by_needs:
                by_needs[gesture.needs] = seen.gesture(gesture.needs)
            visible = by_needs[gesture.needs]
            mine = [event for event in own if event.label == name]
            rows["summary"].append(
                (*key, name, *summed(mine, seen, visible), gesture.group, *extra)
            )
            for cells in binned(mine, seen, visible, bin_s):
                rows["bins"].append((*key, name, *cells, gesture.group, *extra))
        moving = part_movement(sequence, index) if tracked else {}
        for part, visible in seen.parts().items():
            seconds = seen.seconds(visible)
            share = seconds / seen.recorded_s if seen.recorded_s else _NAN
            rows["observable"].append(
                (*key, part, round(seconds, 3), round(seen.recorded_s, 3), round(share, 4),
                 round(moving.get(part, _NAN), 5), *extra)
            )  # fmt: skip


def _event_cells(
    event: GestureEvent,
    group: str,
    where: Paths | None,
    statements: Sequence[Mapping[str, object]],
) -> tuple[object, ...]:
    moved = measured(where, event, group) if where is not None else UNSEEN
    place, hand = contact_point(statements, event)
    side = hand if hand in ("left", "right", "both") else moved.side
    alternatives = ";".join(f"{n}:{p:.4g}" for n, p in event.alternatives)
    measures = tuple(round(getattr(moved, name), 4) for name in NAMES if name != "side")
    return (
        event.label, group, round(event.start_s, 3), round(event.end_s, 3),
        round(event.duration_s, 3), round(event.score, 4), alternatives, side, place, *measures,
        "yes" if event.annotated else "no",
        event.level, event.evidence,
        event.source, "yes" if event.micro else "no",
    )  # fmt: skip


def _wide(summary: pd.DataFrame, labels: Sequence[str], extra: Sequence[str]) -> pd.DataFrame:
    """A row per clip and person; per gesture that happened anywhere its count, rate and share."""
    import pandas as pd

    keys = [*KEYS, *extra]
    base = summary[keys].drop_duplicates().reset_index(drop=True)
    parts = [base]
    order = pd.MultiIndex.from_frame(base[list(KEYS)])
    for label in labels:
        own = summary[summary["label"] == label].set_index(list(KEYS)).reindex(order)
        stem = variable_name(label)
        columns = {f"{stem}_{short}": own[name].to_numpy() for short, name in _WIDE.items()}
        parts.append(pd.DataFrame(columns))
    wide = pd.concat(parts, axis=1)
    wide.columns = _apart(list(wide.columns))
    return wide


_WIDE = {"n": "count", "rate": "rate_per_min", "share": "share", "mean_s": "mean_s",
         "latency_s": "latency_s", "obs_s": "observable_s"}  # fmt: skip


def variable_name(label: str) -> str:
    """A label as a name that SPSS and R take: letters, digits and underscores, a letter first."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in label.lower())
    name = "_".join(filter(None, name.split("_"))) or "gesture"
    return (name if name[0].isalpha() else f"g_{name}")[:48]


def _apart(names: Sequence[str]) -> list[str]:
    """Names told apart by numbers where two became the same."""
    used: set[str] = set()
    result = []
    for name in names:
        free, number = name, 2
        while free in used:
            free, number = f"{name}_{number}", number + 1
        used.add(free)
        result.append(free)
    return result


def csv_text(table: pd.DataFrame) -> str:
    """A table as text: nothing where a value cannot be had, no cell that runs as a formula."""
    safe = table.copy()
    for name in safe.columns:
        if safe[name].dtype.kind not in "ifb":
            safe[name] = [harmless(str(cell)) for cell in safe[name]]
    safe.columns = [harmless(str(name)) for name in safe.columns]
    return str(safe.to_csv(index=False, lineterminator="\n"))


def read_table(path: Path, also: Sequence[str] = ()) -> pd.DataFrame:
    """A table of a study; whatever is a name stays text, "007" and "NA" too.

    Without the columns `also` it is of no use here.
    """
    import pandas as pd

    rows = [
        [plain(cell) for cell in cells] for _, cells in csv_rows(read_text(path, "table"), path)
    ]
    head, rows = (rows[0], rows[1:]) if rows else ([], [])
    missing = [name for name in (*_NEEDED.get(path.stem, ()), *also) if name not in head]
    if missing or len(set(head)) < len(head) or any(len(row) != len(head) for row in rows):
        raise InputError(
            "this is no table of a study",
            place=path,
            expected="the columns and rows that 'mgskel analyze' wrote",
            found=f"no column {listed(missing)}" if missing else "rows of another length",
            remedy="run 'mgskel analyze' again: what is done is reused",
        )
    table = pd.DataFrame(rows, columns=head, dtype=str)
    for name in head:
        if name in OWN_COLUMNS and name not in TEXT:
            numbers = pd.to_numeric(table[name].replace("", None), errors="coerce")
            empty = (table[name] == "") & (name not in _IN_EACH_ROW)
            wrong = table[name][~(empty | (numbers.abs() < _LARGEST))]
            if len(wrong):
                raise InputError(f"'{name}' is {shown(wrong.iloc[0])}, not a number", place=path)
            table[name] = numbers
    return table


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """All tables of a study, which have to tell of the same recordings and gestures."""
    tables = {
        name: read_table(folder / f"{name}.csv", _ON_THE_PAGE.get(name, ())) for name in TABLES
    }
    summary, seen = tables["summary"], tables["observable"]
    for name, table, columns in (
        ("summary", summary, [*KEYS, "label"]), ("observable", seen, [*KEYS, "part"]),
    ):  # fmt: skip
        if table.duplicated(columns).any():
            raise _at_odds(folder / f"{name}.csv", "a row stands in it twice")
    for columns, known in ((list(KEYS), seen), (["label"], summary)):
        there = set(known[columns].itertuples(index=False, name=None))
        for words in tables["events"][columns].itertuples(index=False, name=None):
            if words not in there:
                raise _at_odds(
                    folder / "events.csv", f"{listed(words)}, of which the other tables say nothing"
                )
    return tables


def _at_odds(path: Path, found: str) -> InputError:
    return InputError(
        "the tables of the study are at odds",
        place=path,
        expected="tables that one run wrote",
        found=found,
        remedy="run 'mgskel analyze' again: what is done is reused",
    )


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    import importlib.util

    if importlib.util.find_spec("pyarrow") is None:
        raise MissingDependency("pyarrow", "parquet", "writing Parquet")
    table.to_parquet(path, index=False)
