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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mgskel.core.errors import InputError
from mgskel.reason.assessment import (
    Assessment,
    Claim,
    Explanation,
    Hypothesis,
    Moment,
    Outcome,
    Reply,
    Signal,
    Stress,
    evidence_record,
)
from mgskel.reason.evidence import Case, Item
from mgskel.reason.priors import (
    Cue,
    Priors,
    default_priors,
    gesture_cue,
    movement_cue,
    movement_of_statement,
    word_cues,
)
from mgskel.reason.scene import LabelPlace, Scene

DIMENSIONS = ("valence", "arousal", "stress")
_CITED = 200  # ids in a list of evidence
_TOLD = 6  # ids in a sentence
_VISIBLE = 0.004  # an effect below this is not worth citing
AnySignal = TypeVar("AnySignal", Signal, Stress)


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
    """What a set of sightings says, and how much of it each item of evidence contributes."""

    mean: dict[str, float]  # estimate per dimension
    # per dimension and item, its part of the way from the prior to the estimate
    shift: dict[str, dict[str, float]]
    chances: dict[str, float]  # probability per label
    # per label and item, the derivative of the log probability by the item's weight, times that
    # weight
    push: dict[str, dict[str, float]]
    weight: float  # sum of all weights after discounting


@dataclass(frozen=True)
class RulesReasoner:
    """Judges a case by the priors alone."""

    priors: Priors | None = None

    @property
    def name(self) -> str:
        return "rules"

    @classmethod
    def of(cls, scene: Scene) -> RulesReasoner:
        """One for this scene, whose labels it has to know."""
        label_places(scene, default_priors())
        return cls()

    def judge(self, case: Case) -> Outcome:
        priors = self.priors or default_priors()
        sightings = sightings_in(case, priors)
        state = combine(sightings, label_places(case.scene, priors), priors)
        return Outcome(
            "ok",
            self.name,
            "judged by fixed priors and one stated rule, without a language model and without "
            "reading the context",
            Assessment.from_reply(_reply(case, sightings, state, priors)),
            {"priors_version": priors.version, "evidence": evidence_record(case)},
        )


def _reply(case: Case, sightings: Sequence[Sighting], state: State, priors: Priors) -> Reply:
    hypotheses = _hypotheses(state)
    first, second = hypotheses[0], hypotheses[1]
    too_little = state.weight < priors.rule.min_evidence
    abstain = too_little or first.probability - second.probability < priors.rule.min_margin
    valence = _signal(Signal, "valence", state, priors)
    arousal = _signal(Signal, "arousal", state, priors)
    stress = _signal(Stress, "stress", state, priors)
    questions = _open_questions(
        case, sightings, {"valence": valence, "arousal": arousal, "stress": stress}
    )
    if too_little:
        questions.insert(0, f"which emotion: {_lack(case, sightings)}")
    elif abstain:
        questions.insert(
            0, f"which emotion: the evidence fits {first.emotion} and {second.emotion} equally well"
        )
    return Reply(
        hypotheses=hypotheses,
        valence=valence,
        arousal=arousal,
        stress=stress,
        moments=[] if abstain else _moments(sightings, first.evidence_for),
        alternative_explanations=_explanations(sightings),
        cannot_judge=questions,
        confidence=0.0 if abstain else _confidence(hypotheses, priors),
        abstain=abstain,
        summary=[] if abstain else _judgement(first, second, sightings),
    )


def _hypotheses(state: State) -> list[Hypothesis]:
    """Labels by falling probability, each with the evidence that raises and lowers it."""
    found = []
    for label, chance in sorted(state.chances.items(), key=lambda pair: (-pair[1], pair[0])):
        pros, cons = _by_effect(state.push[label])
        if not pros and not cons:
            pros, cons = (side[:1] for side in _by_effect(state.push[label], least=1e-6))
        found.append(
            Hypothesis(emotion=label, probability=chance, evidence_for=pros, evidence_against=cons)
        )
    return found


def _signal(kind: type[AnySignal], name: str, state: State, priors: Priors) -> AnySignal:
    """One dimension; evidence for it is what moves the estimate away from the prior, its way."""
    sign = 1.0 if state.mean[name] >= getattr(priors.rule.prior, name) else -1.0
    effects = {key: sign * shift for key, shift in state.shift[name].items()}
    pros, cons = _by_effect(effects)
    value = round(state.mean[name], 4) if pros or cons else None
    return kind(value=value, evidence_for=pros, evidence_against=cons)


def _by_effect(effects: dict[str, float], least: float = _VISIBLE) -> tuple[list[str], list[str]]:
    """Ids that support and ids that oppose, the strongest first."""
    ordered = sorted(effects.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    pros = [key for key, effect in ordered if effect > least]
    cons = [key for key, effect in ordered if effect < -least]
    return pros[:_CITED], cons[:_CITED]


def label_places(scene: Scene, priors: Priors) -> dict[str, LabelPlace]:
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


def combine(sightings: Sequence[Sighting], places: dict[str, LabelPlace], priors: Priors) -> State:
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
    value: float, name: str, places: dict[str, LabelPlace], priors: Priors
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


def _confidence(hypotheses: Sequence[Hypothesis], priors: Priors) -> float:
    """One minus the normalised entropy of the labels, never above the stated ceiling."""
    entropy = -sum(h.probability * math.log(h.probability or 1.0) for h in hypotheses)
    certainty = 1 - entropy / math.log(len(hypotheses))
    return round(priors.rule.max_confidence * min(1.0, max(0.0, certainty)), 4)


def _lack(case: Case, sightings: Sequence[Sighting]) -> str:
    """Why nothing can be judged."""
    counted = len({sighting.item.id for sighting in sightings})
    if not case.items:
        return "there is no evidence"
    if not counted:
        return "nothing in the evidence says something that the rules know"
    return (
        f"what the rules know of the evidence ({counted} of {len(case.items)}) is too little to "
        "choose among the emotions"
    )


def _judgement(first: Hypothesis, second: Hypothesis, sightings: Sequence[Sighting]) -> list[Claim]:
    """What fits best, what speaks for it and against it, each with what it rests on."""
    fits = (
        f"The evidence fits {first.emotion} best ({first.probability:.0%}), then "
        f"{second.emotion} ({second.probability:.0%})."
    )
    claims = [Claim(text=fits, evidence=[*first.evidence_for, *first.evidence_against][:_CITED])]
    for side, ids in (("For", first.evidence_for), ("Against", first.evidence_against)):
        told = _told(ids[:_TOLD], sightings)
        if told:
            claims.append(
                Claim(text=f"{side} {first.emotion}: {told}."[:600], evidence=ids[:_TOLD])
            )
    return claims


def _told(ids: Sequence[str], sightings: Sequence[Sighting]) -> str:
    names = {sighting.item.id: sighting.cue.name for sighting in sightings}
    return ", ".join(f"{names[one]} [{one}]" for one in ids)


def _moments(sightings: Sequence[Sighting], ids: Sequence[str]) -> list[Moment]:
    """The moments of the strongest supporting evidence, in order of time."""
    by_id = {sighting.item.id: sighting for sighting in sightings}
    chosen = sorted((by_id[one] for one in ids[:_TOLD]), key=lambda one: one.item.from_s)
    return [
        Moment(
            from_s=sighting.item.from_s,
            to_s=sighting.item.to_s,
            why=_named(sighting)[:600],
            evidence=[sighting.item.id],
        )
        for sighting in chosen
    ]


def _named(sighting: Sighting) -> str:
    """The cue, with the gesture's own name where that differs."""
    name, label = sighting.cue.name, sighting.item.cue
    if sighting.item.kind != "gesture" or label.casefold() == name.casefold():
        return name
    return f"{name} ({label})"


def _explanations(sightings: Sequence[Sighting]) -> list[Explanation]:
    """One per cue that was seen, the most frequent first."""
    groups: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        if sighting.cue.innocent:
            # Word cues carry the word in their name: one explanation covers all of them.
            words = sighting.item.kind == "said"
            groups.setdefault("words" if words else sighting.cue.name, []).append(sighting)
    ranked = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    found = []
    for name, members in ranked[:12]:
        reasons = ", or ".join(members[0].cue.innocent)
        ids = list(dict.fromkeys(sighting.item.id for sighting in members))
        found.append(Explanation(explanation=f"{name}: {reasons}"[:600], explains=ids[:200]))
    return found


def _open_questions(
    case: Case, sightings: Sequence[Sighting], signals: Mapping[str, Signal | Stress]
) -> list[str]:
    questions = ["what caused any of these movements"]
    for name, signal in signals.items():
        if not signal.evidence_for and not signal.evidence_against:
            questions.append(f"{name}: nothing seen or said points anywhere")
    speakers = {item.category.casefold() for item in case.of("said")}
    person = case.scene.person
    if speakers and not speakers & {"", person.casefold()}:
        questions.append(f"which words are the judged person's: nobody is called '{person}'")
    known = {sighting.item.id for sighting in sightings}
    mute = sum(1 for item in case.items if item.id not in known)
    if mute:
        what = "1 observation on which" if mute == 1 else f"{mute} observations on which"
        questions.append(f"{what} nothing is published that the rules could use")
    questions.extend(case.hidden[:20])
    return questions
