"""What the entry shows to a network."""

from __future__ import annotations

import torch

from mgskel.core.skeleton import Skeleton
from mgskel.models.layers.stem import RelativeStem


class TestRelativeStem:
    def stem(self, chain: Skeleton) -> RelativeStem:
        torch.manual_seed(0)
        return RelativeStem(chain, 2, 8, kernel=3, stride=1).eval()

    def test_views_are_relative(self, chain: Skeleton) -> None:
        stem = self.stem(chain)
        seen: list[torch.Tensor] = []
        stem.norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
        x = torch.randn(1, 2, 3, 4)
        stem(x, None)
        itself, bone, mirrored, to_head = seen[0].unflatten(1, (4, 2)).unbind(1)
        torch.testing.assert_close(itself, x)
        torch.testing.assert_close(bone[..., 2], x[..., 2] - x[..., 1])
        torch.testing.assert_close(mirrored[..., 3], x[..., 3] - x[..., 2])
        torch.testing.assert_close(to_head[..., 0], x[..., 0] - x[..., 1:].mean(3))

    def test_missing_reference_gives_no_view(self, chain: Skeleton) -> None:
        stem = self.stem(chain)
        seen: list[torch.Tensor] = []
        stem.norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
        x = torch.randn(1, 2, 3, 4)
        valid = torch.ones(1, 1, 3, 4)
        valid[..., 1] = 0
        stem(x * valid, valid)
        itself, bone, _, to_head = seen[0].unflatten(1, (4, 2)).unbind(1)
        assert (bone[..., 2:] == 0).all(), "no bone to a parent that is missing"
        torch.testing.assert_close(itself[..., 2], x[..., 2])
        torch.testing.assert_close(to_head[..., 0], x[..., 0] - x[..., 2:].mean(3))
