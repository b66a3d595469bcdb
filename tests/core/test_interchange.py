"""Graphs and datasets hold what the recording holds."""

from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton


@pytest.fixture
def recording() -> PoseSequence:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 500, (2, 5, 17, 2)).astype(np.float32)
    points[1, 3, 4] = np.nan
    return PoseSequence.from_arrays(
        points, fps=25, skeleton="coco17", frame_size=(640, 480), source="clip.mp4"
    )


def test_graph_of_a_recording(recording: PoseSequence) -> None:
    data = recording.to_pyg()
    people, frames, joints = 2, 5, 17
    bones = len(recording.skeleton.bones)
    assert data.num_nodes == people * frames * joints
    assert data.num_edges == 2 * people * (frames * bones + (frames - 1) * joints)
    assert data.is_undirected() and not data.has_isolated_nodes()
    node = (1 * frames + 3) * joints + 4
    assert (data.person[node], data.frame[node], data.joint[node]) == (1, 3, 4)
    assert not data.mask[node] and data.mask.sum() == data.num_nodes - 1
    assert data.x[node].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(data.pos.numpy()[5], recording.keypoints[0, 0, 5])
    source, target = data.edge_index
    bone, time = data.edge_type == 0, data.edge_type == 1
    assert (data.person[source] == data.person[target]).all()
    assert (data.frame[source] == data.frame[target])[bone].all()
    assert ((data.frame[source] - data.frame[target]).abs() == 1)[time].all()
    assert (data.joint[source] == data.joint[target])[time].all()
    known = {frozenset(pair) for pair in recording.skeleton.bones}
    pairs = zip(data.joint[source[bone]].tolist(), data.joint[target[bone]].tolist(), strict=True)
    assert {frozenset(pair) for pair in pairs} == known


def test_graphs_batch_and_pass_through_a_layer(recording: PoseSequence) -> None:
    from torch_geometric.data import Batch
    from torch_geometric.nn import GCNConv

    batch = Batch.from_data_list([recording.to_pyg(), recording.person(0).to_pyg()])
    out = GCNConv(3, 4)(batch.x, batch.edge_index)
    assert out.shape == (3 * 5 * 17, 4) and out.isfinite().all()


def test_a_single_frame_has_no_time_edges(recording: PoseSequence) -> None:
    data = recording.frames(slice(0, 1)).to_pyg()
    assert (data.edge_type == 0).all()


def test_dataset_there_and_back(recording: PoseSequence) -> None:
    pytest.importorskip("xarray")
    dataset = recording.to_xarray()
    assert dataset["position"].dims == ("time", "space", "keypoints", "individuals")
    assert dataset["confidence"].dims == ("time", "keypoints", "individuals")
    assert dataset.attrs["ds_type"] == "poses" and dataset.attrs["fps"] == 25
    value = dataset["position"].sel(keypoints="left_wrist", individuals="2", space="y").values
    np.testing.assert_array_equal(value, recording.joint("left_wrist")[1, :, 1])
    again = PoseSequence.from_xarray(dataset)
    np.testing.assert_array_equal(again.keypoints, recording.keypoints)
    np.testing.assert_array_equal(again.scores, recording.scores)
    assert (again.people, again.frame_size) == (recording.people, recording.frame_size)
    assert again.skeleton == get_skeleton("coco17")


def test_a_dataset_survives_a_file(recording: PoseSequence, tmp_path) -> None:  # type: ignore[no-untyped-def]
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("scipy")
    recording.to_xarray().to_netcdf(tmp_path / "poses.nc", engine="scipy")
    with xarray.open_dataset(tmp_path / "poses.nc", engine="scipy") as dataset:
        np.testing.assert_array_equal(
            PoseSequence.from_xarray(dataset).keypoints, recording.keypoints
        )
