"""Streams: the views of one motion that separate networks learn from.

Base streams are ``joint`` (coordinates), ``bone`` (child minus parent), ``relative`` (each joint
seen from the head, the torso and the opposite hand: where micro-gestures happen) and
``distance`` (distances between joints, which no change of view alters). Each also exists as
motion: ``joint_motion`` and so on. Everything follows from the `Skeleton`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mgskel.core.errors import InputError, unknown
from mgskel.core.skeleton import Skeleton
from mgskel.datasets.clips import Clips

BASES = ("joint", "bone", "relative", "distance")
STREAMS = tuple(BASES) + tuple(f"{base}_motion" for base in BASES)
_MOTION = "_motion"


def stream_channels(name: str, skeleton: Skeleton, dims: int) -> int:
    """How many channels `model_input` yields for this stream."""
    base = _base(name)
    if base == "relative":
        return dims * len(_anchors(skeleton))
    return skeleton.num_joints if base == "distance" else dims


def model_input(clips: Clips, name: str, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """A stream in the form that every backbone takes.

    Returns:
        x (N, C, T, V, M) with zero where missing, and mask (N, T, V, M).
    """
    values, mask = derive(clips.points, clips.mask, name, skeleton)
    return values.permute(0, 4, 2, 3, 1).contiguous(), mask.permute(0, 2, 3, 1).contiguous()


def derive(points: Tensor, mask: Tensor, name: str, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """A stream of clips.

    Args:
        points: (N, M, T, V, C), zero where missing.
        mask: (N, M, T, V).

    Returns:
        values (N, M, T, V, C'), zero where the new mask (N, M, T, V) is false. What rests on a
        missing joint is missing.
    """
    base = _base(name)
    if base == "bone":
        points, mask = _bones(points, mask, skeleton)
    elif base == "relative":
        points, mask = _relative(points, mask, skeleton)
    elif base == "distance":
        points, mask = _distances(points, mask)
    return _motion(points, mask) if name.endswith(_MOTION) else (points, mask)


def _base(name: str) -> str:
    if name not in STREAMS:
        raise unknown("stream", name, STREAMS)
    return name.removesuffix(_MOTION)


def _motion(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Change to the next frame; the last frame repeats the change before it."""
    seen = mask[:, :, 1:] & mask[:, :, :-1]
    moved = (values[:, :, 1:] - values[:, :, :-1]) * seen[..., None]
    if seen.shape[2] == 0:
        return torch.zeros_like(values), torch.zeros_like(mask)
    return torch.cat([moved, moved[:, :, -1:]], 2), torch.cat([seen, seen[:, :, -1:]], 2)


def _bones(points: Tensor, mask: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Each joint minus its parent; a root's bone has no length."""
    vectors, seen = torch.zeros_like(points), mask.clone()
    if skeleton.bones:
        child, parent = torch.tensor(skeleton.bones).T
        seen[..., child] = mask[..., child] & mask[..., parent]
        vectors[..., child, :] = points[..., child, :] - points[..., parent, :]
    return vectors * seen[..., None], seen


def _relative(points: Tensor, mask: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Coordinates seen from each anchor, anchors side by side in the channels."""
    views = []
    anchored = torch.zeros_like(mask)
    for weights in _anchors(skeleton):
        # (V, V): row v holds the weights of the joints that make up v's anchor.
        weights = weights.to(points)
        weight = mask.to(points) @ weights.T
        centre = torch.einsum("vu,nmtuc->nmtvc", weights, points)
        known = (weight > 0) & mask
        centre = centre / weight.clamp(min=1e-6)[..., None]
        views.append((points - centre) * known[..., None])
        anchored |= known
    return torch.cat(views, dim=-1), anchored


def _anchors(skeleton: Skeleton) -> list[Tensor]:
    """(V, V) weight matrices: head, torso, and the hand of the other side."""
    number = skeleton.num_joints
    anchors = []
    for part in (("head", "face"), ("torso",)):
        members = [v for name in part for v in skeleton.parts.get(name, ())]
        if members:
            weights = torch.zeros(number, number)
            weights[:, members] = 1.0
            anchors.append(weights)
    hands = {side: _hand(skeleton, side) for side in ("left", "right")}
    if all(hands.values()):
        weights = torch.zeros(number, number)
        left = {v for part in _side_parts(skeleton, "left") for v in part}
        right = {v for part in _side_parts(skeleton, "right") for v in part}
        for joint in range(number):
            sides = (joint not in right, joint not in left)
            for uses, side in zip(sides, ("right", "left"), strict=True):
                if uses:
                    weights[joint, list(hands[side])] = 1.0
        anchors.append(weights)
    if not anchors:
        raise InputError(
            f"layout '{skeleton.name}' has no head, torso or hands to look from",
            remedy="give its body parts in the layout file, or leave out the relative stream",
        )
    return anchors


def _hand(skeleton: Skeleton, side: str) -> tuple[int, ...]:
    hand = tuple(skeleton.parts.get(f"{side}_hand", ()))
    if hand:
        return hand
    return (skeleton.index(f"{side}_wrist"),) if skeleton.has(f"{side}_wrist") else ()


def _side_parts(skeleton: Skeleton, side: str) -> list[tuple[int, ...]]:
    return [tuple(joints) for name, joints in skeleton.parts.items() if name.startswith(side)]


def _distances(points: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Row v holds the distances from joint v to every joint; 0 to those that are missing."""
    both = mask[..., :, None] & mask[..., None, :]
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist") * both, mask
