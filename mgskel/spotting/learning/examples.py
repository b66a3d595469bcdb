"""Examples for training: windows of pieces with the targets of their answers.

They are varied as other people, cameras, estimators and layouts would have given them. That works
on features (channels in pairs of x and y, all linear in the points), so that an example costs
nothing to vary and never looks the same twice.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mgskel.core.skeleton import Skeleton, convert, get_skeleton
from mgskel.datasets.batches import Batch
from mgskel.spotting.learning.corpus import Piece
from mgskel.spotting.network.features import window_of
from mgskel.spotting.network.stream_network import Timing

# A filtering estimator keeps this share of the frame before, so many frames back.
_KEPT, _LATEST = (0.1, 0.6), 6


@dataclass(frozen=True)
class VariationSettings:
    """How far examples are varied; shares are of examples, spreads standard deviations.

    Attributes:
        mirror: share seen in a mirror.
        scale: spread of the size.
        stretch: spread of the logarithm of height against width: recordings without a known
            picture size, and cameras from above or below.
        turn: spread of the picture's rotation, degrees.
        lag: share that comes late and smoothed, as estimators that filter give it.
        lose_hands, lose_hips, lose_joint: shares without fingers (of one or both hands), without
            hips, and of joints missing throughout.
        as_layout: share of which only the joints of one of `layouts` are left.
    """

    mirror: float = 0.5
    scale: float = 0.1
    stretch: float = 0.0
    turn: float = 0.0
    lag: float = 0.0
    lose_hands: float = 0.3
    lose_hips: float = 0.3
    lose_joint: float = 0.03
    as_layout: float = 0.0
    layouts: tuple[str, ...] = ("coco17", "openpose25", "imigue22", "kinect25")


@dataclass(frozen=True)
class ExampleSettings:
    """How examples are drawn.

    Attributes:
        window: frames of each.
        outside: frames of a window that may lie before or after its piece.
        long: power of a piece's length in its chance of being drawn.
        variation: how examples are varied.
    """

    window: int = 128
    outside: int = 48
    long: float = 0.5
    variation: VariationSettings = VariationSettings()


def draw_examples(
    pieces: Sequence[Piece],
    skeleton: Skeleton,
    timing: Timing,
    settings: ExampleSettings,
    count: int,
    rng: np.random.Generator,
) -> Batch:
    """Examples: x (N, C, T, V, 1), mask (N, T, V, 1), target and known (N, K + 1, T / stride).

    Args:
        timing: of the network, whose answers the targets are for.
    """
    lengths = np.array([piece.num_frames for piece in pieces], float)
    # Long recordings hold more, clips are denser.
    chance = lengths**settings.long
    chosen = rng.choice(len(pieces), count, p=chance / chance.sum())
    batch = [_window(pieces[i], timing, settings, rng) for i in chosen]
    values, mask, targets, sure = (np.stack(items) for items in zip(*batch, strict=True))
    x = torch.from_numpy(values.astype(np.float32))
    x, seen = varied(x, torch.from_numpy(mask), skeleton, settings.variation, rng)
    names = tuple(f"recording {i + 1}" for i in chosen)
    known = torch.from_numpy(sure)
    return Batch(x.unsqueeze(4), seen.unsqueeze(3), torch.from_numpy(targets), names, known)


def _window(
    piece: Piece, timing: Timing, settings: ExampleSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """As when spotting: before a recording its first frame is held, after it nobody is seen."""
    size, outside = settings.window, settings.outside
    start = int(rng.integers(-outside, max(piece.num_frames - size + outside, 1 - outside)))
    values = window_of(piece.values, start, size, axis=1, held=True)
    mask = window_of(piece.mask, start, size, axis=0, held=True)
    targets = window_of(piece.targets, start + timing.shift, size, axis=1)
    known = window_of(piece.known, start + timing.shift, size, axis=1)
    both = np.concatenate([targets, targets.any(0, keepdims=True)])
    # A doubtful moment of one gesture is certain for "any" while another one goes on.
    sure = known.all(0, keepdims=True) | (targets & known).any(0, keepdims=True)
    answered = slice(None, None, timing.stride)
    return values, mask, both[:, answered], np.concatenate([known, sure])[:, answered]


def varied(
    x: Tensor,
    mask: Tensor,
    skeleton: Skeleton,
    settings: VariationSettings,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Examples (N, C, T, V) and what is seen of them (N, T, V), each varied by itself."""
    x, mask = _mirrored(x, mask, skeleton, settings, rng)
    x = _turned(_resized(x, settings, rng), settings, rng)
    x = _late(x, mask, settings, rng)
    mask = mask & ~torch.from_numpy(_lost(len(x), skeleton, settings, rng)).unsqueeze(1)
    return x * mask.unsqueeze(1), mask


@functools.cache
def joints_given_by(layout: str, target: Skeleton) -> np.ndarray:
    """Which joints of `target` a layout has or lets one compute, (V,) bool."""
    source = get_skeleton(layout)
    points = np.zeros((source.num_joints, 2), np.float32)
    _, scores = convert(points, np.ones(source.num_joints), source, target, allow_missing=True)
    return scores > 0


def _mirrored(
    x: Tensor,
    mask: Tensor,
    skeleton: Skeleton,
    settings: VariationSettings,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    turned = torch.from_numpy(rng.random(len(x)) < settings.mirror)
    order = torch.from_numpy(skeleton.mirror)
    sign = torch.tensor([-1.0, 1.0] * (x.shape[1] // 2)).view(1, -1, 1, 1)
    return (
        torch.where(turned.view(-1, 1, 1, 1), (x * sign)[..., order], x),
        torch.where(turned.view(-1, 1, 1), mask[..., order], mask),
    )


def _resized(x: Tensor, settings: VariationSettings, rng: np.random.Generator) -> Tensor:
    """Larger or smaller, and taller or flatter: widths stay, they are the unit."""
    factor = 1 + settings.scale * rng.standard_normal((len(x), 1, 1, 1)).clip(-2, 2)
    x = x * torch.from_numpy(factor).float()
    if settings.stretch == 0:
        return x
    tall = np.exp(settings.stretch * rng.standard_normal((len(x), 1, 1, 1)).clip(-2, 2))
    factors = np.tile(np.concatenate([np.ones_like(tall), tall], 1), (1, x.shape[1] // 2, 1, 1))
    return x * torch.from_numpy(factors).float()


def _turned(x: Tensor, settings: VariationSettings, rng: np.random.Generator) -> Tensor:
    """As a tilted camera shows it."""
    if settings.turn == 0:
        return x
    angle = np.radians(settings.turn) * rng.standard_normal(len(x)).clip(-2, 2)
    cos, sin = (
        torch.from_numpy(part).float().view(-1, 1, 1, 1) for part in (np.cos(angle), np.sin(angle))
    )
    across, down = x[:, 0::2], x[:, 1::2]
    return torch.stack([cos * across - sin * down, sin * across + cos * down], 2).flatten(1, 2)


def _late(x: Tensor, mask: Tensor, settings: VariationSettings, rng: np.random.Generator) -> Tensor:
    """Some examples as means over their last frames: every channel is linear in the points."""
    late = np.flatnonzero(rng.random(len(x)) < settings.lag)
    keep = torch.from_numpy(rng.uniform(*_KEPT, len(late))).float().view(-1, 1, 1, 1)
    if not len(late):
        return x
    seen = mask[late].unsqueeze(1).to(x.dtype)
    total, weight = x[late] * seen, seen.clone()
    for back in range(1, _LATEST):
        total[:, :, back:] += keep**back * (x[late] * seen)[:, :, :-back]
        weight[:, :, back:] += keep**back * seen[:, :, :-back]
    x = x.clone()
    x[late] = total / weight.clamp(min=1e-6) * seen
    return x


def _lost(
    count: int, skeleton: Skeleton, settings: VariationSettings, rng: np.random.Generator
) -> np.ndarray:
    """Joints that an example lacks throughout, (N, V) bool."""
    lost = rng.random((count, skeleton.num_joints)) < settings.lose_joint
    for side in ("left", "right"):
        gone = rng.random(count) < settings.lose_hands
        for joint in skeleton.parts.get(f"{side}_hand", ()):
            lost[gone, joint] = True
    gone = rng.random(count) < settings.lose_hips
    for joint in (i for i, name in enumerate(skeleton.joints) if name.endswith("hip")):
        lost[gone, joint] = True
    for row in np.flatnonzero(rng.random(count) < settings.as_layout):
        layout = settings.layouts[int(rng.integers(len(settings.layouts)))]
        lost[row] |= ~joints_given_by(layout, skeleton)
    return lost
