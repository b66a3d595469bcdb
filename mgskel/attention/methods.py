"""Five ways to look into a network, each with one answer: how much a joint counted at a moment.

- `gates` and `bones`: what the network says of itself (balanced fusion, graph attention);
- `gradient`: features that raise the score, where they are active (gradient-weighted activation);
- `occlusion`: how much the score falls when a body part is hidden for a moment;
- `explain`: the mask that PyTorch Geometric's GNNExplainer learns.

All take a network, a clip x (1, C, T, V, M), its mask (1, T, V, M) and the class that is asked
about, and give weights (M, T, V) of any scale.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.errors import InputError
from mgskel.models import Backbone, reading

WINDOWS = 8
EPOCHS = 50
_BATCH = 32
Way = Callable[[Backbone, Tensor, Tensor, int], Tensor]


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


def gradient_weights(network: Backbone, x: Tensor, mask: Tensor, target: int) -> Tensor:
    """(M, T, V): the last block's features, weighed by their effect on the target's score."""
    kept: list[Tensor] = []

    def keep(module: torch.nn.Module, inputs: object, output: Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    handle = network.blocks[-1].register_forward_hook(keep)
    # Parameters of a folded or frozen network ask for no gradient, so the input does.
    source = x.clone().requires_grad_(True)
    try:
        with torch.enable_grad():
            network(source, mask)[0, target].backward()
    finally:
        handle.remove()
        network.zero_grad(set_to_none=True)
    features, slope = kept[0], kept[0].grad
    assert slope is not None
    channel = slope.mean((2, 3), keepdim=True)
    return stretch((channel * features).sum(1).clamp(min=0), x.shape[2])


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


class _AsGraphModel(nn.Module):
    """A backbone that takes node features (M*T*V, C) and edges, as the explainer expects."""

    def __init__(self, network: Backbone, shape: tuple[int, ...], mask: Tensor) -> None:
        super().__init__()
        self.network = network
        self.shape = shape
        self.mask = mask

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        _, c, t, v, m = self.shape
        batch = x.view(m, t, v, c).permute(3, 1, 2, 0).unsqueeze(0)
        return self.network(batch, self.mask)


def explained_weights(
    network: Backbone, x: Tensor, mask: Tensor, target: int, epochs: int = EPOCHS
) -> Tensor:
    """(M, T, V): the node mask that GNNExplainer learns for the target."""
    from torch_geometric.explain import Explainer, GNNExplainer

    _, c, t, v, m = x.shape
    nodes = x[0].permute(3, 1, 2, 0).reshape(m * t * v, c)
    # The learning starts from random masks: seeded, so that a look can be repeated.
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        explainer = Explainer(
            model=_AsGraphModel(network, tuple(x.shape), mask),
            algorithm=GNNExplainer(
                epochs=epochs, lr=0.3, node_feat_size=1.0, node_feat_reduction="mean"
            ),
            explanation_type="phenomenon",
            node_mask_type="object",
            model_config={
                "mode": "multiclass_classification",
                "task_level": "graph",
                "return_type": "raw",
            },
        )
        explanation = explainer(
            nodes, _edges(network, t, m, x.device), target=torch.tensor([target])
        )
    return explanation.node_mask.view(m, t, v)


def _edges(network: Backbone, frames: int, people: int, device: torch.device) -> Tensor:
    """Bones within each frame and each joint to itself in the next frame, (2, E)."""
    joints = network.skeleton.num_joints
    bones = torch.tensor(network.skeleton.bones, device=device).view(-1, 2).T
    first = torch.arange(frames * people, device=device).view(-1, 1, 1) * joints
    within = (bones.unsqueeze(0) + first).permute(1, 0, 2).flatten(1)
    here = torch.arange(frames * people * joints, device=device).view(people, frames, joints)
    onwards = torch.stack([here[:, :-1].flatten(), here[:, 1:].flatten()])
    return torch.cat([within, within.flip(0), onwards], 1)


def stretch(weights: Tensor, frames: int) -> Tensor:
    """(M, T', V) to (M, T, V), linearly in time."""
    joints_last = weights.transpose(1, 2)
    return functional.interpolate(joints_last, frames, mode="linear").transpose(1, 2)


WAYS: dict[str, Way] = {
    "gates": gate_weights,
    "bones": bone_weights,
    "gradient": gradient_weights,
    "occlusion": occlusion_weights,
    "explain": explained_weights,
}
