"""What coders share and what they don't, added up per recording: all that coefficients need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.spotting.metrics import match, overlap_matrix, together
from mgskel.study.agreement.coders import Coding, Pairing
from mgskel.study.agreement.timelines import Timeline, by_label

EVENT_OVERLAP = 0.3


@dataclass(frozen=True)
class Counts:
    """Sums over F recordings, for N coders, P pairs of them, L labels, K sets of labels."""

    n: np.ndarray  # (F, N, L) events
    seconds: np.ndarray  # (F,) length of each recording
    hits: np.ndarray  # (F, P, L) pairs of events with one label and overlap
    linked: np.ndarray  # (F, P, L + 1, L + 1) linked annotations; last are those without a partner
    # (F, P, L, 2, 2) seconds in which a label is absent or present for each of two
    moments: np.ndarray
    # agreed, first, second: (F, P), (F, P, K), (F, P, K) seconds in which both give the same set of
    # labels, and in which each gives each set
    agreed: np.ndarray
    first: np.ndarray
    second: np.ndarray
    # same, given: (F, L), (F, L, 2) seconds times the share of pairs that agree on a label, and
    # seconds for which it is absent or present, over all coders
    same: np.ndarray
    given: np.ndarray
    # set_same, set_given: (F,), (F, K) the same for sets of labels
    set_same: np.ndarray
    set_given: np.ndarray


def count(
    pairing: Pairing, labels: Sequence[str], link: float, tolerance_s: float
) -> tuple[Counts, tuple[str, ...]]:
    """Add up each recording; with remarks on what had to be assumed."""
    remarks: list[str] = []
    lengths = [_length(row) for row in pairing.codings]
    if all(coding.duration_s is None for row in pairing.codings for coding in row):
        remarks.append(
            "no file says how long a recording is: moments count up to its last annotation"
        )
    tracks = [_tracks(row) for row in pairing.codings]
    if any(_at_odds(row) for row in pairing.codings):
        remarks.append(
            "coders name different people: their annotations are compared without regard to people"
        )
    timelines = [
        [Timeline(track, labels, length, tolerance_s) for track in found]
        for found, length in zip(tracks, lengths, strict=True)
    ]
    sets = _sets(timelines)
    people = len(pairing.codings[0])
    pairs = list(combinations(range(people), 2))
    rows = [
        (
            np.array([_numbers(coding.events, labels) for coding in row]),
            np.array(sum(float(line.widths.sum()) for line in lines)),
            np.array([sum(_hits(t[a], t[b], labels) for t in found) for a, b in pairs]),
            np.array([sum(_linked(t[a], t[b], labels, link) for t in found) for a, b in pairs]),
            np.array([sum(_moments(line, a, b) for line in lines) for a, b in pairs]),
            *_by_sets(lines, pairs, sets),
            *_by_all(lines, sets),
        )
        for row, found, lines in zip(pairing.codings, tracks, timelines, strict=True)
    ]
    return Counts(*(np.stack(column) for column in zip(*rows, strict=True))), tuple(remarks)


def _length(row: Sequence[Coding]) -> float:
    known = [coding.duration_s for coding in row if coding.duration_s is not None]
    ends = [event.end_s for coding in row for event in coding.events]
    return max([*known, *ends], default=0.0)


def _people(row: Sequence[Coding]) -> list[set[str]]:
    return [{event.person for event in coding.events} for coding in row]


def _at_odds(row: Sequence[Coding]) -> bool:
    """Whether all coders tell people apart, but by names that no two share."""
    people = _people(row)
    return all(len(names) > 1 for names in people) and not set.intersection(*people)


def _tracks(row: Sequence[Coding]) -> list[tuple[list[GestureEvent], ...]]:
    """Events per person where every coder tells people apart, else all together."""
    people = _people(row)
    if not all(len(names) > 1 for names in people) or _at_odds(row):
        return [tuple(list(coding.events) for coding in row)]
    return [
        tuple([e for e in coding.events if e.person == person] for coding in row)
        for person in sorted(set.union(*people))
    ]


def _numbers(events: Sequence[GestureEvent], labels: Sequence[str]) -> list[int]:
    found = Counter(event.label for event in events)
    return [found[label] for label in labels]


def _hits(
    first: Sequence[GestureEvent], second: Sequence[GestureEvent], labels: Sequence[str]
) -> np.ndarray:
    mine, theirs = by_label(first), by_label(second)
    found = []
    for label in labels:
        a, b = mine.get(label, []), theirs.get(label, [])
        overlaps = (
            overlap_matrix([a[i] for i in rows], [b[j] for j in columns])
            for rows, columns in together(a, b)
        )
        found.append(sum(len(match(one, EVENT_OVERLAP)) for one in overlaps))
    return np.array(found)


def _linked(
    first: Sequence[GestureEvent],
    second: Sequence[GestureEvent],
    labels: Sequence[str],
    share: float,
) -> np.ndarray:
    place = {label: index for index, label in enumerate(labels)}
    table = np.zeros((len(labels) + 1, len(labels) + 1))
    links = linked_pairs(first, second, share)
    for i, j in links:
        table[place[first[i].label], place[second[j].label]] += 1
    for side, events in enumerate((first, second)):
        partnered = {pair[side] for pair in links}
        for index, event in enumerate(events):
            if index not in partnered:
                cell = (place[event.label], -1) if side == 0 else (-1, place[event.label])
                table[cell] += 1
    return table


def linked_pairs(
    first: Sequence[GestureEvent], second: Sequence[GestureEvent], share: float
) -> list[tuple[int, int]]:
    """Annotations that mark the same thing: both mostly covered by their overlap.

    The overlap is measured against the longer one, and the closest are linked first. Where one
    coder's annotations overlap each other, a partner of the same label comes before a closer one.
    """
    candidates = []
    for rows, columns in together(first, second):
        a, b = (
            np.array([(side[i].start_s, side[i].end_s) for i in places])
            for side, places in ((first, rows), (second, columns))
        )
        shared = np.minimum(a[:, None, 1], b[:, 1]) - np.maximum(a[:, None, 0], b[:, 0])
        part = shared / np.maximum(a[:, None, 1] - a[:, None, 0], b[:, 1] - b[:, 0])
        for row, column in np.argwhere((shared > 0) & (part >= share - 1e-9)).tolist():
            i, j = rows[row], columns[column]
            candidates.append(
                (first[i].label != second[j].label, -part[row, column], -shared[row, column],
                 first[i].start_s, i, j)
            )  # fmt: skip
    used: tuple[set[int], set[int]] = (set(), set())
    links = []
    for *_, i, j in sorted(candidates):
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            links.append((i, j))
    return links


def _moments(line: Timeline, a: int, b: int) -> np.ndarray:
    """Seconds per label, (L, 2, 2); with a tolerance, the mean of both coders' points of view."""
    tables = np.zeros((line.present.shape[-1], 2, 2))
    views = (
        (line.present[a], line.seen_by(a, b)),
        (line.seen_by(b, a), line.present[b]),
    )
    for mine, theirs in views:
        for i in (0, 1):
            for j in (0, 1):
                both = (mine == bool(i)) & (theirs == bool(j))
                tables[:, i, j] += line.widths @ both / 2
    return tables


def _sets(timelines: Sequence[Sequence[Timeline]]) -> dict[bytes, int]:
    """A number for every set of labels that runs together anywhere."""
    kinds = {kind.tobytes() for lines in timelines for line in lines for kind in line.sets()[1]}
    return {kind: index for index, kind in enumerate(sorted(kinds))}


def _codes(line: Timeline, sets: dict[bytes, int]) -> np.ndarray:
    codes, kinds = line.sets()
    return np.array([sets[kind.tobytes()] for kind in kinds], int)[codes]


def _by_sets(
    lines: Sequence[Timeline], pairs: Sequence[tuple[int, int]], sets: dict[bytes, int]
) -> Iterator[np.ndarray]:
    agreed = np.zeros(len(pairs))
    margins = np.zeros((2, len(pairs), len(sets)))
    for line in lines:
        codes = _codes(line, sets)
        for index, (a, b) in enumerate(pairs):
            views = (
                (codes[a], line.near_code(codes, a, b)),
                (line.near_code(codes, b, a), codes[b]),
            )
            for mine, theirs in views:
                agreed[index] += line.widths[mine == theirs].sum() / 2
                for side, given in enumerate((mine, theirs)):
                    margins[side, index] += np.bincount(given, line.widths / 2, len(sets))
    yield agreed
    yield margins[0]
    yield margins[1]


def _by_all(lines: Sequence[Timeline], sets: dict[bytes, int]) -> Iterator[np.ndarray]:
    labels = lines[0].present.shape[-1]
    same, given = np.zeros(labels), np.zeros((labels, 2))
    set_same, set_given = np.zeros(()), np.zeros(len(sets))
    for line in lines:
        coders = len(line.present)
        pairs = coders * (coders - 1)
        present = line.present.sum(0)
        absent = coders - present
        shares = (present * (present - 1) + absent * (absent - 1)) / pairs
        same += line.widths @ shares
        given += np.stack([line.widths @ absent, line.widths @ present], -1)
        codes = _codes(line, sets)
        for a, b in combinations(range(coders), 2):
            set_same = set_same + 2 / pairs * line.widths[codes[a] == codes[b]].sum()
        for code in codes:
            set_given += np.bincount(code, line.widths, len(sets))
    yield same
    yield given
    yield np.asarray(set_same)
    yield set_given
