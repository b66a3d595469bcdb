"""Can a condition be told from the gestures of people never seen? It may well answer no.

Participants are held out in turn; how strongly the model is held back is chosen inside what is
left; the whole procedure is repeated with shuffled conditions, and beside it stand what always
guessing the commonest would reach and what the amount of movement alone would.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.study.compare import group_values
from mgskel.study.tables import KEYS

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_PEOPLE = 10
_FEWEST_OF_EACH = 5
_FOLDS, _INNER_FOLDS = 5, 3
_STRENGTHS = (0.01, 0.1, 1.0)
_SHUFFLES = 20
_DRAWS = 1000
_LEAST_DROP = 0.005
_ALPHA = 0.05


@dataclass(frozen=True)
class Carrier:
    """A gesture's part in the answer."""

    name: str
    # how much balanced accuracy is lost when its rates are shuffled among people never seen
    drop: float
    towards: str  # the value that a higher rate speaks for, if all folds agree


@dataclass(frozen=True)
class Prediction:
    """What can be told, beside its rivals; accuracies are shares."""

    by: str
    values: tuple[str, ...]
    recordings: int
    participants: int
    # accuracy, balanced: of the held-out recordings; `balanced` is the mean over values
    accuracy: float
    balanced: float
    # low, high: 95% interval of `balanced`, from resampling participants
    low: float
    high: float
    p: float  # share of shuffled repetitions that do as well
    shuffled: int
    base_rate: float  # accuracy of always guessing the commonest value
    movement: float  # balanced accuracy from the amount of movement alone
    beyond_movement: tuple[float, float]  # 95% interval of the difference to `movement`
    carriers: tuple[Carrier, ...]

    @property
    def chance(self) -> float:
        return 1 / len(self.values)

    @property
    def told(self) -> bool:
        """Whether the condition could be told better than by chance."""
        return self.p < _ALPHA and self.balanced > self.chance

    def sentences(self) -> tuple[str, ...]:
        """The answer in plain words."""
        values = ", ".join(f"'{value}'" for value in self.values)
        verdict = "Yes" if self.told else "No"
        first = (
            f"{verdict}: from the gestures of people never seen, '{self.by}' ({values}) "
            f"{'could' if self.told else 'could not'} be told better than by chance: balanced "
            f"accuracy {self.balanced:.0%} (95% interval {self.low:.0%} to {self.high:.0%}; chance "
            f"{self.chance:.0%}; permutation p = {self.p:.3f}); {self.recordings} recordings of "
            f"{self.participants} participants."
        )
        rival = (
            f"Always guessing the commonest would be right in {self.base_rate:.0%} (the model: "
            f"{self.accuracy:.0%}); the amount of movement alone reaches {self.movement:.0%}."
        )
        if self.told and self.beyond_movement[0] <= 0:
            rival += " Gestures tell no more than movement, as far as these data show."
        limit = (
            "A difference between groups judges no single person: of a hundred recordings like "
            f"these, about {round(100 * (1 - self.accuracy))} would be judged wrongly."
        )
        return first, rival, limit

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "told": self.told, "answer": " ".join(self.sentences())}


def predict(
    summary: pd.DataFrame,
    observable: pd.DataFrame,
    by: str,
    *,
    permutations: int = 200,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> Prediction:
    """Hold participants out and tell their condition from rates of gestures.

    Args:
        summary, observable: the study's tables of these names.
        tick: called after each permutation.
    """
    values, _ = group_values(summary, by, None)
    rates, units = _rates(summary, by)
    people = units["participant"].to_numpy()
    truth = np.array([values.index(value) for value in units[by]])
    _enough(by, values, truth, people)
    moving = _movement(observable, units)
    folds = _folds(truth, people, seed)
    guesses, carriers = _told(rates.to_numpy(float), truth, people, folds, seed)
    rival, _ = _told(moving, truth, people, folds, seed)
    score, rival_score = _balanced(truth, guesses), _balanced(truth, rival)
    rng = np.random.default_rng(seed)
    shuffled = []
    for _ in range(permutations):
        other = _shuffled(truth, people, rng)
        again, _ = _told(rates.to_numpy(float), other, people, _folds(other, people, seed), None)
        shuffled.append(_balanced(other, again))
        tick()
    spread = _resampled(truth, guesses, rival, people, rng)
    names = list(rates.columns)
    shown = sorted(carriers.items(), key=lambda item: -item[1][0])
    low, high = np.quantile(spread[:, 0], [0.025, 0.975])
    beyond = np.quantile(spread[:, 0] - spread[:, 1], [0.025, 0.975])
    return Prediction(
        by,
        tuple(values),
        len(truth),
        len(set(people)),
        round(float((guesses == truth).mean()), 4),
        round(score, 4),
        round(float(low), 4),
        round(float(high), 4),
        round((1 + sum(s >= score - 1e-12 for s in shuffled)) / (1 + permutations), 4),
        permutations,
        round(float(np.bincount(truth).max() / len(truth)), 4),
        round(rival_score, 4),
        (round(float(beyond[0]), 4), round(float(beyond[1]), 4)),
        tuple(
            Carrier(names[index], round(drop, 4), _towards(signs, values))
            for index, (drop, signs) in shown
            if drop >= _LEAST_DROP
        ),
    )


def _rates(summary: pd.DataFrame, by: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Roots of rates (recordings, gestures that happened), which spread evenly; and who is who."""
    told = summary[summary[by] != ""]
    happened = told.groupby("label")["count"].transform("sum") > 0
    rows = told[happened]
    rate = np.sqrt(rows["count"] / rows["observable_s"].where(rows["observable_s"] > 0) * 60)
    wide = rows.assign(rate=rate).pivot(index=[*KEYS, by], columns="label", values="rate")
    if wide.empty:
        raise InputError("no gesture was found in these recordings", remedy="there is no answer")
    return wide, wide.index.to_frame(index=False)


def _movement(observable: pd.DataFrame, units: pd.DataFrame) -> np.ndarray:
    """Logarithms of the mean speed of each body part, (recordings, parts)."""
    if "movement" not in observable:
        raise InputError(
            "the study's tables do not say how much people moved",
            remedy="run 'mgskel analyze' into the folder again: what is done is reused",
        )
    wide = observable.pivot(index=list(KEYS), columns="part", values="movement")
    wide = wide.reindex(list(units[list(KEYS)].itertuples(index=False, name=None)))
    return np.log(wide.to_numpy(float) + 1e-3)


def _enough(by: str, values: Sequence[str], truth: np.ndarray, people: np.ndarray) -> None:
    each = {value: len(set(people[truth == index].tolist())) for index, value in enumerate(values)}
    if len(set(people.tolist())) < _FEWEST_PEOPLE or min(each.values()) < _FEWEST_OF_EACH:
        raise InputError(
            f"too few participants to hold some out and tell '{by}' of them",
            expected=f"{_FEWEST_PEOPLE} or more, {_FEWEST_OF_EACH} or more of each value, and "
            "better fifty",
            found=", ".join(f"{value}: {n}" for value, n in each.items()),
        )


Folds = Sequence[tuple[np.ndarray, np.ndarray]]


def _folds(truth: np.ndarray, people: np.ndarray, seed: int) -> Folds:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(splitter.split(truth[:, None], truth, people))


def _told(
    features: np.ndarray,
    truth: np.ndarray,
    people: np.ndarray,
    folds: Folds,
    seed: int | None,
) -> tuple[np.ndarray, dict[int, tuple[float, list[int]]]]:
    """Guesses for everybody while held out; with a seed, also what each feature carries."""
    guesses = np.zeros(len(truth), int)
    drops: dict[int, list[float]] = {}
    signs: dict[int, list[int]] = {}
    for train, test in folds:
        known, new = _prepared(features[train], features[test])
        model = _chosen_model(known, truth[train], people[train])
        guesses[test] = model.predict(new)
        if seed is None:
            continue
        rng = np.random.default_rng(seed)
        right = _balanced(truth[test], guesses[test])
        for index in range(features.shape[1]):
            mixed = np.repeat(new[None], _SHUFFLES, 0)
            for copy in mixed:
                copy[:, index] = rng.permutation(copy[:, index])
            again = model.predict(mixed.reshape(-1, new.shape[1])).reshape(_SHUFFLES, -1)
            lost = [right - _balanced(truth[test], guess) for guess in again]
            drops.setdefault(index, []).append(float(np.mean(lost)))
            if len(model.coef_) == 1:
                signs.setdefault(index, []).append(int(np.sign(model.coef_[0, index])))
    carried = {i: (float(np.mean(lost)), signs.get(i, [])) for i, lost in drops.items()}
    return guesses, carried


def _prepared(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both on the scale of the known ones; what could not be seen counts as usual."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    usual = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    return usual.fit_transform(known), usual.transform(new)


def _chosen_model(features: np.ndarray, truth: np.ndarray, people: np.ndarray) -> Any:
    """A logistic regression whose penalty does best on participants held out of these."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    models = [
        LogisticRegression(
            C=strength, class_weight="balanced", solver="newton-cholesky", max_iter=200
        )
        for strength in _STRENGTHS
    ]
    folds = list(GroupKFold(_INNER_FOLDS).split(features, groups=people))
    # Somebody's only recordings of a condition may be held out: such a fold cannot teach it.
    folds = [fold for fold in folds if len(np.unique(truth[fold[0]])) > 1]
    scores = [
        sum(_balanced(truth[b], model.fit(features[a], truth[a]).predict(features[b]))
            for a, b in folds)
        for model in models
    ]  # fmt: skip
    return models[int(np.argmax(scores))].fit(features, truth)


def _towards(signs: Sequence[int], values: Sequence[str]) -> str:
    agreed = set(signs)
    return values[1] if agreed == {1} else values[0] if agreed == {-1} else ""


def _balanced(truth: np.ndarray, guesses: np.ndarray) -> float:
    """Mean share of right guesses over the values that occur."""
    return float(np.mean([(guesses[truth == v] == v).mean() for v in np.unique(truth)]))


def _shuffled(truth: np.ndarray, people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Conditions dealt out anew: among participants, or within them where they have several."""
    other = truth.copy()
    rows = {person: np.flatnonzero(people == person) for person in dict.fromkeys(people.tolist())}
    if all(len(set(truth[own].tolist())) == 1 for own in rows.values()):
        dealt = rng.permutation([truth[own[0]] for own in rows.values()])
        for own, value in zip(rows.values(), dealt, strict=True):
            other[own] = value
    else:
        for own in rows.values():
            other[own] = rng.permutation(truth[own])
    return other


def _resampled(
    truth: np.ndarray,
    guesses: np.ndarray,
    rival: np.ndarray,
    people: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Balanced accuracies of both models over participants drawn with replacement, (draws, 2)."""
    rows = [np.flatnonzero(people == person) for person in dict.fromkeys(people.tolist())]
    scores = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        if len(np.unique(truth[drawn])) == len(np.unique(truth)):
            scores.append(
                (_balanced(truth[drawn], guesses[drawn]), _balanced(truth[drawn], rival[drawn]))
            )
    return np.array(scores)
