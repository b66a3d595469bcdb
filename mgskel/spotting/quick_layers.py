"""The layers of `QuickNetwork`: stem and blocks of the `light` backbone in numpy, there and back.

Features lie as (T, V, C). Normalisations are folded in; graphs follow no sample.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mgskel.core.references import reference_weights
from mgskel.core.skeleton import Skeleton
from mgskel.spotting.reach import STEM_KERNEL, STRIDE

State = Mapping[str, np.ndarray]
_EPSILON = 1e-5

# Where a layer's output, and what is inside it, was positive.
Kept = tuple[np.ndarray, np.ndarray]


class Stem:
    """Coordinates, and what they are relative to, over a few frames; see `RelativeStem`."""

    def __init__(self, weights: State, skeleton: Skeleton) -> None:
        self.references = reference_weights(skeleton)
        scale = weights["norm.weight"] / np.sqrt(weights["norm.variance"] + _EPSILON)
        offset = weights["norm.bias"] - weights["norm.mean"] * scale
        self.scale, self.offset = scale[0, :, 0].T.copy(), offset[0, :, 0].T.copy()
        kernel, bias = _folded(under("conv.conv.", weights), under("conv.norm.", weights))
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
        self, slope: np.ndarray, kept: Kept, x: np.ndarray, mask: np.ndarray
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


class Block:
    """Joints, then time; see `LightBlock`, whose graphs follow no sample here."""

    def __init__(self, weights: State) -> None:
        if weights["graph.strength"].any():
            raise ValueError("graph.strength: graphs that follow the sample are not known here")
        self.graphs = weights["graph.graphs"]
        spatial, self.spatial_bias = _norm_folded(under("spatial.", weights))
        temporal, self.temporal_bias = _norm_folded(under("temporal.", weights))
        self.spatial = np.ascontiguousarray(spatial[..., 0, 0].T)
        self.filter = np.ascontiguousarray(weights["filter.weight"][:, 0, :, 0].T)
        self.filter_bias = weights["filter.bias"]
        self.temporal = np.ascontiguousarray(temporal[..., 0, 0].T)

    def forward(self, x: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, Kept]:
        """x (T, V, C), frames (T, 1, 1) -> (T, V, C) and what the way back needs."""
        inner = self.inner(x, frames)
        y = self.outer(_filtered(inner, self.filter), x)
        # Where no frame is, `inner` is 0, so its sign holds the frames too.
        return y, (y > 0, inner > 0)

    def inner(self, x: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """What goes into the filter along time."""
        inner = np.asarray(_mixed(x, self.graphs) @ self.spatial)
        inner += self.spatial_bias
        np.maximum(inner, 0, out=inner)
        inner *= frames
        return inner

    def outer(self, filtered: np.ndarray, x: np.ndarray) -> np.ndarray:
        """What is made of the filter's output, beside the block's input x."""
        y = np.asarray((filtered + self.filter_bias) @ self.temporal)
        y += self.temporal_bias
        y += x
        np.maximum(y, 0, out=y)
        return y

    def backward(self, slope: np.ndarray, kept: Kept) -> np.ndarray:
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
    return _folded(under("conv.", weights), under("norm.", weights))


def _folded(conv: State, norm: State) -> tuple[np.ndarray, np.ndarray]:
    """A convolution's weights with the normalisation after it, and the bias."""
    scale = norm["weight"] / np.sqrt(norm["running_var"] + _EPSILON)
    kernel = conv["weight"] * scale[:, None, None, None]
    return kernel, norm["bias"] - norm["running_mean"] * scale


def under(prefix: str, weights: State) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
