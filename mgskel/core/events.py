"""Gesture events: who did what, from when to when, how sure that is, and who says so.

Events are stored as CSV (for tables and R), JSON, ELAN `.eaf` or BORIS (for annotators); reading
goes by a file's content, writing by its ending. Only label, start and end are needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.core.errors import InputError, listed, shown, unknown
from mgskel.core.gestures import Vocabulary, get_vocabulary
from mgskel.core.html_table import html_table
from mgskel.core.registry import Registry
from mgskel.core.storage.csv_table import plain, to_csv
from mgskel.core.storage.files import write_json, write_text
from mgskel.core.storage.intake import csv_rows, decimal_of, read_json, read_text

if TYPE_CHECKING:
    import pandas

SCHEMA = "mgskel-events/1"
_LONGEST_NAME = 500
_MOST_CLASSES = 1_000_000
_LATEST_S = 1e9
UNKNOWN_CLASS = -1
GESTURE, GROUP = "gesture", "group"
ANNOTATION = "annotation"
_LEVELS = (GESTURE, GROUP)
_NEEDED = ("label", "start_s", "end_s")
_SWITCHES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class GestureEvent:
    """One gesture of one person.

    Attributes:
        person: the name or track.
        label: the gesture's name; of a group, in words ("hand at the head").
        class_id: its id in the vocabulary; -1 where it belongs to none, or is a group's.
        start_s, end_s: seconds from the recording's start.
        score: how sure, 0..1; 1 for annotations by people.
        group: the body group, as the vocabulary divides it.
        level: 'gesture', or 'group' where it is clear which part of the body acts, but not how.
        alternatives: what else it may be, likeliest first: names and their probabilities.
        evidence: the measurement that supports or contradicts it, in words.
        source: the recognizer's name, or 'annotation' and the coder: see `annotation_by`.
    """

    person: str
    label: str
    class_id: int
    start_s: float
    end_s: float
    score: float = 1.0
    micro: bool = True
    group: str = ""
    level: str = GESTURE
    alternatives: tuple[tuple[str, float], ...] = ()
    evidence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        faults = []
        for name in ("person", "label"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_NAME:
                faults.append(f"'{name}' is {shown(text)}, not a name")
        for name in ("person", "label", "group", "evidence", "source"):
            text = getattr(self, name)
            if not text.isprintable() or text != text.strip():
                faults.append(
                    f"'{name}' is {shown(text)}, with blanks around it or control characters"
                )
        if not UNKNOWN_CLASS <= self.class_id < _MOST_CLASSES:
            faults.append(f"'class_id' is {self.class_id:.6g}, below -1 or beyond all classes")
        if not math.isfinite(self.start_s) or self.start_s < 0:
            faults.append(f"'start_s' is {self.start_s}, not a time from 0 on")
        if not self.end_s < _LATEST_S or self.end_s <= self.start_s:
            faults.append(f"'end_s' is {self.end_s}, not after its start {self.start_s}")
        if not 0 <= self.score <= 1:
            faults.append(f"'score' is {self.score}, not within 0..1")
        if self.level not in _LEVELS:
            faults.append(f"'level' is {shown(self.level)}, not one of {', '.join(_LEVELS)}")
        for label, chance in self.alternatives:
            if not label or ";" in label or not 0 <= chance <= 1:
                faults.append(
                    f"'alternatives' holds {shown(label)} with {chance}: names without ';' and "
                    "probabilities within 0..1 are wanted"
                )
        if faults:
            raise InputError(
                "not a gesture event: " + "; ".join(faults), remedy="correct the event's fields"
            )

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def annotated(self) -> bool:
        """Whether a person says so, not a recognizer."""
        return is_annotation(self.source)

    @property
    def recognised(self) -> bool:
        """Whether a recognizer says so: named as its source, or known by its doubt."""
        return not self.annotated and bool(self.source or self.score < 1)

    @property
    def coder(self) -> str:
        """Who annotated it; empty where nobody is named."""
        return self.source.removeprefix(ANNOTATION).removeprefix(" by ") if self.annotated else ""


def at_level(events: Iterable[GestureEvent], level: str) -> tuple[GestureEvent, ...]:
    """Events down to a level: of 'gesture' those with a gesture's name, of 'group' all."""
    return tuple(event for event in events if level == GROUP or event.level == GESTURE)


def is_annotation(source: str) -> bool:
    """Whether the `source` of an event or a statement is a person."""
    return source == ANNOTATION or source.startswith(f"{ANNOTATION} by ")


def annotation_by(coder: str = "") -> str:
    """The `source` of what a person annotated."""
    name = " ".join(coder.split())
    return f"{ANNOTATION} by {name}" if name else ANNOTATION


def event_of(
    values: Mapping[str, object], vocabulary: Vocabulary | None = None, place: str | None = None
) -> GestureEvent:
    """An event from named values, as text or numbers; what they leave open is filled in.

    With a vocabulary, class id, group and `micro` follow from the label, which must belong to it
    (that of a group belongs to no vocabulary). Where nothing is said of sources, what is
    entirely sure was annotated.
    """
    faults = [f"'{name}' is missing" for name in _NEEDED if values.get(name) in (None, "")]
    if faults:
        raise InputError("not a gesture event: " + "; ".join(faults), place=place)
    try:
        label, level = _text(values, "label"), _text(values, "level", GESTURE)
        known = vocabulary.by_name(label) if vocabulary is not None and level == GESTURE else None
        score = _number(values, "score", 1.0)
        return GestureEvent(
            person=_text(values, "person", "1"),
            label=known.name if known else label,
            class_id=known.id if known else _whole(values, "class_id", UNKNOWN_CLASS),
            start_s=_number(values, "start_s", math.nan),
            end_s=_number(values, "end_s", math.nan),
            score=score,
            micro=known.micro if known else _switch(values, "micro", True),
            group=known.group if known else _text(values, "group"),
            level=level,
            alternatives=_alternatives(values.get("alternatives")),
            evidence=_text(values, "evidence"),
            source=_text(values, "source") if "source" in values or score < 1 else ANNOTATION,
        )
    except InputError as error:
        error.place = place if error.place is None else error.place
        raise


def _text(values: Mapping[str, object], name: str, default: str = "") -> str:
    value = _or(values.get(name), default)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InputError(f"'{name}' is {shown(value)}, not text")
    return " ".join(str(value).split())


def _alternatives(value: object) -> tuple[tuple[str, float], ...]:
    """From "label:probability" joined by ";", or from pairs."""
    pairs: list[Any] = list(value) if isinstance(value, list | tuple) else []
    if isinstance(value, str):
        pairs = [part.rpartition(":")[::2] for part in value.split(";") if part.strip()]
    try:
        return tuple((str(label).strip(), float(chance)) for label, chance in pairs)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"'alternatives' is {shown(value)}", expected="label:probability, joined by ';'"
        ) from None


def alternatives_text(event: GestureEvent) -> str:
    """What else an event may be, "label:probability" joined by ";"."""
    return ";".join(f"{label}:{chance:.4g}" for label, chance in event.alternatives)


def _or(value: object, default: object) -> object:
    return default if value is None or value == "" else value


def _number(values: Mapping[str, object], name: str, default: float) -> float:
    value = _or(values.get(name), default)
    try:
        if isinstance(value, bool):
            raise TypeError
        return decimal_of(value) if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"'{name}' is {shown(value)}, not a number") from None


def _whole(values: Mapping[str, object], name: str, default: int) -> int:
    value = _number(values, name, default)
    if not value.is_integer():
        raise InputError(f"'{name}' is {shown(values[name])}, not a whole number")
    return int(value)


def _switch(values: Mapping[str, object], name: str, default: bool) -> bool:
    value = _or(values.get(name), default)
    if isinstance(value, bool):
        return value
    if str(value).lower() in _SWITCHES:
        return _SWITCHES[str(value).lower()]
    raise InputError(f"'{name}' is {shown(value)}", expected="true or false")


@dataclass(frozen=True)
class EventFormat:
    """Files of an annotation program, registered under their ending.

    Attributes:
        recognises: whether a text is of this format.
        write: events, the recording's file name, and the names to offer to who corrects them.
    """

    recognises: Callable[[str], bool]
    read: Callable[[Path, Vocabulary | None], Iterable[GestureEvent]]
    write: Callable[[Path, Sequence[GestureEvent], str | None, Vocabulary | None], None]


EVENT_FORMATS: Registry[EventFormat] = Registry(
    "events format", "mgskel.core.event_formats", "mgskel.event_formats"
)


def read_events(path: str | Path, vocabulary: str | Path | Vocabulary | None = None) -> Events:
    """Events of a CSV, JSON, ELAN or BORIS file, which its content tells, in the order of time.

    A vocabulary gives class ids by label, and refuses labels that it doesn't have.
    """
    chosen = get_vocabulary(vocabulary) if vocabulary is not None else None
    text = read_text(path, "events file")
    for known in EVENT_FORMATS:
        if known.recognises(text):
            return in_order(known.read(Path(path), chosen))
    rows = _json_rows(path) if text.lstrip()[:1] in ("{", "[") else table_rows(text, path)
    return in_order(event_of(values, chosen, place) for place, values in rows)


def in_vocabulary(event: GestureEvent, vocabulary: Vocabulary | None, place: str) -> GestureEvent:
    """An event in the words of a vocabulary, if there is one."""
    if vocabulary is None:
        return event
    return event_of({**asdict(event), "class_id": None}, vocabulary, place)


class Events(tuple[GestureEvent, ...]):
    """Gesture events in the order of time, as a tuple that shows itself as a table."""

    def to_pandas(self) -> pandas.DataFrame:
        """A row per event, with the columns of the events file."""
        import pandas

        rows = [{**asdict(event), "alternatives": alternatives_text(event)} for event in self]
        return pandas.DataFrame(rows, columns=list(EVENT_COLUMNS))

    def save(self, path: str | Path) -> None:
        """See `write_events`."""
        write_events(path, self)

    def __repr__(self) -> str:
        if not self:
            return "no gestures found"
        width = max(len(event.label) for event in self)
        people = len({event.person for event in self}) > 1
        lines = [
            f"{event.start_s:9.2f} {event.end_s:9.2f}  {event.label:<{width}}  {event.score:.2f}"
            + (f"  person {event.person}" if people else "")
            + ("  or " if event.alternatives else "")
            + "  ".join(f"{label} {chance:.2f}" for label, chance in event.alternatives[:2])
            + (f"  [{event.evidence}]" if event.evidence else "")
            for event in self
        ]
        return "\n".join([f"{self._counted} (from s, to s, gesture, score)", *lines])

    @property
    def _counted(self) -> str:
        return "1 gesture" if len(self) == 1 else f"{len(self)} gestures"

    def _repr_html_(self) -> str:
        head = ("person", "from s", "to s", "gesture", "score", "or")
        rows = [
            (e.person, f"{e.start_s:.2f}", f"{e.end_s:.2f}", e.label, f"{e.score:.2f}",
             ", ".join(f"{label} {chance:.2f}" for label, chance in e.alternatives[:2]))
            for e in self
        ]  # fmt: skip
        return html_table(self._counted, head, rows)


def in_order(events: Iterable[GestureEvent]) -> Events:
    """Events sorted by time, then person and label."""
    return Events(sorted(events, key=lambda e: (e.start_s, e.end_s, e.person, e.label)))


def table_rows(text: str, path: str | Path) -> list[tuple[str, dict[str, object]]]:
    """(place, values by column) of each row of a table of events."""
    lines = csv_rows(text, path)
    header = [name.strip() for name in next(lines, (1, []))[1]]
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise InputError(
            f"not a table of events: no column {', '.join(missing)}",
            place=f"{path}, line 1",
            expected="columns " + ", ".join(EVENT_COLUMNS),
            found=listed(header) or "an empty file",
            remedy="name the columns in the first line",
        )
    twice = next((name for name in EVENT_COLUMNS if header.count(name) > 1), None)
    if twice:
        raise InputError(
            f"two columns are called '{twice}'",
            place=f"{path}, line 1",
            remedy="leave one out, or name it differently",
        )
    rows: list[tuple[str, dict[str, object]]] = []
    for number, cells in lines:
        if len(cells) != len(header):
            raise InputError(
                "a row of another length than the header",
                place=f"{path}, line {number}",
                expected=f"{len(header)} cells",
                found=f"{len(cells)} cells",
                remedy="quote cells that hold commas",
            )
        row: dict[str, object] = dict(zip(header, map(plain, cells), strict=True))
        rows.append((f"{path}, line {number}", row))
    return rows


def _json_rows(path: str | Path) -> list[tuple[str, Mapping[str, object]]]:
    tree = read_json(path, "events file")
    listed = tree.get("events") if isinstance(tree, dict) else tree
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise InputError(
            "not a list of events",
            place=str(path),
            expected='{"events": [{"label": ..., "start_s": ..., "end_s": ...}, ...]}',
            found=f"keys {', '.join(map(str, tree))}" if isinstance(tree, dict) else "a list",
        )
    return [(f"{path}, event {index}", entry) for index, entry in enumerate(listed)]


def write_events(
    path: str | Path,
    events: Sequence[GestureEvent],
    *,
    media: str | None = None,
    vocabulary: Vocabulary | None = None,
) -> None:
    """Write events, by time, as `.csv`, `.json`, `.eaf` (ELAN, to the millisecond) or `.boris`.

    Args:
        media: the recording, for ELAN and BORIS to open beside the events: path or name.
        vocabulary: the names that ELAN offers to whoever corrects the events.
    """
    ending = Path(path).suffix.lower()
    ordered = in_order(events)
    if ending == ".csv":
        write_text(path, _to_csv(ordered))
    elif ending == ".json":
        tree: dict[str, object] = {"schema": SCHEMA, "events": [asdict(e) for e in ordered]}
        write_json(path, tree if media is None else {**tree, "media": media})
    elif ending in EVENT_FORMATS:
        EVENT_FORMATS.get(ending).write(Path(path), ordered, media, vocabulary)
    else:
        endings = (".csv", ".json", *EVENT_FORMATS.names())
        raise unknown("events ending", ending, endings, place=str(path))


EVENT_COLUMNS = tuple(field.name for field in fields(GestureEvent))


def _to_csv(events: Iterable[GestureEvent]) -> str:
    rows = ({**asdict(event), "alternatives": alternatives_text(event)} for event in events)
    return to_csv([EVENT_COLUMNS, *(row.values() for row in rows)])
