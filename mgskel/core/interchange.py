"""Recordings for other libraries: tables, PyTorch Geometric graphs, the dataset of `movement`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mgskel.core.errors import MissingDependency
from mgskel.core.skeleton import Skeleton, get_skeleton

if TYPE_CHECKING:
    import pandas
    import xarray
    from torch_geometric.data import Data

BONE, TIME = 0, 1
_AXES = ("x", "y", "z")


class Poses(Protocol):
    """What is read of a `PoseSequence`."""

    @property
    def keypoints(self) -> np.ndarray: ...
    @property
    def scores(self) -> np.ndarray: ...
    @property
    def timestamps(self) -> np.ndarray: ...
    @property
    def fps(self) -> float: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def skeleton(self) -> Skeleton: ...
    @property
    def unit(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def frame_size(self) -> tuple[int, int] | None: ...
    @property
    def people(self) -> tuple[str, ...]: ...


def to_pandas(sequence: Poses) -> pandas.DataFrame:
    """A row per person, frame and joint; coordinates are NaN where missing."""
    import pandas

    people, frames, joints, dims = sequence.keypoints.shape
    person, frame, joint = (axis.ravel() for axis in np.indices((people, frames, joints)))
    columns: dict[str, object] = {
        "person": np.array(sequence.people)[person],
        "time_s": sequence.timestamps[frame],
        "joint": np.array(sequence.skeleton.joints)[joint],
    }
    for axis in range(dims):
        columns[_AXES[axis]] = sequence.keypoints[..., axis].ravel()
    return pandas.DataFrame(columns | {"score": sequence.scores.ravel()})


def to_pyg(sequence: Poses) -> Data:
    """A spatio-temporal graph: one node per person, frame and joint.

    Nodes stand in the order of (person, frame, joint). Edges run both ways: along bones within
    a frame, and from each joint to itself in the next frame; people are not connected.

    Returns:
        `x` (N, C + 1) coordinates and score, 0 where missing; `pos` (N, C); `mask` (N,) where
        seen; `edge_index` (2, E); `edge_type` (E,) 0 bone, 1 time; `person`, `frame`, `joint`
        (N,); `time` (N,) seconds; `num_people`, `num_frames`, `num_joints`, `fps`, `skeleton`.
    """
    import torch
    from torch_geometric.data import Data

    people, frames, joints, dims = sequence.keypoints.shape
    grid = np.arange(people * frames * joints).reshape(people, frames, joints)
    child, parent = np.array(sequence.skeleton.bones, np.int64).reshape(-1, 2).T
    pairs = [
        (grid[..., child], grid[..., parent]),
        (grid[..., parent], grid[..., child]),
        (grid[:, :-1], grid[:, 1:]),
        (grid[:, 1:], grid[:, :-1]),
    ]
    edges = np.concatenate([np.stack([a.ravel(), b.ravel()]) for a, b in pairs], axis=1)
    kinds = np.repeat([BONE, BONE, TIME, TIME], [source.size for source, _ in pairs])
    points = np.nan_to_num(sequence.keypoints).reshape(-1, dims)
    scores = sequence.scores.reshape(-1, 1)
    person, frame, joint = (axis.ravel() for axis in np.indices(grid.shape))
    return Data(
        x=torch.from_numpy(np.concatenate([points, scores], axis=1)),
        pos=torch.from_numpy(points),
        mask=torch.from_numpy(scores[:, 0] > 0),
        edge_index=torch.from_numpy(edges),
        edge_type=torch.from_numpy(kinds),
        person=torch.from_numpy(person),
        frame=torch.from_numpy(frame),
        joint=torch.from_numpy(joint),
        time=torch.from_numpy(sequence.timestamps[frame]),
        num_people=people,
        num_frames=frames,
        num_joints=joints,
        fps=sequence.fps,
        skeleton=sequence.skeleton.name,
    )


def to_xarray(sequence: Poses) -> xarray.Dataset:
    """The poses dataset that `movement` works on.

    Returns:
        `position` (time, space, keypoints, individuals) and `confidence` (time, keypoints,
        individuals), with fps, unit, layout and source among the attributes.
    """
    try:
        import xarray
    except ImportError as error:
        raise MissingDependency("xarray", "interchange", "giving a dataset") from error
    dims = ("time", "space", "keypoints", "individuals")
    attributes: dict[str, object] = {
        "ds_type": "poses",
        "fps": sequence.fps,
        "time_unit": "seconds",
        "source_software": "mgskel",
        "source_file": sequence.source,
        "skeleton": sequence.skeleton.name,
        "unit": sequence.unit,
    }
    if sequence.frame_size is not None:
        attributes["frame_size"] = list(sequence.frame_size)
    return xarray.Dataset(
        data_vars={
            "position": (dims, sequence.keypoints.transpose(1, 3, 2, 0)),
            "confidence": ((dims[0], *dims[2:]), sequence.scores.transpose(1, 2, 0)),
        },
        coords={
            "time": sequence.timestamps,
            "space": list(_AXES[: sequence.keypoints.shape[-1]]),
            "keypoints": list(sequence.skeleton.joints),
            "individuals": list(sequence.people),
        },
        attrs=attributes,
    )


def fields_from_xarray(dataset: xarray.Dataset, layout: str | None = None) -> dict[str, Any]:
    """What `PoseSequence.from_arrays` takes, from what `to_xarray` made."""
    skeleton = get_skeleton(layout or str(dataset.attrs["skeleton"]))
    ordered = dataset.sel(keypoints=list(skeleton.joints))
    position = ordered["position"].transpose("individuals", "time", "keypoints", "space")
    confidence = ordered["confidence"].transpose("individuals", "time", "keypoints")
    size = dataset.attrs.get("frame_size")
    return {
        "keypoints": position.values,
        "scores": np.nan_to_num(confidence.values),
        "fps": float(dataset.attrs["fps"]),
        "skeleton": skeleton,
        "timestamps": dataset["time"].values,
        "unit": str(dataset.attrs.get("unit", "pixel")),
        "frame_size": None if size is None else (int(size[0]), int(size[1])),
        "source": str(dataset.attrs.get("source_file", "")),
        "people": tuple(str(name) for name in dataset["individuals"].values),
    }
