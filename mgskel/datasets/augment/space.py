"""Augmentations of where the joints are: each one small class over `Clips`.

All draw from the generator they are given and never from global randomness, so that one seed
makes one batch. Coordinates are body coordinates (about one shoulder width per unit).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from mgskel.core.skeleton import Skeleton
from mgskel.datasets.clips import Clips


def uniform(shape: tuple[int, ...], low: float, high: float, rng: Generator) -> Tensor:
    return torch.rand(shape, generator=rng) * (high - low) + low


def chosen(count: int, probability: float, rng: Generator) -> Tensor:
    """(count,) bool: true with the given probability."""
    return torch.rand(count, generator=rng) < probability


@dataclass(frozen=True)
class ViewRotation:
    """Turn each clip about the vertical by up to `degrees`, and tilt it by up to `tilt`.

    In 2-D, where the third axis is unknown, the turn is the in-plane one that a tilted camera
    makes, by up to `tilt`, and `degrees` foreshortens the width as a turned camera would.
    """

    degrees: float
    tilt: float = 0.0

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        turn = torch.deg2rad(uniform((len(clips),), -self.degrees, self.degrees, rng))
        tilts = torch.deg2rad(uniform((2, len(clips)), -self.tilt, self.tilt, rng))
        if clips.points.shape[-1] == 2:
            matrix = _plane_rotation(tilts[0]) @ torch.diag_embed(
                torch.stack([turn.cos(), torch.ones_like(turn)], dim=-1)
            )
        else:
            matrix = _axis_rotation(tilts[0], 0) @ _axis_rotation(tilts[1], 2)
            matrix = matrix @ _axis_rotation(turn, 1)
        return clips.moved(_times(clips.points, matrix))


@dataclass(frozen=True)
class Scale:
    """Make each clip larger or smaller by up to a share, each axis by its own if `apart`."""

    amount: float
    apart: bool = False

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        dims = clips.points.shape[-1] if self.apart else 1
        factor = uniform((len(clips), dims), 1 - self.amount, 1 + self.amount, rng)
        return clips.moved(clips.points * factor[:, None, None, None, :])


@dataclass(frozen=True)
class Shift:
    """Move each clip as a whole by up to `amount` along each axis."""

    amount: float

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        by = uniform((len(clips), clips.points.shape[-1]), -self.amount, self.amount, rng)
        return clips.moved(clips.points + by[:, None, None, None, :])


@dataclass(frozen=True)
class Jitter:
    """Estimator noise on every coordinate: the less sure a joint, the more it trembles.

    The standard deviation is `amount` at score 0 and a third of that at score 1.
    """

    amount: float

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        noise = torch.randn(clips.points.shape, generator=rng)
        spread = self.amount * (1 - 2 / 3 * clips.scores.clamp(0, 1))
        return clips.moved(clips.points + noise * spread[..., None])


@dataclass(frozen=True)
class JointDropout:
    """Lose each joint for the whole clip with the given probability, but never all of them."""

    probability: float

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        n, people, _, joints = clips.scores.shape
        lost = torch.rand((n, people, joints), generator=rng) < self.probability
        lost &= ~lost.all(-1, keepdim=True)
        return clips.hidden(lost[:, :, None, :])


@dataclass(frozen=True)
class Mirror:
    """Swap left and right with the given probability, and the label where a class has a side.

    `label_swap` gives, for each class, the class of its mirror image.
    """

    probability: float
    skeleton: Skeleton
    label_swap: tuple[int, ...] = ()

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        flip = chosen(len(clips), self.probability, rng)
        swap = torch.as_tensor(self.skeleton.mirror)
        sign = torch.ones(clips.points.shape[-1])
        sign[0] = -1
        points = torch.where(
            flip[:, None, None, None, None], clips.points[:, :, :, swap] * sign, clips.points
        )
        scores = torch.where(flip[:, None, None, None], clips.scores[:, :, :, swap], clips.scores)
        labels = clips.labels
        if self.label_swap:
            mirrored = torch.tensor(self.label_swap)[labels.clamp(min=0)]
            labels = torch.where(flip & (labels >= 0), mirrored, labels)
        return replace(clips, points=points, scores=scores, labels=labels)


@dataclass(frozen=True)
class BoneLength:
    """Another body: every bone longer or shorter by up to a share, the same on both sides."""

    amount: float
    skeleton: Skeleton

    def __call__(self, clips: Clips, rng: Generator) -> Clips:
        joints = self.skeleton.num_joints
        change = uniform((len(clips), joints), -self.amount, self.amount, rng)
        twin = torch.as_tensor(self.skeleton.mirror)
        change = change[:, torch.minimum(twin, torch.arange(joints))]
        if not self.skeleton.bones:
            return clips
        child, parent = torch.tensor(self.skeleton.bones).T
        seen = clips.mask[..., child] & clips.mask[..., parent]
        bones = torch.zeros_like(clips.points)
        bones[..., child, :] = (clips.points[..., child, :] - clips.points[..., parent, :]) * seen[
            ..., None
        ]
        longer = bones * change[:, None, None, :, None]
        # A joint moves by what all the bones between it and its root gained.
        return clips.moved(clips.points + _ancestry(self.skeleton) @ longer)


def _ancestry(skeleton: Skeleton) -> Tensor:
    """(V, V): 1 where the column's joint is the row's joint or lies between it and its root."""
    above = torch.eye(skeleton.num_joints)
    parents = skeleton.parents
    for joint in range(skeleton.num_joints):
        ancestor = int(parents[joint])
        while ancestor >= 0:
            above[joint, ancestor] = 1.0
            ancestor = int(parents[ancestor])
    return above


def _times(points: Tensor, matrix: Tensor) -> Tensor:
    """(N, M, T, V, C) points times the transpose of (N, C, C)."""
    n, *_, dims = points.shape
    return (points.reshape(n, -1, dims) @ matrix.transpose(1, 2)).reshape(points.shape)


def _plane_rotation(angle: Tensor) -> Tensor:
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos, -sin, sin, cos], dim=-1).reshape(-1, 2, 2)


def _axis_rotation(angle: Tensor, axis: int) -> Tensor:
    """(N, 3, 3) rotations about one axis."""
    matrix = torch.eye(3).repeat(len(angle), 1, 1)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, first, first] = matrix[:, second, second] = angle.cos()
    matrix[:, first, second] = -angle.sin()
    matrix[:, second, first] = angle.sin()
    return matrix
