"""This project's own ``.npz`` of one recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.sequence import SCHEMA
from mgskel.core.skeleton import Skeleton, skeleton_from_dict
from mgskel.formats.checks import make_sequence
from mgskel.formats.faults import Faults
from mgskel.formats.npz import NpzArrays, open_npz
from mgskel.formats.probe import Probe
from mgskel.formats.recording import Contents, ReadOptions, Recording, Recordings

NAME = "mgskel npz"


def sniff(probe: Probe) -> bool:
    return {"keypoints", "header"} <= probe.npz_keys or (
        "keypoints" in probe.npz_keys and bool({"scores", "timestamps"} & probe.npz_keys)
    )


def read(probe: Probe, options: ReadOptions, faults: Faults) -> Contents:
    with open_npz(probe.path, faults) as arrays:
        arrays.require("header", "keypoints", "scores", "timestamps")
        header = _header(arrays, faults)
        keypoints, scores = arrays["keypoints"], arrays["scores"]
        timestamps = arrays["timestamps"]
    for key, array in (("keypoints", keypoints), ("scores", scores), ("timestamps", timestamps)):
        if array.dtype.kind not in "fiu":
            faults.add(f"array '{key}'", "numbers", f"dtype {array.dtype}", "write numbers")
    faults.raise_if_stopping()
    people = header["people"]
    if keypoints.ndim == 4 and len(people) != keypoints.shape[0]:
        faults.add(
            "header, people",
            f"{keypoints.shape[0]} names",
            f"{len(people)} names",
            "name each person of the first axis",
        )
    size = header["frame_size"]
    sequence = make_sequence(
        keypoints,
        scores,
        skeleton=_skeleton(header, faults),
        options=options,
        faults=faults,
        fps=float(header["fps"]),
        unit=str(header["unit"]),
        frame_size=(int(size[0]), int(size[1])) if size else None,
        timestamps=timestamps,
        source=str(header["source"]),
        people=tuple(people) if len(people) == len(keypoints) else (),
        as_stored=True,
    )
    if sequence is None:
        return Contents(NAME, Recordings.of(probe.path, []))
    sequence = sequence.replace(provenance=tuple(header["provenance"]))
    recording = Recording(sequence, Path(sequence.source or probe.path.name).stem)
    return Contents(NAME, Recordings.of(probe.path, [recording]))


def _header(arrays: NpzArrays, faults: Faults) -> dict[str, Any]:
    remedy = "write the file again with this program"
    try:
        header = json.loads(str(arrays["header"]))
    except json.JSONDecodeError as error:
        raise faults.stop("array 'header'", "JSON text", str(error), remedy) from error
    if not isinstance(header, dict):
        raise faults.stop("array 'header'", "a JSON object", type(header).__name__, remedy)
    if header.get("schema") != SCHEMA:
        raise faults.stop("header, schema", SCHEMA, header.get("schema"), "update mgskel")
    wanted: dict[str, tuple[type, ...]] = {
        "fps": (int, float),
        "skeleton": (dict,),
        "frame_size": (list, type(None)),
        "unit": (str,),
        "source": (str,),
        "provenance": (list,),
        "people": (list,),
    }
    for key, kinds in wanted.items():
        if not isinstance(header.get(key, ...), kinds):
            found = repr(header[key]) if key in header else "nothing"
            names = " or ".join(kind.__name__ for kind in kinds)
            faults.add(f"header, {key}", names, found, remedy)
    faults.raise_if_stopping()
    return header


def _skeleton(header: dict[str, Any], faults: Faults) -> Skeleton:
    try:
        return skeleton_from_dict(header["skeleton"], "header")
    except InputError as error:
        raise faults.stop(
            "header, skeleton", "a usable skeleton", error.message, "correct the skeleton"
        ) from error
