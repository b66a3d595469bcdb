"""iMiGUE as distributed: ``ID_light_hand.csv`` with the gestures of ``ID_label.csv`` beside it.

A row is a frame: one column that the starter kit skips, then 35 points (x, y, score): OpenPose
BODY_25, the right hand's finger tips, the left hand's. The starter kit calls points 2 to 4 the
left arm; in BODY_25 they are the right one, and so are the tips that follow the body.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.gestures import get_vocabulary
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import get_skeleton
from mgskel.formats.format import Format, ReadOptions, dataset_of, register
from mgskel.formats.reading.csv_reading import read_event_labels, read_numbers
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source

_COLUMNS = 1 + 35 * 3
_FPS, _SIZE = 25.0, (1280, 720)
_ENDING = "_light_hand.csv"


def recognises(source: Source) -> bool:
    if source.is_folder:
        return bool(source.files(_ENDING))
    cells = source.first_line.split(",")
    # A file of this name is one of iMiGUE's, even where it is damaged.
    named = source.path.name.endswith(_ENDING)
    return named or (len(cells) == _COLUMNS and _is_number(cells[-1]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    files = source.files(_ENDING) if source.is_folder else [source.path]
    options = options.with_defaults(fps=_FPS)
    recordings = [_read_video(file, options, faults, len(files) > 1) for file in files]
    return dataset_of(recordings).replace(vocabulary="imigue")


def _read_video(path: Path, options: ReadOptions, faults: Faults, named: bool) -> Recording | None:
    rows = read_numbers(path, faults)
    if rows.shape[1] != _COLUMNS:
        raise faults.stop(
            f"{path.name}, columns",
            f"{_COLUMNS}: one, then x, y, score of 35 points",
            rows.shape[1],
            "use the file as distributed",
        )
    values = rows[:, 1:].reshape(len(rows), 35, 3).astype(np.float32)
    values[(values == 0).all(-1)] = np.nan
    scores = np.where(np.isnan(values).any(-1), 0, values[..., 2])
    sequence = make_sequence(
        np.where((scores > 0)[None, ..., None], values[None, ..., :2], np.nan),
        scores[None],
        skeleton=get_skeleton("imigue35"),
        options=options,
        faults=faults,
        place=path.name if named else "",
        unit=options.unit or "pixel",
        frame_size=options.frame_size or _SIZE,
        source=path.name,
    )
    if sequence is None:
        return None
    labels, vocabulary = _label_file(path), get_vocabulary("imigue")
    events = read_event_labels(labels, vocabulary, sequence.fps, len(rows), faults, inclusive=True)
    return Recording(sequence, path.name.removesuffix(_ENDING), events=events)


def _label_file(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(_ENDING) + "_label.csv")


IMIGUE_CSV = register(
    Format(
        "imigue-csv",
        "iMiGUE CSV",
        "`ID_light_hand.csv` (and `ID_label.csv` beside it), or the folder",
        "35 points at 25 fps, with gesture events",
        recognises,
        read,
        companions=lambda path: [_label_file(path)],
    )
)
