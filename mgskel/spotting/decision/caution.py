"""How cautious a decision must be, by what it makes of recordings whose gestures are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.spotting.decision.decision_rule import DecisionRule, Judge, Stretch, log_odds_of
from mgskel.spotting.decision.decoding import (
    MomentTrack,
    Stretches,
    Verdict,
    Verdicts,
    least_second,
)
from mgskel.spotting.metrics import match, overlap_matrix

OVERLAP = 0.3
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
_F1_FOR_CLEAR = 0.01
_JUST_QUIET, _SURE = 0.01, 1e-9


@dataclass(frozen=True, eq=False)
class Watched:
    """One recording as the network sees it, with its true gestures (none at rest).

    Attributes:
        weight: how much it counts beside others.
    """

    track: MomentTrack
    truth: tuple[GestureEvent, ...] = ()
    weight: float = 1.0

    @property
    def duration_s(self) -> float:
        return self.track.num_moments * self.track.step_s


def clear_chance(clips: Sequence[Watched], vocabulary: Vocabulary) -> float:
    """The highest chance to ask for that finds the gestures of cut clips about as well as the best.

    For networks of cut clips, which know no "nothing": it is what keeps them silent.
    """
    scores = {}
    for chance in THRESHOLDS:
        judge = Judge(vocabulary, DecisionRule.plain(vocabulary, chance, chance))
        judged = [(watched, verdicts_of(watched.track, judge)) for watched in clips]
        scores[chance] = f1_by_name(judged, chance)
    return max(c for c, f1 in scores.items() if f1 >= max(scores.values()) - _F1_FOR_CLEAR)


def quieted(
    rule: DecisionRule, vocabulary: Vocabulary, rests: Sequence[Watched], most: Sequence[int]
) -> DecisionRule:
    """A rule as cautious as needed, group by group, to say no more than so much at rest.

    Args:
        rests: recordings in which nothing happens, as the rule's network sees them.
        most: of each group's gestures.
    """
    chances = _said_at_rest(rule, vocabulary, rests)
    least = log_odds_of(rule.least())
    nothing = []
    for weights, likely, count in zip(rule.nothing, chances, most, strict=True):
        louder = sorted(map(log_odds_of, likely), reverse=True)[count:]
        caution = max(louder[0] - least + _JUST_QUIET, 0.0) if louder else 0.0
        nothing.append((round(weights[0] + caution, 4), *weights[1:]))
    return replace(rule, nothing=tuple(nothing))


def said_at_rest(rule: DecisionRule, vocabulary: Vocabulary, rests: Sequence[Watched]) -> list[int]:
    """How much is said there of each group's gestures, about."""
    least = rule.least()
    return [
        sum(chance >= least for chance in chances)
        for chances in _said_at_rest(rule, vocabulary, rests)
    ]


def _said_at_rest(
    rule: DecisionRule, vocabulary: Vocabulary, rests: Sequence[Watched]
) -> list[list[float]]:
    """Chances of something in every stretch, by group."""
    judge = Judge(vocabulary, rule)
    chances: list[list[float]] = [[] for _ in vocabulary.groups]
    for rest in rests:
        for stretch in stretches_of(rest.track, judge):
            chance = float(judge.chances(stretch).sum())
            chances[stretch.group].append(min(max(chance, _SURE), 1 - _SURE))
    return chances


def stretches_of(track: MomentTrack, judge: Judge) -> Iterator[Stretch]:
    """Every stretch of presence in a track."""
    stretches = Stretches(judge, track.step_s)
    for over in stretches.push(track):
        yield from over
    yield from stretches.finish()


def verdicts_of(track: MomentTrack, judge: Judge) -> list[Verdict]:
    """What is made of every stretch of presence in a track."""
    verdicts = Verdicts(judge, track.step_s)
    return [*verdicts.push(track), *verdicts.finish()]


def f1_by_name(judged: Sequence[tuple[Watched, Sequence[Verdict]]], threshold: float) -> float:
    """F1 at overlap 0.3 of what is said by name."""
    hits = total = 0.0
    for watched, verdicts in judged:
        said = [v for v in verdicts if v.counts(threshold, least_second()) and v.class_id >= 0]
        classes = {event.class_id for event in watched.truth} | {v.class_id for v in said}
        for class_id in classes:
            true = [event for event in watched.truth if event.class_id == class_id]
            own = [verdict.stretch for verdict in said if verdict.class_id == class_id]
            hits += watched.weight * len(match(overlap_matrix(true, own), OVERLAP))
            total += watched.weight * (len(true) + len(own))
    return 2 * hits / total if total else 1.0
