"""BORIS: projects and exported tables, in and out.

BORIS notes moments: a state event is a pair of moments with the same subject and behaviour, a
point event a single one. Here a point becomes an event of `POINT_S`. Three of its forms are read:
a project (`.boris`, one or many observations), exported events ("tabular", one row a moment) and
exported aggregated events (one row an event); projects are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.events import (
    EVENT_FORMATS,
    EventFormat,
    GestureEvent,
    event_of,
    in_order,
    in_vocabulary,
)
from mgskel.core.gestures import Vocabulary
from mgskel.core.storage.files import write_json
from mgskel.core.storage.intake import csv_rows, decimal_of, parse_json, read_text

POINT_S = 0.04
_FORMAT = "7.0"
_NOBODY = "No focal subject"
_SCORE = re.compile(r"score ([01](?:\.\d+)?(?:[eE]-?\d+)?)$")


@dataclass(frozen=True)
class Observation:
    """One recording as somebody coded it; without media it was coded live.

    Attributes:
        media: the recording's file name.
        remarks: what a reader of the events should know.
    """

    name: str
    events: tuple[GestureEvent, ...]
    media: str = ""
    duration_s: float | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Moment:
    time_s: float
    subject: str
    behaviour: str
    comment: str
    kind: str  # START, STOP, POINT, or STATE where only the order tells start from stop


def is_boris(text: str) -> bool:
    """Whether a file's text is a BORIS project or one of its exported tables."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        return '"behaviors_conf"' in text and '"observations"' in text
    try:
        return _header_of(_rows(text, "")) is not None
    except InputError:
        return False


def read_boris(path: str | Path) -> tuple[Observation, ...]:
    """The observations of a BORIS file, in the order of the file."""
    text = read_text(path, "BORIS file")
    if text.lstrip().startswith("{"):
        return tuple(_from_project(text, str(path)))
    return tuple(_from_table(text, str(path)))


def _from_project(text: str, place: str) -> Iterator[Observation]:
    try:
        tree = parse_json(text, place, "BORIS project")
        observations, behaviours = tree["observations"], tree["behaviors_conf"].values()
        states = {b["code"] for b in behaviours if str(b.get("type", "")).startswith("State")}
        for name, observation in observations.items():
            media = [file for files in _players(observation) for file in files]
            lengths = (observation.get("media_info") or {}).get("length") or {}
            first = next(iter(_players(observation)), [])
            duration = sum(float(lengths[file]) for file in first if file in lengths) or None
            moments = [_moment(values, states, place) for values in observation["events"]]
            modified = any(len(v) > 3 and v[3] not in ("", "None") for v in observation["events"])
            events, remarks = _paired(moments, duration, f"{place}, observation '{name}'")
            if modified:
                remarks = (*remarks, "modifiers of behaviours are not read")
            yield Observation(name, events, Path(media[0]).name if media else "", duration, remarks)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(
            "not a readable BORIS project",
            place=place,
            expected="a project that BORIS saved, with observations and behaviors_conf",
            found=f"{type(error).__name__}: {error}",
            remedy="open it in BORIS and save it again",
        ) from error


def _players(observation: Mapping[str, Any]) -> list[list[str]]:
    """Media files per player; a live observation has none."""
    files = observation.get("file")
    return [paths for paths in files.values() if paths] if isinstance(files, dict) else []


def _moment(values: Sequence[Any], states: set[str], place: str) -> _Moment:
    time, subject, behaviour = float(values[0]), str(values[1]), str(values[2])
    comment = str(values[4]) if len(values) > 4 else ""
    return _Moment(time, subject, behaviour, comment, "STATE" if behaviour in states else "POINT")


def _paired(
    moments: Iterable[_Moment], end_s: float | None, place: str
) -> tuple[tuple[GestureEvent, ...], tuple[str, ...]]:
    """Events of moments; a state that nothing ends lasts to the recording's end."""
    running: dict[tuple[str, str], _Moment] = {}
    events: list[GestureEvent] = []
    remarks: list[str] = []
    last = 0.0
    for moment in sorted(moments, key=lambda m: m.time_s):
        key = (moment.subject, moment.behaviour)
        last = max(last, moment.time_s)
        if moment.kind == "POINT":
            events.append(_event(moment, moment.time_s + POINT_S, place))
        elif key in running and moment.kind != "START":
            begun = running.pop(key)
            events.append(_event(begun, max(moment.time_s, begun.time_s + POINT_S), place))
        elif moment.kind == "STOP":
            raise InputError(
                f"'{moment.behaviour}' ends at {moment.time_s} s without having begun",
                place=place,
                remedy="fix unpaired events in BORIS",
            )
        else:
            running[key] = moment
    for begun in running.values():
        until = max(last if end_s is None else end_s, begun.time_s + POINT_S)
        events.append(_event(begun, until, place))
        remarks.append(
            f"'{begun.behaviour}', begun at {begun.time_s:g} s, is never ended: it counts to "
            f"{until:g} s"
        )
    return in_order(events), tuple(remarks)


def _event(begun: _Moment, end_s: float, place: str) -> GestureEvent:
    scored = _SCORE.match(begun.comment.strip())
    values = {
        "person": "1" if begun.subject in ("", _NOBODY) else begun.subject,
        "label": " ".join(begun.behaviour.split()),
        "start_s": begun.time_s,
        "end_s": end_s,
        "score": scored.group(1) if scored else 1.0,
    }
    return event_of(values, place=place)


def _rows(text: str, place: object) -> list[list[str]]:
    """Cells of a table that tabs or commas separate."""
    lines = text.lstrip("\ufeff").splitlines()
    tabs = sum(line.count("\t") for line in lines[:60])
    commas = sum(line.count(",") for line in lines[:60])
    return [row for _, row in csv_rows(text, place, "\t" if tabs > commas else ",")]


def _header_of(rows: Sequence[Sequence[str]]) -> int | None:
    """The row that names the columns: older exports put facts of the observation before it."""
    for index, row in enumerate(rows[:80]):
        names = {cell.strip() for cell in row}
        tabular = "Time" in names and names & {"Behavior type", "Status"}
        aggregated = names >= {"Start (s)", "Stop (s)"}
        if {"Subject", "Behavior"} <= names and (tabular or aggregated):
            return index
    return None


def _from_table(text: str, place: str) -> Iterator[Observation]:
    rows = _rows(text, place)
    first = _header_of(rows)
    if first is None:
        raise InputError(
            "not a BORIS table",
            place=place,
            expected="columns Subject, Behavior and Time (or Start (s), Stop (s))",
            remedy="export 'tabular events' or 'aggregated events' from BORIS as CSV or TSV",
        )
    header = [cell.strip() for cell in rows[first]]
    about = {row[0].strip(): row[1].strip() for row in rows[:first] if len(row) > 1 and row[0]}
    groups: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for number, row in enumerate(rows[first + 1 :], start=first + 2):
        if any(cell.strip() for cell in row):
            cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
            name = cells.get("Observation id") or about.get("Observation id") or Path(place).stem
            groups.setdefault(name, []).append((number, cells))
    if not groups:
        yield Observation(about.get("Observation id") or Path(place).stem, ())
    for name, lines in groups.items():
        yield _table_observation(name, lines, place)


def _table_observation(
    name: str, lines: Sequence[tuple[int, Mapping[str, str]]], place: str
) -> Observation:
    facts = lines[0][1]
    media = facts.get("Media file name") or facts.get("Media file path") or ""
    media = "" if media in ("NA", "Not found") else re.split(r"[\\/]", media)[-1]
    length = facts.get("Media duration (s)") or facts.get("Total length") or ""
    duration = float(length) if re.fullmatch(r"\d+(\.\d+)?", length) else None
    moments: list[_Moment] = []
    events: list[GestureEvent] = []
    for number, cells in lines:
        where = f"{place}, line {number}"
        subject, behaviour = cells.get("Subject", ""), cells.get("Behavior", "")
        comment = cells.get("Comment") or cells.get("Comment start") or ""
        if "Start (s)" in cells:
            start, stop = _seconds(cells["Start (s)"], where), _seconds(cells["Stop (s)"], where)
            whole = _Moment(start, subject, behaviour, comment, "STATE")
            events.append(_event(whole, max(stop, start + POINT_S), where))
        else:
            kind = (cells.get("Behavior type") or cells.get("Status") or "POINT").upper()
            time = _seconds(cells.get("Time", ""), where)
            moments.append(_Moment(time, subject, behaviour, comment, kind))
    paired, remarks = _paired(moments, duration, f"{place}, observation '{name}'")
    return Observation(name, in_order((*events, *paired)), media, duration, remarks)


def _seconds(text: str, place: str) -> float:
    """Seconds, or hours:minutes:seconds as BORIS shows them on demand."""
    try:
        total = 0.0
        for part in text.split(":"):
            total = total * 60 + decimal_of(part)
        return total
    except ValueError:
        raise InputError(f"'{text}' is not a time", place=place, expected="seconds") from None


def write_boris(path: str | Path, observations: Sequence[Observation]) -> None:
    """Write a project for BORIS to open."""
    groups = {event.label: event.group for o in observations for event in o.events}
    people = sorted({event.person for o in observations for event in o.events})
    keys = "abcdefghijklmnopqrstuvwxyz0123456789"
    project = {
        "time_format": "hh:mm:ss",
        "project_date": "2000-01-01T00:00:00",
        "project_name": "mgskel",
        "project_description": "",
        "project_format_version": _FORMAT,
        "subjects_conf": {
            str(i): {"key": "", "name": name, "description": ""} for i, name in enumerate(people)
        },
        "behaviors_conf": {
            str(i): {
                "type": "State event",
                "key": keys[i] if i < len(keys) else "",
                "code": label,
                "description": "",
                "color": "",
                "category": group,
                "modifiers": {},
                "excluded": "",
                "coding map": "",
            }
            for i, (label, group) in enumerate(sorted(groups.items()))
        },
        "observations": {o.name: _coded(o) for o in observations},
        "behavioral_categories": sorted({group for group in groups.values() if group}),
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    write_json(path, project)


def _coded(observation: Observation) -> dict[str, Any]:
    media = observation.media
    rows: list[list[Any]] = []
    for event in _apart(observation.events):
        about = "" if event.score == 1 else f"score {event.score:g}"
        rows.append([round(event.start_s, 3), event.person, event.label, "", about, "NA"])
        rows.append([round(event.end_s, 3), event.person, event.label, "", "", "NA"])
    length = {} if observation.duration_s is None else {media: round(observation.duration_s, 3)}
    return {
        "file": {"1": [media], **{str(n): [] for n in range(2, 9)}} if media else [],
        "type": "MEDIA" if media else "LIVE",
        "date": "2000-01-01T00:00:00",
        "description": "",
        "time offset": 0.0,
        "events": sorted(rows, key=lambda row: row[0]),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
        "media_info": {
            "length": length if media else {},
            "fps": {},
            "hasVideo": {media: True} if media else {},
            "hasAudio": {},
            "offset": {"1": 0.0},
        },
    }


def _apart(events: Iterable[GestureEvent]) -> list[GestureEvent]:
    """Events of one subject and behaviour, joined where they overlap: a state is on or off."""
    joined: dict[tuple[str, str], list[GestureEvent]] = {}
    for event in in_order(events):
        row = joined.setdefault((event.person, event.label), [])
        if row and round(event.start_s, 3) <= round(row[-1].end_s, 3):
            row[-1] = replace(
                row[-1],
                end_s=max(row[-1].end_s, event.end_s),
                score=max(row[-1].score, event.score),
            )
        else:
            row.append(event)
    return list(in_order(event for row in joined.values() for event in row))


def _read(path: Path, vocabulary: Vocabulary | None) -> list[GestureEvent]:
    """The events of a file of one observation."""
    found = read_boris(path)
    if len(found) != 1:
        raise InputError(
            "one recording is wanted here",
            place=str(path),
            expected="a file with one observation",
            found=", ".join(o.name for o in found) or "none",
            remedy="export the observation by itself; 'mgskel agree' takes whole projects",
        )
    return [in_vocabulary(event, vocabulary, str(path)) for event in found[0].events]


def _write(
    path: Path, events: Sequence[GestureEvent], media: str | None, vocabulary: Vocabulary | None
) -> None:
    write_boris(path, [Observation(path.stem, tuple(events), Path(media or "").name)])


EVENT_FORMATS.register(".boris", EventFormat(is_boris, _read, _write))
