"""This project's own ``.npz`` of one recording."""

from __future__ import annotations

from pathlib import Path

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset, Recording
from mgskel.core.storage.pose_file import read_pose_file
from mgskel.formats.format import Format, ReadOptions, Writer, dataset_of, register
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source


def recognises(source: Source) -> bool:
    return "keypoints" in source.npz_keys and bool(
        {"header", "scores", "timestamps"} & source.npz_keys
    )


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    content = read_pose_file(source.path, faults)
    people = content.people
    if content.keypoints.ndim == 4 and len(people) != len(content.keypoints):
        faults.add(
            "header, people",
            f"{len(content.keypoints)} names",
            f"{len(people)} names",
            "name each person of the first axis",
        )
        people = ()
    sequence = make_sequence(
        content.keypoints,
        content.scores,
        skeleton=content.skeleton,
        options=options,
        faults=faults,
        fps=content.fps,
        unit=content.unit,
        frame_size=content.frame_size,
        timestamps=content.timestamps,
        source=content.source,
        people=people,
        as_stored=True,
    )
    if sequence is None:
        return dataset_of([])
    name = Path(content.source or source.path.name).stem
    return dataset_of([Recording(sequence.replace(provenance=content.provenance), name)])


def write(path: Path, data: Dataset) -> None:
    data.only.sequence.save(path)


MGSKEL_NPZ = register(
    Format(
        "npz",
        "mgskel npz",
        "`.npz` of one recording, as `extract` writes it",
        "everything but labels",
        recognises,
        read,
        Writer(
            write,
            ".npz",
            cannot_hold=("label", "subject", "view", "split", "labels of frames", "events",
                         "extra", "names of the classes"),
        ),
    )
)  # fmt: skip
