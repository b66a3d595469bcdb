"""Can attention be believed? Ask the network: hide what was called important, and see.

Deletion hides joints and moments in the order of their weight: faithful weights make the score
fall at once. Insertion starts from nothing and shows them in that order: faithful weights bring
it back at once. Both are compared with random orders, and `randomised` weights of the network
must change the picture, or it shows the input and not the network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mgskel.attention.attend import JointAttention
from mgskel.models import Backbone

WINDOWS, STEPS, RANDOM_ORDERS = 8, 20, 10


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """Curves over the share of cells (joint x window) hidden or shown, (steps + 1,).

    Attributes:
        deletion, insertion: the target's probability in the order of weight.
        random_deletion, random_insertion: the mean over random orders.
    """

    deletion: np.ndarray
    insertion: np.ndarray
    random_deletion: np.ndarray
    random_insertion: np.ndarray

    @property
    def deletion_gain(self) -> float:
        """How much lower than random the deletion curve runs; above 0 is faithful."""
        return float(self.random_deletion.mean() - self.deletion.mean())

    @property
    def insertion_gain(self) -> float:
        """How much higher than random the insertion curve runs; above 0 is faithful."""
        return float(self.insertion.mean() - self.random_insertion.mean())


@torch.no_grad()
def faithfulness(
    network: Backbone,
    x: Tensor,
    mask: Tensor | None,
    attention: JointAttention,
    seed: int = 0,
    random_orders: int = RANDOM_ORDERS,
) -> Faithfulness:
    """Deletion and insertion curves of one clip x (1, C, T, V, M)."""
    if mask is None:
        mask = torch.ones((1, *x.shape[2:]), dtype=torch.bool)
    network.eval()

    def chance(seen: Tensor) -> np.ndarray:
        scores = network(x.expand(len(seen), -1, -1, -1, -1), seen).softmax(1)
        return np.asarray(scores[:, attention.target].double().numpy())

    weights = torch.from_numpy(attention.weights).permute(1, 2, 0)
    return hiding_curves(chance, mask[0], weights, seed=seed, random_orders=random_orders)


def hiding_curves(
    chance: Callable[[Tensor], np.ndarray],
    mask: Tensor,
    weights: Tensor,
    *,
    windows: int = WINDOWS,
    steps: int = STEPS,
    random_orders: int = RANDOM_ORDERS,
    seed: int = 0,
    start: int = 0,
) -> Faithfulness:
    """Deletion and insertion curves of whatever can be asked under a mask.

    Args:
        chance: the target's probability for masks (n, T, V, M) of what is there, (n,).
        mask: (T, V, M) bool.
        weights: (T', V, M), those of the frames from `start` on; only they are hidden.
        windows: of frames, that are hidden together.
    """
    frames = weights.shape[0]
    window = (torch.arange(frames) * min(windows, frames) // frames).view(-1, 1, 1)
    inside = window * weights[0].numel() + torch.arange(weights[0].numel()).view(weights[0].shape)
    count = int(inside.max()) + 1
    size = torch.zeros(count).index_add_(0, inside.flatten(), torch.ones(inside.numel()))
    mean = torch.zeros(count, dtype=weights.dtype)
    mean = mean.index_add_(0, inside.flatten(), weights.flatten()) / size
    # Cells beyond the weighed frames come after all others in any order: they are never hidden.
    cells = torch.full(mask.shape, count)
    cells[start : start + frames] = inside
    generator = torch.Generator().manual_seed(seed)
    orders = [mean.argsort(descending=True, stable=True)]
    orders += [torch.randperm(count, generator=generator) for _ in range(random_orders)]
    curves = [_curves(chance, mask, cells, order, steps) for order in orders]
    random = np.mean(curves[1:], axis=0) if random_orders else np.zeros_like(curves[0])
    return Faithfulness(curves[0][0], curves[0][1], random[0], random[1])


def _curves(
    chance: Callable[[Tensor], np.ndarray], mask: Tensor, cells: Tensor, order: Tensor, steps: int
) -> np.ndarray:
    """Deletion and insertion curves of one order, (2, steps + 1)."""
    rank = torch.full((len(order) + 1,), len(order))
    rank[order] = torch.arange(len(order))
    place = (rank[cells].double() / len(order)).unsqueeze(0)
    shares = torch.linspace(0, 1, steps + 1, dtype=torch.float64).view(-1, 1, 1, 1)
    hideable = (cells < len(order)).unsqueeze(0)
    gone = place < shares
    return np.stack([chance(mask & ~(gone & hideable)), chance(mask & ~(~gone & hideable))])


def randomised(network: Backbone, seed: int = 0) -> Backbone:
    """A copy whose weights are shuffled within each tensor: same statistics, nothing learned."""
    other = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            flat = parameter.flatten()[torch.randperm(parameter.numel(), generator=generator)]
            parameter.copy_(flat.view_as(parameter))
    for module in other.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
    return other.eval()
