"""Batches for training: windows drawn from pieces, varied, with the targets of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mgskel.core.skeleton import Skeleton
from mgskel.spotting.corpus import Piece
from mgskel.spotting.network import Timing
from mgskel.spotting.variation import VariationSettings, varied


@dataclass(frozen=True)
class ExampleSettings:
    """How examples are drawn.

    Attributes:
        batch: examples at once.
        window: frames of each.
        outside: frames of a window that may lie before or after its piece.
        long: power of a piece's length in its chance of being drawn.
        variation: how examples are varied.
    """

    batch: int = 16
    window: int = 128
    outside: int = 48
    long: float = 0.5
    variation: VariationSettings = VariationSettings()


def draw_examples(
    pieces: Sequence[Piece],
    skeleton: Skeleton,
    timing: Timing,
    settings: ExampleSettings,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A batch: x (N, C, T, V), mask (N, T, V), targets and known (N, K + 1, T / stride).

    Args:
        timing: of the network, whose answers the targets are for.
    """
    lengths = np.array([piece.num_frames for piece in pieces], float)
    # Long recordings hold more, clips are denser.
    chance = lengths**settings.long
    chosen = rng.choice(len(pieces), settings.batch, p=chance / chance.sum())
    batch = [_window(pieces[i], timing, settings, rng) for i in chosen]
    values, mask, targets, known = (np.stack(items) for items in zip(*batch, strict=True))
    x = torch.from_numpy(values.astype(np.float32))
    x, seen = varied(x, torch.from_numpy(mask), skeleton, settings.variation, rng)
    return x, seen, torch.from_numpy(targets), torch.from_numpy(known)


def _window(
    piece: Piece, timing: Timing, settings: ExampleSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """As when spotting: before a recording its first frame is held, after it nobody is seen."""
    size, outside = settings.window, settings.outside
    start = int(rng.integers(-outside, max(piece.num_frames - size + outside, 1 - outside)))
    values = _held(piece.values, start, _cut(piece.values, start, size, axis=1), axis=1)
    mask = _held(piece.mask, start, _cut(piece.mask, start, size, axis=0), axis=0)
    targets = _cut(piece.targets, start + timing.shift, size, axis=1)
    known = _cut(piece.known, start + timing.shift, size, axis=1)
    both = np.concatenate([targets, targets.any(0, keepdims=True)])
    # A doubtful moment of one gesture is certain for "any" while another one goes on.
    sure = known.all(0, keepdims=True) | (targets & known).any(0, keepdims=True)
    answered = slice(None, None, timing.stride)
    return values, mask, both[:, answered], np.concatenate([known, sure])[:, answered]


def _held(array: np.ndarray, start: int, cut: np.ndarray, axis: int) -> np.ndarray:
    """The cut with the array's first entry before its begin."""
    before = [slice(None)] * cut.ndim
    before[axis] = slice(0, max(-start, 0))
    cut[tuple(before)] = array.take([0], axis)
    return cut


def _cut(array: np.ndarray, start: int, size: int, axis: int) -> np.ndarray:
    """`size` entries from `start` on, zero outside the array."""
    shape = list(array.shape)
    shape[axis] = size
    result = np.zeros(shape, array.dtype)
    low, high = max(start, 0), min(start + size, array.shape[axis])
    if low < high:
        to = [slice(None)] * array.ndim
        to[axis] = slice(low - start, high - start)
        of = [slice(None)] * array.ndim
        of[axis] = slice(low, high)
        result[tuple(to)] = array[tuple(of)]
    return result
