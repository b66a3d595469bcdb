"""The folder that ``mgskel analyze`` wrote for a clip: a recording whose poses lie within."""

from __future__ import annotations

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset
from mgskel.formats import mgskel_npz
from mgskel.formats.format import Format, ReadOptions, register
from mgskel.formats.reading.source import Source

_POSE, _BESIDE = "pose.npz", "quality.json"


def recognises(source: Source) -> bool:
    return {_POSE, _BESIDE} <= set(source.listed())


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    data = mgskel_npz.read(Source(source.path / _POSE), options, faults)
    return data.replace(recordings=[one.replace(name=source.path.resolve().name) for one in data])


RESULT_FOLDER = register(
    Format(
        "result",
        "result folder",
        "the folder of a clip that `analyze` wrote",
        "the poses in it",
        recognises,
        read,
    )
)
