"""`heatmap`: joints drawn as heat maps, convolved over time and place, read where the joints are.

What lies close together in the picture is close in a map, whatever bones say: a hand at the face,
two hands that touch. Joints are drawn as Gaussians on a small grid, straight into a few maps that
mix all of them: no map per joint is ever stored. Behind the convolutions each joint reads the maps
at its own place. From there on features are of joints, (N, C, T, V), so that masks, pooling, gates,
attention, pretraining and streams hold as for every other network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton
from mgskel.models.backbone import Backbone, backbone
from mgskel.models.layers.basic import (
    ConvNorm,
    InputNorm,
    Span,
    frames_of,
    pointwise_norm,
    shrink_time,
    stride_of,
    temporal_conv,
)
from mgskel.models.light import LightBlock

REACH = 2.5  # the grid's edges, in spreads of all joints from their middle
WIDTH = 0.8  # of a joint's Gaussian, in cells


def cells(place: Tensor, grid: int) -> Tensor:
    """Standardised places to cells of a grid, 0 the middle of the first and grid - 1 of the last.

    A joint beyond the edge is drawn on it: there, that it is far out can still be seen.
    """
    return ((place + REACH) * (grid / (2 * REACH)) - 0.5).clamp(0, grid - 1)


def gaussians(place: Tensor, grid: int) -> Tensor:
    """How strongly each cell of one axis shows each joint, (...) -> (..., grid); 1 at its place."""
    centres = torch.arange(grid, dtype=place.dtype, device=place.device)
    return torch.exp((cells(place, grid).unsqueeze(-1) - centres).square() * (-0.5 / WIDTH**2))


def between_cells(place: Tensor, grid: int) -> Tensor:
    """Weights of linear interpolation along one axis, (...) -> (..., grid); their sum is 1."""
    centres = torch.arange(grid, dtype=place.dtype, device=place.device)
    return (1 - (cells(place, grid).unsqueeze(-1) - centres).abs()).clamp(min=0)


class HeatMaps(nn.Module):
    """Joints drawn into maps, and maps read at joints.

    The first two coordinates are the place, x to the right and y down. They are standardised over
    all joints together, which keeps their arrangement, and so the grid fits body coordinates of
    every scale. What else is known of a joint, its depth and its motion since the frame before,
    decides with how much it is drawn into each map: a motion of less than a cell is seen.

    Args:
        grid: cells along either axis.
        maps: how many mixes of the joints are drawn.
    """

    def __init__(self, skeleton: Skeleton, in_channels: int, grid: int, maps: int) -> None:
        super().__init__()
        self.grid, self.maps = grid, maps
        self.place = InputNorm(in_channels, 1)
        self.motion = InputNorm(in_channels, 1)
        told = 1 + (in_channels - 2) + in_channels
        self.mix = nn.Parameter(torch.randn(skeleton.num_joints, told, maps) * told**-0.5)

    def forward(self, x: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, maps, T, grid * grid) and places (N, 2, T, V), both 0 where nothing is seen.

        x (N, C, T, V), 0 where missing; seen (N, 1, T, V) of 0 and 1.
        """
        place = self._over_joints(self.place, x, seen)
        before = functional.pad(x[:, :, :-1], (0, 0, 1, 0))
        twice = seen * functional.pad(seen[:, :, :-1], (0, 0, 1, 0))
        motion = self._over_joints(self.motion, (x - before) * twice, twice)
        told = torch.cat([seen, place[:, 2:], motion], 1)
        return self.draw(place[:, :2], self.amounts(told)), place[:, :2]

    def amounts(self, told: Tensor) -> Tensor:
        """With how much each joint is drawn into each map, (N, E, T, V) -> (N, T, V, maps)."""
        n, _, t, v = told.shape
        amounts = torch.bmm(told.permute(3, 0, 2, 1).reshape(v, n * t, -1), self.mix)
        return amounts.view(v, n, t, self.maps).permute(1, 2, 0, 3)

    def draw(self, place: Tensor, amounts: Tensor) -> Tensor:
        """Places (N, 2, T, V) and amounts (N, T, V, maps) to maps (N, maps, T, grid * grid)."""
        n, t, v, maps = amounts.shape
        columns, rows = gaussians(place, self.grid).unbind(1)
        # A product over joints of the axes' Gaussians: (grid, V) @ (V, grid * maps).
        across = columns.unsqueeze(-1) * amounts.unsqueeze(-2)
        across = across.reshape(n * t, v, self.grid * maps)
        drawn = torch.bmm(rows.reshape(n * t, v, self.grid).transpose(1, 2), across)
        return drawn.view(n, t, self.grid * self.grid, maps).permute(0, 3, 1, 2)

    @staticmethod
    def read(maps: Tensor, place: Tensor, seen: Tensor, grid: int) -> Tensor:
        """Maps (N, C, T, grid * grid) at places (N, 2, T, V) of what is seen, (N, C, T, V)."""
        (_, c, _, p), (n, _, t, v) = maps.shape, place.shape
        columns, rows = between_cells(place, grid).unbind(1)
        weights = (rows * seen.squeeze(1).unsqueeze(-1)).unsqueeze(-1) * columns.unsqueeze(-2)
        found = torch.bmm(weights.reshape(-1, v, p), maps.permute(0, 2, 3, 1).reshape(-1, p, c))
        return found.view(n, t, v, c).permute(0, 3, 1, 2)

    @staticmethod
    def _over_joints(norm: InputNorm, values: Tensor, seen: Tensor) -> Tensor:
        """Standardised as if all joints were one, (N, C, T, V)."""
        n, c, t, v = values.shape
        flat = norm(values.reshape(n, c, t * v, 1), seen.reshape(n, 1, t * v, 1))
        return flat.view(n, c, t, v)


class MapBlock(nn.Module):
    """A convolution over time, then one over place; residual around both.

    (N, C, T, P) -> (N, C', ceil(T / stride), P / stride^2), the P places being those of a grid.
    """

    def __init__(
        self, in_channels: int, out_channels: int, grid: int, stride: int, kernel: int
    ) -> None:
        super().__init__()
        self.grid, self.stride = grid, stride
        self.time = temporal_conv(in_channels, in_channels, kernel, stride, groups=in_channels)
        # An odd kernel with a stride would shift the maps against the joints' places.
        size = 3 if stride == 1 else 4
        self.place = ConvNorm(
            nn.Conv2d(in_channels, out_channels, size, stride, padding=1, bias=False)
        )
        same = in_channels == out_channels and stride == 1
        self.shortcut = nn.Identity() if same else pointwise_norm(in_channels, out_channels)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """x (N, C, T, P), frames (N, 1, T / stride, 1): 1 where anybody is seen."""
        y = self.place(self._pictures(self.time(x)))
        kept = self._pictures(x[:, :, :: self.stride])
        if self.stride > 1:
            kept = functional.avg_pool2d(kept, self.stride)
        y = functional.relu(y + self.shortcut(kept))
        n, c = x.shape[0], y.shape[1]
        y = y.permute(0, 2, 3, 1).reshape(n, -1, (self.grid // self.stride) ** 2, c)
        return y.permute(0, 3, 1, 2) * frames

    def _pictures(self, x: Tensor) -> Tensor:
        """(N, C, T, P) -> (N * T, C, grid, grid), without a copy."""
        pictures = x.permute(0, 2, 3, 1).reshape(-1, self.grid, self.grid, x.shape[1])
        return pictures.permute(0, 3, 1, 2)


@backbone
class HeatMap(Backbone):
    """Heat-map network.

    Args:
        channels: channels of each convolution of the maps; before the first and where they grow,
            time and either side of the grid are halved. Joints have twice as many as the last.
        grid: cells along either side of what is drawn.
        maps: how many mixes of the joints are drawn.
        kernel: frames that a convolution of the maps sees at once.
        joint_blocks: blocks of `light` behind the reading.
        heads: graphs of each of them.
    """

    name: ClassVar[str] = "heatmap"

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        in_channels: int = 3,
        channels: Sequence[int] = (32, 32, 64, 64),
        grid: int = 24,
        maps: int = 16,
        kernel: int = 5,
        joint_blocks: int = 2,
        heads: int = 4,
        dropout: float = 0.2,
    ) -> None:
        if in_channels < 2:
            raise InputError("a place needs two coordinates", found=in_channels)
        width = 2 * channels[-1]
        super().__init__(skeleton, num_classes, in_channels, width, dropout)
        self.maps = HeatMaps(skeleton, in_channels, grid, maps)
        self.layers = nn.ModuleList()
        before = maps
        for c in channels:
            stride = 1 if c == before and self.layers else 2
            self.layers.append(MapBlock(before, c, grid, stride, kernel))
            grid, before = grid // stride, c
        strides = [stride_of(layer) for layer in self.layers]
        self.stem_stride = 2 ** strides.count(2)
        self.stem_span = _span(strides, kernel // 2)
        if grid * self.stem_stride != self.maps.grid or grid < 2:
            raise InputError(
                "this grid cannot be halved so often",
                expected=f"a multiple of {self.stem_stride}, at least {2 * self.stem_stride}",
                found=self.maps.grid,
                remedy="change sizes.grid, or let sizes.channels grow less often",
            )
        self.read_grid = grid
        self.enter = pointwise_norm(channels[-1], width)
        self.joint = nn.Parameter(torch.randn(1, width, 1, skeleton.num_joints) * 0.02)
        self.blocks = nn.ModuleList(
            LightBlock(skeleton, width, width, 1, heads, kernel, follow=False, causal=False)
            for _ in range(joint_blocks)
        )

    def embed(self, x: Tensor, valid: Tensor | None) -> Tensor:
        seen = torch.ones_like(x[:, :1]) if valid is None else valid
        features, place = self.maps(x, seen)
        at_moment = seen
        for layer in self.layers:
            shrunk = shrink_time(at_moment, stride_of(layer))
            assert shrunk is not None
            at_moment = shrunk
            frames = frames_of(at_moment)
            assert frames is not None
            features = layer(features, frames)
        place = _mean_place(place, seen, self.stem_stride)
        read = self.maps.read(features, place, at_moment, self.read_grid)
        return functional.relu(self.enter(read) + self.joint)


def _mean_place(place: Tensor, seen: Tensor, stride: int) -> Tensor:
    """Where each joint was over `stride` frames, (N, 2, T, V) -> (N, 2, ceil(T / stride), V)."""
    window = (stride, 1)
    total = functional.avg_pool2d(place, window, ceil_mode=True)
    count = functional.avg_pool2d(seen, window, ceil_mode=True)
    return total / count.clamp(min=1e-6)


def _span(strides: Sequence[int], reach: int) -> Span:
    """Frames that features of one moment rest on, behind convolutions with these strides."""
    back, ahead, step = 1, 0, 1  # a motion needs the frame before
    for stride in strides:
        back, ahead = back + step * reach, ahead + step * reach
        step *= stride
    return Span(back, max(ahead, step - 1))
