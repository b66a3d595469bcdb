"""Kinematics of an event: how far, how fast, how often, measured from the keypoints.

Lengths are in shoulder widths of the person, so clips of different size compare; times in
seconds. Hands and head are measured against the middle of the shoulders (moving the trunk is no
gesture of the hand), the trunk against the picture. A person's limits for what counts as
movement stand in one place, below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from mgskel.core.body_scale import shoulder_width
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence

SMOOTH_S = 0.1
"""Running mean of paths before they are measured: jitter would add up to length."""
HOLD_SPEED = 0.4
"""Shoulder widths a second below which a hand is held still: 15 cm/s at 38 cm."""
STROKE = 0.06
"""Shoulder widths between turning points for a movement to and fro to count as a stroke."""
BOTH = 0.5
"""The lesser hand moves at least this share of the other's path where both act."""

HANDS = {
    "left": ("left_hand", "left_wrist", "left_index_mcp", "left_elbow"),
    "right": ("right_hand", "right_wrist", "right_index_mcp", "right_elbow"),
}
_HEAD = ("nose", "head", "neck")
_TRUNK = ("left_shoulder", "right_shoulder")


@dataclass(frozen=True)
class Kinematics:
    """Measures of one event; NaN, and no side, where the moving part was not seen."""

    side: str  # the hand that acts: left, right, both; "none" for head and trunk; empty if unseen
    peak_speed: float  # shoulder widths per second
    path_length: float  # shoulder widths along the way
    strokes: float  # movements to and fro of at least `STROKE` along the main direction
    rhythm: float  # cycles (two strokes) per second; NaN below three turning points
    hold_share: float  # share of the time below `HOLD_SPEED`
    sub_movements: float  # peaks of speed that stand out from the ones beside them


NAMES = tuple(field.name for field in fields(Kinematics))
_NAN = float("nan")
UNSEEN = Kinematics("", *[_NAN] * (len(NAMES) - 1))


@dataclass(frozen=True)
class Paths:
    """One person's smoothed paths in shoulder widths, (T, C) each; NaN where not seen."""

    times: np.ndarray
    rate: float
    hands: Mapping[str, np.ndarray]
    head: np.ndarray
    trunk: np.ndarray


def paths(sequence: PoseSequence, person: int) -> Paths:
    """The paths of hands, head and trunk of one person of a recording."""
    points, layout = _in_shoulder_widths(sequence, person), sequence.skeleton

    def one(*names: str) -> np.ndarray:
        """The first joint of these that the layout has and this person ever shows."""
        for name in names:
            if layout.has(name) and np.isfinite(points[:, layout.index(name), 0]).any():
                return points[:, layout.index(name)]
        return np.full(points[:, 0].shape, np.nan)

    middle = (one(_TRUNK[0]) + one(_TRUNK[1])) / 2

    hands = {side: one(*names) - middle for side, names in HANDS.items()}
    return Paths(
        sequence.timestamps,
        sequence.fps,
        {side: _smooth(path, sequence.fps) for side, path in hands.items()},
        _smooth(one(*_HEAD) - middle, sequence.fps),
        _smooth(middle, sequence.fps),
    )


def _in_shoulder_widths(sequence: PoseSequence, person: int) -> np.ndarray:
    """One person's points (T, V, C); NaN where not seen, or where the width is not known."""
    known = sequence.skeleton.has(_TRUNK[0])
    width = float(shoulder_width(sequence)[person]) if known else _NAN
    return sequence.keypoints[person].astype(float) / (width if width > 0 else _NAN)


def _smooth(points: np.ndarray, fps: float) -> np.ndarray:
    """The running mean (T, ...) of what is seen around each moment; NaN where nothing is then."""
    size = max(1, round(SMOOTH_S * fps))
    seen = np.isfinite(points)
    # The filter keeps a running sum, in which one NaN would stay for ever.
    total, share = (
        uniform_filter1d(values, size, axis=0, mode="nearest")
        for values in (np.where(seen, points, 0.0), seen.astype(float))
    )
    return np.divide(total, share, out=np.full(points.shape, np.nan), where=seen)


def part_movement(sequence: PoseSequence, person: int) -> dict[str, float]:
    """Mean speed of each body part's joints while they are seen, shoulder widths a second."""
    path = _smooth(_in_shoulder_widths(sequence, person), sequence.fps)
    speeds = _steps(path) * sequence.fps
    parts = {part: speeds[:, list(joints)] for part, joints in sequence.skeleton.parts.items()}
    known = {part: own[np.isfinite(own)] for part, own in parts.items()}
    return {part: float(own.mean()) if len(own) else _NAN for part, own in known.items()}


def _steps(path: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(path, axis=0), axis=-1)


def measured(where: Paths, event: GestureEvent, group: str) -> Kinematics:
    """Measure one event of a person; hands act where its body group names them or nothing."""
    frames = slice(*np.searchsorted(where.times, (event.start_s, event.end_s + 1e-6)))
    head_or_trunk = {"head": where.head, "body": where.trunk, "torso": where.trunk}
    if group in head_or_trunk:
        return _measures(head_or_trunk[group][frames], where.rate, "none")
    moved = {side: _length(path[frames]) for side, path in where.hands.items()}
    seen = {side: length for side, length in moved.items() if np.isfinite(length)}
    if not seen:
        return UNSEEN
    most = max(seen, key=lambda side: (seen[side], side))
    both = len(seen) == 2 and min(seen.values()) >= BOTH * seen[most]
    return _measures(where.hands[most][frames], where.rate, "both" if both else most)


def _measures(path: np.ndarray, rate: float, side: str) -> Kinematics:
    steps = _steps(path)
    known = steps[np.isfinite(steps)]
    if len(known) < 2:
        return UNSEEN
    speed = known * rate
    turns, reach = _turning_points(path)
    apart = (turns[-1] - turns[0]) / rate if len(turns) > 2 else _NAN
    return Kinematics(
        side,
        peak_speed=float(speed.max()),
        path_length=float(known.sum()),
        strokes=float(len(turns) + 1 if reach >= STROKE else 0),
        rhythm=(len(turns) - 1) / 2 / apart if len(turns) > 2 else _NAN,
        hold_share=float((speed < HOLD_SPEED).mean()),
        sub_movements=float(_peaks(speed)),
    )


def _length(path: np.ndarray) -> float:
    steps = _steps(path)
    known = steps[np.isfinite(steps)]
    return float(known.sum()) if len(known) > 1 else _NAN


def _peaks(speed: np.ndarray) -> int:
    """Peaks of speed above holding that the speed falls from by half before the next."""
    padded = np.concatenate([[0.0], speed, [0.0]])
    peaks, _ = find_peaks(padded, height=HOLD_SPEED, prominence=0.5 * padded.max())
    return len(peaks)


def _turning_points(path: np.ndarray) -> tuple[np.ndarray, float]:
    """Frames at which the movement along its main direction turns, and how far it reaches."""
    seen = np.isfinite(path).all(-1)
    centred = path[seen] - path[seen].mean(0)
    line = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    turns = [find_peaks(sign * line, prominence=STROKE)[0] for sign in (1, -1)]
    return np.flatnonzero(seen)[np.sort(np.concatenate(turns))], float(np.ptp(line))


def contact_point(
    statements: Sequence[Mapping[str, object]], event: GestureEvent
) -> tuple[str, str]:
    """What a hand touches during an event, and with which hand, as the statements measured it.

    The contact that shares most time with the event counts, if it covers a third of the shorter.
    """
    best, found = 0.0, ("", "")
    for statement in statements:
        joints = statement.get("joints")
        if not isinstance(joints, list) or len(joints) < 2 or "hand" not in str(joints[0]):
            continue
        if statement.get("person") not in (None, "", event.person):
            continue
        start, end = float(str(statement["from_s"])), float(str(statement["to_s"]))
        shared = min(end, event.end_s) - max(start, event.start_s)
        if shared > best and shared >= min(end - start, event.duration_s) / 3:
            best, found = shared, (str(joints[-1]), str(statement.get("side") or ""))
    return found
