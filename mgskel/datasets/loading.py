"""Labelled clips as training and evaluation want them, from any file or folder that holds some."""

from __future__ import annotations

from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.formats.format import ReadOptions


def load_dataset(
    path: str | Path, options: ReadOptions | None = None, split: str | None = None
) -> Dataset:
    """Clips and labels of whatever the readers know, all made and checked.

    Recordings with events become one clip per event; others are one clip each.

    Args:
        split: only the clips that the file counts to this part ("train", "test").
    """
    from mgskel.formats import read

    data = read(path, options).clips()
    if split is not None:
        data = data.select([i for i, clip in enumerate(data) if clip.split == split])
    if not data:
        raise InputError(
            "the file holds no sequences" + (f" of the part '{split}'" if split else ""), place=path
        )
    return data
