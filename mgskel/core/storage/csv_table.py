"""Tables as CSV text, in which no cell is taken for a formula by a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

_FORMULA = frozenset("=+-@\t\r")


def to_csv(rows: Iterable[Iterable[object]]) -> str:
    """The text of a table; texts are made `harmless`, switches become true and false."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet, lineterminator="\n").writerows(map(_cell, row) for row in rows)
    return sheet.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def plain(text: str) -> str:
    """A cell without the mark that keeps spreadsheets from running it as a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text
