"""Do groups of recordings differ in how often gestures occur? Rate ratios from count models.

Between participants: Poisson counts with observable time as exposure, participants as clusters
(generalised estimating equations), standard errors by Mancl and DeRouen, which hold for few
participants and for counts that vary more than Poisson's, and Student's t. Within participants:
of a participant's events in two conditions, which share fell into each, given the time in each (a
binomial model with participants whose own ratios differ), so that everybody is their own control.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.study.participants import check_column
from mgskel.study.tables import KEYS, OWN_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

GESTURE, GROUP, ALL = "gesture", "body group", "all"
_FEWEST_PEOPLE = 3
_FEWEST_PAIRS = 5
_FEWEST_EVENTS = 10
_MOST_VALUES = 8
_ALPHA = 0.05


@dataclass(frozen=True)
class Contrast:
    """One rate ratio: how often something occurs in `value`, relative to `reference`."""

    # name, kind: what is counted: a gesture, a body group, or everything
    name: str
    kind: str
    reference: str
    value: str
    # n_reference, n_value: events
    n_reference: int
    n_value: int
    # rate_reference, rate_value: events per observable minute, over all recordings
    rate_reference: float | None
    rate_value: float | None
    # ratio, low, high: the rate ratio and its 95% interval; None where it cannot be had
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    # p, p_holm, q: of no difference; corrected for all gestures (or groups) by Holm; by Benjamini
    # and Hochberg
    p: float | None = None
    p_holm: float | None = None
    q: float | None = None
    difference: float | None = None  # rate_value - rate_reference
    # probability that a recording of `value` has the higher rate (ties half); within participants,
    # share of them who have
    superiority: float | None = None
    why_not: str = ""  # why there is no ratio


@dataclass(frozen=True)
class Comparison:
    """All contrasts of a column's values with its reference."""

    by: str
    reference: str
    values: tuple[str, ...]
    # recordings, participants: how many there are per value
    recordings: dict[str, int]
    participants: dict[str, int]
    within: bool  # whether participants were compared with themselves
    contrasts: tuple[Contrast, ...]
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    summary: pd.DataFrame, by: str, *, within: bool = False, reference: str | None = None
) -> Comparison:
    """Compare the groups that a column of the participants' table makes.

    Args:
        summary: the study's `summary.csv`.
        within: compare participants with themselves; the column must differ within them.
        reference: the value that others are compared with; by default the first in order.
    """
    values, remarks = group_values(summary, by, reference)
    people = {v: set(summary.loc[summary[by] == v, "participant"]) for v in values}
    both = set.intersection(*people.values())
    if within:
        _enough_pairs(by, values, people)
    else:
        _enough_people(by, people)
        if both:
            remarks.append(
                f"{len(both)} participants have recordings in all groups: comparing them with "
                "themselves (--within participant) tells more"
            )
    contrasts: list[Contrast] = []
    for value in values[1:]:
        pair = summary[summary[by].isin([values[0], value])]
        for kind, names in _counted(pair):
            family = [
                _contrast(units, name, kind, by, values[0], value, within) for name, units in names
            ]
            contrasts += _corrected(family) if kind != ALL else family
    firsts = summary.drop_duplicates(list(KEYS))
    return Comparison(
        by,
        values[0],
        tuple(values),
        {value: int((firsts[by] == value).sum()) for value in values},
        {value: len(people[value]) for value in values},
        within,
        tuple(contrasts),
        tuple(remarks),
    )


def group_values(
    summary: pd.DataFrame, by: str, reference: str | None
) -> tuple[list[str], list[str]]:
    """The groups that a column makes, the reference first; and what to know of them."""
    check_column(by, [name for name in summary.columns if name not in OWN_COLUMNS])
    values = sorted(value for value in summary[by].unique() if value != "")
    untold = int((summary.drop_duplicates(list(KEYS))[by] == "").sum())
    if len(values) < 2:
        raise InputError(
            f"there is nothing to compare by '{by}'",
            expected="two values or more",
            found=f"only '{values[0]}'" if values else "no values",
        )
    if len(values) > _MOST_VALUES:
        raise InputError(
            f"'{by}' has {len(values)} different values, too many for groups",
            expected=f"up to {_MOST_VALUES}",
            remedy="put a column with a few groups into the participants' table",
        )
    if reference is not None:
        if reference not in values:
            raise InputError(
                f"'{by}' never is '{reference}'", expected="one of " + ", ".join(values)
            )
        values = [reference, *(value for value in values if value != reference)]
    remarks = [f"{untold} recordings have no '{by}' and are left out"] if untold else []
    return values, remarks


def _enough_people(by: str, people: dict[str, set[str]]) -> None:
    few = {value: len(names) for value, names in people.items() if len(names) < _FEWEST_PEOPLE}
    if few:
        raise InputError(
            f"too few participants to compare by '{by}'",
            expected=f"{_FEWEST_PEOPLE} or more in each group, better twenty",
            found=", ".join(f"{value}: {n}" for value, n in few.items()),
            remedy="name participants in the table's column 'participant', or record more",
        )


def _enough_pairs(by: str, values: Sequence[str], people: dict[str, set[str]]) -> None:
    for value in values[1:]:
        pairs = len(people[values[0]] & people[value])
        if pairs < _FEWEST_PAIRS:
            raise InputError(
                f"too few participants have both '{values[0]}' and '{value}' of '{by}'",
                expected=f"{_FEWEST_PAIRS} or more, better twenty",
                found=f"{pairs}",
                remedy="leave out --within to compare different people",
            )


def _counted(summary: pd.DataFrame) -> list[tuple[str, list[tuple[str, pd.DataFrame]]]]:
    """What is counted, by kind: tables with a row per recording, its count and exposure."""
    happened = summary.groupby("label")["count"].transform("sum") > 0
    rows = summary[happened]
    names = dict(rows.groupby("label", sort=False)["count"].sum().sort_values(ascending=False))
    gestures = [(str(name), rows[rows["label"] == name]) for name in names]
    groups = [
        (str(name), _pooled(own)) for name, own in rows.groupby("group", sort=True) if name != ""
    ]
    return [(GESTURE, gestures), (GROUP, groups), (ALL, [("all gestures", _pooled(rows))])]


def _pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts added up over gestures; a recording's exposure is their mean."""
    extra = [name for name in rows.columns if name not in OWN_COLUMNS]
    sums = rows.groupby([*KEYS, *extra], sort=False, dropna=False).agg(
        {"count": "sum", "observable_s": "mean"}
    )
    return sums.reset_index()


def _contrast(
    rows: pd.DataFrame,
    name: str,
    kind: str,
    by: str,
    reference: str,
    value: str,
    within: bool,
) -> Contrast:
    seen = rows[rows["observable_s"] > 0]
    sides = [seen[seen[by] == side] for side in (reference, value)]
    events = [int(side["count"].sum()) for side in sides]
    minutes = [float(side["observable_s"].sum()) / 60 for side in sides]
    rates = [n / m if m else math.nan for n, m in zip(events, minutes, strict=True)]
    told = Contrast(
        name,
        kind,
        reference,
        value,
        n_reference=events[0],
        n_value=events[1],
        rate_reference=_number(rates[0]),
        rate_value=_number(rates[1]),
        difference=_number(rates[1] - rates[0]),
    )
    why_not = _why_not(events, minutes, sides, reference, value)
    if why_not:
        return replace(told, why_not=why_not)
    estimate = _within(seen, by, reference, value) if within else _between(seen, by, value)
    if isinstance(estimate, str):
        return replace(told, why_not=estimate)
    effect, error, freedom, superiority = estimate
    from scipy.stats import t

    reach = float(t.ppf(1 - _ALPHA / 2, freedom)) * error
    return replace(
        told,
        ratio=_number(math.exp(effect)),
        low=_number(math.exp(effect - reach)),
        high=_number(math.exp(effect + reach)),
        p=float(2 * t.sf(abs(effect) / error, freedom)),
        superiority=_number(superiority),
    )


def _why_not(
    events: Sequence[int],
    minutes: Sequence[float],
    sides: Sequence[pd.DataFrame],
    reference: str,
    value: str,
) -> str:
    for side, length in zip((reference, value), minutes, strict=True):
        if not length:
            return f"never to be seen in '{side}'"
    if sum(events) < _FEWEST_EVENTS:
        return f"too few events ({sum(events)}; {_FEWEST_EVENTS} are needed)"
    for side, n in zip((reference, value), events, strict=True):
        if not n:
            return f"never in '{side}', so that no ratio can be computed"
    carriers = [side.loc[side["count"] > 0, "participant"].nunique() for side in sides]
    if sum(carriers) < _FEWEST_PEOPLE:
        return f"from {sum(carriers)} participants only"
    return ""


Estimate = tuple[float, float, float, float]
"""Log rate ratio, its standard error, degrees of freedom, superiority."""


def _between(units: pd.DataFrame, by: str, value: str) -> Estimate | str:
    import statsmodels.api as sm

    treated = (units[by] == value).to_numpy(float)
    clusters = units["participant"].astype("category").cat.codes.to_numpy()
    number = len(np.unique(clusters))
    several = number < len(clusters)
    model = sm.GEE(
        units["count"].to_numpy(float),
        np.column_stack([np.ones(len(units)), treated]),
        groups=clusters,
        family=sm.families.Poisson(),
        cov_struct=sm.cov_struct.Exchangeable() if several else sm.cov_struct.Independence(),
        offset=np.log(units["observable_s"].to_numpy(float) / 60),
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = model.fit(cov_type="bias_reduced")
    effect, error = float(fit.params[1]), float(fit.bse[1])
    if not (np.isfinite(effect) and np.isfinite(error) and error > 0):
        return "the model found no answer"
    rates = units["count"] / units["observable_s"]
    return effect, error, number - 2, _superiority(rates[treated == 0], rates[treated == 1])


def _superiority(lower: Iterable[float], upper: Iterable[float]) -> float:
    a, b = np.array(list(lower)), np.array(list(upper))
    return float((b[:, None] > a[None]).mean() + (b[:, None] == a[None]).mean() / 2)


def _within(units: pd.DataFrame, by: str, reference: str, value: str) -> Estimate | str:
    sums = units.groupby(["participant", by])[["count", "observable_s"]].sum().unstack(by)
    sums = sums.dropna()
    count = sums["count"][[value, reference]].to_numpy(float)
    seconds = sums["observable_s"][[value, reference]].to_numpy(float)
    rates = count / seconds
    higher = (rates[:, 0] > rates[:, 1]).mean() + (rates[:, 0] == rates[:, 1]).mean() / 2
    telling = count.sum(1) > 0
    if telling.sum() < _FEWEST_PEOPLE:
        return f"from {int(telling.sum())} participants with both conditions only"
    count, seconds = count[telling], seconds[telling]
    if not count.sum(0).all():
        return "never in one of the conditions of those who have both"
    effect, error, freedom = _paired(
        count[:, 0], count.sum(1), np.log(seconds[:, 0] / seconds[:, 1])
    )
    if not (np.isfinite(effect) and np.isfinite(error) and error > 0):
        return "the model found no answer"
    return effect, error, freedom, float(higher)


def _paired(upper: np.ndarray, both: np.ndarray, offset: np.ndarray) -> tuple[float, float, float]:
    """Log ratio of two conditions from participants' counts (n,), its error and freedom.

    Solves sum a (upper - both p) = 0 with logit p = effect + offset. Participants' own ratios
    differ: their variance is estimated from the residuals, and `a` keeps few who move much from
    outweighing the rest. The error is robust (HC3: residuals over one minus their leverage) and
    no smaller than chance alone would make it; its freedom is that of the number of equal
    participants which weigh as much.
    """
    effect, apart = 0.0, 0.0
    for _ in range(100):
        chance = 1 / (1 + np.exp(-(effect + offset)))
        inner = both * chance * (1 - chance)
        residual = upper - both * chance
        apart = max(0.0, float(((residual**2 / inner) - 1).sum() / inner.sum()))
        a = 1 / (1 + apart * inner)
        step = float((a * residual).sum() / (a * inner).sum())
        effect += float(np.clip(step, -1, 1))
        if abs(step) < 1e-10:
            break
    weight = a * inner
    leverage = weight / weight.sum()
    error = math.sqrt(float(((a * residual / (1 - leverage)) ** 2).sum())) / float(weight.sum())
    error = max(error, 1 / math.sqrt(float(weight.sum())))
    return effect, error, max(1 / float((leverage**2).sum()) - 1, 1.0)


def _corrected(family: Sequence[Contrast]) -> list[Contrast]:
    """With p-values corrected for all contrasts of a family that have one."""
    from statsmodels.stats.multitest import multipletests

    known = [index for index, contrast in enumerate(family) if contrast.p is not None]
    result = list(family)
    if known:
        p = [family[index].p for index in known]
        holm, q = (multipletests(p, method=method)[1] for method in ("holm", "fdr_bh"))
        for place, index in enumerate(known):
            result[index] = replace(result[index], p_holm=float(holm[place]), q=float(q[place]))
    return result


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
