"""Weights to start with: a network with one joint more and with fusion begins as good."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from studies.shipped.start import Start, start_with

from mgskel.core.errors import InputError
from mgskel.models import Backbone
from mgskel.spotting.network.features import CHANNELS, FeatureSettings, StreamInput
from mgskel.spotting.network.stream_network import build_stream_network, stream_model


def a_network(layout: str, fusion: str, seed: int) -> Backbone:
    torch.manual_seed(seed)
    wanted = StreamInput(features=FeatureSettings(layout=layout))
    return build_stream_network(stream_model(channels=(16, 16), fusion=fusion), wanted, 3).eval()


def test_with_the_new_joint_unseen_answers_are_nearly_those_of_before(tmp_path: Path) -> None:
    before, after = a_network("upper", "off", 1), a_network("upper_head", "on", 2)
    save_file(before.state_dict(), tmp_path / "before.safetensors")
    start_with(after, Start(str(tmp_path / "before.safetensors")))
    old, new = before.skeleton, after.skeleton
    x = torch.zeros(1, CHANNELS, 160, new.num_joints, 1)
    x[:, :, :, [new.index(j) for j in old.joints]] = torch.randn(1, CHANNELS, 160, 27, 1)
    seen = torch.ones(1, 160, new.num_joints, 1, dtype=torch.bool)
    seen[:, :, new.index("head")] = False
    kept = [new.index(j) for j in old.joints]
    told = after.forward_frames(x, seen)[0, 0, 60:]
    told_before = before.forward_frames(x[:, :, :, kept], seen[:, :, kept])[0, 0, 60:]
    together = torch.corrcoef(torch.stack([told.flatten(), told_before.flatten()]))
    assert float(together[0, 1].detach()) > 0.9


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="another network"):
        start_with(a_network("upper_head", "on", 0), Start(str(tmp_path / "other.safetensors")))
