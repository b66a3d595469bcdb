"""One face for every way of looking into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mgskel.attention.methods import WAYS
from mgskel.core.errors import InputError, unknown
from mgskel.core.skeleton import Skeleton
from mgskel.models import Backbone

if TYPE_CHECKING:
    from mgskel.core.sequence import PoseSequence
    from mgskel.training.runs.clip_model import ClipModel

METHODS = tuple(WAYS)


@dataclass(frozen=True, eq=False)
class JointAttention:
    """What one look found.

    Attributes:
        weights: (M, T, V) in 0..1, over people, moments and joints; 0 where nothing was seen.
        target: the class whose score was asked about; -1 for whatever was found when.
        probability: what the network gave that class.
    """

    weights: np.ndarray
    method: str
    target: int
    probability: float
    skeleton: Skeleton

    def joints(self) -> np.ndarray:
        """Mean weight of each joint, (M, V)."""
        return self.weights.mean(1)

    def moments(self) -> np.ndarray:
        """Mean weight of each moment, (M, T)."""
        return self.weights.mean(2)

    def at_frames(self, frames: int) -> np.ndarray:
        """The weights at each frame of the recording, (M, frames, V), linearly between moments."""
        place = np.linspace(0, self.weights.shape[1] - 1, frames)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, self.weights.shape[1] - 1)
        share = (place - low)[:, None]
        return (1 - share) * self.weights[:, low] + share * self.weights[:, high]

    def parts(self) -> dict[str, float]:
        """Mean weight of each body part, over people and moments."""
        mean = self.weights.mean((0, 1))
        return {part: float(mean[list(v)].mean()) for part, v in self.skeleton.parts.items()}


def attend(
    network: Backbone,
    x: Tensor,
    mask: Tensor | None = None,
    method: str = "gates",
    target: int | None = None,
) -> JointAttention:
    """Look at one clip.

    Args:
        x: (1, C, T, V, M).
        mask: (1, T, V, M), what is there; by default everything.
        method: `gates` (balanced fusion), `bones` (graph attention), `gradient` (gradient-
            weighted activation), `occlusion` (hiding parts), `explain` (PyTorch Geometric).
        target: the class to ask about; by default the likeliest.
    """
    if method not in WAYS:
        raise unknown("way of looking", method, METHODS)
    if x.dim() != 5 or x.shape[0] != 1:
        raise InputError(
            "attention looks at one clip at a time",
            expected="(1, C, T, V, M)",
            found=tuple(x.shape),
        )
    if mask is None:
        mask = torch.ones((1, *x.shape[2:]), dtype=torch.bool)
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            chances = network(x, mask).softmax(1)[0]
        chosen = int(chances.argmax()) if target is None else target
        weights = WAYS[method](network, x, mask, chosen).detach().cpu().double()
    finally:
        network.train(was_training)
    seen = mask[0].permute(2, 0, 1)
    return JointAttention(
        weights=_unit(torch.where(seen, weights, torch.nan)).numpy(),
        method=method,
        target=chosen,
        probability=float(chances[chosen]),
        skeleton=network.skeleton,
    )


def attend_sequence(
    recognizer: ClipModel, sequence: PoseSequence, method: str = "gates", target: str | None = None
) -> JointAttention:
    """Look at what a recognizer makes of a recording.

    The moments are those of the recognizer's window, spread evenly over the recording.
    """
    names = recognizer.classes.names
    if target is not None and target not in names:
        raise unknown("class", target, names)
    x, mask = clip_input(recognizer, sequence)
    chosen = None if target is None else names.index(target)
    return attend(recognizer.network, x, mask, method, chosen)


def clip_input(recognizer: ClipModel, sequence: PoseSequence) -> tuple[Tensor, Tensor | None]:
    """What the recognizer sees of a recording: x (1, C, T, V, M) and its mask."""
    from mgskel.datasets.batches import view_batches

    store, wanted = recognizer.store(sequence), recognizer.input
    x, mask, _ = next(view_batches(store, wanted.stream, wanted.window, 1))
    return x, mask


def _unit(weights: Tensor) -> Tensor:
    """To 0..1 over what was seen; NaN becomes 0, and a flat map stays flat."""
    known = weights[~weights.isnan()]
    if known.numel() == 0:
        return torch.zeros_like(weights)
    low, high = known.min(), known.max()
    if high - low < 1e-12:
        return torch.where(weights.isnan(), 0.0, 0.5)
    return ((weights - low) / (high - low)).nan_to_num(0.0)
