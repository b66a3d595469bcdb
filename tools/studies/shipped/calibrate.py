"""Fitting the rules that ship to a network's answers on recordings whose gestures are known.

The examples should be what users bring: whole recordings, clips of one to three seconds cut
anywhere, also within a hold, rest, talking, people who come nearer. The chances that a fitted
rule gives are then those of being right on such material.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.spotting.decision.caution import (
    OVERLAP,
    THRESHOLDS,
    Watched,
    f1_by_name,
    stretches_of,
    verdicts_of,
)
from mgskel.spotting.decision.clip_rule import ClipRule, clip_evidence, over_moments
from mgskel.spotting.decision.decision_rule import (
    DEFAULT_SENSITIVITY,
    MOMENT_TERMS,
    STRETCH_TERMS,
    DecisionRule,
    Judge,
    Stretch,
    place_means,
)
from mgskel.spotting.decision.decoding import Decoder, MomentTrack, least_second
from mgskel.spotting.metrics import match, overlap_matrix

_F1_FOR_QUIET = 0.003
_REST_UNIT_S = 300.0
_CAUTION_PRESENCE = 0.002
_CAUTION_BIAS, _CAUTION_MIX, _CAUTION_NOTHING, _CAUTION_PLACES = 0.002, 0.1, 0.003, 0.01
_FEWEST = 5
_CLIP_BIAS, _CLIP_MIX, _CLIP_PLACES = 0.02, 1.0, 0.05


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


def false_at_rest(rests: Sequence[Watched], vocabulary: Vocabulary, rule: DecisionRule) -> float:
    """Events said per five minutes in which nothing is going on."""
    total = sum(rest.duration_s for rest in rests)
    count = sum(len(found_in(rest.track, vocabulary, rule)) for rest in rests)
    return count / max(total / _REST_UNIT_S, 1e-9)


def found_in(
    track: MomentTrack,
    vocabulary: Vocabulary,
    rule: DecisionRule,
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> list[GestureEvent]:
    """The events that a rule makes of a track."""
    return Decoder(vocabulary, rule, track.step_s, sensitivity=sensitivity).events([track])


def labels_of(
    stretches: Sequence[Stretch], truth: Sequence[GestureEvent], judge: Judge
) -> np.ndarray:
    """The true class of each stretch, -1 where it is none of its group's, (n,)."""
    labels = np.full(len(stretches), -1)
    for group in {stretch.group for stretch in stretches}:
        own = [i for i, stretch in enumerate(stretches) if stretch.group == group]
        true = [event for event in truth if judge.group_of[event.class_id] == group]
        overlaps = overlap_matrix(true, [stretches[i] for i in own])
        for one, other in match(overlaps, OVERLAP):
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
    for threshold in THRESHOLDS:
        said = sum(verdict.counts(threshold, least_second()) for verdict in at_rest)
        if said / units <= most_false:
            scores[threshold] = f1_by_name(judged, threshold)
    good = [t for t, score in scores.items() if score >= max(scores.values()) - _F1_FOR_QUIET]
    return max(good, default=THRESHOLDS[-1])


def _rounded(rows: Sequence[Sequence[float]] | np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 4) for value in row) for row in rows)


def fit_clip_rule(
    scores: Sequence[np.ndarray],
    places: Sequence[np.ndarray],
    labels: Sequence[int],
    classes: int,
) -> ClipRule:
    """The corrections that serve validation clips best.

    Args:
        scores, places: (K + 1, T) and (P, T) of each clip.
        labels: the class of each.
    """
    import torch
    from torch.nn.functional import cross_entropy

    if not scores:
        raise InputError("there are no clips to fit the clip rule on")
    x = torch.tensor(np.array([clip_evidence(s) for s in scores]), dtype=torch.float64)
    pairs = zip(places, scores, strict=True)
    where = torch.tensor(np.array([over_moments(*pair) for pair in pairs]), dtype=torch.float64)
    y = torch.tensor(list(labels))
    spread = float(x.std())
    x = x / spread
    scale = torch.ones(1, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    mix = torch.zeros(classes, classes, dtype=torch.float64, requires_grad=True)
    place = torch.zeros(classes, where.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, bias, mix, place], max_iter=200)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = cross_entropy(x * scale + bias + x @ mix.T + where @ place.T, y)
        value = value + _CLIP_BIAS * (bias**2).mean() + _CLIP_MIX * (mix**2).mean()
        value = value + _CLIP_PLACES * (place**2).mean()
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return ClipRule(
        round(float(scale.detach()) / spread, 5),
        tuple(round(float(b), 4) for b in bias.detach()),
        tuple(tuple(round(float(m) / spread, 4) for m in row) for row in mix.detach()),
        tuple(tuple(round(float(p), 4) for p in row) for row in place.detach()),
    )
