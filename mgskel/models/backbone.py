"""What all networks share: how batches come in, how masks are kept, how scores come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from mgskel.core.errors import InputError
from mgskel.core.registry import Registry
from mgskel.core.skeleton import Skeleton
from mgskel.models.fusion.gates import BalancedFusion
from mgskel.models.fusion.insertion import FusedBlock
from mgskel.models.fusion.pooling import MeanPooling
from mgskel.models.layers.basic import HERE, Span, shrink_time, span_of, stride_of


class Block(nn.Module):
    """One step of a network, (N, C, T, V) -> (N, C', ceil(T / stride), V).

    Subclasses implement ``forward(x, valid)``; `valid` (N, 1, T, V) holds 1 where a joint was
    seen and 0 elsewhere, or is None where everything was. Those whose answers rest on a few
    frames alone tell them as `span`; frames in which nobody is seen must then be as good as none.
    """

    span: Span | None = None

    def __init__(self, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.stride = stride


@dataclass(frozen=True)
class Stage:
    """One step of a network on its way through time.

    Attributes:
        layer: features and validity to features, ``stride`` frames to one.
        span: what each answer rests on; None where that is the whole sequence.
    """

    layer: Callable[[Tensor, Tensor | None], Tensor]
    span: Span | None
    stride: int

    def answers(self, x: Tensor, valid: Tensor, wanted: slice) -> Tensor:
        """Of (N, C, T, V) the features of the moments that are wanted."""
        if isinstance(self.layer, BalancedFusion):  # of a long window one moment is wanted
            return self.layer(x, valid, wanted)
        return self.layer(x, valid)[:, :, wanted]


class Backbone(nn.Module):
    """Skeleton sequences to class scores.

    Subclasses set `blocks`, `stem_stride` and `stem_span` and implement `embed`.

    Args:
        skeleton: the layout of the joint axis.
        in_channels: coordinates per joint, C.
        num_features: channels of the last block.
        dropout: share of pooled features dropped in training.
    """

    name: ClassVar[str]
    blocks: nn.ModuleList
    stem_stride: int = 1
    stem_span: Span | None = HERE

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        in_channels: int,
        num_features: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.skeleton = skeleton
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.num_features = num_features
        self.pool = MeanPooling()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(num_features, num_classes)

    @property
    def time_stride(self) -> int:
        """Input frames per frame of features."""
        stride = self.stem_stride
        for block in self.blocks:
            stride *= stride_of(block)
        return stride

    def stages(self) -> list[Stage]:
        """The steps from coordinates to the last features, fusions apart from their blocks."""
        stages = [Stage(self.embed, self.stem_span, self.stem_stride)]
        for block in self.blocks:
            inner = block.block if isinstance(block, FusedBlock) else block
            stages.append(Stage(inner, span_of(inner), stride_of(block)))
            if isinstance(block, FusedBlock):
                stages.append(Stage(block.fusion, span_of(block.fusion), 1))
        return stages

    @property
    def span(self) -> Span | None:
        """Input frames that the answer for one moment rests on; None where that is all of them."""
        back = ahead = 0
        step = 1
        for stage in self.stages():
            if stage.span is None:
                return None
            back, ahead = back + step * stage.span.back, ahead + step * stage.span.ahead
            step *= stage.stride
        return Span(back, ahead)

    def fusions(self) -> list[BalancedFusion]:
        return [module for module in self.modules() if isinstance(module, BalancedFusion)]

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """Coordinates (N, C, T, V), 0 where missing, to features (N, C', T / stem_stride, V)."""
        raise NotImplementedError

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Class scores (N, K) of x (N, C, T, V, M), where mask (N, T, V, M) says what is there."""
        features, valid = self._features(x, mask)
        return self.head(self.dropout(self._pool(features, valid, people=x.shape[4])))

    def forward_features(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features (N, M, C', T', V), T' = ceil(T / time_stride)."""
        features, _ = self._features(x, mask)
        return features.unflatten(0, (-1, x.shape[4]))

    def forward_frames(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Class scores per person and moment, (N, M, T', K): the same network without the mean
        over time."""
        features, valid = self._features(x, mask)
        return self.moment_scores(features, valid).unflatten(0, (-1, x.shape[4]))

    def moment_scores(self, features: Tensor, valid: Tensor | None) -> Tensor:
        """Class scores (N, T, K) of the last features (N, C, T, V), each moment by itself."""
        return self.head(self.pool.at_moments(features, valid))

    def _features(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Features (N*M, C', T', V) and their validity (N*M, 1, T', V)."""
        self._check(x, mask)
        n, c, t, v, m = x.shape
        x = x.permute(0, 4, 1, 2, 3).reshape(n * m, c, t, v)
        valid = None
        if mask is not None:
            seen = mask.permute(0, 3, 1, 2).reshape(n * m, 1, t, v)
            x = torch.where(seen, x, 0.0)
            valid = seen.to(x.dtype)
        x = self.embed(x, valid)
        valid = shrink_time(valid, self.stem_stride)
        for block in self.blocks:
            x = block(x, valid)
            valid = shrink_time(valid, stride_of(block))
        return x, valid

    def _pool(self, features: Tensor, valid: Tensor | None, people: int) -> Tensor:
        """Each person pooled, then the mean of those who are there, (N*M, C, T, V) -> (N, C)."""
        pooled = self.pool(features, valid)
        if people == 1:
            return pooled
        per_person = pooled.unflatten(0, (-1, people))
        if valid is None:
            return per_person.mean(1)
        present = valid.flatten(1).amax(1).view(-1, people, 1)
        return (per_person * present).sum(1) / present.sum(1).clamp(min=1)

    def _check(self, x: Tensor, mask: Tensor | None) -> None:
        if x.dim() != 5 or x.shape[1] != self.in_channels or x.shape[3] != self.skeleton.num_joints:
            raise InputError(
                "the batch does not fit this network",
                expected=f"(N, {self.in_channels}, T, {self.skeleton.num_joints}, M), joints as in "
                f"'{self.skeleton.name}'",
                found=tuple(x.shape),
                remedy="convert the sequences to the network's layout first",
            )
        if mask is not None and mask.shape != (x.shape[0], *x.shape[2:]):
            raise InputError(
                "the mask does not fit the batch",
                expected=f"(N, T, V, M) = {(x.shape[0], *x.shape[2:])}",
                found=tuple(mask.shape),
            )


Network = TypeVar("Network", bound=type[Backbone])
BACKBONES: Registry[type[Backbone]] = Registry("network", "mgskel.models", "mgskel.backbones")


def backbone(network: Network) -> Network:
    """Register the class below as a network, by its `name`."""
    BACKBONES.register(network.name, network)
    return network
