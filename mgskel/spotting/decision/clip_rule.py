"""From a clip's moments to one answer: which gesture was cut out here?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from mgskel.core.errors import InputError

_EDGE = 1e-6
_CAUTION, _MIX_CAUTION = 0.02, 1.0


@dataclass(frozen=True)
class ClipRule:
    """How evidence becomes class probabilities.

    The network learns how rare each gesture is in recordings, and judges each by itself; in cut
    clips all are equally likely, and one of them it is. So every class gets a correction, and
    evidence for one class may speak for or against another.

    Attributes:
        scale: of the evidence.
        bias: added per class; empty for none.
        mix: added per class, from the evidence of all classes, (K, K); empty for none.
    """

    scale: float = 1.0
    bias: tuple[float, ...] = ()
    mix: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.mix and {len(self.mix), *map(len, self.mix)} != {len(self.bias)}:
            raise InputError(
                "the clip rule's parts are for different numbers of classes",
                expected=f"a mix of {len(self.bias)} by {len(self.bias)}",
                found=f"{len(self.mix)} rows",
            )

    def chances(self, scores: np.ndarray) -> np.ndarray:
        """Class probabilities (K,) of a clip with scores (K + 1, T), "any gesture" last."""
        if scores.shape[1] == 0:
            return np.full(len(scores) - 1, 1 / (len(scores) - 1))
        evidence = clip_evidence(scores)
        logits = evidence * self.scale
        if self.bias:
            logits = logits + np.array(self.bias)
        if self.mix:
            logits = logits + np.array(self.mix) @ evidence
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum())

    def widened(self, more: int) -> ClipRule:
        """The same for more classes, which get the typical correction of the old ones."""
        if not self.bias:
            return self
        bias = (*self.bias, *(median(self.bias),) * more)
        rows = (*(row + (0.0,) * more for row in self.mix), *((0.0,) * len(bias),) * more)
        return ClipRule(self.scale, bias, rows if self.mix else ())


def clip_evidence(scores: np.ndarray) -> np.ndarray:
    """Mean log odds of each class (K,), from scores (K + 1, T).

    Moments count by how surely something goes on in them.
    """
    inside = np.clip(scores[:-1], _EDGE, 1 - _EDGE)
    weight = np.maximum(scores[-1].astype(float), _EDGE) ** 2
    return np.asarray((np.log(inside / (1 - inside)) * weight).sum(1) / weight.sum())


def fit_clip_rule(scores: Sequence[np.ndarray], labels: Sequence[int], classes: int) -> ClipRule:
    """The corrections that serve validation clips best.

    Args:
        scores: (K + 1, T) of each clip.
        labels: the class of each.
    """
    import torch
    from torch.nn.functional import cross_entropy

    if not scores:
        raise InputError("there are no clips to fit the clip rule on")
    x = torch.tensor(np.array([clip_evidence(s) for s in scores]), dtype=torch.float64)
    y = torch.tensor(list(labels))
    spread = float(x.std())
    x = x / spread
    scale = torch.ones(1, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    mix = torch.zeros(classes, classes, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, bias, mix], max_iter=200)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = cross_entropy(x * scale + bias + x @ mix.T, y)
        value = value + _CAUTION * (bias**2).mean() + _MIX_CAUTION * (mix**2).mean()
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return ClipRule(
        round(float(scale.detach()) / spread, 5),
        tuple(round(float(b), 4) for b in bias.detach()),
        tuple(tuple(round(float(m) / spread, 4) for m in row) for row in mix.detach()),
    )
