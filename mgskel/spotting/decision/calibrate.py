"""Fitting the decision rule to a network's answers on recordings whose gestures are known.

The examples should be what users bring: whole recordings, clips of one to three seconds cut
anywhere, also within a hold, rest, talking, people who come nearer. The chances that a fitted
rule gives are then those of being right on such material.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.spotting.decision.decision_rule import (
    DEFAULT_SENSITIVITY,
    MOMENT_TERMS,
    STRETCH_TERMS,
    DecisionRule,
    Judge,
    Stretch,
    log_odds_of,
    place_means,
)
from mgskel.spotting.decision.decoding import (
    Decoder,
    Stretches,
    Track,
    Verdict,
    Verdicts,
    least_second,
)
from mgskel.spotting.metrics import match, overlap_matrix

_OVERLAP = 0.3
_THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
_F1_FOR_QUIET, _F1_FOR_CLEAR = 0.003, 0.01
_REST_UNIT_S = 300.0
_CAUTION_PRESENCE = 0.002
_CAUTION_BIAS, _CAUTION_MIX, _CAUTION_NOTHING, _CAUTION_PLACES = 0.002, 0.1, 0.003, 0.01
_FEWEST = 5
_JUST_QUIET, _SURE = 0.01, 1e-9


@dataclass(frozen=True, eq=False)
class Watched:
    """One recording as the network sees it, with its true gestures (none at rest).

    Attributes:
        weight: how much it counts beside others.
    """

    track: Track
    truth: tuple[GestureEvent, ...] = ()
    weight: float = 1.0

    @property
    def duration_s(self) -> float:
        return self.track.num_moments * self.track.step_s


def calibrate(
    examples: Sequence[Watched],
    rests: Sequence[Watched],
    vocabulary: Vocabulary,
    most_false: float = 0.7,
) -> DecisionRule:
    """The decision rule that serves the examples best.

    Args:
        rests: recordings in which nothing happens.
        most_false: events said there per five minutes, at the default sensitivity.
    """
    everything = [watched for watched in (*examples, *rests) if watched.track.num_moments]
    if not everything:
        raise InputError("there are no recordings to fit the decision rule on")
    rule = DecisionRule.plain(vocabulary)
    rule = replace(rule, presence=_presence(everything, Judge(vocabulary, rule)))
    judge = Judge(vocabulary, rule)
    found = [list(stretches_of(watched.track, judge)) for watched in everything]
    labels = [
        labels_of(stretches, watched.truth, judge)
        for stretches, watched in zip(found, everything, strict=True)
    ]
    rule = _without_lag(rule, found, labels, everything)
    rule = _judgement(
        rule,
        judge,
        [stretch for stretches in found for stretch in stretches],
        np.concatenate(labels),
        np.concatenate([np.full(len(s), w.weight) for s, w in zip(found, everything, strict=True)]),
    )
    return replace(rule, threshold=_threshold(rule, examples, rests, vocabulary, most_false))


def clear_chance(clips: Sequence[Watched], vocabulary: Vocabulary) -> float:
    """The highest chance to ask for that finds the gestures of cut clips about as well as the best.

    For networks of cut clips, which know no "nothing": it is what keeps them silent.
    """
    scores = {}
    for chance in _THRESHOLDS:
        judge = Judge(vocabulary, DecisionRule.plain(vocabulary, chance, chance))
        judged = [(watched, verdicts_of(watched.track, judge)) for watched in clips]
        scores[chance] = _f1(judged, chance)
    return max(c for c, f1 in scores.items() if f1 >= max(scores.values()) - _F1_FOR_CLEAR)


def false_at_rest(rests: Sequence[Watched], vocabulary: Vocabulary, rule: DecisionRule) -> float:
    """Events said per five minutes in which nothing is going on."""
    total = sum(rest.duration_s for rest in rests)
    count = sum(len(found_in(rest.track, vocabulary, rule)) for rest in rests)
    return count / max(total / _REST_UNIT_S, 1e-9)


def found_in(
    track: Track,
    vocabulary: Vocabulary,
    rule: DecisionRule,
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> list[GestureEvent]:
    """The events that a rule makes of a track."""
    return Decoder(vocabulary, rule, track.step_s, sensitivity=sensitivity).events([track])


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


def stretches_of(track: Track, judge: Judge) -> Iterator[Stretch]:
    """Every stretch of presence in a track."""
    stretches = Stretches(judge, track.step_s)
    for over in stretches.push(track):
        yield from over
    yield from stretches.finish()


def labels_of(
    stretches: Sequence[Stretch], truth: Sequence[GestureEvent], judge: Judge
) -> np.ndarray:
    """The true class of each stretch, -1 where it is none of its group's, (n,)."""
    labels = np.full(len(stretches), -1)
    for group in {stretch.group for stretch in stretches}:
        own = [i for i, stretch in enumerate(stretches) if stretch.group == group]
        true = [event for event in truth if judge.group_of[event.class_id] == group]
        overlaps = overlap_matrix(true, [stretches[i] for i in own])
        for one, other in match(overlaps, _OVERLAP):
            labels[own[other]] = true[one].class_id
    return labels


def _presence(everything: Sequence[Watched], judge: Judge) -> tuple[tuple[float, ...], ...]:
    """Weights of `MOMENT_TERMS` per group: a logistic regression over all moments."""
    from sklearn.linear_model import LogisticRegression

    groups = judge.vocabulary.groups
    terms, going_on, weights = [], [], []
    for watched in everything:
        track = watched.track
        limited = judge.limited(track.log_odds.astype(float), track.served)
        terms.append(judge.moment_terms(limited))
        going_on.append(_going_on(watched, judge))
        weights.append(np.full(track.num_moments, watched.weight))
    x, y, w = np.concatenate(terms, 2), np.concatenate(going_on, 1), np.concatenate(weights)
    rows = []
    for group in range(len(groups)):
        if min(y[group].sum(), (~y[group]).sum()) < _FEWEST:
            rows.append(judge.rule.presence[group])
            continue
        model = LogisticRegression(C=1 / (_CAUTION_PRESENCE * w.sum()), max_iter=500)
        model.fit(x[group, 1:].T, y[group], w)
        rows.append((float(model.intercept_[0]), *map(float, model.coef_[0])))
    assert all(len(row) == len(MOMENT_TERMS) for row in rows)
    return _rounded(rows)


def _going_on(watched: Watched, judge: Judge) -> np.ndarray:
    """Whether a true gesture of each group goes on, (G, T) bool."""
    track = watched.track
    times = track.start_s + np.arange(track.num_moments) * track.step_s
    truth = np.zeros((len(judge.members), track.num_moments), bool)
    for event in watched.truth:
        truth[judge.group_of[event.class_id]] |= (times >= event.start_s) & (times < event.end_s)
    return truth


def _judgement(
    rule: DecisionRule,
    judge: Judge,
    stretches: Sequence[Stretch],
    labels: np.ndarray,
    weights: np.ndarray,
) -> DecisionRule:
    """The same rule with the weights that judge stretches best."""
    import torch
    from torch.nn.functional import cross_entropy

    if not (labels >= 0).any():
        return rule
    classes, groups = len(judge.vocabulary), len(judge.members)
    group = torch.tensor([stretch.group for stretch in stretches])
    evidence = torch.tensor(np.array([judge.class_terms(stretch) for stretch in stretches]))
    about = torch.tensor(np.array([stretch.about for stretch in stretches]))
    truth = torch.tensor(np.where(labels < 0, classes, labels))
    own = torch.tensor(judge.members)[group]
    places = torch.tensor(np.array([place_means(stretch) for stretch in stretches]))
    weight = torch.tensor(weights)
    shapes = {
        "bias": (classes,),
        "places": (classes, places.shape[1]),
        "mix": (classes, classes),
        "common": (len(STRETCH_TERMS),),
        "nothing": (groups, len(STRETCH_TERMS)),
    }
    fitted = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in shapes.items()}
    fitted["scale"] = torch.ones(1, dtype=torch.float64)
    for parameter in fitted.values():
        parameter.requires_grad_(True)
    optimiser = torch.optim.LBFGS(list(fitted.values()), max_iter=300)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = evidence * fitted["scale"] + fitted["bias"] + evidence @ fitted["mix"].T
        logits = logits + places @ fitted["places"].T
        nothing = (about * (fitted["nothing"][group] + fitted["common"])).sum(1)
        scores = torch.cat([logits.where(own, torch.tensor(-1e9)), nothing[:, None]], 1)
        losses = cross_entropy(scores, truth, reduction="none")
        value = (losses * weight).sum() / weight.sum()
        value = value + _CAUTION_BIAS * (fitted["bias"] ** 2).mean()
        value = value + _CAUTION_MIX * (fitted["mix"] ** 2).sum() / classes
        value = value + _CAUTION_NOTHING * (fitted["nothing"] ** 2).mean()
        value = value + _CAUTION_PLACES * (fitted["places"] ** 2).mean()
        value = value + _CAUTION_PLACES * (fitted["nothing"][:, -places.shape[1] :] ** 2).mean()
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    values = {name: parameter.detach().numpy() for name, parameter in fitted.items()}
    return replace(
        rule,
        scale=round(float(values["scale"][0]), 4),
        bias=tuple(round(float(bias), 4) for bias in values["bias"]),
        mix=_rounded(values["mix"]),
        places=_rounded(values["places"]),
        nothing=_rounded(values["nothing"] + values["common"]),
    )


def _without_lag(
    rule: DecisionRule,
    found: Sequence[Sequence[Stretch]],
    labels: Sequence[np.ndarray],
    everything: Sequence[Watched],
) -> DecisionRule:
    """The same rule, with the median errors of onset and offset taken off."""
    errors = []
    for stretches, classes, watched in zip(found, labels, everything, strict=True):
        for stretch, class_id in zip(stretches, classes, strict=True):
            true = [event for event in watched.truth if event.class_id == class_id]
            shared = [min(e.end_s, stretch.end_s) - max(e.start_s, stretch.start_s) for e in true]
            if true:
                event = true[int(np.argmax(shared))]
                errors.append((event.start_s - stretch.start_s, event.end_s - stretch.end_s))
    if not errors:
        return rule
    onset, offset = np.median(errors, axis=0)
    return replace(
        rule,
        onset_shift_s=round(float(onset), 3),
        # An end moved forward would count against the promised delay.
        offset_shift_s=round(max(float(offset), 0.0), 3),
    )


def _threshold(
    rule: DecisionRule,
    examples: Sequence[Watched],
    rests: Sequence[Watched],
    vocabulary: Vocabulary,
    most_false: float,
) -> float:
    """The highest threshold that is about as good as the best and leaves rest quiet enough."""
    judge = Judge(vocabulary, rule)
    at_rest = [verdict for rest in rests for verdict in verdicts_of(rest.track, judge)]
    judged = [(watched, verdicts_of(watched.track, judge)) for watched in examples]
    units = max(sum(rest.duration_s for rest in rests) / _REST_UNIT_S, 1e-9)
    scores: dict[float, float] = {}
    for threshold in _THRESHOLDS:
        said = sum(verdict.counts(threshold, least_second()) for verdict in at_rest)
        if said / units <= most_false:
            scores[threshold] = _f1(judged, threshold)
    good = [t for t, score in scores.items() if score >= max(scores.values()) - _F1_FOR_QUIET]
    return max(good, default=_THRESHOLDS[-1])


def verdicts_of(track: Track, judge: Judge) -> list[Verdict]:
    """What is made of every stretch of presence in a track."""
    verdicts = Verdicts(judge, track.step_s)
    return [*verdicts.push(track), *verdicts.finish()]


def _f1(judged: Sequence[tuple[Watched, Sequence[Verdict]]], threshold: float) -> float:
    """F1 at overlap 0.3 of what is said by name."""
    hits = total = 0.0
    for watched, verdicts in judged:
        said = [v for v in verdicts if v.counts(threshold, least_second()) and v.class_id >= 0]
        classes = {event.class_id for event in watched.truth} | {v.class_id for v in said}
        for class_id in classes:
            true = [event for event in watched.truth if event.class_id == class_id]
            own = [verdict.stretch for verdict in said if verdict.class_id == class_id]
            hits += watched.weight * len(match(overlap_matrix(true, own), _OVERLAP))
            total += watched.weight * (len(true) + len(own))
    return 2 * hits / total if total else 1.0


def _rounded(rows: Sequence[Sequence[float]] | np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 4) for value in row) for row in rows)
