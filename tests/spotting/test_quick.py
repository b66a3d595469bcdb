"""The network without torch is the network, there and back."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from mgskel.spotting.features import CHANNELS, FeatureSettings
from mgskel.spotting.network import DenseNetwork
from mgskel.spotting.quick import QuickNetwork, weight_shapes
from mgskel.spotting.reach import NetworkSettings
from mgskel.spotting.spotter import load_spotter


@pytest.fixture(scope="module", params=["random", "shipped"])
def network(request):
    if request.param == "shipped":
        return load_spotter().dense()
    torch.manual_seed(3)
    random = DenseNetwork(5, NetworkSettings(channels=(16, 16), heads=4, kernel=5)).eval()
    for module in random.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return random


@pytest.fixture
def clip():
    rng = np.random.default_rng(0)
    joints = FeatureSettings().skeleton.num_joints
    mask = rng.random((91, joints)) < 0.8
    mask[40:50] = False
    return rng.normal(size=(CHANNELS, 91, joints)).astype(np.float32), mask


def test_the_same_logits(network, clip):
    x, mask = clip
    with torch.no_grad():
        theirs = network(torch.from_numpy(x)[None], torch.from_numpy(mask)[None])[0].numpy()
    mine = network.quick().logits(x, mask)
    assert mine.shape == theirs.shape
    assert np.abs(mine - theirs).max() < 1e-4


def test_the_same_slopes(network, clip):
    x, mask = clip
    goal = np.random.default_rng(1).random((network.num_classes + 1, 46)).astype(np.float32)
    source = torch.from_numpy(x)[None].requires_grad_(True)
    logits = network(source, torch.from_numpy(mask)[None])[0]
    (theirs,) = torch.autograd.grad((logits * torch.from_numpy(goal)).sum(), source)
    mine = network.quick().slopes(x, mask, goal)
    scale = theirs.abs().max().item()
    assert np.abs(mine - theirs[0].numpy()).max() < 1e-4 * scale


def test_shapes_are_those_of_the_network(network):
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert weight_shapes(network.num_classes, network.settings, network.features) == shapes
    assert network.quick().num_weights == sum(p.numel() for p in network.parameters())


def test_back_to_torch(network, clip):
    again = DenseNetwork.of(network.quick())
    x, mask = (torch.from_numpy(part)[None] for part in clip)
    with torch.no_grad():
        assert torch.equal(again(x, mask), network(x, mask))


def test_graphs_that_follow_the_sample_are_refused(network):
    state = network.quick().state
    state["light.blocks.0.graph.strength"] = state["light.blocks.0.graph.strength"] + 1
    with pytest.raises(ValueError, match="strength"):
        QuickNetwork(state, network.settings, network.features)


def test_spotting_needs_no_torch():
    code = (
        "import sys, numpy as np; from mgskel.spotting import load_spotter; "
        "from mgskel.core.sequence import PoseSequence; "
        "pose = PoseSequence.from_arrays(np.random.rand(1, 90, 27, 2), skeleton='upper', fps=30); "
        "spotter = load_spotter(); spotter.spot(pose); spotter.attention(pose); "
        "assert 'torch' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
