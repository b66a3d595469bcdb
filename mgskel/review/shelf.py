"""What the page asks of a study, read anew only when a file has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, annotation_by, event_of
from mgskel.core.gestures import GestureClass, get_vocabulary
from mgskel.pose.batches.clip_list import is_footage
from mgskel.report.drawing import group_colours, ink_on
from mgskel.report.playback import playback
from mgskel.review.footage import PLAYABLE
from mgskel.study.reviews import JudgedEvent, Outdated, Review, load_review, load_reviews
from mgskel.study.study_folder import (
    ABOUT,
    EVENTS,
    POSE,
    REPORT,
    About,
    ClipResult,
    is_clip_folder,
    recorded,
    recorded_s,
)
from mgskel.study.study_folder import study_clips as clips_below

NO_GROUP = "gesture"
_SLACK_S = 0.5

Stamp = tuple[tuple[str, int], ...]


class NotFound(InputError):
    """What was asked for is not in the study."""


class Shelf:
    """A study's clips, with what people made of their events."""

    def __init__(self, study: Path) -> None:
        self.study = study

    def clips(self) -> dict[str, ClipResult]:
        try:
            return {clip.name: clip for clip in clips_below(self.study)}
        except InputError:
            return {}

    def clip(self, name: str) -> ClipResult:
        folder = self.study / name
        if name == _below(self.study, folder) and is_clip_folder(folder):
            return ClipResult(name, folder)
        found = self.clips().get(name)  # the study may be the folder of a single clip
        if found is None:
            raise NotFound(f"no clip '{name}' in the study")
        return found

    def about(self) -> About:
        return _about(self.study, _stamp(self.study, ABOUT))

    def footage(self, name: str) -> Path | None:
        """The video or the folder of pictures that a clip was made of, if it is still there."""
        self.clip(name)
        source = self.about().sources.get(name)
        return Path(source) if source is not None and is_footage(Path(source)) else None

    def is_blind(self, coder: str) -> bool:
        """Whether a coder works without the machine's events."""
        return any(
            review.blind
            for clip in self.clips().values()
            for review in _reviews(clip.folder, _stamp(clip.folder, "review-*.json"))
            if review.coder == coder
        )

    def overview(self, coder: str, blind: bool) -> dict[str, Any]:
        """All that the page of the study shows."""
        blind = blind or self.is_blind(coder)
        clips: list[Mapping[str, Any]] = []
        events: list[list[object]] = []
        coders: dict[str, dict[str, Any]] = {}
        for number, clip in enumerate(self.clips().values()):
            stamp = _stamp(clip.folder, EVENTS, POSE, "review-*.json")
            facts, rows = _facts(clip, stamp, coder, blind)
            clips.append(facts)
            events += [[number, *row] for row in rows]
            for review in _reviews(clip.folder, _stamp(clip.folder, "review-*.json")):
                known = coders.setdefault(review.coder, {"name": review.coder, "finished": 0})
                known |= {"blind": review.blind, "finished": known["finished"] + review.finished}
        return {
            "study": self.study.resolve().name,
            "coder": coder,
            "blind": blind,
            "coders": sorted(coders.values(), key=lambda known: str(known["name"])),
            "clips": clips,
            "events": events,
        }

    def recording(self, name: str) -> bytes:
        """The skeleton, and what the timeline shows beside events, as JSON."""
        clip, footage = self.clip(name), self.footage(name)
        query = f"?clip={quote(name, safe='')}"
        playable = footage is not None and footage.suffix.lower() in PLAYABLE
        tree = {
            "title": name,
            **playback(clip.folder / POSE, footage is not None),
            "video": f"video{query}" if playable else None,
            "pictures": f"picture{query}" if footage is not None else None,
        }
        return json.dumps(tree, allow_nan=False, separators=(",", ":")).encode()

    def labels(self) -> list[dict[str, str]]:
        """What an event may be called, with group and colour."""
        groups = {name: gesture.group or NO_GROUP for name, gesture in self._classes().items()}
        colours = group_colours({*groups.values(), NO_GROUP})
        return [
            {"name": name, "group": group, "colour": colours[group], "ink": ink_on(colours[group])}
            for name, group in groups.items()
        ]

    def review(self, name: str, coder: str, blind: bool = False) -> Review:
        """A coder's review of a clip, as saved or as it begins."""
        clip = self.clip(name)
        saved = load_review(clip.folder, coder)
        if saved is not None:
            return saved
        return Review.begun(coder, clip.found(), blind or self.is_blind(coder))

    def changed(self, name: str, coder: str, told: Mapping[str, Any]) -> Review:
        """A coder's review as the page tells it, on the ground of what lies there.

        The page names events and what became of them; what the machine said of them stays as it
        was, and none of its events can get lost.
        """
        before = self.review(name, coder, bool(told["blind"]))
        if before.revision != told["revision"]:
            raise Outdated(before)
        known = {judged.id: judged for judged in before.events}
        clip = self.clip(name)
        seconds, people = _recorded(clip, _stamp(clip.folder, POSE))
        events = []
        for entry in told["events"]:
            judged = known.pop(str(entry["id"]), None)
            event = self._event(entry, judged, coder)
            if event.end_s > (seconds or 0.0) + _SLACK_S:
                raise InputError("an event ends after the recording", found=f"{event.end_s} s")
            if event.person not in people and (judged is None or event != judged.event):
                raise InputError("nobody of that name was recorded", found=event.person)
            machine = judged.machine if judged is not None else None
            at = "" if entry["state"] == "open" else str(entry["at"])[:40]
            events.append(JudgedEvent(str(entry["id"]), event, entry["state"], at, machine))
        events += [judged for judged in known.values() if judged.machine is not None]
        return replace(before, events=tuple(events), finished=bool(told["finished"]))

    def _event(
        self, told: Mapping[str, Any], judged: JudgedEvent | None, coder: str
    ) -> GestureEvent:
        new = event_of({name: told[name] for name in ("person", "label", "start_s", "end_s")})
        for before in (judged.event, judged.machine) if judged is not None else ():
            if before is not None and before.label == new.label:
                return replace(before, person=new.person, start_s=new.start_s, end_s=new.end_s)
        gesture = self._classes().get(new.label)
        if gesture is not None:
            new = replace(new, class_id=gesture.id, group=gesture.group, micro=gesture.micro)
        return replace(new, source=annotation_by(coder))

    def _classes(self) -> dict[str, GestureClass]:
        classes = self.about().classes or get_vocabulary("common").classes
        return {gesture.name: gesture for gesture in classes}


def review_for_page(review: Review) -> dict[str, Any]:
    """A review as the page reads it."""
    return {
        "coder": review.coder,
        "blind": review.blind,
        "finished": review.finished,
        "revision": review.revision,
        "saved": review.saved,
        "events": [
            {
                "id": judged.id,
                "state": judged.state,
                "at": judged.at,
                **_shown(judged.event),
                "machine": judged.machine and _shown(judged.machine),
            }
            for judged in review.events
        ],
    }


def _shown(event: GestureEvent) -> dict[str, Any]:
    return {
        "person": event.person, "label": event.label, "start_s": event.start_s,
        "end_s": event.end_s, "score": event.score, "group": event.group or NO_GROUP,
        "level": event.level, "alternatives": [list(pair) for pair in event.alternatives],
        "evidence": event.evidence,
    }  # fmt: skip


def _stamp(folder: Path, *patterns: str) -> Stamp:
    """Names and times of files: equal as long as none of them is written."""
    files = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return tuple((path.name, _written(path)) for path in files)


def _written(path: Path) -> int:
    """When a file was written; 0 for a link that leads nowhere, which whoever reads it names."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _below(study: Path, folder: Path) -> str | None:
    """Where a folder truly lies in the study, if it does."""
    try:
        return folder.resolve().relative_to(study.resolve()).as_posix()
    except (OSError, ValueError):  # elsewhere, or no name that a file can have
        return None


@lru_cache(maxsize=64)
def _recorded(clip: ClipResult, stamp: Stamp) -> tuple[float | None, tuple[str, ...]]:
    return recorded(clip.folder)


@lru_cache(maxsize=8)
def _about(study: Path, stamp: Stamp) -> About:
    return About.load(study)


@lru_cache(maxsize=4096)
def _reviews(folder: Path, stamp: Stamp) -> Sequence[Review]:
    return load_reviews(folder)


@lru_cache(maxsize=4096)
def _facts(
    clip: ClipResult, stamp: Stamp, coder: str, blind: bool
) -> tuple[Mapping[str, Any], Sequence[Sequence[object]]]:
    """A clip's line in the overview, and its events: label, group, state, score, start, id."""
    reviews = {review.coder: review for review in load_reviews(clip.folder)}
    review = reviews.get(coder) or Review.begun(coder, clip.found(), blind)
    rows = [
        [judged.event.label, judged.event.group or NO_GROUP, judged.state,
         round((judged.machine or judged.event).score, 3), round(judged.event.start_s, 2),
         judged.id]
        for judged in review.events
    ]  # fmt: skip
    facts = {
        "name": clip.name,
        "seconds": recorded_s(clip.folder) or 0.0,
        "report": (clip.folder / REPORT).is_file(),
        "revision": review.revision,
        "finished": review.finished,
        "counts": review.counts(),
        "others": sorted(name for name in reviews if name != coder),
    }
    return facts, rows
