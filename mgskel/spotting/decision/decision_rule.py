"""The decision rule: what evidence of gestures makes an event, and which one.

Everything is decided jointly. At each moment the presence of a body group's gestures follows from
all its classes together, the strongest of them, "any gesture", and the other groups. A stretch of
presence is then judged as a whole: its classes compete with one another and with "nothing", so
the chances of a group's classes and of nothing sum to one. All numbers are fitted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean, median
from typing import Annotated

import numpy as np

from mgskel.core.config import Between
from mgskel.core.errors import InputError
from mgskel.core.gestures import GestureClass, Vocabulary
from mgskel.spotting.decision.hand_place import PLACE_TERMS

MOMENT_TERMS = ("constant", "any of the group", "the strongest", "any gesture", "other groups")
"""What a group's presence at a moment follows from: weights of `DecisionRule.presence`."""
STRETCH_TERMS = (
    "constant",
    "presence",
    "strongest presence",
    "any gesture",
    "log of the length in seconds",
    "from the first moment on",
    "to the last moment",
    "presence of what else hands may do",
    *PLACE_TERMS,
)
"""What speaks for nothing in a stretch: weights of `DecisionRule.nothing`."""
ENTER, LEAVE = 0.3, 0.2
"""Presence from which a stretch counts, and down to which it lasts."""
DEFAULT_SENSITIVITY = 0.5
_SPAN = 2.5
_FARTHEST = 9.0
_STRONGEST = 3.0
_ENOUGH_SEEN = 0.5
_BY_HAND = ("hand", "wrist", "elbow")


@dataclass(frozen=True, eq=False)
class Stretch:
    """A time in which a body group's gestures are present.

    Attributes:
        group: its index among the vocabulary's groups.
        classes: (K,) mean log-odds of every class, moments of clear presence counting most.
        about: what speaks for something or nothing, in the order of `STRETCH_TERMS`.
        served: (K,) share of the moments in which what the class needs is seen.
    """

    group: int
    start_s: float
    end_s: float
    classes: np.ndarray
    about: np.ndarray
    served: np.ndarray


@dataclass(frozen=True)
class DecisionRule:
    """How evidence becomes events.

    Attributes:
        presence: per group, the weights of `MOMENT_TERMS`.
        scale, bias, mix: a class's log-odds in a stretch count `scale` times, with a correction
            per class, and those of all classes may speak for or against it, (K, K) or empty.
        places: per class, the weights of `PLACE_TERMS`; empty for none.
        nothing: per group, the weights of `STRETCH_TERMS`.
        threshold: chance of something from which an event is said, at the default sensitivity.
        onset_shift_s, offset_shift_s: added to the found times, against systematic lag.
    """

    presence: tuple[tuple[float, ...], ...]
    scale: float
    bias: tuple[float, ...]
    mix: tuple[tuple[float, ...], ...]
    nothing: tuple[tuple[float, ...], ...]
    places: tuple[tuple[float, ...], ...] = ()
    threshold: Annotated[float, Between(1e-6, 1 - 1e-6)] = 0.25
    onset_shift_s: float = 0.0
    offset_shift_s: float = 0.0

    def __post_init__(self) -> None:
        classes = len(self.bias)
        sizes = {
            "presence": (self.presence, len(self.presence), len(MOMENT_TERMS)),
            "nothing": (self.nothing, len(self.presence), len(STRETCH_TERMS)),
            "mix": (self.mix, classes if self.mix else 0, classes),
            "places": (self.places, classes if self.places else 0, len(PLACE_TERMS)),
        }
        for name, (rows, count, width) in sizes.items():
            if len(rows) != count or {len(row) for row in rows} - {width}:
                raise InputError(
                    "the parts of the decision rule do not fit together",
                    expected=f"{name} with {count} rows of {width} numbers",
                    found=f"{len(rows)} rows of {sorted({len(row) for row in rows})}",
                )

    @classmethod
    def plain(
        cls, vocabulary: Vocabulary, threshold: float = 0.25, enter: float = ENTER
    ) -> DecisionRule:
        """What the evidence says by itself, where nothing has been fitted yet.

        Args:
            enter: chance of any of a group's gestures from which a stretch counts.
        """
        groups = len(vocabulary.groups)
        constant = log_odds_of(ENTER) - log_odds_of(enter)
        return cls(
            presence=((constant, 1.0, 0.0, 0.0, 0.0),) * groups,
            scale=1.0,
            bias=(0.0,) * len(vocabulary),
            mix=(),
            nothing=((0.0,) * len(STRETCH_TERMS),) * groups,
            threshold=threshold,
        )

    def fits(self, vocabulary: Vocabulary) -> bool:
        return len(self.bias) == len(vocabulary) and len(self.presence) == len(vocabulary.groups)

    def least(self, sensitivity: float = DEFAULT_SENSITIVITY) -> float:
        """Chance of something from which an event is said."""
        return shifted(self.threshold, sensitivity)

    def widened(self, old: Vocabulary, new: Vocabulary) -> DecisionRule:
        """The same for a vocabulary with more classes, which get typical corrections."""
        more = len(new) - len(old)
        known = dict(zip(old.groups, zip(self.presence, self.nothing, strict=True), strict=True))
        typical = (_mean(self.presence), _mean(self.nothing))
        rows = [known.get(group, typical) for group in new.groups]
        bias = (*self.bias, *(median(self.bias),) * more)
        mix = (*(row + (0.0,) * more for row in self.mix), *((0.0,) * len(bias),) * more)
        places = (*self.places, *((0.0,) * len(PLACE_TERMS),) * more)
        return replace(
            self,
            presence=tuple(presence for presence, _ in rows),
            nothing=tuple(nothing for _, nothing in rows),
            bias=bias,
            mix=mix if self.mix else (),
            places=places if self.places else (),
        )


def probability(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)))


def shifted(chance: float, sensitivity: float) -> float:
    """A least chance at another sensitivity than the default."""
    if not 0 <= sensitivity <= 1:
        raise InputError(
            "the sensitivity is out of range",
            expected="0 (only what is sure) to 1 (everything that may be something)",
            found=sensitivity,
        )
    return float(probability(np.array(log_odds_of(chance) + _SPAN * (1 - 2 * sensitivity))))


def log_odds_of(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _mean(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(fmean(column) for column in zip(*rows, strict=True))


class Judge:
    """A decision rule, ready to be applied to the evidence for a vocabulary's gestures."""

    def __init__(self, vocabulary: Vocabulary, rule: DecisionRule) -> None:
        if not rule.fits(vocabulary):
            raise InputError(
                "the decision rule is for another vocabulary",
                expected=f"{len(vocabulary)} classes in {len(vocabulary.groups)} groups",
                found=f"{len(rule.bias)} in {len(rule.presence)}",
            )
        self.vocabulary, self.rule = vocabulary, rule
        groups = vocabulary.groups
        self.group_of = np.array([groups.index(gesture.group) for gesture in vocabulary])
        self.members = self.group_of == np.arange(len(groups))[:, None]
        by_hand = np.array([uses_hands(gesture) for gesture in vocabulary])
        manual = np.array([by_hand[members].all() for members in self.members])
        self.rivals = manual[:, None] & manual & ~np.eye(len(groups), dtype=bool)
        """Groups whose gestures occupy the same hands, (G, G)."""
        micro = np.array([gesture.micro for gesture in vocabulary])
        self.talking = np.array([not micro[members].any() for members in self.members])
        """Groups of illustrative gestures, (G,)."""
        self._presence = np.array(rule.presence)

    def limited(self, log_odds: np.ndarray, served: np.ndarray) -> np.ndarray:
        """Log-odds (K + 1, T) within bounds; a class whose needs are not seen has none."""
        bounded = np.clip(log_odds, -_FARTHEST, _FARTHEST)
        bounded[:-1][~served] = -_FARTHEST
        return bounded

    def moment_terms(self, log_odds: np.ndarray) -> np.ndarray:
        """`MOMENT_TERMS` of each group, (G, 5, T), from `limited` log-odds (K + 1, T)."""
        classes = log_odds[:-1]
        # log of the chance that none of them goes on: -log(1 + odds).
        none = -np.logaddexp(0, classes)
        by_group = self.members.astype(none.dtype) @ none
        strongest = np.stack([classes[members].max(0) for members in self.members])
        everywhere = np.broadcast_to(log_odds[-1], by_group.shape)
        others = by_group.sum(0) - by_group
        return np.stack(
            [np.ones_like(by_group), _some(by_group), strongest, everywhere, _some(others)], 1
        )

    def presence(self, log_odds: np.ndarray) -> np.ndarray:
        """Log-odds that some gesture of each group goes on, (G, T)."""
        return np.einsum("gft,gf->gt", self.moment_terms(log_odds), self._presence)

    def chances(self, stretch: Stretch) -> np.ndarray:
        """Probability of each class (K,), 0 outside the group; the rest to 1 is nothing."""
        own = self.members[stretch.group] & (stretch.served >= _ENOUGH_SEEN)
        if not own.any():
            return np.zeros(len(own))
        evidence = self.class_terms(stretch)
        logits = self._class_scale @ evidence + self._bias + self._places @ place_means(stretch)
        nothing = float(stretch.about @ self._nothing[stretch.group])
        highest = max(logits[own].max(), nothing)
        odds = np.where(own, np.exp(np.minimum(logits - highest, 0)), 0)
        return np.asarray(odds / (odds.sum() + np.exp(nothing - highest)))

    @staticmethod
    def class_terms(stretch: Stretch) -> np.ndarray:
        """A stretch's evidence for the classes, (K,): beyond some point surer is not truer."""
        return np.clip(stretch.classes, -_STRONGEST, _STRONGEST)

    @cached_property
    def _class_scale(self) -> np.ndarray:
        scale = self.rule.scale * np.eye(len(self.rule.bias))
        return scale + np.array(self.rule.mix) if self.rule.mix else scale

    @cached_property
    def _bias(self) -> np.ndarray:
        return np.array(self.rule.bias)

    @cached_property
    def _places(self) -> np.ndarray:
        shape = (len(self.rule.bias), len(PLACE_TERMS))
        return np.array(self.rule.places) if self.rule.places else np.zeros(shape)

    @cached_property
    def _nothing(self) -> np.ndarray:
        return np.array(self.rule.nothing)


def place_means(stretch: Stretch) -> np.ndarray:
    """Where the hands are during a stretch: `PLACE_TERMS` (P,)."""
    return stretch.about[-len(PLACE_TERMS) :]


def uses_hands(gesture: GestureClass) -> bool:
    """Whether a gesture occupies a hand or arm."""
    return any(part in need for need in gesture.needs for part in _BY_HAND)


def _some(none: np.ndarray) -> np.ndarray:
    """Log-odds of something, from the log of the chance of nothing."""
    surely = np.minimum(none, -1e-12)
    # log((1 - p) / p) of p = exp(none); far from 0 it is -none itself.
    odds = np.where(surely < -30, -surely, np.log(np.expm1(np.minimum(-surely, 30.0))))
    return np.clip(odds, -_FARTHEST, _FARTHEST)
