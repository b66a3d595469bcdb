"""The words of the `rules` reasoner: its summary, harmless explanations and open questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mgskel.reason.evidence import Case
from mgskel.reason.priors import Priors
from mgskel.reason.schema import (
    Assessment,
    Explanation,
    Hypothesis,
    Moment,
    Reply,
    Signal,
    Stress,
)

if TYPE_CHECKING:
    from mgskel.reason.rules import Sighting

_CITED = 6


def compose(
    case: Case,
    sightings: Sequence[Sighting],
    hypotheses: list[Hypothesis],
    valence: Signal,
    arousal: Signal,
    stress: Stress,
    evidence: float,
    priors: Priors,
) -> Assessment:
    """Put estimates and citations into an assessment with a plain summary."""
    first, second = hypotheses[0], hypotheses[1]
    margin = first.probability - second.probability
    too_little = evidence < priors.rule.min_evidence
    abstain = too_little or margin < priors.rule.min_margin
    return Assessment.from_reply(
        Reply(
            hypotheses=hypotheses,
            valence=valence,
            arousal=arousal,
            stress=stress,
            moments=_moments(sightings, [] if abstain else first.evidence_for),
            alternative_explanations=_explanations(sightings),
            cannot_judge=_open_questions(case, valence, arousal, stress, sightings),
            confidence=0.0 if abstain else _confidence(hypotheses, priors),
            abstain=abstain,
            summary=_summary(case, sightings, first, second, abstain, too_little),
        )
    )


def _confidence(hypotheses: Sequence[Hypothesis], priors: Priors) -> float:
    """One minus the normalised entropy of the labels, never above the stated ceiling."""
    entropy = -sum(h.probability * math.log(h.probability or 1.0) for h in hypotheses)
    certainty = 1 - entropy / math.log(len(hypotheses))
    return round(priors.rule.max_confidence * min(1.0, max(0.0, certainty)), 4)


def _summary(
    case: Case,
    sightings: Sequence[Sighting],
    first: Hypothesis,
    second: Hypothesis,
    abstain: bool,
    too_little: bool,
) -> str:
    opening = "Judged by fixed rules, without a language model and without reading the context. "
    if too_little:
        counted = len({sighting.item.id for sighting in sightings})
        if not case.items:
            why = "there is no evidence"
        elif not counted:
            why = "nothing in the evidence says something that the rules know"
        else:
            why = (
                f"what the rules know of the evidence ({counted} of {len(case.items)}) is too "
                "little to choose among the emotions"
            )
        return f"{opening}No judgement: {why}."
    if abstain:
        return (
            f"{opening}No judgement: the evidence fits {first.emotion} and {second.emotion} "
            "equally well."
        )
    pros = _cite(first.evidence_for, sightings)
    cons = _cite(first.evidence_against, sightings)
    against = f" Against it: {cons}." if cons else ""
    return (
        f"{opening}The evidence fits {first.emotion} best ({first.probability:.0%}), "
        f"then {second.emotion} ({second.probability:.0%}). For it: {pros or 'the prior'}."
        f"{against} Harmless explanations are listed and are often the right ones."
    )


def _cite(ids: Sequence[str], sightings: Sequence[Sighting]) -> str:
    names = {sighting.item.id: sighting.cue.name for sighting in sightings}
    return "; ".join(f"{names[one]} [{one}]" for one in ids[:_CITED])


def _moments(sightings: Sequence[Sighting], ids: Sequence[str]) -> list[Moment]:
    """The moments of the strongest supporting evidence, in order of time."""
    by_id = {sighting.item.id: sighting for sighting in sightings}
    chosen = sorted((by_id[one] for one in ids[:_CITED]), key=lambda one: one.item.from_s)
    return [
        Moment(
            from_s=sighting.item.from_s,
            to_s=sighting.item.to_s,
            why=sighting.cue.name[:600],
            evidence=[sighting.item.id],
        )
        for sighting in chosen
    ]


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
        reasons = "; or ".join(members[0].cue.innocent)
        ids = list(dict.fromkeys(sighting.item.id for sighting in members))
        found.append(Explanation(explanation=f"{name}: {reasons}"[:600], explains=ids[:200]))
    return found


def _open_questions(
    case: Case,
    valence: Signal,
    arousal: Signal,
    stress: Stress,
    sightings: Sequence[Sighting],
) -> list[str]:
    questions = ["what caused any of these movements"]
    for name, signal in (("valence", valence), ("arousal", arousal), ("stress", stress)):
        if not signal.evidence_for and not signal.evidence_against:
            questions.append(f"{name}: nothing seen or said points anywhere")
    speakers = {item.category.casefold() for item in case.of("said")}
    person = case.scene.person
    if speakers and not speakers & {"", person.casefold()}:
        questions.append(f"which words are the judged person's: nobody is called '{person}'")
    known = {sighting.item.id for sighting in sightings}
    mute = sum(1 for item in case.items if item.id not in known)
    if mute:
        pieces = "piece" if mute == 1 else "pieces"
        questions.append(f"{mute} {pieces} of evidence that the rules have no prior for")
    questions.extend(case.hidden[:20])
    return questions
