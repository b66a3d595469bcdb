"""`rules`: a transparent, deterministic reasoner without any language model.

The rule, complete. Every sighting of a known movement or emotion word points to a place in
valence, arousal and stress, with a weight; within a family of related cues the strongest
counts fully, the next `again` times that, and so on. Each dimension's estimate is the mean of
the prior (weight 1) and the sightings. A label's probability is proportional to the product
of the sightings' normal densities around the label's place, each raised to its weight; with
nothing seen all labels are equally probable. Evidence is *for* a hypothesis when giving it
more weight would raise the hypothesis's probability, and *against* it when that would lower it.

It is a baseline and an offline stand-in, not an expert: it reads no context but emotion words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mgskel.core.errors import InputError
from mgskel.reason.evidence import Case, Item
from mgskel.reason.outcome import Outcome, evidence_record
from mgskel.reason.priors import (
    Cue,
    Priors,
    default_priors,
    gesture_cue,
    movement_cue,
    movement_of_statement,
)
from mgskel.reason.rules_text import compose
from mgskel.reason.scene import Place, Scene
from mgskel.reason.schema import Hypothesis, Signal, Stress
from mgskel.reason.words import word_cues

DIMENSIONS = ("valence", "arousal", "stress")
_CITED = 200
AnySignal = TypeVar("AnySignal", Signal, Stress)
_VISIBLE = 0.004  # an effect below this is not worth citing


@dataclass(frozen=True)
class Sighting:
    """One cue seen in one item of evidence."""

    item: Item
    cue: Cue

    @property
    def strength(self) -> float:
        return self.cue.weight * self.item.confidence


@dataclass(frozen=True)
class State:
    """What a set of sightings says, and how much of it each item of evidence contributes.

    Attributes:
        mean: estimate per dimension.
        shift: per dimension and item, its part of the way from the prior to the estimate.
        chances: probability per label.
        push: per label and item, the derivative of the log probability by the item's weight,
            times that weight.
        weight: sum of all weights after discounting.
    """

    mean: dict[str, float]
    shift: dict[str, dict[str, float]]
    chances: dict[str, float]
    push: dict[str, dict[str, float]]
    weight: float


@dataclass(frozen=True)
class RulesReasoner:
    """Judges a case by the priors alone."""

    priors: Priors | None = None

    @property
    def name(self) -> str:
        return "rules"

    def judge(self, case: Case) -> Outcome:
        priors = self.priors or default_priors()
        places = label_places(case.scene, priors)
        sightings = sightings_in(case, priors)
        state = combine(sightings, places, priors)
        assessment = compose(
            case,
            sightings,
            _hypotheses(state),
            _signal(Signal, "valence", state, priors),
            _signal(Signal, "arousal", state, priors),
            _signal(Stress, "stress", state, priors),
            state.weight,
            priors,
        )
        return Outcome(
            "ok",
            self.name,
            "judged by fixed priors and one stated rule, without a language model",
            assessment,
            {"priors_version": priors.version, "evidence": evidence_record(case)},
        )


def _hypotheses(state: State) -> list[Hypothesis]:
    """Labels by falling probability, each with the evidence that raises and lowers it."""
    found = []
    for label, chance in sorted(state.chances.items(), key=lambda pair: (-pair[1], pair[0])):
        pros, cons = _by_effect(state.push[label])
        found.append(
            Hypothesis(emotion=label, probability=chance, evidence_for=pros, evidence_against=cons)
        )
    return found


def _signal(kind: type[AnySignal], name: str, state: State, priors: Priors) -> AnySignal:
    """One dimension; evidence for it is what moves the estimate away from the prior, its way."""
    sign = 1.0 if state.mean[name] >= getattr(priors.rule.prior, name) else -1.0
    effects = {key: sign * shift for key, shift in state.shift[name].items()}
    pros, cons = _by_effect(effects)
    return kind(value=round(state.mean[name], 4), evidence_for=pros, evidence_against=cons)


def _by_effect(effects: dict[str, float]) -> tuple[list[str], list[str]]:
    """Ids that support and ids that oppose, the strongest first."""
    ordered = sorted(effects.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    pros = [key for key, effect in ordered if effect > _VISIBLE]
    cons = [key for key, effect in ordered if effect < -_VISIBLE]
    return pros[:_CITED], cons[:_CITED]


def label_places(scene: Scene, priors: Priors) -> dict[str, Place]:
    """Where each of the scene's labels lies; a label nobody has placed is an error."""
    places = {}
    known = {label.casefold(): place for label, place in priors.labels.items()}
    for label in scene.labels:
        place = scene.places.get(label) or known.get(label.casefold())
        if place is None or not any(getattr(place, name) is not None for name in DIMENSIONS):
            raise InputError(
                f"the rules reasoner does not know where the label '{label}' lies",
                expected="a known label: " + ", ".join(sorted(priors.labels)),
                found=label,
                remedy=f"add 'places: {{{label}: {{valence: ..., arousal: ..., stress: ...}}}}' "
                "to the scene, or use a language model",
            )
        places[label] = place
    return places


def sightings_in(case: Case, priors: Priors) -> list[Sighting]:
    """Every known cue in the case; words count only where the judged person speaks."""
    speakers = ("", case.scene.person.casefold())
    gestures: dict[str, Cue | None] = {}
    found = []
    for item in case.items:
        if item.kind == "gesture":
            if item.cue not in gestures:
                gestures[item.cue] = gesture_cue(item.cue, priors)
            cue = gestures[item.cue]
            found += [Sighting(item, cue)] if cue else []
        elif item.kind == "statement":
            entry = movement_of_statement(item.cue, item.category, priors)
            found += [Sighting(item, movement_cue(entry))] if entry else []
        elif item.category.casefold() in speakers:
            found += [Sighting(item, cue) for cue in word_cues(item.text, priors)]
    return found


def weighted(sightings: Sequence[Sighting], priors: Priors) -> Iterator[tuple[Sighting, float]]:
    """Each sighting with its weight after the discount within its family."""
    families: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        families.setdefault(sighting.cue.family, []).append(sighting)
    for family in families.values():
        family.sort(key=lambda one: (-one.strength, one.item.from_s, one.item.id, one.cue.name))
        for rank, sighting in enumerate(family):
            yield sighting, sighting.strength * priors.rule.again**rank


def combine(sightings: Sequence[Sighting], places: dict[str, Place], priors: Priors) -> State:
    """Apply the rule to a set of sightings."""
    counted = list(weighted(sightings, priors))
    prior = {name: getattr(priors.rule.prior, name) for name in DIMENSIONS}
    total = dict.fromkeys(DIMENSIONS, 1.0)
    shift: dict[str, dict[str, float]] = {name: {} for name in DIMENSIONS}
    logs: dict[str, dict[str, float]] = {label: {} for label in places}
    for sighting, weight in counted:
        key = sighting.item.id
        for name in DIMENSIONS:
            value = getattr(sighting.cue.place, name)
            if value is None:
                continue
            total[name] += weight
            shift[name][key] = shift[name].get(key, 0.0) + weight * (value - prior[name])
            for label, fit in _log_fits(value, name, places, priors).items():
                logs[label][key] = logs[label].get(key, 0.0) + weight * fit
    for name in DIMENSIONS:
        shift[name] = {key: part / total[name] for key, part in shift[name].items()}
    chances = _softmax({label: math.fsum(parts.values()) for label, parts in logs.items()})
    return State(
        mean={name: prior[name] + math.fsum(shift[name].values()) for name in DIMENSIONS},
        shift=shift,
        chances=chances,
        push=_pushes(logs, chances),
        weight=math.fsum(weight for _, weight in counted),
    )


def _softmax(logs: dict[str, float]) -> dict[str, float]:
    top = max(logs.values())
    raw = {label: math.exp(log - top) for label, log in logs.items()}
    total = math.fsum(raw.values())
    return {label: value / total for label, value in raw.items()}


def _pushes(
    logs: dict[str, dict[str, float]], chances: dict[str, float]
) -> dict[str, dict[str, float]]:
    """How much better each item fits a label than it fits the labels on average."""
    average: dict[str, float] = {}
    for label, parts in logs.items():
        for key, log in parts.items():
            average[key] = average.get(key, 0.0) + chances[label] * log
    return {
        label: {key: log - average[key] for key, log in parts.items()}
        for label, parts in logs.items()
    }


def _log_fits(
    value: float, name: str, places: dict[str, Place], priors: Priors
) -> dict[str, float]:
    """Log density of a sighting around each label; unplaced labels get the others' average."""
    spread = priors.rule.label_spread
    fits = {
        label: -0.5 * ((value - centre) / spread) ** 2
        for label, place in places.items()
        if (centre := getattr(place, name)) is not None
    }
    average = sum(fits.values()) / len(fits) if fits else 0.0
    return {label: fits.get(label, average) for label in places}
