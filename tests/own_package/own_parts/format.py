"""A text file of noses, one a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.formats import Format, ReadOptions, Source, Writer, register


def recognises(source: Source) -> bool:
    return source.first_line == "own noses"


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    rows = np.loadtxt(source.path, skiprows=1, ndmin=2)
    points = np.full((len(rows), 17, 2), np.nan)
    points[:, 0] = rows
    sequence = PoseSequence.from_arrays(points, fps=options.fps or 30, skeleton="coco17")
    return Dataset([Recording(sequence, source.path.stem)])


def write(path: Path, data: Dataset) -> None:
    np.savetxt(path, data.only.sequence.joint("nose")[0], header="own noses", comments="")


register(
    Format(
        "own-noses",
        "list of noses",
        "a `.nose` file",
        "the nose of each frame",
        recognises,
        read,
        Writer(write, ".nose", cannot_hold=("frame rate", "times", "label")),
    )
)
