"""Long-form CSV, for pandas and R: one row per person, frame and joint.

Columns ``person,frame,time_s,joint,x,y[,z],score``; a missing joint has empty coordinates.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import Skeleton, get_skeleton, list_skeletons
from mgskel.core.storage.files import writing
from mgskel.formats.format import Format, ReadOptions, Writer, register, single
from mgskel.formats.reading.csv_reading import column, read_rows
from mgskel.formats.reading.sequence_checks import blank, make_sequence, rate_of
from mgskel.formats.reading.source import Source

_AXES = ("x", "y", "z")


def recognises(source: Source) -> bool:
    columns = {name.strip().strip('"') for name in source.first_line.split(",")}
    return {"person", "frame", "time_s", "joint", "x", "y", "score"} <= columns


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    header, rows = read_rows(source.path, faults)
    if not rows:
        raise faults.stop("file", "a row per person, frame and joint", "no rows", "write it again")
    text = {name: [cells[header.index(name)] for _, cells in rows] for name in ("person", "joint")}
    names = ["frame", "time_s", "score", *(axis for axis in _AXES if axis in header)]
    values = {name: column(rows, header.index(name), name, faults) for name in names}
    faults.raise_if_stopping()
    joints = tuple(dict.fromkeys(text["joint"]))
    layout = _layout(joints, options, faults)
    people = tuple(dict.fromkeys(text["person"]))
    frames, at = np.unique(values["frame"], return_inverse=True)
    first = np.unique(at, return_index=True)[1]
    who = _places(text["person"], people)
    which = _places(text["joint"], layout.joints)
    points, scores = blank(
        len(people), len(frames), layout.num_joints, len(names) - 3, source.size, faults
    )
    cell = (who * len(frames) + at) * layout.num_joints + which
    twice = np.flatnonzero(np.bincount(cell) > 1)
    if twice.size:
        row = int(np.flatnonzero(cell == twice[0])[1])
        faults.add(
            f"line {rows[row][0]}",
            "each person, frame and joint once",
            f"person {text['person'][row]}, frame {values['frame'][row]:g}, "
            f"joint {text['joint'][row]} again ({twice.size} such places)",
            "drop repeated rows",
        )
    coordinates = np.stack([values[axis] for axis in names[3:]], -1).astype(np.float32)
    points[who, at, which] = coordinates
    scores[who, at, which] = np.nan_to_num(values["score"])
    times = values["time_s"][first]
    sequence = make_sequence(
        points,
        scores,
        skeleton=layout,
        options=options,
        faults=faults,
        fps=rate_of(times) if options.fps is None else None,
        timestamps=times,
        source=source.path.name,
        people=people,
    )
    return single(sequence, source)


def _places(words: list[str], known: tuple[str, ...]) -> np.ndarray:
    position = {word: index for index, word in enumerate(known)}
    return np.array([position[word] for word in words])


def _layout(joints: tuple[str, ...], options: ReadOptions, faults: Faults) -> Skeleton:
    """The caller's layout, or the known one with just these joints."""
    if options.layout is not None:
        layout = get_skeleton(options.layout)
        foreign = [joint for joint in joints if not layout.has(joint)]
        if foreign:
            raise faults.stop(
                "column 'joint'",
                f"joints of the layout '{layout.name}'",
                ", ".join(foreign),
                "give the layout that has these joints by --layout",
            )
        return layout
    known = [get_skeleton(name) for name in list_skeletons()]
    same = [layout for layout in known if set(layout.joints) == set(joints)]
    same.sort(key=lambda layout: layout.joints != joints)
    if not same:
        raise faults.stop(
            "column 'joint'",
            "the joints of a known layout",
            f"{len(joints)} joints: {', '.join(joints[:8])}...",
            "give the layout by --layout NAME or a YAML file",
        )
    return same[0]


def write(path: Path, data: Dataset) -> None:
    """Write one row per person, frame and joint; numbers keep all their digits."""
    sequence = data.only.sequence
    axes = _AXES[: sequence.num_dims]
    with writing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["person", "frame", "time_s", "joint", *axes, "score"])
        for person, name in enumerate(sequence.people):
            for frame, time in enumerate(sequence.timestamps.tolist()):
                writer.writerows(
                    _row(name, frame, time, joint, point, score)
                    for joint, point, score in zip(
                        sequence.skeleton.joints,
                        sequence.keypoints[person, frame].astype(float).tolist(),
                        sequence.scores[person, frame].astype(float).tolist(),
                        strict=True,
                    )
                )


def _row(
    person: str, frame: int, time: float, joint: str, point: list[float], score: float
) -> list[object]:
    shown: list[object] = list(point) if score > 0 else [""] * len(point)
    return [person, frame, time, joint, *shown, score]


LONG_CSV = register(
    Format(
        "csv",
        "long CSV",
        "the long form that `convert` writes, a row per person, frame and joint",
        "all people, times and scores",
        recognises,
        read,
        Writer(
            write,
            ".csv",
            cannot_hold=("picture size", "provenance", "unit", "layout name", "label", "subject",
                         "view", "split", "labels of frames", "events", "extra",
                         "names of the classes"),
        ),
    )
)  # fmt: skip
