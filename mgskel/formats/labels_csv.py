"""Gesture label tables of iMiGUE (`_label.csv`) and SMG (`_finelabels.csv`)."""

from __future__ import annotations

import csv
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.events import ANNOTATION, GestureEvent
from mgskel.core.files import read_text
from mgskel.core.gestures import Vocabulary
from mgskel.formats.faults import Faults


def read_labels(
    path: Path,
    vocabulary: Vocabulary,
    fps: float,
    frames: int,
    faults: Faults,
    *,
    inclusive: bool,
) -> tuple[GestureEvent, ...]:
    """Events from rows of raw label, first frame and last frame, counted from 0.

    Args:
        path: the table; a line of column names may come first.
        vocabulary: knows the raw labels.
        fps: frames per second.
        frames: how many the recording has.
        faults: told of rows that can't be.
        inclusive: whether the last frame still belongs to the gesture.
    """
    events = []
    for number, cells in enumerate(csv.reader(read_text(path, "labels").splitlines()), start=1):
        if not any(cell.strip() for cell in cells):
            continue
        place = f"{path.name}, line {number}"
        try:
            raw, start, end = (int(float(cell)) for cell in cells[:3])
        except ValueError:
            if number > 1:
                faults.add(place, "label, first frame, last frame", ",".join(cells), "correct it")
            continue
        try:
            gesture = vocabulary.from_raw(raw)
        except InputError as error:
            faults.add(
                place, f"a label of '{vocabulary.name}': {error.expected}", raw, "correct it"
            )
            continue
        stop = end + 1 if inclusive else end
        if not 0 <= start < stop or start >= frames:
            faults.add(
                place,
                f"frames within 0 to {frames - 1}, the first before the last",
                f"{start} to {end}",
                "correct it; labels and skeleton may be of different videos",
            )
            continue
        events.append(
            GestureEvent(
                "1",
                gesture.name,
                gesture.id,
                start / fps,
                min(stop, frames) / fps,
                micro=gesture.micro,
                group=gesture.group,
                source=ANNOTATION,
            )
        )
    return tuple(events)
