"""Occlusion: hide a body part for a moment and see how much the score falls."""

from __future__ import annotations

import torch
from torch import Tensor

from mgskel.models import Backbone

WINDOWS = 8
_BATCH = 32


@torch.no_grad()
def occlusion_weights(
    network: Backbone, x: Tensor, mask: Tensor, target: int, windows: int = WINDOWS
) -> Tensor:
    """(M, T, V): the fall of the target's log-probability when a joint's part is hidden then.

    Windows overlap by half, so that a moment on a border is judged from both sides.
    """
    frames, people = x.shape[2], x.shape[4]
    parts = [list(joints) for joints in network.skeleton.parts.values()]
    hidden = []
    for person in range(people):
        for part in parts:
            for start, end in half_overlapping(frames, windows):
                hide = torch.zeros_like(mask[0])
                hide[start:end, part, person] = True
                hidden.append(hide)
    hides = torch.stack(hidden)
    whole = network(x, mask).log_softmax(1)[0, target]
    scores = [
        network(x.expand(len(some), -1, -1, -1, -1), mask & ~some).log_softmax(1)[:, target]
        for some in hides.split(_BATCH)
    ]
    fall = whole - torch.cat(scores)
    weight = hides.to(x.dtype)
    spread = (fall.view(-1, 1, 1, 1) * weight).sum(0) / weight.sum(0).clamp(min=1)
    return spread.permute(2, 0, 1).clamp(min=0)


def half_overlapping(frames: int, windows: int) -> list[tuple[int, int]]:
    """(start, end) of windows that cover all frames, each overlapping the next by half."""
    count = max(1, min(windows, frames))
    edges = torch.linspace(0, frames, count + 2).round().long().tolist()
    return [(edges[i], edges[i + 2]) for i in range(count) if edges[i] < edges[i + 2]]
