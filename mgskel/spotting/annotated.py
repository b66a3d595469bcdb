"""Recordings that somebody annotated: events beside keypoints, or a label for every frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.formats import read
from mgskel.spotting.metrics import check_reference

_LEAST_TO_KEEP_APART = 4


def annotated_recordings(path: Path) -> Dataset:
    """The recordings of a folder (or another data set) that have events."""
    data = read(path)
    annotated = data.select([i for i, one in enumerate(data) if one.events])
    if not len(annotated):
        raise InputError(
            "no annotated recordings",
            place=path,
            expected="pairs such as interview1.npz (from 'mgskel extract') and interview1.eaf",
            found=f"without events: {', '.join(map(str, data.names[:5]))}",
            remedy="see docs/howto/annotate-and-finetune.md",
        )
    for one in annotated:
        start = one.sequence.start_s
        check_reference(one.events, start + one.sequence.duration_s, start)
    return annotated


def every_fourth(data: Dataset) -> tuple[Dataset, Dataset]:
    """What to learn from, and what to keep apart: every fourth, or nothing where there are few."""
    apart = np.arange(len(data)) % 4 == 3
    if len(data) < _LEAST_TO_KEEP_APART:
        apart[:] = False
    return data.select(~apart), data.select(apart)
