"""ELAN annotation files, through pympi.

One tier per person ("person 1: gestures"); gestures of one person that overlap (a nod while the
hands rub) go to further tiers of the same participant, because annotations of one tier may
not overlap. What ELAN has no field for (score, group, alternatives, ...) stands in dependent
tiers ("person 1: score"), so that a file of ours reads back unchanged, to the millisecond that
ELAN keeps. The gestures' names are a controlled vocabulary: ELAN offers them to whoever corrects
the events, and what ELAN has saved is taken as the word of a person.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import (
    EVENT_COLUMNS,
    EVENT_FORMATS,
    GESTURE,
    EventFormat,
    GestureEvent,
    alternatives_text,
    annotation_by,
    event_of,
    in_order,
)
from mgskel.core.gestures import Vocabulary
from mgskel.core.storage.files import write_bytes

_GESTURES, _EMPTY_TIER = "gestures", "1"
_AUTHOR, _VERSION = "mgskel", "2.8"
_DATE = "2000-01-01T00:00:00+00:00"
_UNDETERMINED = ("und", "http://cdb.iso.org/lg/CDB-00130975-001", "undetermined (und)")
_OWN_FIELDS = ("person", "label", "start_s", "end_s")
_DETAILS = tuple(name for name in EVENT_COLUMNS if name not in _OWN_FIELDS)
_MIME = {".mp4": "video/mp4", ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".wav": "audio/x-wav"}


def _eaf(path: str | Path | None = None) -> Any:
    from pympi import Eaf

    return Eaf(str(path) if path is not None else None, _AUTHOR, suppress_version_warning=True)


def read_elan(
    path: str | Path, vocabulary: Vocabulary | None = None, tiers: Iterable[str] | None = None
) -> tuple[GestureEvent, ...]:
    """Events of an ELAN file, in the order of time.

    Each time-aligned tier is one person's: its participant, or else its own name. Empty
    annotations mark nothing and are left out. What no recognizer wrote was annotated, and so was
    what ELAN has saved since: by the tier's annotator or else the document's author.

    Args:
        tiers: read only these tiers (those of gestures, in a file that also holds others).
    """
    document = _parse(path)
    chosen = list(document.tiers) if tiers is None else list(tiers)
    absent = [tier for tier in chosen if tier not in document.tiers]
    if absent:
        raise InputError(
            f"the ELAN file has no tier {', '.join(absent)}",
            place=str(path),
            expected="one of " + ", ".join(document.tiers),
        )
    times = _slot_times(document.timeslots)
    details = _details(document)
    author = str(document.adocument.get("AUTHOR") or "")
    untouched = author == _AUTHOR and document.adocument.get("FORMAT") == _VERSION
    events = []
    for tier in chosen:
        aligned, _, attributes, _ = document.tiers[tier]
        person = (attributes.get("PARTICIPANT") or "").strip() or tier.strip()
        coder = attributes.get("ANNOTATOR") or (author if author != _AUTHOR else "")
        for annotation, (begin, end, text, _) in aligned.items():
            label = " ".join(text.split())
            if not label:
                continue
            known = details.get(annotation, {})
            if not untouched:
                known = {name: text for name, text in known.items() if name != "source"}
            values = {
                "person": person,
                "label": label,
                "start_s": times.get(begin),
                "end_s": times.get(end),
                "source": "" if untouched and "score" in known else annotation_by(coder),
                **known,
            }
            place = f"{path}, tier '{tier}', annotation {annotation}"
            events.append(event_of(values, vocabulary, place))
    return in_order(events)


def _parse(path: str | Path) -> Any:
    try:
        with redirect_stderr(io.StringIO()):
            return _eaf(path)
    except Exception as error:  # the library raises whatever its parsing runs into
        raise InputError(
            "not a readable ELAN file",
            place=str(path),
            expected="an annotation document saved by ELAN",
            found=f"{type(error).__name__}: {error}",
            remedy="open it in ELAN and save it again",
        ) from error


def _slot_times(slots: Mapping[str, int | None]) -> dict[str, float]:
    """Seconds of each time slot; slots that ELAN left open lie evenly between their neighbours."""
    names = list(slots)
    # No time is beyond a float; whole numbers of any size can stand in a file.
    known = {name: value for name, value in slots.items() if value is not None}
    times = {name: value / 1000 for name, value in known.items() if abs(value) < 1 << 60}
    given = [place for place, name in enumerate(names) if name in times]
    if not given:
        return times
    # Those open on one side are left out: nothing says where they lie.
    open_ones = [p for p in range(given[0], given[-1]) if names[p] not in times]
    seconds = np.interp(open_ones, given, [times[names[p]] for p in given])
    return times | {names[p]: float(s) for p, s in zip(open_ones, seconds, strict=True)}


def _details(document: Any) -> dict[str, dict[str, str]]:
    """What dependent tiers say about annotations: {annotation: {field: text}}."""
    found: dict[str, dict[str, str]] = {}
    ours = {
        tier
        for tier, (_, _, attributes, _) in document.tiers.items()
        if attributes.get("LINGUISTIC_TYPE_REF") == _GESTURES
    }
    for _, references, attributes, _ in document.tiers.values():
        field = attributes.get("LINGUISTIC_TYPE_REF")
        if field in _DETAILS and attributes.get("PARENT_REF") in ours:
            for reference, text, _, _ in references.values():
                found.setdefault(reference, {})[field] = text.strip()
    return found


def write_elan(
    path: str | Path,
    events: Iterable[GestureEvent],
    *,
    media: str | None = None,
    vocabulary: Vocabulary | None = None,
) -> None:
    """Write events as an ELAN file, with the recording linked when `media` names it.

    Args:
        media: the recording: a path, from where the file shall lead to it, or its name only.
        vocabulary: names to offer beside those of the events.
    """
    document = _eaf()
    # ELAN wants a date; a true one would make equal events unequal files.
    document.adocument |= {"FORMAT": _VERSION, "VERSION": _VERSION, "DATE": _DATE}
    document.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    ordered = in_order(events)
    _offer(document, {event.label: event.group for event in ordered}, vocabulary)
    if media is not None:
        kind = _MIME.get(Path(media).suffix.lower(), "video/mp4")
        place = _seen_from(Path(path).parent, media)
        document.add_linked_file(place, place, kind)
    for person, lanes in (_lanes(ordered) or {_EMPTY_TIER: [[]]}).items():
        for number, lane in enumerate(lanes, start=1):
            who = f"person {person}" if person.isdigit() else person
            again = f" ({number})" if number > 1 else ""
            tier = _free_name(document.tiers, f"{who}: {_GESTURES}{again}")
            document.add_tier(tier, ling=_GESTURES, part=person)
            for event in lane:
                document.add_annotation(tier, *_milliseconds(event), event.label)
            for field in _DETAILS:
                texts = [_detail(event, field) for event in lane]
                if any(texts):
                    name = f"{who}: {field.replace('_', ' ')}{again}"
                    name = _free_name(document.tiers, name)
                    if field not in document.linguistic_types:
                        kind = "Symbolic_Association"  # one annotation to each gesture
                        document.add_linguistic_type(field, kind, timealignable=False)
                    document.add_tier(name, ling=field, parent=tier, part=person)
                    _add_details(document, name, tier, texts)
    document.remove_tier("default")
    document.remove_linguistic_type("default-lt")
    write_bytes(path, _to_bytes(document))


def _seen_from(folder: Path, media: str) -> str:
    """Where a recording lies, from a folder on; one that is not there is looked for beside it."""
    if Path(media).is_file():
        try:
            place = Path(os.path.relpath(Path(media).resolve(), folder.resolve())).as_posix()
            return place if place.startswith(".") else f"./{place}"
        except ValueError:  # on another drive
            pass
    return f"./{Path(media).name}"


def _offer(document: Any, used: Mapping[str, str], vocabulary: Vocabulary | None) -> None:
    """The type of the tiers of gestures, whose annotations come from a controlled vocabulary."""
    document.add_language(*_UNDETERMINED)
    document.add_controlled_vocabulary(_GESTURES)
    document.add_cv_description(_GESTURES, _UNDETERMINED[0], vocabulary.name if vocabulary else "")
    known = {gesture.name: gesture.group for gesture in vocabulary} if vocabulary else {}
    for number, (label, group) in enumerate({**known, **used}.items()):
        entry = [(label, _UNDETERMINED[0], group or None)]
        document.add_cv_entry(_GESTURES, f"cveid_{number}", entry)
    document.add_linguistic_type(
        _GESTURES,
        param_dict={
            "LINGUISTIC_TYPE_ID": _GESTURES,
            "TIME_ALIGNABLE": "true",
            "GRAPHIC_REFERENCES": "false",
            "CONTROLLED_VOCABULARY_REF": _GESTURES,
        },
    )


def _lanes(events: Iterable[GestureEvent]) -> dict[str, list[list[GestureEvent]]]:
    """Per person, as few lanes of events as keep overlapping ones apart."""
    people: dict[str, list[list[GestureEvent]]] = {}
    for event in in_order(events):
        lanes = people.setdefault(event.person, [])
        start, _ = _milliseconds(event)
        free = next((lane for lane in lanes if _milliseconds(lane[-1])[1] <= start), None)
        if free is None:
            lanes.append([event])
        else:
            free.append(event)
    return people


def _milliseconds(event: GestureEvent) -> tuple[int, int]:
    start = round(event.start_s * 1000)
    return start, max(round(event.end_s * 1000), start + 1)


def _free_name(taken: Mapping[str, object], name: str) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name} #{number}", number + 1
    return free


def _detail(event: GestureEvent, field: str) -> str:
    """One field of an event as text; empty where there is nothing to say."""
    if field == "level" and event.level == GESTURE:
        return ""
    value = alternatives_text(event) if field == "alternatives" else getattr(event, field)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def _add_details(document: Any, name: str, tier: str, texts: list[str]) -> None:
    """Fill one dependent tier."""
    aligned, references = document.tiers[tier][0], document.tiers[name][1]
    for annotation, text in zip(aligned, texts, strict=True):
        if text:
            identity = document.generate_annotation_id()
            document.annotations[identity] = name
            references[identity] = (annotation, text, None, None)


def _to_bytes(document: Any) -> bytes:
    from xml.etree import ElementTree

    from pympi.Elan import to_adocument

    return ElementTree.tostring(to_adocument(document), encoding="UTF-8", xml_declaration=True)


def elan_tiers(path: str | Path) -> tuple[str, ...]:
    """Names of an ELAN file's tiers that hold annotations with times of their own."""
    document = _parse(path)
    return tuple(tier for tier, (aligned, _, _, _) in document.tiers.items() if aligned)


def _write(
    path: Path, events: Iterable[GestureEvent], media: str | None, vocabulary: Vocabulary | None
) -> None:
    write_elan(path, events, media=media, vocabulary=vocabulary)


EVENT_FORMATS.register(
    ".eaf", EventFormat(lambda text: text.lstrip().startswith("<"), read_elan, _write)
)
