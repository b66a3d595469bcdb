"""Skeletons as matrices: who is whose neighbour, and in which direction.

Every graph here is a dense (V, V) matrix whose row v says from which joints u joint v gathers.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mgskel.core.skeleton import Skeleton


def hop_distances(skeleton: Skeleton) -> np.ndarray:
    """Number of bones between every two joints, (V, V); V where no path exists."""
    joints = skeleton.num_joints
    linked = np.eye(joints, dtype=bool)
    for child, parent in skeleton.bones:
        linked[child, parent] = linked[parent, child] = True
    distances = np.where(np.eye(joints, dtype=bool), 0, joints)
    reached = np.eye(joints, dtype=bool)
    for hop in range(1, joints):
        grown = reached @ linked
        distances[grown & ~reached] = hop
        if (grown == reached).all():
            break
        reached = grown
    return distances


def row_normalised(matrix: np.ndarray) -> np.ndarray:
    """Rows divided by their sums; empty rows stay empty."""
    sums = matrix.sum(axis=1, keepdims=True)
    return matrix / np.where(sums == 0, 1, sums)


def neighbours(skeleton: Skeleton) -> np.ndarray:
    """A joint and the joints it shares a bone with, as a row-normalised matrix (V, V)."""
    return row_normalised((hop_distances(skeleton) <= 1).astype(np.float32))


def spatial_partition(skeleton: Skeleton) -> Tensor:
    """The classical three graphs, (3, V, V): the joint itself, its children, its parent."""
    joints = skeleton.num_joints
    from_children = np.zeros((joints, joints), np.float32)
    for child, parent in skeleton.bones:
        from_children[parent, child] = 1
    graphs = [np.eye(joints, dtype=np.float32), from_children, from_children.T]
    return torch.from_numpy(np.stack([row_normalised(graph) for graph in graphs])).float()


def head_graphs(skeleton: Skeleton, heads: int) -> Tensor:
    """Starting graphs for `heads` learned adjacencies, (heads, V, V).

    The heads take turns: close neighbours, towards the root, away from it, two bones away, the
    mirrored limb, the whole body. Each keeps half of its weight on the joint itself, so that no
    head can lose a joint before training has begun.
    """
    joints = skeleton.num_joints
    distances = hop_distances(skeleton)
    itself, children, parent = (graph.numpy() for graph in spatial_partition(skeleton))
    mirrored = np.eye(joints, dtype=np.float32)[skeleton.mirror]
    views = [distances == 1, parent, children, distances == 2, mirrored, np.ones((joints, joints))]
    chosen = [0.5 * itself + 0.5 * row_normalised(views[h % len(views)]) for h in range(heads)]
    return torch.from_numpy(np.stack(chosen)).float()


def edge_index(skeleton: Skeleton) -> Tensor:
    """Bones in both directions as PyTorch Geometric has them, (2, 2 * bones): source, target."""
    pairs = [(child, parent) for child, parent in skeleton.bones]
    pairs += [(parent, child) for child, parent in skeleton.bones]
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t().contiguous()


def reference_points(skeleton: Skeleton) -> Tensor:
    """Weights of three reference points of each joint, (3, V, V); rows sum to 1.

    In order: the parent (the difference is a bone), the mirrored joint (one hand to the other),
    and the head, or all joints in a layout without a head (hand to face). A joint that would be
    compared with itself alone is compared with the centre of all joints.
    """
    joints = skeleton.num_joints
    itself = np.eye(joints, dtype=np.float32)
    everywhere = np.full((joints, joints), 1 / joints, np.float32)
    head = skeleton.parts.get("head") or skeleton.parts.get("face") or range(joints)
    centre = np.zeros((joints, joints), np.float32)
    centre[:, list(head)] = 1 / len(head)
    is_root = (skeleton.parents < 0)[:, None]
    on_axis = (skeleton.mirror == np.arange(joints))[:, None]
    parent = np.where(is_root, everywhere, itself[skeleton.parents])
    mirrored = np.where(on_axis, everywhere, itself[skeleton.mirror])
    return torch.from_numpy(np.stack([parent, mirrored, centre])).float()
