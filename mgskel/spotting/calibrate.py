"""Fitting a decoder's thresholds on validation recordings.

For each class the thresholds are those with the best F1 (overlap 0.3), less a price per false
event at rest. The price rises until rest stays as quiet as is asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.spotting.decoding import QUIET_MOMENTS, DecodingSettings, decode, smoothed
from mgskel.spotting.metrics import match, overlap_matrix
from mgskel.spotting.tracks import Track

_ENTER = tuple(round(0.3 + 0.05 * i, 2) for i in range(14))
_LEAVE = (0.4, 0.6, 0.8)
_SHORTEST_S = (0.25, 0.5)
_OVERLAP = 0.3
_LOWEST_PRICE, _HIGHEST_PRICE, _HALVINGS = 0.05, 25.0, 3
# With few examples a class's own best thresholds are chance: so many of all classes' are added.
_PRIOR = 20.0
_REST_UNIT_S = 300.0


@dataclass(frozen=True, eq=False)
class Watched:
    """One recording as the network sees it, with its true gestures (none at rest)."""

    track: Track
    truth: tuple[GestureEvent, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.track.num_moments * self.track.step_s


def calibrate(
    recordings: Sequence[Watched],
    rests: Sequence[Watched],
    vocabulary: Vocabulary,
    most_false: float = 0.7,
) -> DecodingSettings:
    """The thresholds.

    Args:
        most_false: false events per five minutes of rest, over all classes.
    """
    choices = list(itertools.product(_ENTER, _LEAVE, _SHORTEST_S))
    smooth = DecodingSettings.uniform(1).smooth
    lines, rest_lines = _line(recordings, smooth), _line(rests, smooth)
    step_s = (recordings or rests)[0].track.step_s
    # Hits, found, true and false at rest, (K, choices, 4).
    tallies = np.array(
        [
            [_tally(lines, rest_lines, row, gesture.name, step_s, *choice) for choice in choices]
            for row, gesture in enumerate(vocabulary)
        ]
    )
    everybody = tallies[:, :, :3].sum(0)
    everybody = _PRIOR * everybody / max(everybody[0, 2], 1)
    hits, found, true = np.moveaxis(tallies[:, :, :3] + everybody, 2, 0)
    f1 = 2 * hits / np.maximum(found + true, 1e-9)
    units = max(sum(rest.duration_s for rest in rests) / _REST_UNIT_S, 1e-9)

    def priced(price: float) -> tuple[DecodingSettings, bool]:
        best = (f1 - price * tallies[:, :, 3] / units).argmax(1)
        enter, share, shortest = zip(*(choices[i] for i in best), strict=True)
        leave = tuple(round(a * b, 4) for a, b in zip(enter, share, strict=True))
        settings = DecodingSettings(enter, leave, shortest)
        return settings, not rests or false_at_rest(rests, vocabulary, settings) <= most_false

    return _without_lag(recordings, vocabulary, _cheapest(priced))


def _cheapest(priced: Callable[[float], tuple[DecodingSettings, bool]]) -> DecodingSettings:
    """The thresholds of the lowest price at which rest is quiet; of the highest, if it never is.

    Args:
        priced: a price to its thresholds, and whether they are quiet enough.
    """
    settings, quiet = priced(0.0)
    if quiet:
        return settings
    low, high = 0.0, _LOWEST_PRICE
    while not (answer := priced(high))[1] and high < _HIGHEST_PRICE:
        low, high = high, 2 * high
    settings = answer[0]
    # Between a price that is too low and its double, one may lose fewer gestures.
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        cheaper, quiet = priced(middle)
        low, high = (low, middle) if quiet else (middle, high)
        settings = cheaper if quiet else settings
    return settings


def false_at_rest(
    rests: Sequence[Watched], vocabulary: Vocabulary, settings: DecodingSettings
) -> float:
    """Events said per five minutes in which nothing is going on."""
    total = sum(rest.duration_s for rest in rests)
    count = sum(len(found_in(rest.track, vocabulary, settings)) for rest in rests)
    return count / max(total / _REST_UNIT_S, 1e-9)


def found_in(
    track: Track, vocabulary: Vocabulary, settings: DecodingSettings
) -> list[GestureEvent]:
    """The events that thresholds make of a track."""
    return decode(
        track.scores[:-1], track.served, vocabulary, settings, track.step_s, track.start_s
    )


def spans(scores: np.ndarray, enter: float, leave: float) -> np.ndarray:
    """Moments [from, to) of one class's events, (n, 2): what the decoder finds without rivals.

    Args:
        scores: (T,) probabilities.
    """
    loud = np.concatenate([[False], scores >= leave, [False]])
    edges = np.flatnonzero(np.diff(loud.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return np.zeros((0, 2), int)
    apart = starts[1:] - ends[:-1] >= QUIET_MOMENTS
    firsts = starts[np.concatenate([[True], apart])]
    lasts = ends[np.concatenate([apart, [True]])]
    peaks = np.maximum.reduceat(scores, firsts)
    # Between two events scores are low, so a segment's peak lies within its event.
    return np.stack([firsts, lasts], 1)[peaks >= enter]


@dataclass(frozen=True, eq=False)
class _Line:
    """Recordings one after the other, in moments.

    Attributes:
        scores: (K, T) smoothed probabilities, 0 between recordings.
        truth: label to the true spans, (n, 2).
    """

    scores: np.ndarray
    truth: dict[str, np.ndarray]


def _line(recordings: Sequence[Watched], smooth: int) -> _Line:
    scores: list[np.ndarray] = []
    truth: dict[str, list[tuple[float, float]]] = {}
    moments = 0
    for watched in recordings:
        track = watched.track
        own = smoothed(track.scores[:-1] * track.served, smooth)
        scores += [own, np.zeros((len(own), QUIET_MOMENTS))]
        for event in watched.truth:
            place = (event.start_s - track.start_s, event.end_s - track.start_s)
            a, b = (moments + time_s / track.step_s for time_s in place)
            truth.setdefault(event.label, []).append((a, b))
        moments += own.shape[1] + QUIET_MOMENTS
    joined = np.concatenate(scores, 1) if scores else np.zeros((0, 0))
    return _Line(joined, {label: np.array(pairs) for label, pairs in truth.items()})


def _tally(
    line: _Line,
    rest: _Line,
    row: int,
    label: str,
    step_s: float,
    enter: float,
    share: float,
    shortest_s: float,
) -> tuple[int, int, int, int]:
    """Hits, found, true, and false at rest of one class by itself under one choice."""
    truth = line.truth.get(label, np.zeros((0, 2)))
    found = _long(line, row, enter, share, shortest_s / step_s)
    close = _overlaps(truth, found) > _OVERLAP
    hits = min(int(close.any(1).sum()), int(close.any(0).sum()))
    at_rest = len(_long(rest, row, enter, share, shortest_s / step_s))
    return hits, len(found), len(truth), at_rest


def _long(line: _Line, row: int, enter: float, share: float, shortest: float) -> np.ndarray:
    if not line.scores.size:
        return np.zeros((0, 2))
    found = spans(line.scores[row], enter, enter * share)
    return found[found[:, 1] - found[:, 0] >= shortest - 1e-6]


def _overlaps(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Intersection over union of spans (n, 2) and (m, 2), (n, m)."""
    a, b = truth[:, None], found[None]
    shared = np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0])
    shared = np.maximum(shared, 0)
    return np.asarray(shared / (np.ptp(a, axis=-1) + np.ptp(b, axis=-1) - shared))


def _without_lag(
    recordings: Sequence[Watched], vocabulary: Vocabulary, settings: DecodingSettings
) -> DecodingSettings:
    """The same thresholds, with the median errors of onset and offset taken off."""
    errors = []
    for watched in recordings:
        found = found_in(watched.track, vocabulary, settings)
        for label in {event.label for event in watched.truth}:
            truth = [event for event in watched.truth if event.label == label]
            mine = [event for event in found if event.label == label]
            for i, j in match(overlap_matrix(truth, mine), _OVERLAP):
                onset = truth[i].start_s - mine[j].start_s
                errors.append((onset, truth[i].end_s - mine[j].end_s))
    if not errors:
        return settings
    onset, offset = np.median(errors, axis=0)
    return replace(
        settings,
        onset_shift_s=round(float(onset), 3),
        # An end moved forward would count against the promised delay.
        offset_shift_s=round(max(float(offset), 0.0), 3),
    )
