"""What is particular to each network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from mgskel.core.skeleton import Skeleton
from mgskel.models import create_model
from mgskel.models.ctrgcn import RefinedGraph
from mgskel.models.gat import GAT
from mgskel.models.light import GraphMix
from mgskel.models.stgcn import AdaptiveGraph, strides

if TYPE_CHECKING:
    from conftest import Tiny


def test_refined_topology_equals_the_plain_formula(chain: Skeleton) -> None:
    """Channel by channel, joint by joint, as the method is written down."""
    torch.manual_seed(0)
    layer = RefinedGraph(chain, 8, 6).eval()
    with torch.no_grad():
        layer.strength.fill_(0.7)
        layer.graphs += 0.1 * torch.randn(layer.graphs.shape)
    x = torch.randn(2, 8, 5, 4)
    width = layer.width
    ends = layer.relate(x.mean(2).transpose(1, 2)).view(2, 4, 2, 3, width)
    mixed = torch.zeros(2, 6, 5, 4)
    for k in range(3):
        values = torch.einsum("oc,nctv->notv", layer.values[k], x)
        relation = torch.tanh(ends[:, :, 1, k, :].unsqueeze(2) - ends[:, :, 0, k, :].unsqueeze(1))
        # relation[n, taker, giver, r]
        refined = torch.einsum("or,nuvr->nouv", layer.refine[k], relation.transpose(1, 2))
        graph = layer.graphs[k].t() + layer.strength * refined
        mixed += torch.einsum("nouv,notu->notv", graph, values)
    expected = torch.relu(layer.norm(mixed) + layer.shortcut(x))
    torch.testing.assert_close(layer(x, None), expected, rtol=1e-4, atol=1e-5)


def test_adaptive_graph_equals_the_plain_formula(chain: Skeleton) -> None:
    layer = AdaptiveGraph(chain, 4, 4).eval()
    x = torch.randn(2, 4, 5, 4)
    gathered = torch.einsum("kvu,nctu->nkctv", layer.graphs, x).flatten(1, 2)
    expected = torch.relu(layer.mix(gathered) + x)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_heads_mix_their_own_channels(chain: Skeleton) -> None:
    mix = GraphMix(chain, 8, heads=2)
    torch.nn.init.ones_(mix.strength)
    x = torch.randn(3, 8, 5, 4)
    graphs = mix.sample_graphs(x, None)
    assert graphs.shape == (3, 2, 4, 4)
    assert not torch.allclose(graphs[0], graphs[1])
    expected = torch.einsum("nhvu,nhctu->nhctv", graphs, x.unflatten(1, (2, 4))).flatten(1, 2)
    torch.testing.assert_close(mix(x, None), expected)


class TestBoneAttention:
    def test_weights_to_a_joint_sum_to_one(self, tiny: Tiny) -> None:
        model = tiny.model("gat", "on", "natops8")
        assert isinstance(model, GAT)
        x = tiny.batch("natops8", n=2, frames=8)
        scores = model(x)
        weights = model.bone_attention(x)
        moments = (4, 4, 4)
        assert [w.shape for w in weights] == [(2, 2, t, model.edges.shape[1], 2) for t in moments]
        into = torch.zeros(2, 2, 4, 8, 2).index_add(3, model.edges[1], weights[0])
        torch.testing.assert_close(into, torch.ones_like(into))
        torch.testing.assert_close(model(x), scores)

    def test_only_bones_and_the_joint_itself(self, tiny: Tiny) -> None:
        model = tiny.model("gat", "off", "natops8")
        assert isinstance(model, GAT)
        skeleton = model.skeleton
        pairs = set(map(tuple, model.edges.t().tolist()))
        bones = set(skeleton.bones) | {(b, a) for a, b in skeleton.bones}
        assert pairs == bones | {(i, i) for i in range(skeleton.num_joints)}

    def test_training_the_scores_moves_the_attention(self, tiny: Tiny) -> None:
        model = tiny.model("gat", "off", "natops8").train()
        model(tiny.batch("natops8")).sum().backward()
        assert all(
            block.bones.attend.att.grad.abs().max() > 0  # type: ignore[union-attr]
            for block in model.blocks
        )


def test_strides_follow_the_channels() -> None:
    assert strides((8, 8, 16, 16, 32)) == [1, 1, 2, 1, 2]


@pytest.mark.parametrize(
    ("name", "stride"), (("light", 4), ("gat", 4), ("stgcn", 4), ("ctrgcn", 4))
)
def test_time_stride_of_the_defaults(name: str, stride: int) -> None:
    assert create_model(name, "natops8", 3).time_stride == stride


@pytest.mark.parametrize("fusion", ("off", "on"))
def test_light_sees_far_moments_only_through_averages(tiny: Tiny, fusion: str) -> None:
    """What a spotter computes over windows: features change little far from a changed frame."""
    model = tiny.model("light", fusion, "natops8")
    x = tiny.batch("natops8", n=1, frames=120, people=1)
    changed = x.clone()
    changed[:, :, 60] += 1
    difference = (model.forward_features(x) - model.forward_features(changed)).abs()
    by_moment = difference.amax((0, 1, 2, 4))
    assert by_moment.argmax() == 60 // model.time_stride
    assert by_moment[:5].max() < 0.1 * by_moment.max()
