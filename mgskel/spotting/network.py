"""The dense network: class probabilities at every moment, computed once over the recording.

It is the `light` backbone without its mean over time. Its view reaches equally far to both
sides, so its answer for a moment is read from a place earlier on: what it says of time t has
seen almost three seconds before t and only `lookahead_s` after it. That is what lets a camera
be followed with the same answers as a file.

This is the network for training; `quick.py` gives its answers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mgskel.models import create_model
from mgskel.models.light import GraphMix
from mgskel.spotting.features import CHANNELS, FeatureSettings
from mgskel.spotting.quick import QuickNetwork
from mgskel.spotting.reach import STRIDE, NetworkSettings, Reach


class DenseNetwork(nn.Module):
    """Logits of K gestures and of "any gesture", at every second frame.

    Args:
        num_classes: K.
    """

    def __init__(
        self,
        num_classes: int,
        settings: NetworkSettings | None = None,
        features: FeatureSettings | None = None,
    ) -> None:
        super().__init__()
        settings = settings or NetworkSettings()
        features = features or FeatureSettings()
        self.num_classes = num_classes
        self.settings = settings
        self.features = features
        self.light = create_model(
            "light",
            features.skeleton,
            num_classes + 1,
            fusion="off",
            in_channels=CHANNELS,
            channels=settings.channels,
            heads=settings.heads,
            kernel=settings.kernel,
            stem_stride=STRIDE,
            dropout=settings.dropout,
        )
        for module in self.light.modules():
            if isinstance(module, GraphMix):
                # Graphs that follow the sample would look at all of its time, future included.
                module.strength.requires_grad_(False)
        self.shift = Reach.of(settings, features.rate_hz).shift

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, K + 1, T // 2) of x (N, C, T, V), mask (N, T, V) bool.

        Entry j is the answer for frame 2 j + shift.
        """
        logits = self.light.forward_frames(x.unsqueeze(4), mask.unsqueeze(3))
        return logits[:, 0].transpose(1, 2)

    def quick(self) -> QuickNetwork:
        """The same map without torch, for answers."""
        state = {name: value.cpu().numpy() for name, value in self.state_dict().items()}
        return QuickNetwork(state, self.settings, self.features)

    @classmethod
    def of(cls, quick: QuickNetwork) -> DenseNetwork:
        """A network with the same weights, to be trained further."""
        network = cls(quick.num_classes, quick.settings, quick.features)
        state = {name: torch.tensor(value) for name, value in quick.state.items()}
        network.load_state_dict(state)
        return network.eval()
