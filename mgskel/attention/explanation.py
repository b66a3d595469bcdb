"""`torch_geometric.explain` for any network: a clip as one graph of joints in time.

The network is shown to the explainer as a model on graphs: its nodes are the joints of all
people at all moments. The explainer learns which nodes the answer needs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mgskel.models import Backbone

EPOCHS = 50


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
