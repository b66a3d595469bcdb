"""Skeletons as matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mgskel.core.skeleton import Skeleton, get_skeleton, list_skeletons
from mgskel.models.layers.graph import (
    edge_index,
    head_graphs,
    hop_distances,
    neighbours,
    reference_points,
    spatial_partition,
)

LAYOUTS = ("natops8", "kinect25", "upper", "mediapipe_holistic")


def test_distances_in_a_chain(chain: Skeleton) -> None:
    assert hop_distances(chain).tolist() == [[0, 1, 2, 2], [1, 0, 1, 1], [2, 1, 0, 2], [2, 1, 2, 0]]


@pytest.mark.parametrize("layout", list_skeletons())
def test_distances_are_a_metric(layout: str) -> None:
    skeleton = get_skeleton(layout)
    distances = hop_distances(skeleton)
    assert (distances == distances.T).all()
    assert (np.diag(distances) == 0).all()
    for child, parent in skeleton.bones:
        assert distances[child, parent] == 1
    assert (distances == 1).sum() == 2 * len(skeleton.bones)
    through = (distances[:, :, None] + distances[None]).min(1)
    assert (distances <= through).all()


def test_partition_tells_directions_apart(chain: Skeleton) -> None:
    itself, children, parent = spatial_partition(chain)
    assert torch.equal(itself, torch.eye(4))
    torch.testing.assert_close(children[1], torch.tensor([0, 0, 0.5, 0.5]))
    torch.testing.assert_close(parent[2], torch.tensor([0.0, 1, 0, 0]))
    assert parent[0].sum() == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_are_weights(layout: str) -> None:
    skeleton = get_skeleton(layout)
    assert np.allclose(neighbours(skeleton).sum(1), 1)
    torch.testing.assert_close(
        reference_points(skeleton).sum(2), torch.ones(3, skeleton.num_joints)
    )
    graphs = head_graphs(skeleton, 7)
    assert graphs.shape == (7, skeleton.num_joints, skeleton.num_joints)
    assert (graphs.diagonal(dim1=1, dim2=2) >= 0.5).all()


def test_reference_points_of_a_chain(chain: Skeleton) -> None:
    parent, mirrored, head = reference_points(chain)
    assert parent[2].argmax() == 1
    torch.testing.assert_close(parent[0], torch.full((4,), 0.25))
    assert mirrored[2, 3] == mirrored[3, 2] == 1
    torch.testing.assert_close(head[0], torch.tensor([0, 1 / 3, 1 / 3, 1 / 3]))


def test_edges_go_both_ways(chain: Skeleton) -> None:
    pairs = set(map(tuple, edge_index(chain).t().tolist()))
    assert pairs == {(1, 0), (0, 1), (2, 1), (1, 2), (3, 1), (1, 3)}
