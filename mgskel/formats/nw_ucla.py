"""NW-UCLA ``all_sqe`` JSON: one file per sequence of a Kinect v1, or a folder of them.

The name ``aXX_sYY_eZZ_vVV`` tells class (from 1), subject and view.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError, shown
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.intake import number_of, parse_json, read_bytes
from mgskel.formats.format import Format, ReadOptions, dataset_of, register
from mgskel.formats.reading.sequence_checks import make_sequence, numbers
from mgskel.formats.reading.source import Source

_NAME = re.compile(r"a(\d+)_s(\d+)_e(\d+)_v(\d+)")
_CLASSES = 10


def recognises(source: Source) -> bool:
    sample = source.json_sample()
    if sample is None:
        return False
    named = _NAME.search(sample.path.stem) is not None and b'"people"' not in sample.head
    return named or b'"skeletons"' in sample.head


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    files = source.files(".json") if source.is_folder else [source.path]
    return dataset_of(_read_file(file, options, faults) for file in files)


def _read_file(path: Path, options: ReadOptions, faults: Faults) -> Recording | None:
    try:
        tree = parse_json(read_bytes(path), path.name)
    except InputError as error:
        faults.add_error(error)
        return None
    points = _points(tree, path, faults)
    if points is None:
        return None
    sequence = make_sequence(
        points[None],
        None,
        skeleton=get_skeleton("kinect20"),
        options=options,
        faults=faults,
        place=path.name,
        unit=options.unit or "metre",
        source=path.name,
    )
    if sequence is None:
        return None
    match = _NAME.search(str(tree.get("file_name", ""))[:80]) or _NAME.search(path.stem)
    label = tree.get("label", number_of(match[1]) if match else None)
    if label is not None and (type(label) is not int or not 1 <= label <= _CLASSES + 2):
        faults.add(f"{path.name}, label", f"1 to {_CLASSES}", shown(label), "correct it")
        return None
    return Recording(
        sequence,
        path.stem,
        label=None if label is None else label - 1,
        subject=number_of(match[2]) if match else None,
        view=number_of(match[4]) if match else None,
    )


def _points(tree: Any, path: Path, faults: Faults) -> np.ndarray | None:
    """The file's points (T, 20, 3)."""
    skeletons = tree.get("skeletons") if isinstance(tree, dict) else None
    place, wanted = f"{path.name}, skeletons", "frames of 20 joints of 3 numbers"
    if not isinstance(skeletons, list):
        faults.add(place, wanted, "none", "use the file as distributed")
        return None
    for frame, joints in enumerate(skeletons):
        if not isinstance(joints, list) or len(joints) != 20:
            size = len(joints) if isinstance(joints, list) else type(joints).__name__
            faults.add(f"{place}, frame {frame}", "20 joints", size, "use the file as distributed")
            return None
    points = numbers([row for joints in skeletons for row in joints], 3)
    if points is None:
        faults.add(place, wanted, "other values", "use the file as distributed")
        return None
    return points.reshape(len(skeletons), 20, 3)


NW_UCLA = register(
    Format(
        "nw-ucla",
        "NW-UCLA JSON",
        "one `all_sqe` JSON, or their folder",
        "Kinect v1 in metres",
        recognises,
        read,
    )
)
