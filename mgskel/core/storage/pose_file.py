"""The ``.npz`` of one recording: three arrays and one JSON header, no pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError, shown
from mgskel.core.skeleton import Skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.core.storage.intake import checked, parse_json
from mgskel.core.storage.npz import NpzArrays, open_npz, write_npz

SCHEMA = 1
_ARRAYS = ("keypoints", "scores", "timestamps")
_REMEDY = "write the file again with this program"


@dataclass(frozen=True)
class PoseHeader:
    """What a file says of its arrays."""

    fps: float
    skeleton: dict[str, Any]
    frame_size: tuple[int, int] | None
    unit: str
    source: str
    provenance: tuple[dict[str, Any], ...]
    people: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PoseFile:
    """What such a file holds: the fields of a `PoseSequence`, with values still to be judged."""

    keypoints: np.ndarray
    scores: np.ndarray
    timestamps: np.ndarray
    fps: float
    skeleton: Skeleton
    frame_size: tuple[int, int] | None
    unit: str
    source: str
    provenance: tuple[Mapping[str, object], ...]
    people: tuple[str, ...]


def write_pose_file(path: str | Path, content: PoseFile) -> None:
    header = {
        "schema": SCHEMA,
        "fps": content.fps,
        "skeleton": skeleton_to_dict(content.skeleton),
        "frame_size": content.frame_size,
        "unit": content.unit,
        "source": content.source,
        "provenance": [dict(record) for record in content.provenance],
        "people": content.people,
    }
    text = json.dumps(header, ensure_ascii=False, allow_nan=False)
    write_npz(path, header=text, **{name: getattr(content, name) for name in _ARRAYS})


def read_pose_file(path: str | Path, faults: Faults) -> PoseFile:
    """Everything the file says; what cannot be read at all, or is of another kind, is a fault."""
    with open_npz(path, faults) as archive:
        absent = [name for name in ("header", *_ARRAYS) if name not in archive]
        if absent:
            raise faults.stop(
                "keys",
                "a pose sequence of this project: arrays header, " + ", ".join(_ARRAYS),
                ", ".join(archive.keys) or "no arrays",
                f"add {', '.join(absent)}; 'mgskel convert' reads other formats and bundles",
            )
        header = _header(archive, faults)
        arrays = {name: archive[name] for name in _ARRAYS}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            faults.add(f"array '{name}'", "numbers", f"dtype {array.dtype}", "write numbers")
    faults.raise_if_stopping()
    if not all(isinstance(record.get("step"), str) for record in header.provenance):
        raise faults.stop("header, provenance", "records with a 'step'", "others", _REMEDY)
    facts = {**arrays, **vars(header), "skeleton": _skeleton(header.skeleton, faults)}
    return PoseFile(**facts)


def read_pose_header(path: str | Path) -> tuple[PoseHeader, np.ndarray]:
    """What the file says of itself, and its times (T,): without its keypoints."""
    faults = Faults(path)
    with open_npz(path, faults) as archive:
        return _header(archive, faults), archive["timestamps"]


def _header(archive: NpzArrays, faults: Faults) -> PoseHeader:
    tree = parse_json(str(archive["header"]), "array 'header'")
    schema = tree.get("schema") if isinstance(tree, dict) else None
    if schema != SCHEMA:
        raise faults.stop(
            "header, schema", f"schema {SCHEMA}", f"schema {shown(schema)}", "update mgskel"
        )
    return checked(PoseHeader, tree, faults, "header")


def _skeleton(tree: Mapping[str, Any], faults: Faults) -> Skeleton:
    try:
        return skeleton_from_dict(tree, "header")
    except InputError as error:
        raise faults.stop(
            "header, skeleton", "a usable skeleton", error.message, "correct the skeleton"
        ) from error
