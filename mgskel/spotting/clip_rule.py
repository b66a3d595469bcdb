"""From a clip's moments to one answer: which gesture was cut out here?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.errors import InputError

_BEST_SHARE = 1 / 3
_EDGE = 1e-6
_CAUTION = 0.02


@dataclass(frozen=True)
class ClipRule:
    """How log odds become class probabilities.

    The network learns how rare each gesture is in recordings; in cut clips all are equally
    likely, so every class gets a correction.

    Attributes:
        scale: of the log odds.
        bias: added per class; empty for none.
    """

    scale: float = 1.0
    bias: tuple[float, ...] = ()

    def chances(self, scores: np.ndarray) -> np.ndarray:
        """Class probabilities (K,) of a clip with scores (K, T)."""
        if scores.shape[1] == 0:
            return np.full(len(scores), 1 / len(scores))
        logits = clip_evidence(scores) * self.scale
        if self.bias:
            logits = logits + np.array(self.bias)
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum())


def clip_evidence(scores: np.ndarray) -> np.ndarray:
    """Mean log odds of each class (K,) over its best third of the moments, from (K, T)."""
    inside = np.clip(scores, _EDGE, 1 - _EDGE)
    ranked = np.sort(np.log(inside / (1 - inside)), axis=1)
    best = max(1, round(scores.shape[1] * _BEST_SHARE))
    return np.asarray(ranked[:, -best:].mean(1))


def fit_clip_rule(scores: Sequence[np.ndarray], labels: Sequence[int], classes: int) -> ClipRule:
    """The corrections that serve validation clips best.

    Args:
        scores: (K, T) of each clip.
        labels: the class of each.
    """
    import torch
    from torch.nn.functional import cross_entropy

    if not scores:
        raise InputError("there are no clips to fit the clip rule on")
    x = torch.tensor(np.array([clip_evidence(s) for s in scores]), dtype=torch.float64)
    y = torch.tensor(list(labels))
    spread = float(x.std())
    scale = torch.ones(1, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, bias], max_iter=100)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = cross_entropy(x / spread * scale + bias, y) + _CAUTION * (bias**2).mean()
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return ClipRule(
        round(float(scale.detach()) / spread, 5), tuple(round(float(b), 4) for b in bias.detach())
    )
