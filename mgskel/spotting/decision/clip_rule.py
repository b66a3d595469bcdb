"""From a clip's moments to one answer: which gesture was cut out here?"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np

from mgskel.core.errors import InputError
from mgskel.spotting.decision.hand_place import PLACE_TERMS

_EDGE = 1e-6


@dataclass(frozen=True)
class ClipRule:
    """How evidence becomes class probabilities.

    The network learns how rare each gesture is in recordings, and judges each by itself; in cut
    clips all are equally likely, and one of them it is. So every class gets a correction, and
    evidence for one class may speak for or against another, as may the place of the hands.

    Attributes:
        scale: of the evidence.
        bias: added per class; empty for none.
        mix: added per class, from the evidence of all classes, (K, K); empty for none.
        places: added per class, from where the hands are (`PLACE_TERMS`), (K, P); empty for none.
    """

    scale: float = 1.0
    bias: tuple[float, ...] = ()
    mix: tuple[tuple[float, ...], ...] = ()
    places: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        classes = len(self.bias)
        for name, rows, width in (
            ("mix", self.mix, classes),
            ("places", self.places, len(PLACE_TERMS)),
        ):
            if rows and (len(rows) != classes or set(map(len, rows)) != {width}):
                raise InputError(
                    "the clip rule's parts are for different numbers of classes",
                    expected=f"'{name}' of {classes} by {width}",
                    found=f"{len(rows)} rows",
                )

    def chances(self, scores: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Class probabilities (K,) of a clip.

        Args:
            scores: (K + 1, T), "any gesture" last.
            places: (P, T) where the hands are.
        """
        if scores.shape[1] == 0:
            return np.full(len(scores) - 1, 1 / (len(scores) - 1))
        evidence = clip_evidence(scores)
        logits = evidence * self.scale
        if self.bias:
            logits = logits + np.array(self.bias)
        if self.mix:
            logits = logits + np.array(self.mix) @ evidence
        if self.places:
            logits = logits + np.array(self.places) @ over_moments(places, scores)
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum())

    def widened(self, more: int) -> ClipRule:
        """The same for more classes, which get the typical correction of the old ones."""
        if not self.bias:
            return self
        bias = (*self.bias, *(median(self.bias),) * more)
        rows = (*(row + (0.0,) * more for row in self.mix), *((0.0,) * len(bias),) * more)
        places = (*self.places, *((0.0,) * len(PLACE_TERMS),) * more)
        return ClipRule(self.scale, bias, rows if self.mix else (), places if self.places else ())


def clip_evidence(scores: np.ndarray) -> np.ndarray:
    """Mean log odds of each class (K,), from scores (K + 1, T).

    Moments count by how surely something goes on in them.
    """
    inside = np.clip(scores[:-1], _EDGE, 1 - _EDGE)
    return over_moments(np.log(inside / (1 - inside)), scores)


def over_moments(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Mean over moments of values (n, T), with the weights of `clip_evidence`."""
    weight = np.maximum(scores[-1].astype(float), _EDGE) ** 2
    return np.asarray((values * weight).sum(1) / weight.sum())
