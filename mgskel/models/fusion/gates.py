"""Balanced fusion: lets small, brief movements survive the averaging of graph networks.

Micro-gestures are small in space and short in time; networks that average over joints and moments
lose them. Behind a block, `BalancedFusion` looks at features from two sides, decides which joints
and which moments matter, and balances the two decisions per channel; where the network averages,
`mgskel.models.fusion.pooling` does the like. Both change nothing until trained.

Of a clip everything is summarised. Of a stream, of which nobody knows the end, each moment has a
view of its own: of the last few seconds. That is the same module with a
`window`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton
from mgskel.models.fusion.readout import FusionReadout, Traced
from mgskel.models.fusion.windows import window_sums
from mgskel.models.layers.basic import Span
from mgskel.models.layers.graph import neighbours


@dataclass(frozen=True)
class FusionParts:
    """Which parts of the fusion are at work; switches for ablations.

    Attributes:
        moment_peak: in the pooling of clips, the strongest moment has a share.
        joint_peak: in the pooling of clips, the strongest joint has a share.
        gates: behind blocks, features are gated. By default in networks for streams alone: a
            clip's pooling gains more and costs less (docs/results/fusion.md), and a stream has
            no end at which to pool.
        joint_gate: of the gates, joints are weighed.
        time_gate: of the gates, moments are weighed.
        balance: the share of either gate is decided per sample and channel; else one half each.
        spread: the gates' summaries hold the spread beside the mean.
    """

    moment_peak: bool = True
    joint_peak: bool = True
    gates: bool | None = None
    joint_gate: bool = True
    time_gate: bool = True
    balance: bool = True
    spread: bool = True

    @property
    def pooling(self) -> bool:
        return self.moment_peak or self.joint_peak


class BalancedFusion(Traced):
    """Two views, two gates, one balance per channel.

    The views summarise each joint over time, and each moment over joints, by mean and spread. A
    joint's gate follows from its own summary and from those of the joints it hangs on; a moment's
    gate from its own and those of a few moments around it. With ``a`` and ``b`` these gates (in
    -1..1, one per head, a head being a group of channels) and ``s`` the balance::

        y[n, c, t, v] = x[n, c, t, v] * (1 + s[n, c] a[n, c, v] + (1 - s[n, c]) b[n, c, t])

    The last layer of either gate starts at zero: the module starts as the identity, and its gates
    receive gradients from the first step on. With a `window`, ``s`` and ``a`` follow the moment:
    each has seen the moments of its own window alone.

    Args:
        parts: what to leave out, for ablations.
        window: moments that are summarised, up to `reach` moments after each; all by default.
        width: channels of the summaries' encodings.
        heads: gates per axis; must divide `channels`.
        reach: moments to either side that the time gate takes into account.
        causal: with a window, nothing after a moment is looked at: window and reach lie before it.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        channels: int,
        parts: FusionParts | None = None,
        width: int = 16,
        heads: int = 4,
        reach: int = 2,
        window: int | None = None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        if channels % heads:
            raise InputError(
                "heads are equal groups of channels",
                expected=f"a number of heads that divides {channels}",
                found=heads,
            )
        self.parts = parts or FusionParts()
        self.channels, self.heads, self.reach = channels, heads, reach
        self.causal = causal
        self.window = window
        self.encode = nn.Linear(channels * (2 if self.parts.spread else 1), width)
        if self.parts.joint_gate:
            self.joint_gate = _starting_at_zero(width, heads)
            self.joint_graph = nn.Parameter(torch.from_numpy(neighbours(skeleton)).float())
            self.joint_place = nn.Parameter(torch.zeros(skeleton.num_joints, heads))
        if self.parts.time_gate:
            self.time_gate = _starting_at_zero(width * (2 * reach + 1), heads)
        if self.parts.balance:
            self.balance = nn.Linear(width, channels)

    @property
    def window(self) -> int | None:
        return self._window

    @window.setter
    def window(self, moments: int | None) -> None:
        if moments is not None and moments <= self.reach:
            raise InputError(
                "a fusion's window is too short",
                expected=f"more than the {self.reach} moments after its place",
                found=moments,
            )
        self._window = moments

    @property
    def _ahead(self) -> int:
        return 0 if self.causal and self.window is not None else self.reach

    @property
    def span(self) -> Span | None:
        """Moments that its answer for one rests on; None where that is all of them."""
        if self.window is None:
            return None
        return Span(max(2 * self.reach, self.window - 1) - self._ahead, self._ahead)

    def forward(
        self, x: Tensor, valid: Tensor | None = None, wanted: slice = slice(None)
    ) -> Tensor:
        """x (N, C, T, V), valid (N, 1, T, V) of 0 and 1 or None -> (N, C, T, V) of the moments
        that are `wanted`."""
        tokens = x.permute(0, 2, 3, 1)
        seen = None if valid is None else valid.permute(0, 2, 3, 1)
        if self.window is not None and seen is None:
            seen = torch.ones_like(tokens[..., :1])
        joints, moments, share = self._codes_and_share(tokens, seen, wanted)
        joint_gate = self._joint_gate(joints)
        time_gate, tokens = self._time_gate(moments)[:, wanted], tokens[:, wanted]
        per_head = share.unflatten(2, (self.heads, -1)).unsqueeze(2)
        wide = time_gate.unsqueeze(2).unsqueeze(4)
        # (N, R, V, C) and (N, T, 1, C), where R is T over windows and 1 over everything.
        along_joints = (joint_gate.unsqueeze(4) * per_head).flatten(3)
        along_time = torch.addcmul(wide, wide, per_head, value=-1).flatten(3)
        gate = along_joints + along_time
        self._trace.lean = share.mean(2) - 0.5 if self.training and self.parts.balance else None
        if self._trace.listening:
            self._trace.readout = self._readout(tokens, gate, joint_gate, time_gate, share)
        return torch.addcmul(tokens, tokens, gate).permute(0, 3, 1, 2)

    def _codes_and_share(
        self, tokens: Tensor, seen: Tensor | None, wanted: slice
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Codes of the joints (N, R, V, width), of the moments (N, T, width), and the balance
        (N, R, C)."""
        v = tokens.shape[2]
        if self.window is not None and seen is not None:
            return self._window_codes_and_share(tokens, seen, wanted)
        codes = functional.relu(self.encode(self._summaries(tokens, seen)))
        if seen is None:
            mean = codes.mean(1)
        else:
            present = torch.cat([seen.amax(1), seen.amax(2)], dim=1)
            codes = codes * present
            mean = codes.sum(1) / present.sum(1).clamp(min=1)
        return codes[:, None, :v], codes[:, v:], self._share(mean).unsqueeze(1)

    def _summaries(self, tokens: Tensor, seen: Tensor | None) -> Tensor:
        """Mean and spread of each joint over time, then of each moment over joints,
        (N, V + T, 2C)."""
        n, t, v, _ = tokens.shape

        def means(values: Tensor) -> Tensor:
            # Reducing the outer axis of a flat view is far faster than an inner axis.
            over_time = values.reshape(n, t, -1).mean(1).view(n, v, -1)
            over_joints = values.reshape(n * t, v, -1).mean(1).view(n, t, -1)
            return torch.cat([over_time, over_joints], dim=1)

        if seen is None:
            return self._mean_and_spread(means, tokens)
        tokens = tokens * seen
        share_seen = means(seen).clamp(min=1e-6)
        return self._mean_and_spread(lambda values: means(values) / share_seen, tokens)

    def _window_codes_and_share(
        self, tokens: Tensor, seen: Tensor, wanted: slice
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same where each moment has seen its window alone: R is how many are `wanted`."""
        tokens = tokens * seen
        count, joints_there = self._recent(seen, wanted), seen.sum(2)
        share_of_time, share_of_joints = 1 / count.clamp(min=1), 1 / joints_there.clamp(min=1)
        joints = self._encoded(lambda values: self._recent(values, wanted) * share_of_time, tokens)
        moments = self._encoded(lambda values: values.sum(2) * share_of_joints, tokens)
        joint_seen, moment_seen = count.clamp(max=1), joints_there.clamp(max=1)
        joints, moments = joints * joint_seen, moments * moment_seen
        around = self._recent(torch.cat([moments, moment_seen], 2), wanted)
        total = joints.sum(2) + around[..., :-1]
        number = joint_seen.sum(2) + around[..., -1:]
        return joints, moments, self._share(total / number.clamp(min=1))

    def _encoded(self, means: Callable[[Tensor], Tensor], tokens: Tensor) -> Tensor:
        return functional.relu(self.encode(self._mean_and_spread(means, tokens)))

    def _recent(self, values: Tensor, wanted: slice) -> Tensor:
        """Sums of values (N, T, ...) over the window of each wanted moment."""
        assert self.window is not None
        return window_sums(values, self.window, self._ahead, wanted)

    def _mean_and_spread(self, means: Callable[[Tensor], Tensor], tokens: Tensor) -> Tensor:
        mean = means(tokens)
        if not self.parts.spread:
            return mean
        variance = torch.addcmul(means(tokens * tokens), mean, mean, value=-1)
        return torch.cat([mean, variance.clamp(min=1e-6).sqrt()], dim=-1)

    def _share(self, codes: Tensor) -> Tensor:
        """The balance: the joint gate's share of each channel, (..., C), from the mean code
        (..., width) of both views."""
        if not self.parts.balance:
            return codes.new_full((*codes.shape[:-1], self.channels), 0.5)
        return torch.sigmoid(self.balance(codes))

    def _joint_gate(self, joints: Tensor) -> Tensor:
        """(N, R, V, width) -> gates (N, R, V, heads) in -1..1"""
        if not self.parts.joint_gate:
            return joints.new_zeros((*joints.shape[:3], self.heads))
        n, steps, v, _ = joints.shape
        own = self.joint_gate(joints).reshape(n * steps, v, self.heads)
        place = self.joint_place.expand(n * steps, -1, -1)
        graph = self.joint_graph.expand(n * steps, -1, -1)
        return torch.tanh(torch.baddbmm(place, graph, own)).view(n, steps, v, self.heads)

    def _time_gate(self, moments: Tensor) -> Tensor:
        """(N, T, width) -> gates (N, T, heads) in -1..1"""
        if not self.parts.time_gate:
            return moments.new_zeros((*moments.shape[:2], self.heads))
        n, t, width = moments.shape
        before = moments.new_zeros(n, 2 * self.reach - self._ahead, width)
        longer = torch.cat([before, moments, moments.new_zeros(n, self._ahead, width)], dim=1)
        around = [longer[:, i : i + t] for i in range(2 * self.reach + 1)]
        return torch.tanh(self.time_gate(torch.cat(around, dim=2)))

    def _readout(
        self, tokens: Tensor, gate: Tensor, joint_gate: Tensor, time_gate: Tensor, share: Tensor
    ) -> FusionReadout:
        joints, balance = joint_gate.permute(0, 3, 1, 2), share.transpose(1, 2)
        if self.window is None:
            joints, balance = joints.squeeze(2), balance.squeeze(2)
        return FusionReadout(
            1 + joints.detach(),
            1 + time_gate.detach().transpose(1, 2),
            balance.detach(),
            (tokens * gate).detach().abs().mean(3),
        )

    def extra_repr(self) -> str:
        return f"channels={self.channels}, heads={self.heads}, window={self.window}, {self.parts}"


def _starting_at_zero(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def balance_loss(model: nn.Module) -> Tensor:
    """How far the fusions of a model lean to one axis, 0..1; of the last training pass.

    Single channels may lean as they like; a sample whose channels all lean to one side is
    penalised. To be added to the training loss with a small weight; 0 without fusions.
    """
    leans = [
        module._trace.lean
        for module in model.modules()
        if isinstance(module, BalancedFusion) and module._trace.lean is not None
    ]
    if not leans:
        return torch.zeros(())
    return 4 * torch.stack([lean.square().mean() for lean in leans]).mean()
