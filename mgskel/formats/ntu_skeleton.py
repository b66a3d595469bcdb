"""NTU RGB+D ``.skeleton`` text files of a Kinect v2.

The tracking state of a joint becomes its score: tracked 1, inferred 0.5, not tracked missing.
The file's name tells subject, camera and class.
"""

from __future__ import annotations

import re

import numpy as np

from mgskel.core.errors import Faults, shown
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.intake import read_text
from mgskel.formats.format import Format, ReadOptions, dataset_of, register
from mgskel.formats.reading.sequence_checks import blank, make_sequence
from mgskel.formats.reading.source import Source

_JOINTS, _BODY_VALUES, _JOINT_VALUES, _FPS = 25, 10, 12, 30.0
_FILE = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
_COUNT = re.compile(r"[0-9]{1,9}")
_STATE_SCORES = np.array([0.0, 0.5, 1.0], np.float32)


def recognises(source: Source) -> bool:
    if source.path.suffix == ".skeleton":
        return True
    lines = source.head.decode("ascii", errors="replace").splitlines()[:5]
    cells = [len(line.split()) for line in lines]
    return (
        cells[:2] == [1, 1]
        and _BODY_VALUES in cells
        and (len(cells) < 4 or lines[3].strip() == str(_JOINTS))
    )


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    bodies, total = _parse(read_text(source.path, "skeleton file").splitlines(), faults)
    if not bodies and not faults.stopping:
        faults.add(
            "bodies", "a body that is seen at least once", "none in any frame", "leave it out"
        )
    faults.raise_if_stopping()
    found = dict.fromkeys(body for _, body, _ in bodies)
    names = {body: person for person, body in enumerate(found)}
    points, scores = blank(len(names), total, _JOINTS, 3, source.size, faults)
    for frame, body, values in bodies:
        person = names[body]
        points[person, frame] = values[:, :3]
        states = np.clip(np.nan_to_num(values[:, -1]), 0, 2).astype(int)
        scores[person, frame] = _STATE_SCORES[states]
    points[scores == 0] = np.nan
    sequence = make_sequence(
        points,
        scores,
        skeleton=get_skeleton("kinect25"),
        options=options.with_defaults(fps=_FPS),
        faults=faults,
        unit="metre",
        source=source.path.name,
        # Not Kinect's own numbers: their 17 digits are rounded by spreadsheets.
        people=tuple(str(person) for person in range(1, len(names) + 1)),
    )
    if sequence is None:
        return dataset_of([])
    match = _FILE.search(source.path.stem)
    recording = Recording(
        sequence,
        source.path.stem,
        label=int(match[5]) - 1 if match else None,
        subject=int(match[3]) if match else None,
        view=int(match[2]) if match else None,
    )
    return dataset_of([recording])


Body = tuple[int, str, np.ndarray]


def _parse(lines: list[str], faults: Faults) -> tuple[list[Body], int]:
    """(frame, body name, (25, 12) values) of each body, and the number of frames."""
    bodies: list[Body] = []
    at = 0

    def fail(expected: str, found: str) -> Exception:
        return faults.stop(
            f"line {at + 1}", expected, found, "the file may be cut off; copy it again"
        )

    def whole(expected: str) -> int:
        nonlocal at
        text = lines[at].strip() if at < len(lines) else ""
        if not _COUNT.fullmatch(text):
            raise fail(expected, shown(text) if at < len(lines) else "the end of the file")
        at += 1
        return int(text)

    total = whole("the number of frames")
    for frame in range(total):
        for _ in range(whole(f"the number of bodies in frame {frame}")):
            info = lines[at].split() if at < len(lines) else []
            if len(info) != _BODY_VALUES:
                raise fail(f"{_BODY_VALUES} values of a body", f"{len(info)} values")
            at += 1
            joints = whole("the number of joints")
            if joints != _JOINTS:
                at -= 1
                raise fail(f"{_JOINTS} joints", f"{joints} joints")
            rows = [line.split() for line in lines[at : at + joints]]
            for offset, row in enumerate(rows):
                if len(row) != _JOINT_VALUES:
                    at += offset
                    raise fail(f"{_JOINT_VALUES} values of a joint", f"{len(row)} values")
            if len(rows) < joints:
                at = len(lines)
                raise fail(f"{joints} joints", "the end of the file")
            try:
                values = np.array(rows, np.float64).astype(np.float32)
            except ValueError as error:
                raise fail("numbers", str(error)) from error
            bodies.append((frame, info[0], values))
            at += joints
    return bodies, total


NTU_SKELETON = register(
    Format(
        "ntu-skeleton",
        "NTU skeleton",
        "`.skeleton`",
        "tracking states as scores; subject, camera and class from the name",
        recognises,
        read,
    )
)
