"""The dense network without torch, for answers and for their slopes.

Loading torch takes longer than a minute's recording takes to be judged, and following a camera
frame by frame spends more time between its layers than in them. This is the same map as
`DenseNetwork` in evaluation mode (a test holds them together), normalisations folded in.
Features lie as (T, V, C) here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mgskel.references import reference_weights
from mgskel.skeleton import Skeleton
from mgskel.spotting.features import CHANNELS, Features, FeatureSettings
from mgskel.spotting.reach import STEM_KERNEL, STRIDE, NetworkSettings, Reach, chunks

State = Mapping[str, np.ndarray]
_EPSILON = 1e-5
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
        self._head = weights["light.head.weight"], weights["light.head.bias"]
        self._stem = _Stem(_under("light.stem.", weights), features.skeleton)
        self._blocks = [
            _Block(_under(f"light.blocks.{index}.", weights))
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
        features, share = self._features(x, mask)
        pooled = np.einsum("tvc,tv->tc", features, share)
        return np.asarray((pooled @ self._head[0].T + self._head[1]).T)

    def scores(self, features: Features) -> np.ndarray:
        """Probabilities (K + 1, T) on the features' grid; the last row is "any gesture"."""
        parts = [
            self.logits(chunk.x, chunk.mask)[:, chunk.first : chunk.first + chunk.count]
            for chunk in chunks(features, self.reach)
        ]
        if not parts:
            return np.zeros((self.num_classes + 1, 0), np.float32)
        answers = sigmoid(np.concatenate(parts, 1))
        return np.repeat(answers, STRIDE, axis=1)[:, : features.num_frames]

    def slopes(self, x: np.ndarray, mask: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """How the sum of logits times goal (K + 1, ceil(T / 2)) changes with x, (C, T, V)."""
        kept: list[_Kept] = []
        _, share = self._features(x, mask, kept)
        slope = (goal.T @ self._head[0])[:, None] * share[:, :, None]
        for block, step in zip(reversed(self._blocks), reversed(kept[1:]), strict=True):
            slope = block.backward(slope, step)
        return self._stem.backward(slope, kept[0], x, mask)

    def _features(
        self, x: np.ndarray, mask: np.ndarray, kept: list[_Kept] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The last block's features (T', V, C), and each joint's share in their mean (T', V)."""
        seen = mask if len(mask) % STRIDE == 0 else np.pad(mask, ((0, 1), (0, 0)))
        valid = np.asarray(seen.reshape(-1, STRIDE, mask.shape[1]).any(1))
        frames = np.asarray(valid.any(1), np.float32)[:, None, None]
        y = self._stem.forward(x, mask)
        if kept is not None:
            kept.append((y > 0, y > 0))
        for block in self._blocks:
            y, step = block.forward(y, frames)
            if kept is not None:
                kept.append(step)
        return y, (valid / np.maximum(valid.sum(1, keepdims=True), 1)).astype(np.float32)


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


# Where a layer's output, and what is inside it, was positive.
_Kept = tuple[np.ndarray, np.ndarray]


class _Stem:
    """Coordinates, and what they are relative to, over a few frames; see `RelativeStem`."""

    def __init__(self, weights: State, skeleton: Skeleton) -> None:
        self.references = reference_weights(skeleton)
        scale = weights["norm.weight"] / np.sqrt(weights["norm.variance"] + _EPSILON)
        offset = weights["norm.bias"] - weights["norm.mean"] * scale
        self.scale, self.offset = scale[0, :, 0].T.copy(), offset[0, :, 0].T.copy()
        kernel, bias = _folded(_under("conv.conv.", weights), _under("conv.norm.", weights))
        self.kernel = np.ascontiguousarray(kernel[..., 0].transpose(2, 1, 0))  # (5, C, C')
        self.bias = weights["joint"][0, :, 0].T + bias

    def forward(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """x (C, T, V), mask (T, V) -> (T', V, C')"""
        place = np.where(mask, x, 0).transpose(1, 2, 0)
        share, comparable = self._comparable(mask)
        views = [place * mask[..., None]]
        for reference, known, both in zip(self.references, share, comparable, strict=True):
            relative = (reference @ place) / known[..., None]
            views.append((place - relative) * both[..., None])
        values = np.concatenate(views, 2)
        values = (values * self.scale + self.offset) * mask[..., None]
        values = np.concatenate([values, mask[..., None]], 2).astype(np.float32)
        return np.asarray(np.maximum(self._convolve(values) + self.bias, 0))

    def backward(
        self, slope: np.ndarray, kept: _Kept, x: np.ndarray, mask: np.ndarray
    ) -> np.ndarray:
        channels, frames, joints = x.shape
        slope = slope * kept[0]
        half = STEM_KERNEL // 2
        spread = np.zeros((frames + 2 * half + STRIDE, joints, self.kernel.shape[1]), np.float32)
        for step, kernel in enumerate(self.kernel):
            spread[step : step + STRIDE * len(slope) : STRIDE] += slope @ kernel.T
        views = spread[half : half + frames, :, :-1] * self.scale * mask[..., None]
        result = views[..., :channels].copy()
        share, comparable = self._comparable(mask)
        for index, reference in enumerate(self.references):
            start = (index + 1) * channels
            own = views[..., start : start + channels] * comparable[index][..., None]
            result += own - reference.T @ (own / share[index][..., None])
        return np.asarray((result * mask[..., None]).transpose(2, 0, 1))

    def _comparable(self, mask: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Per reference: how much of it is seen, and whether it and the joint are, (T, V)."""
        known = [mask.astype(np.float32) @ reference.T for reference in self.references]
        return [np.maximum(k, 1e-6) for k in known], [(k > 0) & mask for k in known]

    def _convolve(self, values: np.ndarray) -> np.ndarray:
        """(T, V, C) -> (ceil(T / 2), V, C')"""
        frames, half = len(values), STEM_KERNEL // 2
        padded = np.pad(values, ((half, half + STRIDE), (0, 0), (0, 0)))
        count = -(-frames // STRIDE)
        taps = [padded[k : k + STRIDE * count : STRIDE] for k in range(STEM_KERNEL)]
        return np.asarray(sum(tap @ kernel for tap, kernel in zip(taps, self.kernel, strict=True)))


class _Block:
    """Joints, then time; see `LightBlock`, whose graphs follow no sample here."""

    def __init__(self, weights: State) -> None:
        if weights["graph.strength"].any():
            raise ValueError("graph.strength: graphs that follow the sample are not known here")
        self.graphs = weights["graph.graphs"]
        spatial, self.spatial_bias = _norm_folded(_under("spatial.", weights))
        temporal, self.temporal_bias = _norm_folded(_under("temporal.", weights))
        self.spatial = np.ascontiguousarray(spatial[..., 0, 0].T)
        self.filter = np.ascontiguousarray(weights["filter.weight"][:, 0, :, 0].T)
        self.filter_bias = weights["filter.bias"]
        self.temporal = np.ascontiguousarray(temporal[..., 0, 0].T)

    def forward(self, x: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, _Kept]:
        """x (T, V, C), frames (T, 1, 1) -> (T, V, C) and what the way back needs."""
        inner = _mixed(x, self.graphs) @ self.spatial
        inner += self.spatial_bias
        np.maximum(inner, 0, out=inner)
        inner *= frames
        y = (_filtered(inner, self.filter) + self.filter_bias) @ self.temporal
        y += self.temporal_bias
        y += x
        np.maximum(y, 0, out=y)
        # Where no frame is, `inner` is 0, so its sign holds the frames too.
        return y, (y > 0, inner > 0)

    def backward(self, slope: np.ndarray, kept: _Kept) -> np.ndarray:
        slope = slope * kept[0]
        inner = _filtered(slope @ self.temporal.T, self.filter[::-1]) * kept[1]
        return slope + _mixed(inner @ self.spatial.T, self.graphs.transpose(0, 2, 1))


def _mixed(x: np.ndarray, graphs: np.ndarray) -> np.ndarray:
    """Joints of x (T, V, C) mixed along a graph (V, V) per head."""
    frames, joints, channels = x.shape
    heads = len(graphs)
    tokens = x.reshape(frames, joints, heads, -1).transpose(2, 1, 0, 3).reshape(heads, joints, -1)
    mixed = (graphs @ tokens).reshape(heads, joints, frames, -1).transpose(2, 1, 0, 3)
    return mixed.reshape(frames, joints, channels)


def _filtered(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Each channel of x (T, V, C) along time with its own taps (k, C)."""
    half = len(taps) // 2
    result = x * taps[half]
    for step, tap in enumerate(taps):
        away = step - half
        if away < 0:
            result[-away:] += x[:away] * tap
        elif away > 0:
            result[:-away] += x[away:] * tap
    return result


def _norm_folded(weights: State) -> tuple[np.ndarray, np.ndarray]:
    return _folded(_under("conv.", weights), _under("norm.", weights))


def _folded(conv: State, norm: State) -> tuple[np.ndarray, np.ndarray]:
    """A convolution's weights with the normalisation after it, and the bias."""
    scale = norm["weight"] / np.sqrt(norm["running_var"] + _EPSILON)
    kernel = conv["weight"] * scale[:, None, None, None]
    return kernel, norm["bias"] - norm["running_mean"] * scale


def _under(prefix: str, weights: State) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
