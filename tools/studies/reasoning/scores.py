"""Scores of a study's rows against the reference judgements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studies.reasoning.examples import Example
from studies.reasoning.runner import Row
from studies.reasoning.statistics import (
    Interval,
    McNemar,
    bootstrap_mean,
    brier,
    expected_calibration_error,
    macro_f1,
    mcnemar,
)

Examples = Mapping[str, Example]


@dataclass(frozen=True)
class Summary:
    """One reasoner under one condition, over scenes, wordings and repeats.

    Rates count answered questions (failed ones are not answers). Invalid answers and
    abstentions count as wrong in `accuracy` and `macro_f1`.

    Attributes:
        completeness: of the decisive evidence shown, the share cited for the true emotion.
        grounding: of the evidence cited for the judged emotion, the share that is decisive.
        misled: of the misleading evidence shown, the share cited for the judged emotion.
        innocent: where evidence misleads, how often a harmless reason of the reference is named.
    """

    reasoner: str
    condition: str
    asked: int
    failed: int
    accuracy: Interval
    macro_f1: float
    valence_error: Interval
    completeness: Interval
    grounding: Interval
    misled: Interval
    innocent: Interval
    invalid_rate: float
    abstention_rate: float
    brier: float
    ece: float
    tokens: int


@dataclass(frozen=True)
class Comparison:
    """Two conditions of one reasoner on the same scenes.

    Attributes:
        difference: of accuracy, interval by scene, over all wordings.
        tests: exact McNemar test per wording.
    """

    reasoner: str
    condition: str
    against: str
    difference: Interval
    tests: Mapping[str, McNemar]


def summarise(rows: Sequence[Row], examples: Examples, reasoner: str, condition: str) -> Summary:
    own = [row for row in rows if row.reasoner == reasoner and row.condition == condition]
    answered = [row for row in own if row.status != "failed"]
    valid = [row for row in answered if row.status == "ok"]

    def over(score: Callable[[Row], float | None], among: Sequence[Row] = answered) -> Interval:
        values: dict[str, list[float]] = {}
        for row in among:
            if (value := score(row)) is not None:
                example = examples[row.scene]
                values.setdefault(example.group or example.name, []).append(value)
        return bootstrap_mean(values)

    truth = [examples[row.scene].reference.emotion for row in answered]
    with_chances = [row for row in valid if row.probabilities]
    return Summary(
        reasoner=reasoner,
        condition=condition,
        asked=len(own),
        failed=len(own) - len(answered),
        accuracy=over(lambda row: float(is_correct(row, examples))),
        macro_f1=macro_f1(truth, [row.judgement for row in answered]),
        valence_error=over(lambda row: valence_error(row, examples), valid),
        completeness=over(lambda row: completeness(row, examples), valid),
        grounding=over(lambda row: grounding(row, examples), valid),
        misled=over(lambda row: misled(row, examples), valid),
        innocent=over(lambda row: names_innocent(row, examples), valid),
        invalid_rate=_share(row.status == "invalid" for row in answered),
        abstention_rate=_share(row.abstain for row in answered),
        brier=_mean(
            brier(examples[row.scene].reference.emotion, row.probabilities) for row in with_chances
        ),
        ece=expected_calibration_error(
            [max(row.probabilities.values()) for row in with_chances],
            [_best(row) == examples[row.scene].reference.emotion for row in with_chances],
        ),
        tokens=sum(row.prompt_tokens + row.completion_tokens for row in own),
    )


def compare(
    rows: Sequence[Row], examples: Examples, reasoner: str, condition: str, against: str
) -> Comparison:
    """Paired by scene and wording; a placebo's repeats are averaged for the difference."""
    cells: dict[tuple[str, str, str], list[bool]] = {}
    for row in rows:
        if row.reasoner == reasoner and row.status != "failed":
            cell = cells.setdefault((row.condition, row.wording, row.scene), [])
            cell.append(is_correct(row, examples))
    differences: dict[str, list[float]] = {}
    pairs: dict[str, list[tuple[bool, bool]]] = {}
    for (name, wording, scene), with_ in sorted(cells.items()):
        without = cells.get((against, wording, scene))
        if name != condition or without is None:
            continue
        group = examples[scene].group or scene
        differences.setdefault(group, []).append(float(np.mean(with_) - np.mean(without)))
        # One pair per scene: of a placebo's repeats the first, fixed before any was seen.
        pairs.setdefault(wording, []).append((without[0], with_[0]))
    tests = {
        wording: mcnemar([a for a, _ in both], [b for _, b in both])
        for wording, both in pairs.items()
    }
    return Comparison(reasoner, condition, against, bootstrap_mean(differences), tests)


def is_correct(row: Row, examples: Examples) -> bool:
    return row.judgement == examples[row.scene].reference.emotion


def valence_error(row: Row, examples: Examples) -> float | None:
    reference = examples[row.scene].reference.valence
    if reference is None or row.valence is None:
        return None
    return abs(row.valence - reference)


def completeness(row: Row, examples: Examples) -> float | None:
    reference = examples[row.scene].reference
    wanted = set(reference.decisive) & set(row.shown)
    if not wanted:
        return None
    return len(wanted & set(row.cited.get(reference.emotion, ()))) / len(wanted)


def grounding(row: Row, examples: Examples) -> float | None:
    cited = row.cited.get(row.judgement, ()) if row.judgement else ()
    if not cited:
        return None
    decisive = set(examples[row.scene].reference.decisive)
    return sum(one in decisive for one in cited) / len(cited)


def misled(row: Row, examples: Examples) -> float | None:
    traps = set(examples[row.scene].reference.misleading) & set(row.shown)
    if not traps or row.judgement is None:
        return None
    return len(traps & set(row.cited.get(row.judgement, ()))) / len(traps)


def names_innocent(row: Row, examples: Examples) -> float | None:
    """Whether any word of a reference's harmless reasons stands in the explanations."""
    reference = examples[row.scene].reference
    if not set(reference.misleading) & set(row.shown) or not reference.innocent:
        return None
    said = " ".join(row.alternatives).casefold()
    stems = {word[:5] for reason in reference.innocent for word in reason.casefold().split()}
    return float(any(stem in said for stem in stems if len(stem) > 3))


@dataclass(frozen=True)
class Baseline:
    """What knowing only the labels' frequencies achieves."""

    name: str
    accuracy: float
    macro_f1: float
    brier: float


def baselines(examples: Sequence[Example], train: Sequence[str] = ()) -> tuple[Baseline, ...]:
    """Majority and prior, of the training labels where there are any, else of these scenes."""
    truth = [example.reference.emotion for example in examples]
    counts = Counter(train or truth)
    total = sum(counts.values())
    prior = {label: count / total for label, count in counts.items()}
    common = min(counts, key=lambda label: (-counts[label], label))
    return (
        Baseline(
            "majority",
            _share(label == common for label in truth),
            macro_f1(truth, [common] * len(truth)),
            _mean(brier(label, {common: 1.0}) for label in truth),
        ),
        Baseline(
            "prior",
            _mean(prior.get(label, 0.0) for label in truth),
            float("nan"),
            _mean(brier(label, prior) for label in truth),
        ),
    )


def _best(row: Row) -> str:
    return max(row.probabilities, key=lambda label: row.probabilities[label])


def _share(flags: Iterable[bool]) -> float:
    return _mean(float(flag) for flag in flags)


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return float(np.mean(listed)) if listed else float("nan")
