"""Can attention be believed? Ask the network: hide what was called important, and see.

Deletion hides joints and moments in the order of their weight: faithful weights make the score
fall at once. Insertion starts from nothing and shows them in that order: faithful weights bring
it back at once. Both are compared with random orders, and `randomised` weights of the network
must change the picture, or it shows the input and not the network.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mgskel.attention.attend import JointAttention
from mgskel.models import Backbone

WINDOWS = 8
_STEPS = 20
_RANDOM_ORDERS = 10


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
    random_orders: int = _RANDOM_ORDERS,
) -> Faithfulness:
    """Deletion and insertion curves of one clip x (1, C, T, V, M)."""
    if mask is None:
        mask = torch.ones((1, *x.shape[2:]), dtype=torch.bool)
    weights = torch.from_numpy(attention.weights).permute(1, 2, 0)
    frames = weights.shape[0]
    window = (torch.arange(frames) * min(WINDOWS, frames) // frames).view(-1, 1, 1)
    cells = window * weights[0].numel() + torch.arange(weights[0].numel()).view(weights[0].shape)
    count = int(cells.max()) + 1
    size = torch.zeros(count).index_add_(0, cells.flatten(), torch.ones(cells.numel()))
    mean = torch.zeros(count, dtype=weights.dtype)
    mean = mean.index_add_(0, cells.flatten(), weights.flatten()) / size
    generator = torch.Generator().manual_seed(seed)
    orders = [mean.argsort(descending=True)]
    orders += [torch.randperm(count, generator=generator) for _ in range(random_orders)]
    curves = [_curves(network, x, mask, cells, order, attention.target) for order in orders]
    chance = np.mean(curves[1:], axis=0) if random_orders else np.zeros_like(curves[0])
    return Faithfulness(curves[0][0], curves[0][1], chance[0], chance[1])


def _curves(
    network: Backbone, x: Tensor, mask: Tensor, cells: Tensor, order: Tensor, target: int
) -> np.ndarray:
    """Deletion and insertion curves of one order, (2, steps + 1)."""
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    place = rank[cells].double() / len(order)
    steps = torch.linspace(0, 1, _STEPS + 1, dtype=torch.float64).view(-1, 1, 1, 1)
    gone = place.unsqueeze(0) < steps
    network.eval()
    rows = []
    for hidden in (gone, ~gone):
        seen = mask & ~hidden
        scores = network(x.expand(len(seen), -1, -1, -1, -1), seen).softmax(1)[:, target]
        rows.append(scores.double().numpy())
    return np.stack(rows)


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
