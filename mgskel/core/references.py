"""What a joint's position can be compared with, as weights over the layout's joints."""

from __future__ import annotations

import numpy as np

from mgskel.core.skeleton import Skeleton


def reference_weights(skeleton: Skeleton) -> np.ndarray:
    """Three reference points of each joint, float32 (3, V, V); rows sum to 1.

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
    return np.stack([parent, mirrored, centre])
