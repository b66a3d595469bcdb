"""How well two or more coders agree: events, moments and rates, with intervals over recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from mgskel.core.errors import InputError, listed
from mgskel.study.agreement.coders import Pairing, pair
from mgskel.study.agreement.coefficients import (
    cohen,
    cohen_of_tables,
    event_kappa,
    fleiss,
    intraclass,
)
from mgskel.study.agreement.counts import EVENT_OVERLAP, Counts, count
from mgskel.study.agreement.word_map import Reworded

F1 = f"event_f1_{EVENT_OVERLAP}"
TIME, EVENT, RATE, MANY = "kappa_time", "kappa_event", "icc_rate", "kappa_fleiss"
NAMES = {
    F1: "event F1",
    TIME: "kappa, moments",
    EVENT: "kappa, events",
    RATE: "ICC, rates",
    MANY: "Fleiss' kappa",
}
"""What people call the measures."""
NOTHING = "(nothing)"
_FEW = 5
_CHUNK, _MOST_CELLS = 200, 10_000_000
MOST_LABELS = 300

Values = Mapping[str, float | int | None]


@dataclass(frozen=True)
class AgreementSettings:
    """How coders are compared."""

    link: float = 0.6  # share of the longer of two annotations that must be common to link them
    tolerance_s: float = 0.0  # marks that the other coder has within this time count as agreed
    resamples: int = 2000  # draws of the bootstrap over recordings
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Agreement:
    """Coefficients per label and over all; a value that cannot be had is None."""

    coders: tuple[str, ...]
    files: tuple[str, ...]
    # label to measures, their intervals (`_low`, `_high`) and counts `n_a`, `n_b`, ...
    labels: Mapping[str, Values]
    overall: Values  # the same over all labels
    pairs: Mapping[str, Values]  # the measures over all labels, per pair of coders
    # linked annotations, (L + 1, L + 1), the first coder of each pair in rows; last are those that
    # the other has no partner for
    confusion: np.ndarray
    # unmapped, left_out: labels without counterpart, and those left out on request
    unmapped: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    # per coder, recordings that others did not code
    unpaired: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vocabulary: str = ""
    observed_s: float = 0.0
    settings: AgreementSettings = field(default_factory=AgreementSettings)
    remarks: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        return (F1, TIME, EVENT, RATE) + ((MANY,) if len(self.coders) > 2 else ())

    @property
    def count_keys(self) -> tuple[str, ...]:
        """Where each coder's number of annotations stands: n_a, n_b, ..."""
        return _count_keys(len(self.coders))

    def to_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "confusion": {
                "labels": [*self.labels, NOTHING],
                "table": self.confusion.astype(int).tolist(),
            },
            "observed_s": round(self.observed_s, 3),
            "settings": {
                "event_overlap": EVENT_OVERLAP,
                "link_overlap": self.settings.link,
                "tolerance_s": self.settings.tolerance_s,
                "resamples": self.settings.resamples,
                "confidence": self.settings.confidence,
            },
        }


def agreement(words: Reworded, settings: AgreementSettings | None = None) -> Agreement:
    """Compare coders who already use the same words, see `reword`."""
    settings = settings or AgreementSettings()
    pairing = pair(words.coders)
    paired = {e.label for row in pairing.codings for coding in row for e in coding.events}
    labels = [label for label in words.labels if label in paired]
    if not labels:
        raise InputError(
            "no coder annotated anything",
            expected="annotations of the same recordings by one coder at least",
            remedy="check that the files are those of the coding, and their tiers' names",
        )
    if len(labels) > MOST_LABELS:
        raise InputError(
            "too many labels to compare",
            expected=f"at most {MOST_LABELS}",
            found=f"{len(labels)}, such as {listed(labels, 3)}",
            remedy="a table of words (--map) brings them to fewer",
        )
    counts, assumed = count(pairing, labels, settings.link, settings.tolerance_s)
    files, coders = counts.n.shape[:2]
    every = np.arange(files)[None]
    point = _measured(counts, every)
    drawn = _drawn(counts, settings) if files > 1 and settings.resamples else None
    names = [coder.name for coder in words.coders]
    own = [remark for coder in words.coders for remark in coder.remarks]
    return Agreement(
        coders=tuple(names),
        files=pairing.names,
        labels={
            label: _row(point, drawn, index, counts.n[..., index].sum(0), settings)
            for index, label in enumerate(labels)
        },
        overall=_row(point, drawn, -1, counts.n.sum((0, 2)), settings),
        pairs={
            f"{names[a]} / {names[b]}": {
                name: _number(values[0, index, -1])
                for name, values in point.items()
                if name not in (RATE, MANY)
            }
            for index, (a, b) in enumerate(combinations(range(coders), 2))
        },
        confusion=counts.linked.sum((0, 1)),
        unmapped=words.unmapped,
        left_out=words.left_out,
        unpaired=pairing.unpaired,
        vocabulary=words.vocabulary,
        observed_s=float(counts.seconds.sum()),
        settings=settings,
        remarks=(*own, *pairing.remarks, *assumed, *_cautions(words, pairing, labels)),
    )


def _count_keys(coders: int) -> tuple[str, ...]:
    return tuple(f"n_{chr(ord('a') + index)}" for index in range(coders))


def _drawn(counts: Counts, settings: AgreementSettings) -> dict[str, np.ndarray]:
    """Measures of recordings drawn with replacement, a chunk of draws at a time."""
    files = len(counts.seconds)
    draws = np.random.default_rng(settings.seed).integers(0, files, (settings.resamples, files))
    # The tables of linked annotations are by far the largest, one for each draw.
    chunk = max(1, min(_CHUNK, _MOST_CELLS // counts.linked[0].size))
    parts = [
        _measured(counts, draws[start : start + chunk]) for start in range(0, len(draws), chunk)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measured(counts: Counts, draws: np.ndarray) -> dict[str, np.ndarray]:
    """Measures for draws of recordings (B, F): (B, P, L + 1), the last of them over all labels.

    What is no matter of pairs has P = 1.
    """
    files, coders = counts.n.shape[:2]
    weights = np.stack([np.bincount(draw, minlength=files) for draw in draws]).astype(float)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.tensordot(weights, values, 1)

    n, hits = summed(counts.n), summed(counts.hits)
    first, second = (list(side) for side in zip(*combinations(range(coders), 2), strict=True))
    tables = summed(counts.linked)
    moments = summed(counts.moments)
    measures = {
        F1: _f1(_with_total(hits), _with_total(n[:, first] + n[:, second])),
        TIME: _beside(
            cohen_of_tables(moments),
            cohen(summed(counts.agreed), summed(counts.first), summed(counts.second)),
        ),
        EVENT: _event_kappas(tables),
        RATE: _rates(counts, draws)[:, None],
    }
    if coders > 2:
        seconds = summed(counts.seconds)
        measures[MANY] = _beside(
            fleiss(summed(counts.same) / seconds[:, None], summed(counts.given)),
            fleiss(summed(counts.set_same) / seconds, summed(counts.set_given)),
        )[:, None]
    return measures


def _with_total(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values.sum(-1, keepdims=True)], -1)


def _beside(labels: np.ndarray, overall: np.ndarray) -> np.ndarray:
    return np.concatenate([labels, overall[..., None]], -1)


def _f1(hits: np.ndarray, events: np.ndarray) -> np.ndarray:
    return np.divide(2 * hits, events, out=np.full(hits.shape, np.nan), where=events > 0)


def _event_kappas(linked: np.ndarray) -> np.ndarray:
    """Holle and Rein's kappa per label and over all: links count for both coders' annotations."""
    tables = linked.copy()
    tables[..., :-1, :-1] *= 2
    total = tables.sum((-2, -1))[..., None]
    rows, columns = tables.sum(-1)[..., :-1], tables.sum(-2)[..., :-1]
    both = np.diagonal(tables, axis1=-2, axis2=-1)[..., :-1]
    labels = cohen(
        total - rows - columns + 2 * both,
        np.stack([rows, total - rows], -1),
        np.stack([columns, total - columns], -1),
    )
    several = ((rows + columns) > 0).sum(-1, keepdims=True) > 1
    return _beside(np.where(several, labels, np.nan), event_kappa(tables))


def _rates(counts: Counts, draws: np.ndarray) -> np.ndarray:
    """ICC of events per minute, (B, L + 1)."""
    minutes = np.maximum(counts.seconds, 1e-9)[:, None, None] / 60
    rates = _with_total(counts.n) / minutes
    return intraclass(np.moveaxis(rates[draws], -1, 1))


def _row(
    point: Mapping[str, np.ndarray],
    drawn: Mapping[str, np.ndarray] | None,
    index: int,
    numbers: np.ndarray,
    settings: AgreementSettings,
) -> Values:
    """One label's measures (the mean over pairs of coders), their intervals, and counts."""
    row: dict[str, float | int | None] = {}
    for name, values in point.items():
        row[name] = _number(_mean(values[0, :, index]))
        low = high = None
        if drawn is not None:
            values = drawn[name][:, :, index]
            known = np.isfinite(values)
            some = known.any(1)
            spread = np.where(known, values, 0)[some].sum(1) / known[some].sum(1)
            if len(spread) and row[name] is not None:
                edge = (1 - settings.confidence) / 2
                low, high = (float(q) for q in np.quantile(spread, [edge, 1 - edge]))
        row[f"{name}_low"], row[f"{name}_high"] = _number(low), _number(high)
    counted = zip(_count_keys(len(numbers)), numbers.tolist(), strict=True)
    return row | {key: int(number) for key, number in counted}


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


def _cautions(words: Reworded, pairing: Pairing, labels: Sequence[str]) -> list[str]:
    remarks = []
    if words.unmapped:
        names = ", ".join(f"'{label}' ({n})" for label, n in words.unmapped.items())
        kept = any(label in labels for label in words.unmapped)
        remarks.append(
            f"used by one coder only, and in no vocabulary here: {names}; "
            + ("they count as disagreement" if kept else "left out as asked")
            + "; a table of words (--map) can say what they mean"
        )
    if words.left_out:
        names = ", ".join(f"'{label}' ({n})" for label, n in words.left_out.items())
        remarks.append(f"left out by the table of words: {names}")
    for name, files in pairing.unpaired.items():
        remarks.append(f"coded by {name} but not by everybody: {', '.join(files)}")
    if len(pairing.names) == 1:
        remarks.append("one recording: no intervals, and no agreement of rates")
    elif len(pairing.names) < _FEW:
        remarks.append(f"intervals over {len(pairing.names)} recordings are rough")
    if len(labels) < 2:
        remarks.append("the event-based kappa needs two or more labels")
    return remarks
