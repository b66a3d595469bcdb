"""The dense network fed piece by piece: each frame goes through each layer once.

Layers keep the few frames that their next answers look back on. The answers are those of the
whole recording, whatever the pieces; a camera gives single frames, a long file blocks of them.
"""

from __future__ import annotations

import numpy as np

from mgskel.spotting.features import CHANNELS
from mgskel.spotting.quick import QuickNetwork, halved, sigmoid
from mgskel.spotting.quick_layers import Block
from mgskel.spotting.reach import STRIDE

_BACK = 3
"""Frames before a pair of new ones that the stem looks at."""


class Following:
    """Follows one person: held still before the first frame, not seen after the last.

    An answer looks back over a second and a half. With nobody seen there, the first gestures of a
    recording would be missed, whatever it shows; a still person is no gesture.
    """

    def __init__(self, network: QuickNetwork) -> None:
        self.network = network
        joints = network.features.skeleton.num_joints
        # One frame waits: an answer's last frame is an even one, so pairs end with even frames.
        self._x = np.zeros((CHANNELS, _BACK + 1, joints), np.float32)
        self._mask = np.zeros((_BACK + 1, joints), bool)
        self._blocks = [_FollowingBlock(block, joints) for block in network.blocks]
        self._given = self._answered = 0
        self._early = 0

    def push(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Probabilities (K + 1, n) of the moments that are now known, every second frame.

        Args:
            x, mask: the next frames, (C, T, V) and (T, V).
        """
        if not self._given and len(mask):
            self._hold(x[:, :1], mask[:1])
        self._given += len(mask)
        return self._answers(x, mask)

    def finish(self) -> np.ndarray:
        """The recording is over: the answers for its last moments."""
        missing = -(-self._given // STRIDE) - self._answered
        ahead = self.network.reach.ahead + STRIDE
        x, mask = self._blank(ahead)
        return self._answers(x, mask)[:, :missing]

    def _answers(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        self._x = np.concatenate([self._x, x], 1)
        self._mask = np.concatenate([self._mask, mask])
        count = (len(self._mask) - _BACK) // STRIDE
        if not count:
            return np.zeros((self.network.num_classes + 1, 0), np.float32)
        size = _BACK + count * STRIDE
        new = slice(1, 1 + count)
        y = self.network.stem.forward(self._x[:, :size], self._mask[:size])[new]
        valid = halved(self._mask[:size])[new]
        self._x = self._x[:, count * STRIDE :]
        self._mask = self._mask[count * STRIDE :]
        for block in self._blocks:
            y, valid = block.push(y, valid)
        # The first answers are for moments before the recording.
        early = min(self._early, count)
        self._early -= early
        answers = sigmoid(self.network.judged(y, valid))[:, early:]
        self._answered += answers.shape[1]
        return answers

    def _hold(self, x: np.ndarray, mask: np.ndarray) -> None:
        """Let time pass in front of the recording's first frame, (C, 1, V) and (1, V).

        Its features are those of a still person: no speed, at the usual place.
        """
        frames = 2 * self.network.reach.side
        self._x[:], self._mask[:] = x, mask
        self._early = frames
        self._answers(np.repeat(x, frames, 1), np.repeat(mask, frames, 0))
        self._early = self.network.reach.ahead // STRIDE

    def _blank(self, frames: int) -> tuple[np.ndarray, np.ndarray]:
        joints = self._mask.shape[1]
        return np.zeros((CHANNELS, frames, joints), np.float32), np.zeros((frames, joints), bool)


class _FollowingBlock:
    """A block with the moments that its next outputs look back on."""

    def __init__(self, block: Block, joints: int) -> None:
        taps, channels = block.filter.shape
        self.block = block
        self._inner = np.zeros((taps - 1, joints, channels), np.float32)
        self._x = np.zeros((taps // 2, joints, channels), np.float32)
        self._valid = np.zeros((taps // 2, joints), bool)

    def push(self, x: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The next moments (T, V, C) and their joints (T, V); as many come out, somewhat older."""
        count = len(x)
        frames = np.asarray(valid.any(1), np.float32)[:, None, None]
        inner = np.concatenate([self._inner, self.block.inner(x, frames)])
        x, valid = np.concatenate([self._x, x]), np.concatenate([self._valid, valid])
        filtered = inner[:count] * self.block.filter[0]
        for step, tap in enumerate(self.block.filter[1:], 1):
            filtered += inner[step : step + count] * tap
        self._inner, self._x, self._valid = inner[count:], x[count:], valid[count:]
        return self.block.outer(filtered, x[:count]), valid[:count]
