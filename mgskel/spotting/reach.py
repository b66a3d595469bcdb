"""How far an answer of the dense network sees, and the pieces of a recording it is computed in.

Free of torch, so that answers can be given without loading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mgskel.spotting.features import Features

STRIDE = 2
"""Grid frames per answer."""
STEM_KERNEL = 5
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


@dataclass(frozen=True)
class Reach:
    """What an answer has seen.

    Attributes:
        side: frames to either side of its place in the network's output.
        shift: frames from the moment it speaks of back to that place.
    """

    side: int
    shift: int

    @classmethod
    def of(cls, settings: NetworkSettings, rate_hz: float) -> Reach:
        side = STEM_KERNEL // 2 + len(settings.channels) * (settings.kernel // 2) * STRIDE
        ahead = round(settings.lookahead_s * rate_hz)
        # Even, so that answers fall on the places that the stride keeps.
        return cls(side, (side - ahead) // STRIDE * STRIDE)

    @property
    def past(self) -> int:
        """Frames before t that the answer for t has seen."""
        return self.side + self.shift

    @property
    def ahead(self) -> int:
        """Frames after t that the answer for t has seen."""
        return self.side - self.shift


@dataclass(frozen=True, eq=False)
class Chunk:
    """A piece of a recording with all that its answers look at.

    Attributes:
        x: (C, T, V), 0 where missing.
        mask: (T, V) bool.
        begin: the recording's frame (maybe before its first) that x starts with.
        start, stop: the recording's frames that are answered here.
        first, count: which of the network's answers these are.
    """

    x: np.ndarray
    mask: np.ndarray
    begin: int
    start: int
    stop: int
    first: int
    count: int


def chunks(features: Features, reach: Reach) -> Iterator[Chunk]:
    """Pieces that overlap by the network's view.

    Memory does not grow with the recording, and answers do not depend on the pieces. Before the
    first frame that frame is held (see `Following`).
    """
    values, seen = features.values, features.mask
    for start in range(0, features.num_frames, _CHUNK):
        stop = min(start + _CHUNK, features.num_frames)
        begin = start - -(-reach.past // STRIDE) * STRIDE
        end = stop + reach.ahead + 1
        x = np.zeros((values.shape[0], end - begin, values.shape[2]), np.float32)
        mask = np.zeros((end - begin, values.shape[2]), bool)
        low, high = max(begin, 0), min(end, features.num_frames)
        x[:, low - begin : high - begin] = values[:, low:high]
        mask[low - begin : high - begin] = seen[low:high]
        before = max(-begin, 0)
        x[:, :before], mask[:before] = values[:, :1], seen[:1]
        first = (start - begin - reach.shift) // STRIDE
        yield Chunk(x, mask, begin, start, stop, first, -(-(stop - start) // STRIDE))
