"""The dense network: class probabilities at every moment, computed once over the recording.

It is the `light` backbone without its mean over time. Its view reaches equally far to both
sides, so its answer for a moment is read from a place earlier on: what it says of time t has
seen almost three seconds before t and only `lookahead_s` after it. That is what lets a camera
be followed with the same answers as a file.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mgskel.models import create_model, fold
from mgskel.models.light import GraphMix, Light
from mgskel.spotting.features import CHANNELS, Features, FeatureSettings

STRIDE = 2
_CHUNK = 1024


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes of the network.

    Attributes:
        channels: of each block; all alike, since time is halved once, in the stem.
        lookahead_s: how much of the future an answer may have seen.
    """

    channels: tuple[int, ...] = (48, 48, 48, 48)
    heads: int = 8
    kernel: int = 7
    dropout: float = 0.1
    lookahead_s: float = 0.2


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
        self.reach = _reach(self.light, settings.kernel)
        ahead = round(settings.lookahead_s * features.rate_hz)
        # Even, so that answers fall on the places that the stride keeps.
        self.shift = (self.reach - ahead) // STRIDE * STRIDE

    @property
    def past(self) -> int:
        """Frames before t that the answer for t has seen."""
        return self.reach + self.shift

    @property
    def ahead(self) -> int:
        """Frames after t that the answer for t has seen."""
        return self.reach - self.shift

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, K + 1, T // 2) of x (N, C, T, V), mask (N, T, V) bool.

        Entry j is the answer for frame 2 j + shift.
        """
        logits = self.light.forward_frames(x.unsqueeze(4), mask.unsqueeze(3))
        return logits[:, 0].transpose(1, 2)

    def folded(self) -> DenseNetwork:
        """A copy for inference, normalisations folded in."""
        twin = copy.deepcopy(self).eval()
        twin.light = fold(twin.light)
        return twin

    @torch.no_grad()
    def scores(self, features: Features) -> np.ndarray:
        """Probabilities (K + 1, T) on the features' grid; the last row is "any gesture".

        Computed in chunks that overlap by the network's view: memory does not grow with the
        recording, and the result does not depend on the chunks.
        """
        parts = [
            self(x, mask)[0, :, first : first + count].sigmoid().repeat_interleave(STRIDE, 1)
            for x, mask, first, count in self.chunks(features)
        ]
        if not parts:
            return np.zeros((self.num_classes + 1, 0), np.float32)
        return torch.cat(parts, 1)[:, : features.num_frames].numpy()

    def chunks(self, features: Features) -> Iterator[tuple[Tensor, Tensor, int, int]]:
        """Inputs (1, C, T', V) and (1, T', V) with the first answer to use and their number."""
        values, seen = features.values, features.mask
        for start in range(0, features.num_frames, _CHUNK):
            stop = min(start + _CHUNK, features.num_frames)
            begin = start - -(-self.past // STRIDE) * STRIDE
            end = stop + self.ahead + 1
            x = np.zeros((values.shape[0], end - begin, values.shape[2]), np.float32)
            mask = np.zeros((end - begin, values.shape[2]), bool)
            low, high = max(begin, 0), min(end, features.num_frames)
            x[:, low - begin : high - begin] = values[:, low:high]
            mask[low - begin : high - begin] = seen[low:high]
            first = (start - begin - self.shift) // STRIDE
            count = -(-(stop - start) // STRIDE)
            yield torch.from_numpy(x)[None], torch.from_numpy(mask)[None], first, count


def _reach(light: nn.Module, kernel: int) -> int:
    """Frames that an answer sees to either side of its place."""
    assert isinstance(light, Light)
    return light.stem.conv.conv.kernel_size[0] // 2 + len(light.blocks) * (kernel // 2) * STRIDE
