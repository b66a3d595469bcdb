"""The dense network without torch, for answers and for their slopes.

Loading torch takes longer than a minute's recording takes to be judged, and following a camera
frame by frame spends more time between its layers than in them. This is the same map as
`DenseNetwork` in evaluation mode (a test holds them together), normalisations folded in.
Features lie as (T, V, C) here.
"""

from __future__ import annotations

import numpy as np

from mgskel.core.references import reference_weights
from mgskel.spotting.features import CHANNELS, FeatureSettings
from mgskel.spotting.quick_layers import Block, Kept, State, Stem, under
from mgskel.spotting.reach import STEM_KERNEL, STRIDE, NetworkSettings, Reach

_RELATED = 8


class QuickNetwork:
    """Logits of K gestures and of "any gesture", at every second frame.

    Args:
        state: the weights under the names of `DenseNetwork.state_dict()`.
    """

    def __init__(self, state: State, settings: NetworkSettings, features: FeatureSettings) -> None:
        self.state = dict(state)
        self.settings = settings
        self.features = features
        self.reach = Reach.of(settings, features.rate_hz)
        weights = {name: np.asarray(value, np.float32) for name, value in state.items()}
        self.num_classes = len(weights["light.head.bias"]) - 1
        self.head = weights["light.head.weight"], weights["light.head.bias"]
        self.stem = Stem(under("light.stem.", weights), features.skeleton)
        self.blocks = [
            Block(under(f"light.blocks.{index}.", weights))
            for index in range(len(settings.channels))
        ]

    @property
    def num_weights(self) -> int:
        """How many numbers training may change."""
        kept = ("mean", "variance", "running_mean", "running_var", "num_batches_tracked")
        return sum(v.size for k, v in self.state.items() if k.rpartition(".")[2] not in kept)

    def logits(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Logits (K + 1, ceil(T / 2)) of x (C, T, V), mask (T, V) bool.

        Entry j is the answer for frame 2 j + shift.
        """
        return self.judged(*self._features(x, mask))

    def judged(self, features: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """Logits (K + 1, T) of the last block's features (T, V, C) and where joints are (T, V)."""
        pooled = np.einsum("tvc,tv->tc", features, shares(valid))
        return np.asarray((pooled @ self.head[0].T + self.head[1]).T)

    def slopes(self, x: np.ndarray, mask: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """How the sum of logits times goal (K + 1, ceil(T / 2)) changes with x, (C, T, V)."""
        kept: list[Kept] = []
        _, valid = self._features(x, mask, kept)
        slope = (goal.T @ self.head[0])[:, None] * shares(valid)[:, :, None]
        for block, step in zip(reversed(self.blocks), reversed(kept[1:]), strict=True):
            slope = block.backward(slope, step)
        return self.stem.backward(slope, kept[0], x, mask)

    def _features(
        self, x: np.ndarray, mask: np.ndarray, kept: list[Kept] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The last block's features (T', V, C), and which joints are there (T', V)."""
        valid = halved(mask)
        frames = np.asarray(valid.any(1), np.float32)[:, None, None]
        y = self.stem.forward(x, mask)
        if kept is not None:
            kept.append((y > 0, y > 0))
        for block in self.blocks:
            y, step = block.forward(y, frames)
            if kept is not None:
                kept.append(step)
        return y, valid


def halved(mask: np.ndarray) -> np.ndarray:
    """Which joints the network's moments (T / 2, V) have, from those of the frames (T, V)."""
    seen = mask if len(mask) % STRIDE == 0 else np.pad(mask, ((0, 1), (0, 0)))
    return np.asarray(seen.reshape(-1, STRIDE, mask.shape[1]).any(1))


def shares(valid: np.ndarray) -> np.ndarray:
    """Each joint's share in the mean over joints, (T, V)."""
    return np.asarray(valid / np.maximum(valid.sum(1, keepdims=True), 1), np.float32)


def weight_shapes(
    classes: int, settings: NetworkSettings, features: FeatureSettings
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of `DenseNetwork.state_dict()`, without building it."""
    joints, first = features.skeleton.num_joints, settings.channels[0]
    views = (1 + len(reference_weights(features.skeleton))) * CHANNELS
    shapes: dict[str, tuple[int, ...]] = {
        "light.head.weight": (classes + 1, settings.channels[-1]),
        "light.head.bias": (classes + 1,),
        "light.stem.joint": (1, first, 1, joints),
        "light.stem.conv.conv.weight": (first, views + 1, STEM_KERNEL, 1),
    }
    for name in ("weight", "bias", "mean", "variance"):
        shapes[f"light.stem.norm.{name}"] = (1, views, 1, joints)
    normed = {"light.stem.conv.norm": first}
    for index, width in enumerate(settings.channels):
        block, related = f"light.blocks.{index}", 2 * settings.heads * _RELATED
        shapes |= {
            f"{block}.graph.graphs": (settings.heads, joints, joints),
            f"{block}.graph.strength": (settings.heads, 1, 1),
            f"{block}.graph.relate.weight": (related, width),
            f"{block}.graph.relate.bias": (related,),
            f"{block}.filter.weight": (width, 1, settings.kernel, 1),
            f"{block}.filter.bias": (width,),
        }
        for part in ("spatial", "temporal"):
            shapes[f"{block}.{part}.conv.weight"] = (width, width, 1, 1)
            normed[f"{block}.{part}.norm"] = width
    for place, width in normed.items():
        shapes |= {f"{place}.{n}": (width,) for n in ("weight", "bias")}
        shapes |= {f"{place}.{n}": (width,) for n in ("running_mean", "running_var")}
        shapes[f"{place}.num_batches_tracked"] = ()
    return shapes


def sigmoid(values: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
