"""A network fed piece by piece: each frame goes through each layer once, or a few times.

Before a layer stand the few frames that its next answers look back on, and those that still wait
for what comes after them. The answers are those for the whole recording, whatever the pieces: a
camera gives single frames, a long file blocks of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mgskel.core.errors import InputError
from mgskel.models.backbone import Backbone, Stage
from mgskel.models.layers.basic import shrink_time

FOLLOWING = "light with follow_sample false, stgcn, gat, heatmap"


class Stream:
    """`Backbone.forward_frames` of something that is still going on.

    Before the first frame and after the last nobody is seen.

    Args:
        network: one whose answers rest on a bounded span of time.
        sequences: N, how many are followed at once.
    """

    def __init__(self, network: Backbone, sequences: int = 1) -> None:
        span = network.span
        if span is None:
            raise InputError(
                "this network looks at the whole of a recording and cannot follow it",
                expected=f"{FOLLOWING}; a fusion window",
                found=type(network).__name__,
            )
        self.network = network
        self.span = span
        shape = (sequences, network.in_channels, 0, network.skeleton.num_joints)
        self._nothing = torch.zeros(shape), torch.zeros(sequences, 0, shape[3], dtype=torch.bool)
        self._stages = [_StageStream(stage) for stage in network.stages()]
        self._pushed = self._answered = 0

    def push(self, x: Tensor, mask: Tensor) -> Tensor:
        """Class scores (N, n, K) of the moments, every `time_stride` frames, that are now known.

        Args:
            x: the next frames, (N, C, T, V).
            mask: (N, T, V) bool.
        """
        self._pushed += x.shape[2]
        scores = self._scores(x, mask)
        self._answered += scores.shape[1]
        return scores

    def finish(self) -> Tensor:
        """Class scores (N, n, K) of the last moments: there are no more frames."""
        missing = -(-self._pushed // self.network.time_stride) - self._answered
        x, mask = self._nothing
        ahead = self.span.ahead + self.network.time_stride
        blank = x.new_zeros(*x.shape[:2], ahead, x.shape[3])
        return self._scores(blank, mask.new_zeros(len(mask), ahead, mask.shape[2]))[:, :missing]

    @torch.inference_mode()
    def _scores(self, x: Tensor, mask: Tensor) -> Tensor:
        seen = mask.unsqueeze(1)
        y, valid = torch.where(seen, x, 0.0), seen.to(x.dtype)
        for stage in self._stages:
            if y.shape[2] == 0:
                break
            y, valid = stage.push(y, valid)
        if y.shape[2] == 0:
            return y.new_zeros(len(y), 0, self.network.num_classes)
        return self.network.moment_scores(y, valid)


class _StageStream:
    """One stage, and the frames that its next answers need."""

    def __init__(self, stage: Stage) -> None:
        assert stage.span is not None
        self.stage = stage
        # Whole strides, so that answers fall on the same frames as in the whole recording.
        self._back = -(-stage.span.back // stage.stride)
        self._ahead = max(stage.span.ahead, stage.stride - 1)
        self._x: Tensor | None = None
        self._valid: Tensor | None = None

    def push(self, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """The next frames, (N, C, T, V) and (N, 1, T, V); what can be answered now."""
        stride = self.stage.stride
        before = self._back * stride
        if self._x is None or self._valid is None:
            self._x = x.new_zeros(*x.shape[:2], before, x.shape[3])
            self._valid = valid.new_zeros(len(x), 1, before, x.shape[3])
        x, valid = _joined(self._x, x), _joined(self._valid, valid)
        ready = max(0, (x.shape[2] - before - self._ahead + stride - 1) // stride)
        self._x, self._valid = x[:, :, ready * stride :], valid[:, :, ready * stride :]
        if not ready:
            return x[:, :, :0], valid[:, :, :0]
        needed = before + (ready - 1) * stride + self._ahead + 1
        x, valid = x[:, :, :needed], valid[:, :, :needed]
        shrunk = shrink_time(valid, stride)
        assert shrunk is not None
        here = slice(self._back, self._back + ready)
        return self.stage.answers(x, valid, here), shrunk[:, :, here]


def _joined(before: Tensor, after: Tensor) -> Tensor:
    """Along time, lying in memory as (N, T, V, C), which is what layers are fast on."""
    return torch.cat([x.permute(0, 2, 3, 1) for x in (before, after)], 1).permute(0, 3, 1, 2)
