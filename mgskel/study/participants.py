"""The participants' table: who is in which clip, and what is known of them: condition, age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mgskel.core.errors import InputError, nearest
from mgskel.core.storage.intake import csv_rows, read_text

CLIP, PARTICIPANT, PERSON = "clip", "participant", "person"
_CLIP_WORDS = (CLIP, "file", "video", "recording")


@dataclass(frozen=True)
class Participants:
    """Rows of the table, as text: what stands in it is never turned into numbers."""

    columns: tuple[str, ...] = ()  # what is known beside clip, participant and person
    # (clip as given, person or empty, participant or empty, values of the columns)
    rows: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()

    def of(self, clip: str, person: str, position: int) -> tuple[str, tuple[str, ...]]:
        """Participant (empty if not told) and the columns' values for one person of a clip.

        A row without a person speaks of the whole clip; its participant is the clip's first
        person, whom extraction takes for the main one.
        """
        for name, who, participant, values in self.rows:
            if who == person and _same_clip(name, clip):
                return participant, values
        for name, who, participant, values in self.rows:
            if not who and _same_clip(name, clip):
                return (participant if position == 0 else ""), values
        return "", ("",) * len(self.columns)

    def unused(self, clips: Sequence[str]) -> tuple[str, ...]:
        """Clips of the table that the study doesn't have."""
        names = dict.fromkeys(name for name, *_ in self.rows)
        return tuple(n for n in names if not any(_same_clip(n, clip) for clip in clips))

    def missing(self, clips: Sequence[str]) -> tuple[str, ...]:
        """Clips of the study that the table doesn't have."""
        if not self.rows:
            return ()
        return tuple(c for c in clips if not any(_same_clip(n, c) for n, *_ in self.rows))


def _same_clip(given: str, clip: str) -> bool:
    """Whether a name in a table, with or without folder and ending, means a clip."""
    path = PurePosixPath(given.replace("\\", "/"))
    plain = path.with_suffix("").as_posix() if path.suffix else path.as_posix()
    ends = {PurePosixPath(clip).name} if "/" not in plain else set()
    return clip in (given, path.as_posix(), plain) or bool({plain, path.name} & ends)


def read_participants(path: str | Path, taken: Sequence[str] = ()) -> Participants:
    """Read a CSV table with a column `clip`, and if wanted `participant` and `person`.

    No other may be called as the columns of the study's own tables, which are `taken`.
    """
    text = read_text(path, "participants' table")
    first_line = text.split("\n", 1)[0]
    separator = max(",;\t", key=first_line.count)
    rows = list(csv_rows(text, path, separator))
    head = [cell.strip() for cell in rows[0][1]] if rows else []
    folded = [cell.casefold() for cell in head]
    clip = next((folded.index(word) for word in _CLIP_WORDS if word in folded), None)
    if clip is None:
        raise InputError(
            "the participants' table does not say which clip its rows speak of",
            place=f"{path}, line 1",
            expected=f"a column '{CLIP}' with the clips' names",
            found=", ".join(head) or "an empty file",
            remedy="name the first line's columns, for example clip,participant,condition",
        )
    who = {word: folded.index(word) if word in folded else None for word in (PARTICIPANT, PERSON)}
    others = [i for i in range(len(head)) if i not in (clip, *who.values()) and head[i]]
    _check_names([head[i] for i in others], taken, str(path))
    found = []
    for number, row in rows[1:]:
        cells = [cell.strip() for cell in row]
        if len(cells) != len(head) or not cells[clip]:
            raise InputError(
                "a row that does not fit the first line",
                place=f"{path}, line {number}",
                expected=f"{len(head)} cells, the clip's name among them",
                found=separator.join(cells),
                remedy="quote cells that hold the separator",
            )
        person, participant = (
            cells[place] if place is not None else "" for place in (who[PERSON], who[PARTICIPANT])
        )
        found.append((cells[clip], person, participant, tuple(cells[i] for i in others)))
    rows_of = Counter((name, person) for name, person, *_ in found)
    twice = next((name for (name, _), count in rows_of.items() if count > 1), None)
    if twice is not None:
        raise InputError(
            f"the clip '{twice}' has two rows",
            place=str(path),
            remedy="give one row a clip, or tell people apart in a column 'person'",
        )
    return Participants(tuple(head[i] for i in others), tuple(found))


def _check_names(names: Sequence[str], taken: Sequence[str], place: str) -> None:
    clash = next((name for name in names if name in taken), None)
    double = next((name for name in names if names.count(name) > 1), None)
    if clash or double:
        raise InputError(
            f"the column '{clash or double}' is "
            + ("one of the study's own" if clash else "there twice"),
            place=place,
            remedy="give it another name",
        )


def check_column(column: str, columns: Sequence[str]) -> None:
    """Refuse a column that the participants' table did not bring."""
    if column not in columns:
        guess = nearest(column, columns)
        raise InputError(
            f"the study has no column '{column}'",
            expected="one of " + ", ".join(columns) if columns else "columns from --participants",
            remedy=f"did you mean '{guess}'?"
            if guess
            else "run 'mgskel analyze ... --participants table.csv' again: what is done is reused",
        )
