"""The ``.npz`` of one recording: three arrays and one JSON header, no pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.npz import NpzArrays, open_npz, write_npz
from mgskel.core.skeleton import Skeleton, skeleton_from_dict, skeleton_to_dict

SCHEMA = 1
_ARRAYS = ("keypoints", "scores", "timestamps")
_REMEDY = "write the file again with this program"
_HEADER: Mapping[str, tuple[type, ...]] = {
    "fps": (int, float),
    "skeleton": (dict,),
    "frame_size": (list, type(None)),
    "unit": (str,),
    "source": (str,),
    "provenance": (list,),
    "people": (list,),
}


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
    size = header["frame_size"]
    return PoseFile(
        **arrays,
        fps=float(header["fps"]),
        skeleton=_skeleton(header, faults),
        frame_size=(int(size[0]), int(size[1])) if size else None,
        unit=header["unit"],
        source=header["source"],
        provenance=tuple(header["provenance"]),
        people=tuple(header["people"]),
    )


def _header(archive: NpzArrays, faults: Faults) -> dict[str, Any]:
    try:
        header = json.loads(str(archive["header"]))
    except json.JSONDecodeError as error:
        raise faults.stop("array 'header'", "JSON text", str(error), _REMEDY) from error
    if not isinstance(header, dict):
        raise faults.stop("array 'header'", "a JSON object", type(header).__name__, _REMEDY)
    if header.get("schema") != SCHEMA:
        raise faults.stop(
            "header, schema", f"schema {SCHEMA}", f"schema {header.get('schema')}", "update mgskel"
        )
    for key, kinds in _HEADER.items():
        if not isinstance(header.get(key, ...), kinds):
            found = repr(header[key]) if key in header else "nothing"
            names = " or ".join(kind.__name__ for kind in kinds)
            faults.add(f"header, {key}", names, found, _REMEDY)
    faults.raise_if_stopping()
    return header


def _skeleton(header: Mapping[str, Any], faults: Faults) -> Skeleton:
    try:
        return skeleton_from_dict(header["skeleton"], "header")
    except InputError as error:
        raise faults.stop(
            "header, skeleton", "a usable skeleton", error.message, "correct the skeleton"
        ) from error
