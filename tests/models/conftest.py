"""Small networks and batches that the tests of this room share."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.models import Backbone, create_model

CLASSES = 5
TINY: dict[str, dict[str, object]] = {
    "light": {"channels": (16, 16, 32), "heads": 4},
    "stgcn": {"channels": (24, 24, 48)},
    "ctrgcn": {"channels": (16, 16, 32)},
    "gat": {"channels": (16, 16, 32), "heads": 2},
    "heatmap": {"channels": (16, 16, 24), "grid": 8, "maps": 6},
}


class Tiny:
    """Makes tiny networks, batches and masks, each decided by its seed."""

    classes = CLASSES

    def model(
        self, name: str, fusion: str, layout: str, seed: int = 0, **changes: object
    ) -> Backbone:
        """A network in evaluation mode, with gates and running means off their start values."""
        torch.manual_seed(seed)
        sizes = {**TINY[name], **changes}
        model = create_model(name, layout, CLASSES, fusion=fusion, **sizes)  # type: ignore[arg-type]
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for value in model.state_dict().values():
                if value.is_floating_point():
                    value += 0.05 * torch.rand(value.shape, generator=generator)
        return model.eval()

    def batch(
        self, layout: str, n: int = 4, frames: int = 13, people: int = 2, seed: int = 0
    ) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        joints = get_skeleton(layout).num_joints
        return torch.randn(n, 3, frames, joints, people, generator=generator)

    def holes(self, x: Tensor, seed: int = 1) -> Tensor:
        """A mask: single joints missing, one joint missing throughout, a person that leaves and
        one that is not there."""
        n, _, t, v, m = x.shape
        mask = torch.rand(n, t, v, m, generator=torch.Generator().manual_seed(seed)) > 0.2
        mask[:, :, 1] = False
        mask[0, :, :, 1:] = False
        mask[1, t // 2 :] = False
        return mask


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    return Tiny()


@pytest.fixture(scope="session")
def chain() -> Skeleton:
    """Four joints: a root, a child, and two mirrored grandchildren."""
    return Skeleton(
        name="chain",
        joints=("neck", "head", "left_ear", "right_ear"),
        bones=((1, 0), (2, 1), (3, 1)),
        root=0,
        mirror_pairs=((2, 3),),
        parts={"torso": (0,), "head": (1, 2, 3)},
        colours={"torso": "#000000", "head": "#ffffff"},
    )
