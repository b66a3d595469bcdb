"""What people made of the events of a clip: one file a coder, beside the clip's results.

A review (`review-NAME.json`) holds every event, also those that the machine found and the coder
rejected, so that it stays whole when the clip is analysed anew. The newest review that is not
blind has the last word on a clip: tables, cut clips and maps are made from it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mgskel.core.errors import Faults, InputError, MgskelError
from mgskel.core.events import GestureEvent, annotation_by, event_of, in_order
from mgskel.core.storage.files import write_text
from mgskel.core.storage.intake import checked, read_json

SCHEMA = "mgskel-review/1"
OPEN, ACCEPTED, REJECTED = "open", "accepted", "rejected"
_LONGEST_NAME = 40
_WRITING = threading.Lock()


@dataclass(frozen=True)
class JudgedEvent:
    """One event as a coder sees it."""

    id: str  # its name within the review
    event: GestureEvent  # as the coder leaves it
    state: str = OPEN  # 'open' (not looked at), 'accepted' (as it stands now) or 'rejected'
    at: str = ""  # when that was said, ISO 8601; empty while open
    machine: GestureEvent | None = None  # as the machine found it; none where the coder added it

    def __post_init__(self) -> None:
        known = self.state in (OPEN, ACCEPTED, REJECTED) and isinstance(self.at, str)
        if not known or not re.fullmatch(r"[\w-]{1,64}", self.id):
            raise InputError(
                "not an event of a review",
                expected=f"a name, and one of {OPEN}, {ACCEPTED}, {REJECTED}",
                found=f"'{self.id}', '{self.state}'",
            )


@dataclass(frozen=True)
class Review:
    """What one coder made of one clip."""

    coder: str
    events: tuple[JudgedEvent, ...] = ()
    blind: bool = False  # whether the coder began without the machine's events
    finished: bool = False  # the coder is done: what stands is right, nothing is missing
    revision: int = 0  # how often it was saved
    saved: str = ""  # when it was saved last, ISO 8601

    def __post_init__(self) -> None:
        ids = [judged.id for judged in self.events]
        if len(set(ids)) < len(ids):
            raise InputError("two events of a review have one name")

    @classmethod
    def begun(cls, coder: str, found: Sequence[GestureEvent], blind: bool = False) -> Review:
        """Nothing judged yet; a blind coder sees nothing of what was found."""
        shown = [] if blind else in_order(found)
        return cls(
            coder,
            tuple(JudgedEvent(f"m{i}", event, machine=event) for i, event in enumerate(shown)),
            blind,
        )

    def standing(self) -> tuple[GestureEvent, ...]:
        """The events that the coder lets stand; what was judged is the coder's annotation."""
        said_by = annotation_by(self.coder)
        return in_order(
            judged.event
            if judged.state == OPEN
            else replace(judged.event, score=1.0, alternatives=(), source=said_by)
            for judged in self.events
            if judged.state != REJECTED
        )

    def counts(self) -> dict[str, int]:
        """How many events are in each state."""
        states = [judged.state for judged in self.events]
        return {state: states.count(state) for state in (OPEN, ACCEPTED, REJECTED)}


class Outdated(MgskelError):
    """Somebody else (another tab) saved in between: what lies there now is `current`."""

    def __init__(self, current: Review) -> None:
        super().__init__("saved in between by another tab", found=f"revision {current.revision}")
        self.current = current


def coder_name(name: str) -> str:
    """A coder's name, checked."""
    tidy = " ".join(name.split())
    if not 1 <= len(tidy) <= _LONGEST_NAME or not tidy.isprintable() or not _slug(tidy):
        raise InputError(
            "not a coder's name",
            expected=f"up to {_LONGEST_NAME} letters",
            found=repr(name[: 2 * _LONGEST_NAME]),
        )
    return tidy


def _slug(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name.casefold()).strip("-_")


def review_path(folder: Path, coder: str) -> Path:
    return folder / f"review-{_slug(coder_name(coder))}.json"


def load_review(folder: Path, coder: str) -> Review | None:
    """A coder's review of the clip in a folder, if there is one."""
    path = review_path(folder, coder)
    if not path.exists():
        return None
    review = read_review(path)
    if review.coder != coder_name(coder):
        raise InputError(
            f"the names '{coder}' and '{review.coder}' are too much alike",
            place=path,
            remedy="take another name",
        )
    return review


def load_reviews(folder: Path) -> list[Review]:
    """Every coder's review of the clip in a folder, by name."""
    return [read_review(path) for path in sorted(folder.glob("review-*.json"))]


@dataclass(frozen=True)
class _Record:
    """A review as it stands in its file, events still to be read."""

    coder: str
    events: list[dict[str, Any]]
    blind: bool
    finished: bool
    revision: int
    saved: str


def read_review(path: Path) -> Review:
    tree = read_json(path, "review")
    try:
        if not isinstance(tree, dict) or tree["schema"] != SCHEMA:
            raise InputError("not a review of this version", place=path, expected=SCHEMA)
        told = checked(_Record, tree, Faults(path))
        events = tuple(
            JudgedEvent(
                entry["id"], _event(entry["event"]), entry["state"], entry["at"],
                None if entry["machine"] is None else _event(entry["machine"]),
            )
            for entry in told.events
        )  # fmt: skip
        return Review(
            coder_name(told.coder), events, told.blind, told.finished, told.revision, told.saved
        )
    except (KeyError, TypeError) as error:
        raise InputError(
            "not a whole review", place=path, found=f"{type(error).__name__}: {error}"
        ) from error


def _event(values: Mapping[str, Any]) -> GestureEvent:
    return event_of({**values, "alternatives": [tuple(pair) for pair in values["alternatives"]]})


def save_review(folder: Path, review: Review) -> Review:
    """Save a review made from revision `review.revision`; returns it as saved.

    It is `Outdated` where somebody else saved a newer one.
    """
    path = review_path(folder, review.coder)
    with _WRITING:
        current = load_review(folder, review.coder)
        if current is not None and current.revision != review.revision:
            raise Outdated(current)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        saved = replace(review, revision=review.revision + 1, saved=now)
        # Without indents, which take the library's slow way: it is saved with every decision.
        tree = {"schema": SCHEMA, **asdict(saved)}
        write_text(path, json.dumps(tree, ensure_ascii=False, allow_nan=False))
        return saved


def last_word(folder: Path) -> Review | None:
    """The newest review of a clip whose coder saw what the machine found."""
    seeing = [review for review in load_reviews(folder) if not review.blind and review.revision]
    return max(seeing, key=lambda review: (review.saved, review.coder), default=None)
