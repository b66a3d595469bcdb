"""MediaPipe landmarks written to CSV, in the shapes that tutorials and tools use.

Wide: a row per frame, a column per landmark and value, named ``left_wrist_x``, ``x_15``, ``x15``
or ``15_x`` (counted from 0, or from 1). Long: a row per frame and landmark, with columns frame,
landmark (name or number), x, y, z, visibility.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import get_skeleton
from mgskel.formats.format import Format, ReadOptions, register, single
from mgskel.formats.reading.csv_reading import column, read_rows
from mgskel.formats.reading.sequence_checks import make_sequence, rate_of
from mgskel.formats.reading.source import Source

_VALUES = {"x": "x", "y": "y", "z": "z", "v": "v", "vis": "v", "visibility": "v"}
_LANDMARK = (
    "landmark",
    "landmark_id",
    "landmark_index",
    "landmark_name",
    "keypoint",
    "joint",
    "name",
    "id",
    "index",
)
_FRAME = ("frame", "frame_id", "frame_number", "frame_idx", "frame_index", "image")
_TIME = {
    "time_s": 1.0,
    "time": 1.0,
    "seconds": 1.0,
    "timestamp_s": 1.0,
    "timestamp": None,
    "timestamp_ms": 1e-3,
    "time_ms": 1e-3,
}
_COUNT = 33
_NUMBER = re.compile(r"[0-9]{1,4}")
# MediaPipe's own names for points that are called otherwise in the layouts.
_OWN_NAMES = {
    "left_pinky": "left_pinky_mcp", "right_pinky": "right_pinky_mcp",
    "left_index": "left_index_mcp", "right_index": "right_index_mcp",
    "left_thumb": "left_thumb_ip", "right_thumb": "right_thumb_ip",
    "left_foot_index": "left_foot", "right_foot_index": "right_foot",
    "mouth_left": "mouth_left", "mouth_right": "mouth_right",
    "left_mouth": "mouth_left", "right_mouth": "mouth_right",
}  # fmt: skip


def recognises(source: Source) -> bool:
    columns = _names(source.first_line)
    if _long_columns(columns) is not None:
        return True
    return len({key for key, _ in _wide_columns(columns).values()}) >= _COUNT


def _names(line: str) -> list[str]:
    return [name.strip().strip('"').lower() for name in line.split(",")]


def _long_columns(columns: list[str]) -> tuple[str, str] | None:
    """Names of the frame and landmark columns of a long table."""
    frame = next((name for name in _FRAME if name in columns), None)
    landmark = next((name for name in _LANDMARK if name in columns), None)
    if frame is None or landmark is None or not {"x", "y"} <= set(columns):
        return None
    if {"person", "time_s"} <= set(columns):  # the long form of this project
        return None
    return frame, landmark


def _wide_columns(columns: list[str]) -> dict[int, tuple[int, str]]:
    """Column to (landmark, value) of a wide table."""
    found: dict[int, tuple[str, str]] = {}
    for index, name in enumerate(columns):
        match = re.fullmatch(r"(x|y|z|v|vis|visibility)[_ ]?(\d{1,4})", name)
        if match:
            found[index] = (match[2], _VALUES[match[1]])
            continue
        match = re.fullmatch(r"(?:landmark_?)?(.+?)[_.](x|y|z|v|vis|visibility)", name)
        if match:
            found[index] = (match[1], _VALUES[match[2]])
    numbered = [int(key) for key, _ in found.values() if _NUMBER.fullmatch(key)]
    base = min(numbered) if numbered and max(numbered) - min(numbered) == _COUNT - 1 else 0
    places = {index: (_landmark(key, base), value) for index, (key, value) in found.items()}
    return {index: (at, value) for index, (at, value) in places.items() if at is not None}


def _landmark(key: str, base: int = 0) -> int | None:
    """Number of a landmark from its name or number."""
    if _NUMBER.fullmatch(key):
        number = int(key) - base
        return number if 0 <= number < _COUNT else None
    word = key.lower().removeprefix("poselandmark.").replace(" ", "_")
    joints = get_skeleton("mediapipe33").joints
    word = _OWN_NAMES.get(word, word)
    return joints.index(word) if word in joints else None


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    header, rows = read_rows(source.path, faults)
    names = [name.lower() for name in header]
    if not rows:
        raise faults.stop("file", "a row per frame", "no rows", "write it again")
    long = _long_columns(names)
    read_table = _read_wide if long is None else _read_long
    values, times, numbers = read_table(names, rows, faults)
    faults.raise_if_stopping()
    points, scores = _points(values)
    _check_numbers(numbers, faults)
    if times is not None and options.fps is not None:
        times = None
    sequence = make_sequence(
        points[None],
        scores[None],
        skeleton=get_skeleton(options.layout or "mediapipe33"),
        options=options,
        faults=faults,
        fps=rate_of(times),
        timestamps=times,
        unit=options.unit or _unit(points),
        source=source.path.name,
    )
    return single(sequence, source)


Rows = list[tuple[int, list[str]]]
Table = tuple[Mapping[str, np.ndarray], np.ndarray | None, np.ndarray | None]


def _read_wide(names: list[str], rows: Rows, faults: Faults) -> Table:
    """Values (T, 33) by name, times (T,) and frame numbers (T,) of a wide table."""
    values: dict[str, np.ndarray] = {}
    for index, (landmark, value) in _wide_columns(names).items():
        grid = values.setdefault(value, np.full((len(rows), _COUNT), np.nan))
        grid[:, landmark] = column(rows, index, names[index], faults)
    frame = next((names.index(name) for name in _FRAME if name in names), None)
    numbers = None if frame is None else column(rows, frame, names[frame], faults)
    return values, _times(names, rows, faults), numbers


def _read_long(names: list[str], rows: Rows, faults: Faults) -> Table:
    """The same of a long table, whose landmarks may be named or numbered."""
    found = _long_columns(names)
    assert found is not None
    frames = column(rows, names.index(found[0]), found[0], faults)
    order, at = np.unique(frames, return_inverse=True)
    keys = [cells[names.index(found[1])].strip() for _, cells in rows]
    known = {key: _landmark(key) for key in set(keys)}
    wrong = next((i for i, key in enumerate(keys) if known[key] is None), None)
    if wrong is not None:
        raise faults.stop(
            f"line {rows[wrong][0]}, column '{found[1]}'",
            "one of MediaPipe's 33 landmarks, by name or number from 0",
            repr(keys[wrong]),
            "correct it",
        )
    which = np.array([known[key] for key in keys])
    cell = at * _COUNT + which
    if len(np.unique(cell)) != len(cell):
        row = int(np.flatnonzero(np.bincount(cell, minlength=1)[cell] > 1)[1])
        faults.add(
            f"line {rows[row][0]}",
            "each frame and landmark once",
            f"frame {frames[row]:g}, landmark {keys[row]} again",
            "drop repeated rows; write one person per file",
        )
    values = {}
    for index, name in enumerate(names):
        if name in _VALUES:
            grid = np.full((len(order), _COUNT), np.nan)
            grid[at, which] = column(rows, index, name, faults)
            values[_VALUES[name]] = grid
    first = np.unique(at, return_index=True)[1]
    times = _times(names, rows, faults)
    return values, None if times is None else times[first], order


def _times(names: list[str], rows: Rows, faults: Faults) -> np.ndarray | None:
    """Seconds of each row, where a column tells."""
    for name, scale in _TIME.items():
        if name in names:
            times = column(rows, names.index(name), name, faults)
            if scale is None:  # "timestamp" alone: milliseconds when steps are that large
                steps = np.diff(times[np.isfinite(times)])
                scale = 1e-3 if steps.size and np.median(steps[steps > 0]) >= 2 else 1.0
            return times * scale
    return None


def _points(values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Points (T, 33, 2 or 3) and scores (T, 33)."""
    axes = [values[axis] for axis in ("x", "y", "z") if axis in values]
    points = np.stack(axes, -1).astype(np.float32)
    seen = np.isfinite(points).all(-1)
    scores = values.get("v", np.ones(seen.shape)).astype(np.float32)
    return points, np.where(seen, np.where(np.isnan(scores), 1, scores), 0)


def _check_numbers(numbers: np.ndarray | None, faults: Faults) -> None:
    if numbers is None or len(numbers) < 2:
        return
    wrong = ~(np.diff(numbers) > 0)
    if wrong.any():
        at = int(np.argmax(wrong))
        faults.add(
            f"row {at + 2}, frame number",
            f"above {numbers[at]:g}, the one before",
            f"{numbers[at + 1]:g}",
            "sort the frames and drop repeated ones",
        )


def _unit(points: np.ndarray) -> str:
    """World landmarks lie about the hips in metres; picture landmarks within 0..1."""
    seen = points[np.isfinite(points).all(-1)]
    if not len(seen) or np.quantile(np.abs(seen[:, :2]), 0.95) > 3:
        return "pixel"
    hips = points[:, [23, 24]][np.isfinite(points[:, [23, 24]]).all(-1)]
    centred = len(hips) > 0 and bool(np.abs(hips.mean(0)).max() < 0.05)
    return "metre" if points.shape[-1] == 3 and centred else "normalised"


MEDIAPIPE_CSV = register(
    Format(
        "mediapipe-csv",
        "MediaPipe CSV",
        "a CSV, a row per frame or a row per landmark",
        "33 points with visibility as score",
        recognises,
        read,
    )
)
