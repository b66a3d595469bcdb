"""SMG: ``SampleNNNN_skeleton.csv`` of a Kinect v2, with `_finelabels.csv` and `_data.csv`.

A row is a frame of 25 joints with 11 numbers each: x, y, z in metres, 4 of orientation, 2 of
pixel position, 2 more. The format has no scores.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.gestures import get_vocabulary
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.intake import number_of, read_text
from mgskel.formats.format import Format, ReadOptions, dataset_of, register
from mgskel.formats.reading.csv_reading import read_event_labels, read_numbers
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source

_JOINTS, _VALUES, _FPS = 25, 11, 28.0
_ENDING = "_skeleton.csv"


def recognises(source: Source) -> bool:
    if source.is_folder:
        return bool(source.files(_ENDING))
    cells = len(source.first_line.split(","))
    if len(source.head) == 4096 and b"\n" not in source.head:
        cells = _JOINTS * _VALUES if source.path.name.endswith(_ENDING) else cells
    return cells == _JOINTS * _VALUES or source.path.name.endswith(_ENDING)


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    files = source.files(_ENDING) if source.is_folder else [source.path]
    recordings = [_read_sample(file, options, faults, len(files) > 1) for file in files]
    return dataset_of(recordings).replace(vocabulary="smg")


def _read_sample(path: Path, options: ReadOptions, faults: Faults, named: bool) -> Recording | None:
    rows = read_numbers(path, faults)
    if rows.shape[1] != _JOINTS * _VALUES:
        raise faults.stop(
            f"{path.name}, columns",
            f"{_JOINTS * _VALUES}: 11 for each of 25 joints",
            rows.shape[1],
            "use the file as distributed",
        )
    points = rows.reshape(len(rows), _JOINTS, _VALUES)[None, ..., :3].astype(np.float32)
    name = path.name.removesuffix(_ENDING)
    options = options.with_defaults(fps=_rate(_beside(path, "data"), faults))
    sequence = make_sequence(
        points,
        None,
        skeleton=get_skeleton("kinect25"),
        options=options,
        faults=faults,
        place=path.name if named else "",
        unit=options.unit or "metre",
        source=path.name,
    )
    if sequence is None:
        return None
    labels, vocabulary = _beside(path, "finelabels"), get_vocabulary("smg")
    events = read_event_labels(labels, vocabulary, sequence.fps, len(rows), faults, inclusive=False)
    return Recording(sequence, name, subject=number_of(name.removeprefix("Sample")), events=events)


def _rate(path: Path, faults: Faults) -> float:
    """The rate that `_data.csv` tells: frames, rate, depth."""
    if not path.exists():
        return _FPS
    header = 0 if read_text(path)[:1].isdigit() else 1
    cells = read_numbers(path, faults, header=header).ravel()
    if len(cells) < 2 or not 0 < cells[1] <= 1000:
        faults.add(
            f"{path.name}, fps",
            "number of frames, frames per second, depth",
            ", ".join(f"{cell:g}" for cell in cells),
            "correct the file, or remove it (28 is then assumed)",
        )
        return _FPS
    return float(cells[1])


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f"{path.name.removesuffix(_ENDING)}_{kind}.csv")


SMG = register(
    Format(
        "smg",
        "SMG CSV",
        "`SampleNNNN_skeleton.csv` (and `_finelabels.csv`, `_data.csv`), or the folder",
        "Kinect v2 in metres, with gesture events",
        recognises,
        read,
        companions=lambda path: [_beside(path, kind) for kind in ("finelabels", "data")],
    )
)
