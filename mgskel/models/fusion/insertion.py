"""Balanced fusion put into networks: ours, and those of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton
from mgskel.models.fusion.gates import BalancedFusion, FusionParts
from mgskel.models.fusion.pooling import BalancedPooling, MeanPooling
from mgskel.models.layers.basic import ModelT, shrink_time, span_of, stride_of


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
    window: int | None = None,
    share: float = 0.0,
) -> ModelT:
    """Puts balanced fusion where a model averages, and gates behind its blocks, in place.

    Returns the model. Which of both: see `FusionParts`.

    Args:
        model: anything with ``blocks``, a `ModuleList` of modules (N, C, T, V) -> (N, C', T', V)
            that know their ``out_channels`` (and ``stride`` along time, if not 1). A `MeanPooling`
            at ``pool`` becomes a `BalancedPooling`.
        skeleton: the layout of the joint axis; by default the model's own.
        parts: what to leave out, for ablations.
        after: positions of blocks to gate; by default `stage_ends`, where there are gates at all.
        window: input frames that the summaries hold, for streams; by default all. The answer for
            a moment of a stream has no clip to pool, so there the mean stays.
        share: the peaks' shares in the pooling at the start; 0 leaves a trained network as it is.
    """
    parts = parts or FusionParts()
    blocks = getattr(model, "blocks", None)
    skeleton = skeleton or getattr(model, "skeleton", None)
    if not isinstance(blocks, nn.ModuleList) or skeleton is None:
        raise InputError(
            f"no fusion can be put into {type(model).__name__}",
            expected="a model with `blocks` (a ModuleList) and a `skeleton`",
            found="no `blocks`" if blocks is None else "no `skeleton`",
            remedy="add_fusion(model, skeleton, example) finds the blocks of other networks",
        )
    gates = parts.gates if parts.gates is not None else window is not None or after is not None
    for position in (stage_ends(blocks) if after is None else after) if gates else ():
        block = blocks[position]
        channels = getattr(block, "out_channels", None)
        if channels is None:
            raise InputError(
                f"block {position} ({type(block).__name__}) does not tell its `out_channels`",
                remedy="set the attribute `out_channels` on each block",
            )
        span = span_of(block)
        # Behind a block that sees the past alone a fusion does so, too.
        causal = span is not None and span.ahead == 0
        blocks[position] = FusedBlock(
            block, BalancedFusion(skeleton, channels, parts, causal=causal)
        )
    set_window(model, window)
    if parts.pooling and window is None and isinstance(getattr(model, "pool", None), MeanPooling):
        width: Any = getattr(model, "num_features", None) or blocks[-1].out_channels
        model.pool = BalancedPooling(int(width), share, parts.moment_peak, parts.joint_peak)
    return model


def set_window(model: nn.Module, frames: int | None) -> None:
    """Let a model's fusions summarise so many of its input frames; None for all of them."""
    step, blocks = getattr(model, "stem_stride", 1), model.blocks
    assert isinstance(blocks, nn.ModuleList)
    for block in blocks:
        step *= stride_of(block)
        if isinstance(block, FusedBlock):
            fusion = block.fusion
            fusion.window = None if frames is None else max(fusion.reach + 1, round(frames / step))


def stage_ends(blocks: nn.ModuleList) -> list[int]:
    """Positions of the blocks after which time is strided; in a network of one stage, its middle.

    Not the last block: what is weighed there is only averaged, while behind a stage the next one
    still works on it.
    """
    return _ends([stride_of(block) for block in blocks])


def _ends(strides: Sequence[int]) -> list[int]:
    ends = [i for i in range(len(strides) - 1) if strides[i + 1] > 1]
    return ends or [(len(strides) - 1) // 2]


def add_fusion(
    model: nn.Module,
    skeleton: Skeleton,
    example: Sequence[Any],
    parts: FusionParts | None = None,
    share: float = 0.0,
) -> tuple[str, ...]:
    """Adds balanced fusion to a network that knows nothing of it; returns where, by module names.

    For networks in the manner of CTR-GCN or MMAction, with features (N, C, T, V). An
    `nn.AdaptiveAvgPool2d(1)` over them pools in balance. A mean that is written out in the
    network's code cannot be found; there gates are hung on blocks (`BalancedPooling` can be put in
    its place by hand). All names stay, and trained weights still load (with ``strict=False``, or
    before the call).

    Args:
        skeleton: the layout of the joint axis.
        example: arguments of one forward pass, by which the places are found.
        parts: what to leave out, and whether blocks are gated where the pooling is found, too.
        share: the peaks' shares in the pooling at the start, 0.25 for a network that is yet to
            learn; with 0 the fusion changes nothing until trained.
    """
    parts = parts or FusionParts()
    seen = _features_passing(model, skeleton.num_joints, example)
    places: list[str] = []
    for name, module, before, _ in seen if parts.pooling else ():
        if isinstance(module, nn.AdaptiveAvgPool2d):
            module.balanced_pooling = BalancedPooling(
                before[1], share, parts.moment_peak, parts.joint_peak
            )
            module.register_forward_hook(_pool)
            places.append(name)
    if parts.gates if parts.gates is not None else not places:
        places += _gate_blocks(model, skeleton, seen, parts)
    return tuple(places)


def _gate_blocks(
    model: nn.Module, skeleton: Skeleton, seen: Sequence[_Passing], parts: FusionParts
) -> list[str]:
    """Gates behind the stages of the outermost row of blocks; returns the blocks' names."""
    rows: dict[tuple[str, type], list[str]] = {}
    for name, module, _, _ in seen:
        rows.setdefault((name.rpartition(".")[0], type(module)), []).append(name)
    rows = {key: names for key, names in rows.items() if len(names) > 1}
    if not rows:
        raise InputError(
            f"no row of blocks was found in {type(model).__name__}",
            expected=f"two or more of one kind that give (N, C, T, {skeleton.num_joints})",
            remedy="put `BalancedFusion(skeleton, channels)` behind a block by hand",
        )
    row = min(
        rows.items(), key=lambda item: (item[0][0].count(".") + bool(item[0][0]), -len(item[1]))
    )[1]
    shapes = {name: (before, after) for name, _, before, after in seen if name in row}
    strides = [round(before[2] / after[2]) for before, after in shapes.values()]
    places = [list(shapes)[i] for i in _ends(strides)]
    for name in places:
        block = model.get_submodule(name)
        block.balanced_fusion = BalancedFusion(skeleton, shapes[name][1][1], parts)
        block.register_forward_hook(_fuse)
    return places


def _fuse(block: Any, inputs: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, tuple):
        return (block.balanced_fusion(output[0]), *output[1:])
    return block.balanced_fusion(output)


def _pool(layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return layer.balanced_pooling(inputs[0])[:, :, None, None]


_Passing = tuple[str, nn.Module, torch.Size, torch.Size]


def _features_passing(model: nn.Module, joints: int, example: Sequence[Any]) -> list[_Passing]:
    """Modules that features (N, C, T, V) pass, in order, and the shapes before and after."""
    seen: list[_Passing] = []

    def watch(name: str) -> Any:
        def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            before = inputs[0] if inputs else None
            after = output[0] if isinstance(output, tuple) else output
            if not isinstance(before, Tensor) or not isinstance(after, Tensor):
                return
            if before.dim() != 4 or after.dim() != 4 or before.shape[3] != joints:
                return
            pools = isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1))
            if pools or after.shape[3] == joints:
                seen.append((name, module, before.shape, after.shape))

        return note

    hooks = [m.register_forward_hook(watch(name)) for name, m in model.named_modules() if name]
    was_training = model.training
    try:
        with torch.no_grad():
            model.eval()(*example)
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return seen
