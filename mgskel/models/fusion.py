"""Balanced fusion: lets small, brief movements survive the averaging of graph networks.

Micro-gestures are small in space and short in time; blocks that average over joints and moments
lose them. `BalancedFusion` looks at features from two sides, decides which joints and which
moments matter, and balances the two decisions per channel. It changes nothing until trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton
from mgskel.models.graph import neighbours
from mgskel.models.layers import ModelT, shrink_time, stride_of


@dataclass(frozen=True)
class FusionParts:
    """Which parts of the fusion are at work; switches for ablations.

    Attributes:
        spread: summaries hold the spread beside the mean.
        joint_gate: joints are weighed.
        time_gate: moments are weighed.
        balance: the share of either gate is decided per sample and channel; else one half each.
    """

    spread: bool = True
    joint_gate: bool = True
    time_gate: bool = True
    balance: bool = True


@dataclass(frozen=True)
class FusionReadout:
    """What one fusion decided for a batch.

    Attributes:
        joints: weight of each joint per head, (N, H, V); 1 leaves a joint as it was.
        moments: weight of each moment per head, (N, H, T).
        balance: share of the joint gate in each channel, (N, C); the rest is the time gate's.
        effect: how much the gates change the features of each joint at each moment, (N, T, V):
            a wide gate where nothing happens has none.
    """

    joints: Tensor
    moments: Tensor
    balance: Tensor
    effect: Tensor


class BalancedFusion(nn.Module):
    """Two views, two gates, one balance per channel.

    The views summarise each joint over time, and each moment over joints, by mean and spread. A
    joint's gate follows from its own summary and from those of the joints it hangs on; a moment's
    gate from its own and those of a few moments around it. With ``a`` and ``b`` these gates (in
    -1..1, one per head, a head being a group of channels) and ``s`` the balance::

        y[n, c, t, v] = x[n, c, t, v] * (1 + s[n, c] a[n, c, v] + (1 - s[n, c]) b[n, c, t])

    The last layer of either gate starts at zero: the module starts as the identity, and its gates
    receive gradients from the first step on.

    Args:
        skeleton: the layout of the joint axis.
        channels: C of the features.
        parts: what to leave out, for ablations.
        width: channels of the summaries' encodings.
        heads: gates per axis; must divide `channels`.
        reach: moments to either side that the time gate takes into account.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        channels: int,
        parts: FusionParts | None = None,
        width: int = 16,
        heads: int = 4,
        reach: int = 2,
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
        self.encode = nn.Linear(channels * (2 if self.parts.spread else 1), width)
        if self.parts.joint_gate:
            self.joint_gate = _starting_at_zero(width, heads)
            self.joint_graph = nn.Parameter(torch.from_numpy(neighbours(skeleton)).float())
            self.joint_place = nn.Parameter(torch.zeros(skeleton.num_joints, heads))
        if self.parts.time_gate:
            self.time_gate = _starting_at_zero(width * (2 * reach + 1), heads)
        if self.parts.balance:
            self.balance = nn.Linear(width, channels)
        self._trace = _Trace()

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """x (N, C, T, V), valid (N, 1, T, V) of 0 and 1 or None -> (N, C, T, V)"""
        tokens = x.permute(0, 2, 3, 1)
        _, t, v, _ = tokens.shape
        seen = None if valid is None else valid.permute(0, 2, 3, 1)
        codes = functional.relu(self.encode(self._summaries(tokens, seen)))
        share = self._share(codes, seen)
        joints, moments = codes[:, :v], codes[:, v:]
        if seen is not None:
            joints, moments = joints * seen.amax(1), moments * seen.amax(2)
        joint_gate = self._joint_gate(joints)
        time_gate = self._time_gate(moments)
        per_head = share.unflatten(1, (1, self.heads, -1))
        wide = time_gate.unsqueeze(3)
        along_joints = (joint_gate.unsqueeze(3) * per_head).flatten(2)
        along_time = torch.addcmul(wide, wide, per_head, value=-1).flatten(2)
        gate = along_joints.unsqueeze(1) + along_time.unsqueeze(2)
        self._trace.lean = share.mean(1) - 0.5 if self.training and self.parts.balance else None
        if self._trace.listening:
            self._trace.readout = FusionReadout(
                1 + joint_gate.detach().transpose(1, 2),
                1 + time_gate.detach().transpose(1, 2),
                share.detach(),
                (tokens * gate).detach().abs().mean(3),
            )
        return torch.addcmul(tokens, tokens, gate).permute(0, 3, 1, 2)

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

    def _mean_and_spread(self, means: Callable[[Tensor], Tensor], tokens: Tensor) -> Tensor:
        mean = means(tokens)
        if not self.parts.spread:
            return mean
        variance = torch.addcmul(means(tokens * tokens), mean, mean, value=-1)
        return torch.cat([mean, variance.clamp(min=1e-6).sqrt()], dim=2)

    def _share(self, codes: Tensor, seen: Tensor | None) -> Tensor:
        """The balance: the joint gate's share of each channel, (N, C), from both views."""
        if not self.parts.balance:
            return codes.new_full((codes.shape[0], self.channels), 0.5)
        if seen is None:
            return torch.sigmoid(self.balance(codes.mean(1)))
        present = torch.cat([seen.amax(1), seen.amax(2)], dim=1)
        total = (codes * present).sum(1) / present.sum(1).clamp(min=1)
        return torch.sigmoid(self.balance(total))

    def _joint_gate(self, joints: Tensor) -> Tensor:
        """(N, V, width) -> gates (N, V, heads) in -1..1"""
        if not self.parts.joint_gate:
            return joints.new_zeros((*joints.shape[:2], self.heads))
        n = joints.shape[0]
        place, graph = self.joint_place.expand(n, -1, -1), self.joint_graph.expand(n, -1, -1)
        return torch.tanh(torch.baddbmm(place, graph, self.joint_gate(joints)))

    def _time_gate(self, moments: Tensor) -> Tensor:
        """(N, T, width) -> gates (N, T, heads) in -1..1"""
        if not self.parts.time_gate:
            return moments.new_zeros((*moments.shape[:2], self.heads))
        outside = moments.new_zeros((moments.shape[0], self.reach, moments.shape[2]))
        longer = torch.cat([outside, moments, outside], dim=1)
        t = moments.shape[1]
        around = [longer[:, i : i + t] for i in range(2 * self.reach + 1)]
        return torch.tanh(self.time_gate(torch.cat(around, dim=2)))

    @property
    def readout(self) -> FusionReadout | None:
        """What was decided for the last batch, if someone is `reading`."""
        return self._trace.readout

    def extra_repr(self) -> str:
        return f"channels={self.channels}, heads={self.heads}, {self.parts}"


def _starting_at_zero(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class _Trace:
    """What the last forward pass left behind. Not part of the module's state: copies are empty."""

    def __init__(self) -> None:
        self.listening = False
        self.readout: FusionReadout | None = None
        self.lean: Tensor | None = None

    def __reduce__(self) -> tuple[type[_Trace], tuple[()]]:
        return (_Trace, ())


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


@contextmanager
def reading(model: nn.Module) -> Iterator[list[BalancedFusion]]:
    """While open, each forward pass leaves a `FusionReadout` at ``fusion.readout``.

    ::

        with reading(model) as fusions:
            model(x, mask)
        weights = fusions[-1].readout.joints
    """
    fusions = [module for module in model.modules() if isinstance(module, BalancedFusion)]
    for fusion in fusions:
        fusion._trace.listening = True
    try:
        yield fusions
    finally:
        for fusion in fusions:
            fusion._trace.listening = False


class FusedBlock(nn.Module):
    """A block with a fusion behind it; to the network it is a block like any other."""

    def __init__(self, block: nn.Module, fusion: BalancedFusion) -> None:
        super().__init__()
        self.block, self.fusion = block, fusion
        self.out_channels = fusion.channels
        self.stride = stride_of(block)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        if valid is None:
            return self.fusion(self.block(x))
        return self.fusion(self.block(x, valid), shrink_time(valid, self.stride))


def with_fusion(
    model: ModelT,
    skeleton: Skeleton | None = None,
    parts: FusionParts | None = None,
    after: Sequence[int] | None = None,
) -> ModelT:
    """Inserts a fusion behind blocks of a model, in place, and returns the model.

    Args:
        model: anything with ``blocks``, a `ModuleList` of modules (N, C, T, V) -> (N, C', T', V)
            that know their ``out_channels`` (and ``stride`` along time, if not 1).
        skeleton: the layout of the joint axis; by default the model's own.
        parts: what to leave out, for ablations.
        after: positions of the blocks to fuse; by default `stage_ends`.
    """
    blocks = getattr(model, "blocks", None)
    skeleton = skeleton or getattr(model, "skeleton", None)
    if not isinstance(blocks, nn.ModuleList) or skeleton is None:
        raise InputError(
            f"no fusion can be put into {type(model).__name__}",
            expected="a model with `blocks` (a ModuleList) and a `skeleton`",
            found="no `blocks`" if blocks is None else "no `skeleton`",
        )
    for position in stage_ends(blocks) if after is None else after:
        block = blocks[position]
        channels = getattr(block, "out_channels", None)
        if channels is None:
            raise InputError(
                f"block {position} ({type(block).__name__}) does not tell its `out_channels`",
                remedy="set the attribute `out_channels` on each block",
            )
        blocks[position] = FusedBlock(block, BalancedFusion(skeleton, channels, parts))
    return model


def stage_ends(blocks: nn.ModuleList) -> list[int]:
    """Positions of the blocks after which time is strided; in a network of one stage, its middle.

    Not the last block: what is weighed there is only averaged, while behind a stage the next one
    still works on it.
    """
    strides = [stride_of(block) for block in blocks]
    ends = [i for i in range(len(strides) - 1) if strides[i + 1] > 1]
    return ends or [(len(strides) - 1) // 2]
