"""Augmentations of when: small classes that bend time maps, and one that hides moments.

A time map (N, T) says for every output frame which place of the recording to show, in frames
from 0 to length - 1. Bending the map before the clip is cut costs nothing and interpolates once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mgskel.datasets.augment.space import chosen, uniform
from mgskel.datasets.clips import Clips


@dataclass(frozen=True)
class TemporalCrop:
    """Show a random part of each clip that holds at least `least` of it."""

    least: float

    def __call__(self, times: Tensor, lengths: Tensor, rng: Generator) -> Tensor:
        share = uniform((len(times), 1), self.least, 1.0, rng)
        begin = torch.rand((len(times), 1), generator=rng) * (1 - share)
        last = (lengths[:, None] - 1).to(times.dtype)
        return times * share + begin * last


@dataclass(frozen=True)
class Speed:
    """Let the tempo drift within the clip, by up to about a factor of 1 + `amount`.

    Beginning and end stay where they are: how fast the whole clip is shown is the crop's matter.
    """

    amount: float

    def __call__(self, times: Tensor, lengths: Tensor, rng: Generator) -> Tensor:
        n, window = times.shape
        if window < 3:
            return times
        waves = uniform((n, 2, 1), -1.0, 1.0, rng) * math.log1p(self.amount) / 2
        phase = torch.linspace(0, math.pi, window - 1)
        tempo = (waves[:, 0] * phase.cos() + waves[:, 1] * (2 * phase).cos()).exp()
        place = torch.cat([torch.zeros(n, 1), tempo.cumsum(1)], dim=1)
        place = place / place[:, -1:] * (window - 1)
        early = place.floor().long().clamp(max=window - 2)
        return torch.lerp(times.gather(1, early), times.gather(1, early + 1), place - early)


@dataclass(frozen=True)
class Repetition:
    """Show the clip twice in a row with the given probability: micro-gestures repeat."""

    probability: float

    def __call__(self, times: Tensor, lengths: Tensor, rng: Generator) -> Tensor:
        window = times.shape[1]
        twice = torch.cat([times[:, 0::2], times[:, 0::2]], dim=1)[:, :window]
        return torch.where(chosen(len(times), self.probability, rng)[:, None], twice, times)


@dataclass(frozen=True)
class Posterise:
    """Hold each pose for 2 to `most` frames with the given probability, as low frame rates do."""

    probability: float
    most: int = 4

    def __call__(self, times: Tensor, lengths: Tensor, rng: Generator) -> Tensor:
        hold = torch.randint(2, self.most + 1, (len(times), 1), generator=rng)
        frame = torch.arange(times.shape[1])[None]
        held = times.gather(1, frame // hold * hold)
        return torch.where(chosen(len(times), self.probability, rng)[:, None], held, times)


@dataclass(frozen=True)
class TemporalMask:
    """Lose all joints for one block of up to `share` of the clip."""

    share: float

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        n, _, window, _ = clips.scores.shape
        length = (torch.rand(n, generator=rng) * (self.share * window + 1)).floor()
        begin = (torch.rand(n, generator=rng) * (window - length + 1)).floor()
        frame = torch.arange(window)[None]
        block = (frame >= begin[:, None]) & (frame < (begin + length)[:, None])
        return clips.hidden(block[:, None, :, None])
