"""Tables as CSV: numbers, named columns and gesture labels, with faults by line."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults, InputError, InvalidFile, shown
from mgskel.core.events import ANNOTATION, GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.storage.intake import csv_rows, decimal_of, read_text

_ROW = re.compile(r"row (\d+)(?:, column (\d+))?")


def read_numbers(path: Path, faults: Faults, *, header: int = 0) -> np.ndarray:
    """A table of numbers as (rows, columns) float64, after `header` lines; empty cells are NaN."""
    text = read_text(path, "table")
    lines = text.splitlines()[header:]
    if not any(line.strip() for line in lines):
        raise faults.stop("file", "rows of numbers", "an empty file", "write it again")
    if any(",," in line or line.endswith(",") for line in lines):
        lines = [_filled(line) for line in lines]
    try:
        return np.loadtxt(lines, delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise faults.stop(
            f"line {_line(str(error), lines, header)}",
            "numbers, as many in each line",
            str(error).split(";")[0],
            "the file may be cut off or damaged; correct the line",
        ) from error


def _filled(line: str) -> str:
    return ",".join(cell.strip() or "nan" for cell in line.split(","))


def _line(message: str, lines: list[str], header: int) -> int:
    """The line, counted from 1, that an error of the parser speaks of."""
    match = _ROW.search(message)
    row = int(match[1]) if match else 0
    if "changed from" in message:
        row -= 1  # this message counts rows from 1, the others from 0
    filled = [number for number, line in enumerate(lines, start=header + 1) if line.strip()]
    return filled[min(row, len(filled) - 1)]


def read_rows(path: Path, faults: Faults) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and (line number, cells) of a CSV table; rows must be as long as the header."""
    try:
        lines = list(csv_rows(read_text(path, "table"), path))
    except InputError as error:
        faults.add_error(error)
        raise InvalidFile(path, faults.all) from error
    header = [cell.strip() for cell in lines[0][1]] if lines else []
    rows: list[tuple[int, list[str]]] = []
    for number, cells in lines[1:]:
        if len(cells) == len(header):
            rows.append((number, cells))
            continue
        faults.add(
            f"line {number}",
            f"{len(header)} cells, as in the header",
            f"{len(cells)} cells",
            "the file may be cut off; correct the line",
        )
    return header, rows


def column(rows: list[tuple[int, list[str]]], index: int, name: str, faults: Faults) -> np.ndarray:
    """One column as float64, empty cells NaN; the first cells that are no numbers are faults."""
    cells = [cells[index] for _, cells in rows]
    written = "".join(cells)
    if written.isascii() and "_" not in written:  # see `decimal_of`, which is slower
        with suppress(ValueError):
            return np.array([cell or "nan" for cell in cells], dtype=np.float64)
    values = np.full(len(cells), np.nan)
    wrong = 0
    for row, cell in enumerate(cells):
        try:
            values[row] = decimal_of(cell or "nan")
        except ValueError:
            wrong += 1
            if wrong <= 3:
                place = f"line {rows[row][0]}, column '{name}'"
                faults.add(place, "a number", shown(cell), "correct it")
    return values


def read_event_labels(
    path: Path, vocabulary: Vocabulary, fps: float, frames: int, faults: Faults, *, inclusive: bool
) -> tuple[GestureEvent, ...]:
    """Events of iMiGUE and SMG: rows of raw label, first frame and last frame, counted from 0.

    A line of column names may come first; without the file there are no events.

    Args:
        frames: how many the recording has.
        inclusive: whether the last frame still belongs to the gesture.
    """
    if not path.exists():
        return ()
    events = []
    for number, cells in csv_rows(read_text(path, "labels"), path):
        place = f"{path.name}, line {number}"
        try:
            raw, start, end = (int(decimal_of(cell)) for cell in cells[:3])
        except (ValueError, OverflowError):
            if number > 1:
                faults.add(place, "label, first frame, last frame", ",".join(cells), "correct it")
            continue
        try:
            gesture = vocabulary.from_raw(raw)
        except InputError as error:
            faults.add(
                place, f"a label of '{vocabulary.name}': {error.expected}", raw, "correct it"
            )
            continue
        stop = end + 1 if inclusive else end
        if not 0 <= start < stop or start >= frames:
            faults.add(
                place,
                f"frames within 0 to {frames - 1}, the first before the last",
                f"{start} to {end}",
                "correct it; labels and skeleton may be of different videos",
            )
            continue
        events.append(
            GestureEvent(
                "1",
                gesture.name,
                gesture.id,
                start / fps,
                min(stop, frames) / fps,
                micro=gesture.micro,
                group=gesture.group,
                source=ANNOTATION,
            )
        )
    return tuple(events)
