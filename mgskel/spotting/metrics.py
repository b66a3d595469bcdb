"""How well spotted events agree with reference events.

The rule of the SMG and MiGA challenges: a prediction is right when it has the reference's label
and overlaps it by more than the threshold (intersection over union in time). One prediction
matches one reference, which the challenge's own code fails to enforce. A reference may be in the
words of another vocabulary: it is translated.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary, get_vocabulary, list_vocabularies, map_classes

THRESHOLDS = (0.1, 0.3, 0.5)
_FRAME_S = 0.04
_ROUNDING_S = 0.1  # recognizers and annotation programs have grids of times of their own
_MOST_PAIRS = 4_000_000


@dataclass(frozen=True)
class SpottingScore:
    """How well events agree.

    Attributes:
        f1: overlap threshold to F1 over all events (micro average).
        frame_f1: F1 over moments of 40 ms and labels.
        onset_error_s, offset_error_s: mean absolute error of the pairs matched at 0.3.
    """

    f1: dict[float, float]
    frame_f1: float
    onset_error_s: float | None
    offset_error_s: float | None
    n_reference: int
    n_predicted: int

    def to_dict(self) -> dict[str, float | int | None]:
        return {
            **{f"f1_{threshold}": value for threshold, value in self.f1.items()},
            "frame_f1": self.frame_f1,
            "onset_error_s": self.onset_error_s,
            "offset_error_s": self.offset_error_s,
            "n_reference": self.n_reference,
            "n_predicted": self.n_predicted,
        }


def score_events(
    reference: Sequence[GestureEvent],
    predicted: Sequence[GestureEvent],
    thresholds: Sequence[float] = THRESHOLDS,
) -> SpottingScore:
    """Compare events; people are told apart only where both sides name more than one."""
    tracks = _by_track(reference, predicted)
    hits = dict.fromkeys(thresholds, 0)
    errors: list[tuple[float, float]] = []
    for truth, found in tracks:
        for rows, columns in together(truth, found):
            true, own = [truth[i] for i in rows], [found[j] for j in columns]
            overlaps = overlap_matrix(true, own)
            for threshold in thresholds:
                hits[threshold] += len(match(overlaps, threshold))
            for i, j in match(overlaps, 0.3):
                errors.append(
                    (abs(own[j].start_s - true[i].start_s), abs(own[j].end_s - true[i].end_s))
                )
    onset, offset = np.mean(errors, axis=0) if errors else (None, None)
    return SpottingScore(
        f1={t: _f1(hits[t], len(reference), len(predicted)) for t in thresholds},
        frame_f1=_frame_f1(tracks),
        onset_error_s=None if onset is None else float(onset),
        offset_error_s=None if offset is None else float(offset),
        n_reference=len(reference),
        n_predicted=len(predicted),
    )


class Spanned(Protocol):
    """What lasts from one time to another."""

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


def together(
    truth: Sequence[Spanned], found: Sequence[Spanned]
) -> Iterator[tuple[list[int], list[int]]]:
    """Places of events of both sides in groups that lie apart in time: none overlaps another's.

    Only within a group is anything compared, so that a day of events takes little more than an
    hour of them. Groups of one side only are left out.
    """
    sides = [
        (event.start_s, event.end_s, side, place)
        for side, events in enumerate((truth, found))
        for place, event in enumerate(events)
    ]
    group: tuple[list[int], list[int]] = ([], [])
    until = -math.inf
    for start_s, end_s, side, place in sorted(sides):
        if start_s >= until:
            yield from _compared(group)
            group = ([], [])
        group[side].append(place)
        until = max(until, end_s)
    yield from _compared(group)


def _compared(group: tuple[list[int], list[int]]) -> Iterator[tuple[list[int], list[int]]]:
    """A group, where there is anything to compare."""
    if len(group[0]) * len(group[1]) > _MOST_PAIRS:
        raise InputError(
            "too many events overlap one another",
            expected=f"at most {math.isqrt(_MOST_PAIRS)} at a time on each side",
            found=f"{len(group[0])} and {len(group[1])}",
            remedy="check that the events are of this recording, each once",
        )
    if group[0] and group[1]:
        yield group


def overlap_matrix(truth: Sequence[Spanned], found: Sequence[Spanned]) -> np.ndarray:
    """Intersection over union in time, (references, predictions)."""
    a = np.array([[e.start_s, e.end_s] for e in truth]).reshape(-1, 1, 2)
    b = np.array([[e.start_s, e.end_s] for e in found]).reshape(1, -1, 2)
    shared = np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0])
    shared = np.maximum(shared, 0)
    union = (a[..., 1] - a[..., 0]) + (b[..., 1] - b[..., 0]) - shared
    return shared / union


def match(overlaps: np.ndarray, threshold: float) -> list[tuple[int, int]]:
    """Pairs (reference, prediction) above the threshold: as many as can be, the closest first."""
    allowed = overlaps > threshold
    if not allowed.any():
        return []
    # One more pair always counts more than any gain in overlap.
    gain = np.where(allowed, 1 + overlaps / (overlaps.sum() + 1), 0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]


def check_within(
    events: Sequence[GestureEvent], end_s: float, start_s: float, what: str = "events"
) -> None:
    """Refuse events that lie outside the recording: they are those of another one."""
    late = [e for e in events if e.start_s >= end_s]
    outside = late or [e for e in events if e.end_s <= start_s]
    if outside:
        where = "after the recording's end" if late else "before the recording begins"
        raise InputError(
            f"{len(outside)} {what} lie {where}",
            expected=f"times within {start_s:.2f} to {end_s:.2f} s",
            found=f"'{outside[0].label}' at {outside[0].start_s:.2f} s",
            remedy="check that they belong to this recording and are in seconds",
        )


def check_reference(
    reference: Sequence[GestureEvent], end_s: float, start_s: float = 0.0
) -> list[str]:
    """What a reader should know of a reference; events outside the recording are an error."""
    check_within(reference, end_s, start_s, "reference events")
    remarks = []
    longer = sum(e.end_s > end_s + _ROUNDING_S for e in reference)
    if longer:
        remarks.append(
            f"{_counted(longer, 'reference event')} last beyond the recording and count as given"
        )
    twice = sum(
        a.end_s > b.start_s
        for events in _grouped(reference).values()
        for a, b in zip(events, events[1:], strict=False)
    )
    if twice:
        remarks.append(
            f"{_counted(twice, 'reference event')} overlap another of their own label and person"
        )
    return remarks


def _grouped(events: Sequence[GestureEvent]) -> dict[tuple[str, str], list[GestureEvent]]:
    groups: dict[tuple[str, str], list[GestureEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda e: e.start_s):
        groups[event.person, event.label].append(event)
    return groups


def _by_track(
    reference: Sequence[GestureEvent], predicted: Sequence[GestureEvent]
) -> list[tuple[list[GestureEvent], list[GestureEvent]]]:
    """Events that may be compared: of one label, and of one person where persons are told."""
    several = len({e.person for e in reference}) > 1 and len({e.person for e in predicted}) > 1
    tracks: dict[tuple[str, str], tuple[list[GestureEvent], list[GestureEvent]]] = {}
    for side, events in enumerate((reference, predicted)):
        for event in events:
            key = (event.person if several else "", event.label.casefold())
            tracks.setdefault(key, ([], []))[side].append(event)
    return list(tracks.values())


def _f1(hits: int, reference: int, predicted: int) -> float:
    if reference + predicted == 0:
        return 1.0
    return 2 * hits / (reference + predicted)


def _frame_f1(tracks: Sequence[tuple[list[GestureEvent], list[GestureEvent]]]) -> float:
    shared = truth_total = found_total = 0
    for truth, found in tracks:
        one, other = _moments(truth), _moments(found)
        both = _length(_joined([*one, *other]))
        truth_total += _length(one)
        found_total += _length(other)
        shared += _length(one) + _length(other) - both
    return _f1(shared, truth_total, found_total)


def _moments(events: Sequence[GestureEvent]) -> list[tuple[int, int]]:
    """Stretches of moments in which any of the events runs, in order, apart from one another."""
    return _joined([(round(e.start_s / _FRAME_S), round(e.end_s / _FRAME_S)) for e in events])


def _joined(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _length(stretches: Sequence[tuple[int, int]]) -> int:
    return sum(end - start for start, end in stretches)


@dataclass(frozen=True)
class Reference:
    """True events in the recognizer's words.

    Attributes:
        vocabulary: the vocabulary that they were written in.
        unknown: labels without a counterpart; their events are left out.
    """

    events: tuple[GestureEvent, ...]
    vocabulary: str
    unknown: tuple[str, ...] = ()


def translate(truth: Sequence[GestureEvent], target: Vocabulary) -> Reference:
    """True events in the words of `target`, from whichever vocabulary knows most of their labels.

    The target's own words come first. A label that no vocabulary maps onto the target is
    reported, and an error where that leaves nothing of a reference.
    """
    labels = {event.label.casefold() for event in truth}
    names = (target.name, *(n for n in list_vocabularies() if n != target.name))
    choices = [target, *map(get_vocabulary, names[1:])]
    ways = [_way(choice, target) for choice in choices]
    best = max(range(len(ways)), key=lambda i: (len(labels & set(ways[i])), -i))
    way = ways[best]
    events = tuple(
        renamed(event, target, way[event.label.casefold()])
        for event in truth
        if event.label.casefold() in way
    )
    unknown = tuple(sorted({e.label for e in truth if e.label.casefold() not in way}))
    if truth and not events:
        raise InputError(
            "no label of the reference means a gesture that this recognizer knows",
            expected=f"labels of '{target.name}' ({', '.join(target.names[:4])}, ...) or of a "
            f"vocabulary that maps to it ({', '.join(list_vocabularies())})",
            found=", ".join(unknown[:6]),
            remedy="rename the annotations, or fine-tune a spotter on them",
        )
    return Reference(events, names[best], unknown)


def _way(source: Vocabulary, target: Vocabulary) -> dict[str, int]:
    """Labels of `source`, without case, to class ids of `target`."""
    if source is target:
        return {name.casefold(): index for index, name in enumerate(target.names)}
    mapping = map_classes(source, target, narrower=True)
    return {source.by_id(mine).name.casefold(): theirs for mine, theirs in mapping.items()}


def renamed(event: GestureEvent, target: Vocabulary, class_id: int) -> GestureEvent:
    """An event as one of another vocabulary's class."""
    gesture = target.by_id(class_id)
    return replace(event, label=gesture.name, class_id=class_id, micro=gesture.micro)


def agreement_in_words(
    truth: Sequence[GestureEvent],
    events: Sequence[GestureEvent],
    vocabulary: Vocabulary,
    duration_s: float,
) -> str:
    """One paragraph on how well events agree with true ones."""
    reference = translate(truth, vocabulary)
    text = score_in_words(score_events(reference.events, events), duration_s)
    if reference.unknown:
        unknown = ", ".join(reference.unknown)
        text += f" Left out, because this recognizer has no such gesture: {unknown}."
    return text


def score_in_words(score: SpottingScore, duration_s: float) -> str:
    """Counts first, which everybody understands; then the figures that papers compare."""
    if not score.n_reference and not score.n_predicted:
        return "There are no true gestures, and none were found."
    right = round(score.f1[0.3] * (score.n_reference + score.n_predicted) / 2)
    wrong = score.n_predicted - right
    text = (
        f"Of {_counted(score.n_reference, 'true gesture')}, {right} {_were(right)} found with the "
        f"right name at the right time. "
    )
    if wrong:
        found = _counted(score.n_predicted, "gesture")
        text += f"Of {found} found, {wrong} {_were(wrong)} not among the true ones"
        text += f" ({wrong / duration_s * 60:.1f} per minute)." if duration_s > 0 else "."
    else:
        text += "Nothing else was found."
    if score.onset_error_s is not None:
        text += (
            f" Beginnings are off by {score.onset_error_s:.2f} s on average, ends by "
            f"{score.offset_error_s:.2f} s."
        )
    return (
        f"{text} As one figure, F1: {score.f1[0.3]:.2f} where a pair must overlap by 0.3 "
        f"({score.f1[0.1]:.2f} by 0.1, {score.f1[0.5]:.2f} by 0.5)."
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
