"""Checks of one recording's raw arrays, before they become a `PoseSequence`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.intake import memory_for
from mgskel.formats.format import ASSUMED_FPS, ReadOptions
from mgskel.formats.reading.layouts import layouts_with
from mgskel.formats.reading.units import body_extent, check_unit, likely_unit, sure_points

SINGLE_FRAME = "a single frame"
_AXES = ("people M", "frames T", "joints V", "coordinates C")
_FASTEST = 1000.0
_LONGEST_GAP_S = 3600.0
_CROWD = 7  # more people than this and than frames: the axes are swapped


def make_sequence(
    points: np.ndarray,
    scores: np.ndarray | None,
    *,
    skeleton: Skeleton,
    options: ReadOptions,
    faults: Faults,
    place: str = "",
    fps: float | None = None,
    unit: str | None = None,
    frame_size: tuple[int, int] | None = None,
    timestamps: np.ndarray | None = None,
    source: str = "",
    people: Sequence[str] = (),
    as_stored: bool = False,
) -> PoseSequence | None:
    """A sequence from arrays (M, T, V, C) and (M, T, V), or none with the reasons in `faults`.

    What the file says goes before what the caller knows; `unit` is guessed and the frame rate
    assumed where nobody says. Without scores, a joint exactly at the origin is missing, as the
    formats without scores mean it.
    `as_stored` arrays come as somebody else arranged them: a swap of people and frames is looked
    for.
    """
    before = len(faults)
    spot = f"{place}: " if place else ""
    if not _check_axes(points.shape, skeleton, faults, place, as_stored):
        return None
    rate, size = fps or options.fps or ASSUMED_FPS, frame_size or options.frame_size
    check_rate(fps if fps is not None else rate, faults, spot)
    _check_frames(points.shape[1], timestamps, faults, spot)
    points = points.astype(np.float32, copy=False)
    finite = np.isfinite(points)
    absent = None if finite.all() else ~_joints_where(finite)
    if scores is not None and scores.shape != points.shape[:3]:
        faults.add(
            f"{spot}scores",
            f"shape {points.shape[:3]} (people, frames, joints)",
            f"shape {scores.shape}",
            "give one score per person, frame and joint",
        )
        return None
    if absent is not None:
        _check_infinite(points, skeleton, faults, spot)
    if scores is None:
        off_origin: np.ndarray = np.any(points, axis=-1)
        marks = (off_origin if absent is None else off_origin & ~absent).astype(np.float32)
    else:
        marks = _check_scores(scores, absent, skeleton, options, faults, spot)
    _check_people(points, marks, faults, spot)
    sample = sure_points(points, marks)
    extent = body_extent(sample)
    unit = unit or options.unit or likely_unit(extent, points.shape[-1])
    check_unit(sample, extent, unit, size, faults, spot)
    if len(faults) > before and faults.stopping:
        return None
    return _build(
        points,
        marks,
        absent,
        faults,
        place,
        fps=rate,
        skeleton=skeleton,
        timestamps=np.arange(points.shape[1]) / rate if timestamps is None else timestamps,
        unit=unit,
        frame_size=size,
        source=source,
        people=tuple(people),
        provenance=() if fps or options.fps else ({"step": "read", "fps": f"assumed {rate:g}"},),
    )


def numbers(rows: object, width: int) -> np.ndarray | None:
    """Nested or flat numbers of a JSON file as (n, width) float32; none where they are not."""
    try:
        with np.errstate(over="ignore"):  # what is infinite is told where it lies
            values = np.array(rows, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    flat = values.ndim == 1 and not values.size % width
    return values.reshape(-1, width) if flat or values.shape[1:] == (width,) else None


def blank(
    people: int, frames: int, joints: int, dims: int, file_bytes: int, faults: Faults
) -> tuple[np.ndarray, np.ndarray]:
    """Points (M, T, V, C) and scores (M, T, V) in which nothing was seen yet.

    Args:
        file_bytes: of the files that they come from; sparse frame numbers or tracks would make
            arrays out of all proportion to them.
    """
    size = people * frames * joints * (dims + 1) * 4
    if size > memory_for(file_bytes):
        raise faults.stop(
            "frames",
            f"at most {memory_for(file_bytes) >> 20} MB of points in files of {file_bytes} bytes",
            f"{size >> 20} MB: {people} people, {frames} frames, {joints} joints",
            "number the frames without gaps, and people anew; or cut the recording into parts",
        )
    points = np.full((people, frames, joints, dims), np.nan, np.float32)
    return points, np.zeros(points.shape[:3], np.float32)


def rate_of(times: np.ndarray | None) -> float | None:
    """Frames per second of times; none where they don't tell.

    Times are written to the microsecond, which must not show in the rate.
    """
    steps = np.diff(times) if times is not None else np.zeros(0)
    typical = float(np.median(steps)) if steps.size else 0.0
    return round(1 / typical, 3) if typical > 1e-9 else None


def _build(
    points: np.ndarray,
    scores: np.ndarray,
    absent: np.ndarray | None,
    faults: Faults,
    place: str,
    **details: Any,
) -> PoseSequence | None:
    """The sequence; arrays are copied only where a joint's score makes it missing."""
    ghosts = scores == 0 if absent is None else (scores == 0) & ~absent
    if ghosts.any():
        points = points.copy()
        points[ghosts] = np.nan
    if absent is not None and (scores[absent] > 0).any():
        scores = np.where(absent, 0, scores)
    try:
        return PoseSequence(points, scores, **details)
    except InputError as error:
        faults.add(
            place or "recording",
            error.expected or "a valid recording",
            f"{error.message}: {error.found}",
            error.remedy or "correct the file",
        )
        return None


def _joints_where(coordinates: np.ndarray) -> np.ndarray:
    """Joints all of whose coordinates hold, (..., V) of (..., V, C); quicker than `all(-1)`."""
    result = coordinates[..., 0].copy()
    for axis in range(1, coordinates.shape[-1]):
        result &= coordinates[..., axis]
    return result


def _check_axes(
    shape: tuple[int, ...],
    skeleton: Skeleton,
    faults: Faults,
    place: str = "",
    as_stored: bool = False,
) -> bool:
    """Whether a shape is (M, T, V, C) for a layout; a swap of axes is recognised as such."""
    joints = skeleton.num_joints
    spot = f"{place}: keypoints" if place else "keypoints"
    wanted = f"(people, frames, {joints} joints of '{skeleton.name}', 2 or 3 coordinates)"
    if len(shape) != 4:
        faults.add(spot, f"4 axes {wanted}", f"{len(shape)} axes, shape {shape}", "add the axes")
        return False
    if _fits(shape, joints):
        if as_stored and shape[0] > max(shape[1], _CROWD):
            faults.add(
                spot,
                f"axes {wanted}",
                f"shape {shape}, more people than frames",
                "people and frames look swapped: transpose(1, 0, 2, 3)",
            )
            return False
        return True
    for order in itertools.permutations(range(4)):
        if _fits(tuple(shape[axis] for axis in order), joints):
            faults.add(
                spot,
                f"axes {wanted}",
                f"shape {shape}",
                f"axes look swapped: transpose{order} gives {', '.join(_AXES)}",
            )
            return False
    fitting = [name for size in shape for name in layouts_with(size) if size not in (2, 3)]
    faults.add(
        spot,
        f"axes {wanted}",
        f"shape {shape}",
        f"choose the layout by --layout: {', '.join(fitting)}"
        if fitting
        else "describe the layout in a YAML file and give its path by --layout",
    )
    return False


def _fits(shape: tuple[int, ...], joints: int) -> bool:
    return shape[2] == joints and shape[3] in (2, 3)


def check_rate(fps: float, faults: Faults, spot: str = "") -> None:
    if not np.isfinite(fps) or not 0 < fps <= _FASTEST:
        faults.add(
            f"{spot}fps",
            f"above 0, at most {_FASTEST:g} frames per second",
            f"{fps:g}",
            "give the true rate by --fps",
        )


def _check_frames(count: int, times: np.ndarray | None, faults: Faults, spot: str) -> None:
    if count == 0:
        faults.add(f"{spot}frames", "at least one frame", "none", "leave the sequence out")
    elif count == 1:
        faults.add(
            f"{spot}frames",
            "at least two frames, to see any movement",
            SINGLE_FRAME,
            "leave it out: mgskel convert --min-frames 2",
            stops=False,
        )
    if times is None:
        return
    if times.shape != (count,):
        faults.add(
            f"{spot}timestamps", f"{count} times", f"shape {times.shape}", "give one per frame"
        )
        return
    steps = np.diff(times)
    wrong = ~(steps > 0)
    if np.isfinite(times).all() and steps.max(initial=0) > _LONGEST_GAP_S:
        at = int(np.argmax(steps))
        faults.add(
            f"{spot}frame {at + 1}, timestamp",
            f"at most {_LONGEST_GAP_S:g} s after the frame before",
            f"{steps[at]:g} s after it",
            "correct the times, which are in seconds; or cut the recording there",
        )
    if not np.isfinite(times).all():
        at = int(np.argmin(np.isfinite(times)))
        faults.add(f"{spot}frame {at}, timestamp", "a number", f"{times[at]}", "correct it")
    elif wrong.any():
        at = int(np.argmax(wrong))
        kind = "the same time again" if steps[at] == 0 else "an earlier time"
        faults.add(
            f"{spot}frame {at + 1}, timestamp",
            f"later than {times[at]:g} s, the frame before",
            f"{times[at + 1]:g} s, {kind} ({int(wrong.sum())} such places)",
            "sort the frames by time and drop repeated ones",
        )


def _check_scores(
    scores: np.ndarray,
    absent: np.ndarray | None,
    skeleton: Skeleton,
    options: ReadOptions,
    faults: Faults,
    spot: str,
) -> np.ndarray:
    """The scores to use: clipped where the caller wants that."""
    scores = scores.astype(np.float32, copy=False)
    low, high = scores.min(initial=0), scores.max(initial=0)
    if absent is None and low >= 0 and high <= 1:
        return scores
    absent = np.zeros(scores.shape, bool) if absent is None else absent
    unsure = absent & (scores > 0)
    if unsure.any():
        faults.add(
            f"{spot}{_where(unsure, skeleton)}",
            "score 0 where a joint is missing (NaN)",
            f"score {scores[unsure][0]:g} ({int(unsure.sum())} such places)",
            "set the score to 0, or give the coordinates",
        )
    bad = ~((scores >= 0) & (scores <= 1)) & ~(np.isnan(scores) & absent)
    if bad.any() and options.scores == "strict":
        faults.add(
            f"{spot}{_where(bad, skeleton)}, score",
            "a score in 0..1",
            f"{scores[bad][0]:g} ({int(bad.sum())} such places)",
            "some estimators score beyond 1: read with --scores clip; else correct them",
        )
    return np.clip(np.nan_to_num(scores, nan=0.0), 0, 1)


def _where(mask: np.ndarray, skeleton: Skeleton) -> str:
    person, frame, joint = (int(i) for i in np.argwhere(mask)[0])
    who = f"person {person}, " if mask.shape[0] > 1 else ""
    return f"{who}frame {frame}, joint {joint} ({skeleton.joints[joint]})"


def _check_people(points: np.ndarray, scores: np.ndarray, faults: Faults, spot: str) -> None:
    if points.shape[1] == 0:
        return
    zero: np.ndarray = ~np.any(scores > 0, axis=(1, 2))
    for person in np.flatnonzero(~zero):
        zero[person] = not points[person].any()
    if zero.all():
        faults.add(
            f"{spot}people",
            "a person who is seen at least once",
            "nobody: no one" if points.shape[0] == 0 else "nobody: all joints zero or missing",
            "leave the sequence out, or extract it again",
            stops=points.shape[0] == 0,
        )
    elif zero.any():
        who = ", ".join(str(i) for i in np.flatnonzero(zero))
        faults.add(
            f"{spot}person {who}",
            "a person who is seen at least once",
            "all joints zero or missing",
            "drop that person",
            stops=False,
        )


def _check_infinite(points: np.ndarray, skeleton: Skeleton, faults: Faults, spot: str) -> None:
    endless = np.isinf(points)
    if endless.any():
        faults.add(
            f"{spot}{_where(endless.any(-1), skeleton)}",
            "finite coordinates, or NaN where a joint is missing",
            f"an infinite one ({int(endless.sum())} such places)",
            "write NaN",
        )
