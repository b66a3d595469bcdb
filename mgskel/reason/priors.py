"""The priors of the `rules` reasoner: what movements and emotion words point to (`priors.yaml`)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from mgskel.core.gestures import gestures_of, known_gestures
from mgskel.core.storage.intake import read_yaml
from mgskel.reason.scene import LabelPlace, Strict, as_input_error

PRIORS_FILE = Path(__file__).with_name("priors.yaml")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_REACH = 3  # words that a negation reaches forward
Weight = Annotated[float, Field(gt=0, le=1)]


class Centre(Strict):
    """A value per dimension, all of them known."""

    valence: float
    arousal: float
    stress: float


class Rule(Strict):
    """The numbers of the combination rule; see `rules.py`."""

    again: Annotated[float, Field(ge=0, lt=1)]
    prior: Centre
    label_spread: Annotated[float, Field(gt=0)]
    min_evidence: Annotated[float, Field(ge=0)]
    min_margin: Annotated[float, Field(ge=0)]
    max_confidence: Annotated[float, Field(ge=0, le=1)]


class StatementMatch(Strict):
    """Statements of this kind, of any category or of those named."""

    kind: str
    categories: tuple[str, ...] = ()


class Movement(LabelPlace):
    """One group of movements that point the same way."""

    name: str
    cue: str
    statements: tuple[StatementMatch, ...] = ()
    family: str
    weight: Weight
    refs: tuple[str, ...] = Field(min_length=1)
    innocent: tuple[str, ...] = Field(min_length=1)


class NoPrior(Strict):
    """Movements and statements that are never evidence, and why."""

    name: str
    statements: tuple[StatementMatch, ...] = ()
    why: str
    refs: tuple[str, ...] = Field(min_length=1)


class WordGroup(LabelPlace):
    """Word stems that point the same way."""

    cue: str
    stems: tuple[str, ...] = Field(min_length=1)


class Words(Strict):
    family: str
    weight: Weight
    negations: tuple[str, ...]
    groups: tuple[WordGroup, ...]


class Priors(Strict):
    """The whole file, checked: every reference exists, no name stands twice."""

    version: int
    references: dict[str, str]
    rule: Rule
    labels: dict[str, LabelPlace]
    movements: tuple[Movement, ...]
    no_prior: tuple[NoPrior, ...]
    words: Words

    @model_validator(mode="after")
    def _consistent(self) -> Priors:
        entries: tuple[Movement | NoPrior, ...] = (*self.movements, *self.no_prior)
        names = [entry.name for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two entries are called: {twice}")
        missing = {ref for entry in entries for ref in entry.refs} - set(self.references)
        if missing:
            raise ValueError(f"these references are not listed: {sorted(missing)}")
        return self


@dataclass(frozen=True)
class Cue:
    """What one piece of evidence says: a place, a weight, a family, harmless reasons."""

    name: str
    place: LabelPlace
    weight: float
    family: str
    innocent: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()


def load_priors(path: str | Path = PRIORS_FILE) -> Priors:
    """Read a priors file; users may bring their own."""
    try:
        return Priors.model_validate(read_yaml(path, "priors file"))
    except ValidationError as error:
        raise as_input_error(error, Priors, path) from error


@functools.lru_cache(maxsize=4)
def default_priors() -> Priors:
    return load_priors()


def movements_of_gesture(label: str, priors: Priors) -> tuple[Movement, ...]:
    """The entries that a gesture's label falls under; none when nothing is known about it."""
    gestures = (known_gestures().get(name) for name in gestures_of(label))
    names = {gesture.prior for gesture in gestures if gesture is not None}
    return tuple(entry for entry in priors.movements if entry.name in names)


def movement_of_statement(kind: str, category: str, priors: Priors) -> Movement | None:
    return next((one for one in priors.movements if _tells_of(one, kind, category)), None)


def _tells_of(entry: Movement, kind: str, category: str) -> bool:
    return any(
        match.kind == kind and (not match.categories or category in match.categories)
        for match in entry.statements
    )


def gesture_cue(label: str, priors: Priors) -> Cue | None:
    """A class made of several movements ("rubbing eyes and forehead") gets their mean."""
    entries = movements_of_gesture(label, priors)
    if not entries:
        return None
    if len(entries) == 1:
        return movement_cue(entries[0])
    return Cue(
        name=label,
        place=LabelPlace(
            **{name: _mean(entries, name) for name in ("valence", "arousal", "stress")}
        ),
        weight=sum(entry.weight for entry in entries) / len(entries),
        family=entries[0].family,
        innocent=tuple(reason for entry in entries for reason in entry.innocent[:1]),
        refs=tuple(dict.fromkeys(ref for entry in entries for ref in entry.refs)),
    )


def movement_cue(entry: Movement) -> Cue:
    return Cue(entry.cue, entry, entry.weight, entry.family, entry.innocent, entry.refs)


def _mean(entries: tuple[Movement, ...], name: str) -> float | None:
    values = [value for entry in entries if (value := getattr(entry, name)) is not None]
    return sum(values) / len(values) if values else None


def word_cues(text: str, priors: Priors) -> Iterator[Cue]:
    """One cue per emotion word; a negation shortly before turns its valence round.

    Negated words keep no arousal and stress: "not worried" is no measurement of calm.
    """
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(text)]
    for position, word in enumerate(words):
        group = next((one for one in priors.words.groups if word.startswith(one.stems)), None)
        if group is None:
            continue
        before = words[max(0, position - _REACH) : position]
        negated = any(other in priors.words.negations for other in before)
        if negated and group.valence is None:
            continue
        yield Cue(
            name=f"{group.cue} ({'not ' if negated else ''}{word})",
            place=_turned(group) if negated else group,
            weight=priors.words.weight,
            family=priors.words.family,
            innocent=("people say what is polite or expected",),
        )


def _turned(group: WordGroup) -> LabelPlace:
    # "Not happy" is unhappy, "not sad" is only not sad: half the way back.
    assert group.valence is not None
    return LabelPlace(valence=-group.valence if group.valence > 0 else -0.5 * group.valence)
