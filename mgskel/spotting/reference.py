"""References in anybody's words: finding their vocabulary, translating, and telling agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary, get_vocabulary, list_vocabularies, map_classes
from mgskel.spotting.metrics import score_events


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
        _renamed(event, target, way[event.label.casefold()])
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


def _renamed(event: GestureEvent, target: Vocabulary, class_id: int) -> GestureEvent:
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
    score = score_events(reference.events, events)
    right = round(score.f1[0.3] * (score.n_reference + score.n_predicted) / 2)
    minutes = duration_s / 60
    text = (
        f"Of {score.n_reference} true gestures, {right} were found with the right name and "
        f"place; {score.n_predicted - right} of {score.n_predicted} found ones are not in the "
        f"reference"
    )
    if minutes > 0:
        text += f" ({(score.n_predicted - right) / minutes:.1f} per minute)"
    text += f". F1 is {score.f1[0.3]:.2f} at an overlap of 0.3"
    text += f", {score.f1[0.1]:.2f} at 0.1 and {score.f1[0.5]:.2f} at 0.5."
    if score.onset_error_s is not None:
        text += (
            f" Onsets are off by {score.onset_error_s:.2f} s and offsets by "
            f"{score.offset_error_s:.2f} s on average."
        )
    if reference.unknown:
        text += (
            " Left out, because this recognizer has no such gesture: "
            + ", ".join(reference.unknown)
            + "."
        )
    return text
