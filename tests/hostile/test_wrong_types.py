# ruff: noqa: E501
"""Valid JSON of wrong kinds, in every reader: the wrong value is named."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_commands import refuse, written, zipped

WRONG: tuple[Any, ...] = (5, None, "x", [], {}, [[]], True, 10**400, {"a": 1}, [None], -1.5)
TREES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "coco images": ("a.json", lambda v: {"images": v, "annotations": [], "categories": []}),
    "coco ids": ("a.json", lambda v: {"images": [{"id": v, "file_name": "1.jpg"}], "annotations": [{"image_id": v, "keypoints": v}], "categories": []}),
    "mmpose": ("a.json", lambda v: {"meta_info": {}, "instance_info": v}),
    "mmpose points": ("a.json", lambda v: [{"frame_id": 0, "instances": [{"keypoints": v, "keypoint_scores": [1]}]}]),
    "nw-ucla": ("a05_s02_e03_v01.json", lambda v: {"file_name": "a05_s02_e03_v01", "skeletons": v, "label": 5}),
    "openpose": ("op/c_000000000000_keypoints.json", lambda v: {"version": 1.3, "people": v}),
    "openpose points": ("op/c_000000000000_keypoints.json", lambda v: {"people": [{"pose_keypoints_2d": v}]}),
    "events": ("a.events.json", lambda v: {"events": v if v != [] else 7}),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_wrong_types_are_named(tmp_path: Path, name: str, capsys: Any) -> None:
    file, tree = TREES[name]
    for value in WRONG:
        text = json.dumps(tree(value))
        path = written(file, text)(tmp_path)
        if name == "openpose" and value in ([],):
            continue  # nobody is there: no fault
        given = path.parent if path.parent != tmp_path else path
        refuse(["convert", given, tmp_path / "o.npz"], tmp_path, capsys)


@pytest.mark.parametrize("key", ["fps", "frame_size", "skeleton", "unit", "provenance", "people", "source", "schema"])  # fmt: skip
def test_a_recording_says_of_itself_what_it_should(
    tmp_path: Path, good: Path, key: str, capsys: Any
) -> None:
    with zipfile.ZipFile(good / "pose.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        header = json.loads(str(np.load(io.BytesIO(members["header.npy"]))))
    for value in (["a", "b"], {"a": [1]}, -1, float("nan"), [[[]]]):
        buffer = io.BytesIO()
        np.save(buffer, np.array(json.dumps({**header, key: value})))
        path = zipped(*{**members, "header.npy": buffer.getvalue()}.items())(tmp_path)
        refuse(["convert", path, tmp_path / "o.npz"], tmp_path, capsys)
