"""Where balanced fusion goes: behind the blocks of any network, at the end of each stage."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mgskel.errors import InputError
from mgskel.models.fusion import BalancedFusion, FusionParts
from mgskel.models.layers import ModelT, shrink_time, stride_of
from mgskel.skeleton import Skeleton


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
