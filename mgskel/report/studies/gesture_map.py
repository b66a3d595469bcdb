"""The map of similar movements as the study's page reads it, and as a table."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.storage.csv_table import to_csv
from mgskel.core.storage.files import write_json, write_text, writing_together
from mgskel.report.studies.study_page import GESTURE_MAP
from mgskel.study.similarity import JOINTS, LINES, STEPS, GestureMap

TABLE = "gestures.csv"
_REACH = 4.0
_MISSING = 255


def write_gesture_map(study: Path, found: GestureMap) -> None:
    """Write gestures.json for the page, and gestures.csv for other programs."""
    with writing_together(study) as place:
        write_json(place / GESTURE_MAP, map_data(found))
        write_text(place / TABLE, _table(found))


def map_data(found: GestureMap) -> dict[str, Any]:
    """What the page reads: places, names, and each movement in a byte a coordinate."""
    paths = np.stack([movement.path for movement in found.movements])
    with np.errstate(invalid="ignore"):
        steps = np.rint((np.clip(paths, -_REACH, _REACH) + _REACH) / (2 * _REACH) * (_MISSING - 1))
    packed = np.where(np.isfinite(steps), steps, _MISSING).astype(np.uint8)
    size = float(np.abs(found.places).max()) or 1.0
    places = np.round(found.places / size, 3)
    return {
        "joints": list(JOINTS),
        "lines": [list(line) for line in LINES],
        "steps": STEPS,
        "reach": _REACH,
        "paths": base64.b64encode(packed.tobytes()).decode("ascii"),
        "label": [movement.event.label for movement in found.movements],
        "clip": [movement.clip for movement in found.movements],
        "start": [round(movement.event.start_s, 2) for movement in found.movements],
        "length": [round(movement.event.duration_s, 2) for movement in found.movements],
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "neighbour": found.neighbours.tolist(),
        "explained": round(found.explained, 3),
    }


def _table(found: GestureMap) -> str:
    rows: list[list[object]] = [
        ["clip", "person", "label", "start_s", "end_s", "x", "y", "nearest_clip", "nearest_label",
         "nearest_start_s"]
    ]  # fmt: skip
    for movement, place, near in zip(found.movements, found.places, found.neighbours, strict=True):
        event, other = movement.event, found.movements[near]
        rows.append(
            [movement.clip, event.person, event.label, round(event.start_s, 3),
             round(event.end_s, 3), *np.round(place, 4).tolist(), other.clip, other.event.label,
             round(other.event.start_s, 3)]
        )  # fmt: skip
    return to_csv(rows)
