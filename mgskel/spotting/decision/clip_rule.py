"""From a clip's moments to one answer: which gesture was cut out here?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from mgskel.core.errors import InputError
from mgskel.spotting.decision.hand_place import PLACE_TERMS

_EDGE = 1e-6
_CAUTION, _MIX_CAUTION, _PLACES_CAUTION = 0.02, 1.0, 0.05


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
            logits = logits + np.array(self.places) @ _mean(places, scores)
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
    return _mean(np.log(inside / (1 - inside)), scores)


def _mean(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Mean over moments of values (n, T), with the weights of `clip_evidence`."""
    weight = np.maximum(scores[-1].astype(float), _EDGE) ** 2
    return np.asarray((values * weight).sum(1) / weight.sum())


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
    where = torch.tensor(np.array([_mean(*pair) for pair in pairs]), dtype=torch.float64)
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
        value = value + _CAUTION * (bias**2).mean() + _MIX_CAUTION * (mix**2).mean()
        value = value + _PLACES_CAUTION * (place**2).mean()
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return ClipRule(
        round(float(scale.detach()) / spread, 5),
        tuple(round(float(b), 4) for b in bias.detach()),
        tuple(tuple(round(float(m) / spread, 4) for m in row) for row in mix.detach()),
        tuple(tuple(round(float(p), 4) for p in row) for row in place.detach()),
    )
