"""Whose track is kept: of all tracks the main person's, everybody's, or the one asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.pose.prominence import RIVAL, Standing
from mgskel.pose.tracking import PeopleSettings, Track

_MOST_ABSENCES = 5
_MARK = re.compile(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)")
# What the person asked for has most of; sides are those of the picture.
_SIDES: Mapping[str, Callable[[Track], float]] = {
    "left": lambda track: -_middle(track)[0],
    "right": lambda track: _middle(track)[0],
    "largest": lambda track: float(np.median(track.sizes)),
}


@dataclass(frozen=True)
class Choice:
    """Which tracks are kept, and what a user should know about the others."""

    tracks: tuple[Track, ...]
    notes: tuple[str, ...]


def choose(
    tracks: Sequence[Track], num_frames: int, frame_size: tuple[int, int], settings: PeopleSettings
) -> Choice:
    """The main person, or all, or the one asked for; lasting people are called 1, 2, 3, ...

    The main person is the most prominent (see `prominence.Standing`); of several who are nearly so,
    the one who was looked at most closely. 'left', 'right', 'largest' and a place choose among
    those who are there at least half as long as whoever is there longest.
    """
    if not tracks:
        return Choice((), ())
    longest = max(track.times[-1] - track.times[0] for track in tracks)
    # Where even the longest is short, the clip is short, and nothing counts as passing.
    shortest = min(settings.shortest_s, longest / 2)
    lasting = [t for t in tracks if t.times[-1] - t.times[0] >= shortest]
    for number, track in enumerate(lasting, 1):
        track.name = str(number)
    dropped = len(tracks) - len(lasting)
    notes = []
    if dropped:
        notes.append(f"{dropped} passing tracks shorter than {shortest:.2g} s were dropped")
    if settings.keep == "all":
        return Choice(tuple(lasting), tuple(notes))
    rank = {track.name: _weight(track, num_frames, frame_size) for track in lasting}
    if settings.keep in rank:
        return Choice((lasting[int(settings.keep) - 1],), tuple(notes))
    worth = {"main": lambda track: rank[track.name], **_SIDES}.get(settings.keep)
    if mark := _MARK.fullmatch(settings.keep):
        worth = partial(_nearness, np.array([float(part) for part in mark.groups()]))
    if worth is None:
        raise InputError(
            f"no person '{settings.keep}' in this clip",
            expected=", ".join([*rank, "main", *_SIDES, "a place in pixels such as 320,200"]),
            found=repr(settings.keep),
            remedy="--all-people keeps everybody",
        )
    longest_seen = max(len(track.frames) for track in lasting)
    staying = [track for track in lasting if 2 * len(track.frames) >= longest_seen]
    if settings.keep == "main":
        good = [t for t in lasting if rank[t.name] >= RIVAL * max(rank.values())]
        kept = min(good, key=lambda track: (len(track.glimpses), -rank[track.name]))
    else:
        kept = max(staying, key=worth)
    notes += _absences(kept, tracks)
    notes += _about_others(kept, lasting, rank, num_frames, settings.keep)
    return Choice((kept,), tuple(notes))


def person_of(sequence: PoseSequence, who: str | None) -> PoseSequence:
    """One person's part of a recording: by name, or as extraction was told whom to keep."""
    kept = [step.get("keep") for step in sequence.provenance if step.get("step") == "people"]
    if who is None or (sequence.num_people == 1 and who in kept):
        return sequence
    return sequence.person(who)


def dense(
    tracks: Sequence[Track], num_frames: int, num_joints: int
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (M, T, V, 2), NaN where not seen, and scores (M, T, V)."""
    keypoints = np.full((len(tracks), num_frames, num_joints, 2), np.nan, np.float32)
    scores = np.zeros((len(tracks), num_frames, num_joints), np.float32)
    for m, track in enumerate(tracks):
        keypoints[m, track.frames] = track.keypoints
        scores[m, track.frames] = track.scores
    missing = np.isnan(keypoints).any(-1) | (scores == 0)
    keypoints[missing] = np.nan
    scores[missing] = 0
    return keypoints, scores


def _absences(main: Track, tracks: Sequence[Track]) -> list[str]:
    """When the main person was lost while somebody else was seen: never a silent switch."""
    others = np.unique([f for track in tracks if track is not main for f in track.frames])
    notes = []
    for index in np.flatnonzero(np.diff(main.frames) > 1):
        gap = main.frames[index], main.frames[index + 1]
        if np.searchsorted(others, gap[1]) > np.searchsorted(others, gap[0], "right"):
            notes.append(
                f"person {main.name} was not seen between {main.times[index]:.2f} and "
                f"{main.times[index + 1]:.2f} s, while somebody else was"
            )
    if len(notes) > _MOST_ABSENCES:
        notes[_MOST_ABSENCES:] = [f"and so {len(notes) - _MOST_ABSENCES} times more"]
    return notes


def _about_others(
    kept: Track, tracks: Sequence[Track], rank: dict[str, float], num_frames: int, why: str
) -> list[str]:
    others = sorted((t for t in tracks if t is not kept), key=lambda t: -rank[t.name])
    if not others:
        return []
    listed = ", ".join(f"{t.name} ({len(t.frames) / num_frames:.0%} of frames)" for t in others[:5])
    notes = [
        f"person {kept.name} is kept ({why}; {len(kept.frames) / num_frames:.0%} of frames); "
        f"others seen: {listed}; --person left, right, largest or a name keeps one of them, "
        "--all-people everybody"
    ]
    if why == "main" and rank[others[0].name] > 0.7 * rank[kept.name]:
        notes.append(f"person {others[0].name} is nearly as prominent as person {kept.name}")
    return notes


def _weight(track: Track, num_frames: int, frame_size: tuple[int, int]) -> float:
    presence = len(track.frames) / max(num_frames, 1)
    return Standing(float(np.median(track.sizes)), _middle(track), presence).weight(frame_size)


def _nearness(place: np.ndarray, track: Track) -> float:
    return -float(np.hypot(*(_middle(track) - place)))


def _middle(track: Track) -> np.ndarray:
    """(2,) where the person mostly is."""
    return np.asarray(np.median([_mean_known(p) for p in track.anchors], axis=0))


def _mean_known(points: np.ndarray) -> np.ndarray:
    known = points[~np.isnan(points[:, 0])]
    return known.mean(0) if len(known) else np.zeros(2)
