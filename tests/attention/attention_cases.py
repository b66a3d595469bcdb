"""Clips in which one known joint moves at one known time, and small networks."""

from __future__ import annotations

import torch

from mgskel.core.skeleton import get_skeleton
from mgskel.models import Backbone, create_model

LAYOUT, FRAMES = "coco17", 24
MOMENT = slice(8, 16)


def planted(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise, and in class 1 the left wrist swings in the middle third."""
    generator = torch.Generator().manual_seed(seed)
    skeleton = get_skeleton(LAYOUT)
    x = torch.randn(count, 2, FRAMES, skeleton.num_joints, 1, generator=generator) * 0.2
    labels = torch.arange(count) % 2
    swing = 2.5 * torch.sin(torch.linspace(0, 9.4, 8)).view(1, 8)
    x[labels == 1, 1, MOMENT, skeleton.index("left_wrist"), 0] += swing
    return x, labels


SIZES = {
    "light": {"channels": (32, 32, 64), "heads": 4},
    "stgcn": {"channels": (32, 64)},
    "ctrgcn": {"channels": (32, 64)},
    "gat": {"channels": (32, 64)},
    "heatmap": {"channels": (16, 32), "grid": 12},
}


def small_network(name: str, fusion: str = "on") -> Backbone:
    torch.manual_seed(0)
    return create_model(name, LAYOUT, 2, fusion, in_channels=2, **SIZES[name]).eval()
