"""What a network says of itself: the gates of its fusions, the attention of its bones."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mgskel.core.errors import InputError
from mgskel.models import Backbone, reading


@torch.no_grad()
def gate_weights(network: Backbone, x: Tensor, mask: Tensor, target: int) -> Tensor:
    """How much the fusions act on each joint at each moment, (M, T, V); the same for any target.

    What a gate does is its opening times what passes through it: the openings alone say where the
    network listens, not what it hears, and are worse than chance as an explanation.
    """
    people, frames = x.shape[4], x.shape[2]
    with reading(network) as fusions:
        network(x, mask)
    if not fusions:
        raise InputError(
            "this network has no balanced fusion to read",
            remedy="train with fusion on, or look by 'gradient', 'occlusion' or 'explain'",
        )
    maps = []
    for fusion in fusions:
        read = fusion.readout
        assert read is not None
        effect = stretch(read.effect.unflatten(0, (-1, people))[0], frames)
        maps.append(effect / effect.max().clamp(min=1e-9))
    return torch.stack(maps).mean(0)


@torch.no_grad()
def bone_weights(network: Backbone, x: Tensor, mask: Tensor, target: int) -> Tensor:
    """How much the other joints look at each joint, (M, T, V); the same for any target."""
    from mgskel.models.gat import GAT

    if not isinstance(network, GAT):
        raise InputError(
            "only the network 'gat' has attention along bones",
            found=getattr(network, "name", type(network).__name__),
            remedy="look by 'gates', 'gradient', 'occlusion' or 'explain'",
        )
    source, sink = network.edges
    others = source != sink
    # A joint with more neighbours would be looked at more by being there alone.
    degree = torch.zeros(x.shape[3]).index_add_(0, source[others], torch.ones(int(others.sum())))
    maps = []
    for weights in network.bone_attention(x, mask):
        taken = weights.mean(-1)[0][..., others]
        received = torch.zeros((*taken.shape[:2], x.shape[3]))
        received.index_add_(2, source[others], taken)
        maps.append(stretch(received / degree.clamp(min=1), x.shape[2]))
    return torch.stack(maps).mean(0)


def stretch(weights: Tensor, frames: int) -> Tensor:
    """(M, T', V) to (M, T, V), linearly in time."""
    joints_last = weights.transpose(1, 2)
    return functional.interpolate(joints_last, frames, mode="linear").transpose(1, 2)
