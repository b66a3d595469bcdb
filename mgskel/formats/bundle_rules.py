"""What every `Bundle` satisfies, checked all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgskel.core.sequence_rules import UNITS
from mgskel.formats.faults import Faults

if TYPE_CHECKING:
    from mgskel.formats.bundle import Bundle

# Nobody is so tall, in metres, nor so small, in pixels.
TALLEST_M = 2.6
SMALLEST_PX = 20.0


def guess_unit(frames: np.ndarray) -> str:
    """The likely unit of frames (sum T, V, C) that don't say: by dimensions and body size."""
    if frames.ndim != 3 or frames.size == 0 or frames.dtype.kind not in "fiu":
        return "normalised"
    extent = body_extent(frames)
    if frames.shape[2] == 3:
        return "metre" if extent <= TALLEST_M else "normalised"
    return "pixel" if extent >= SMALLEST_PX else "normalised"


def body_extent(points: np.ndarray, most: int = 500) -> float:
    """The typical largest extent of a body along an axis, over points (..., V, C)."""
    flat = points.reshape(-1, *points.shape[-2:])
    flat = flat[:: max(1, len(flat) // most)]
    if not flat.size:
        return 0.0
    extents = np.fmax.reduce(flat, axis=1) - np.fmin.reduce(flat, axis=1)
    largest = np.fmax.reduce(extents, axis=1)
    largest = largest[np.isfinite(largest)]
    return float(np.median(largest)) if largest.size else 0.0


def check_bundle(bundle: Bundle, faults: Faults) -> None:
    """Add every fault of a bundle; shapes first, values only where the shapes are right."""
    before = len(faults)
    _check_shapes(bundle, faults)
    if len(faults) == before:
        _check_values(bundle, faults)


def _check_shapes(bundle: Bundle, faults: Faults) -> None:
    frames, offsets = bundle.frames, bundle.offsets
    joints = bundle.skeleton.num_joints
    if frames.dtype.kind not in "fiu":
        faults.add("array 'frames'", "numbers", f"dtype {frames.dtype}", "save coordinates")
    if frames.ndim != 3:
        faults.add(
            "array 'frames'",
            f"(sum T, V={joints}, C=2 or 3)",
            f"shape {frames.shape}",
            "join the sequences along time; one person each",
        )
    elif frames.shape[1] != joints or frames.shape[2] not in (2, 3):
        swapped = frames.shape[2] == joints and frames.shape[1] in (2, 3)
        faults.add(
            "array 'frames'",
            f"(sum T, V={joints}, C=2 or 3) for the layout '{bundle.skeleton.name}'",
            f"shape {frames.shape}",
            "swap the last two axes: frames.transpose(0, 2, 1)" if swapped else _which(frames),
        )
    _check_offsets(offsets, len(frames), faults)
    count = len(offsets) - 1 if offsets.ndim == 1 else -1
    for key in ("label", "subject", "name", "view"):
        value = getattr(bundle, key)
        if value is not None and value.shape != (count,):
            faults.add(
                f"array '{key}'",
                f"{count} values, one per sequence",
                f"shape {value.shape}",
                f"give one {key} per sequence",
            )
    if bundle.label is not None and bundle.label.dtype.kind not in "iu":
        faults.add(
            "array 'label'",
            "whole numbers or names",
            f"dtype {bundle.label.dtype}",
            "number the classes; one-hot labels become label.argmax(1)",
        )
    size = bundle.frame_size
    if size is not None and size.shape != (count, 2):
        faults.add(
            "array 'frame_size'", f"({count}, 2)", f"shape {size.shape}", "give width and height"
        )
    scores, frame_label = bundle.scores, bundle.frame_label
    if scores is not None and scores.shape != frames.shape[:2]:
        faults.add(
            "array 'scores'",
            f"shape {frames.shape[:2]}",
            f"shape {scores.shape}",
            "give one score per frame and joint",
        )
    if frame_label is not None and frame_label.shape != frames.shape[:1]:
        faults.add(
            "per-frame labels",
            f"{len(frames)} values, one per frame",
            f"shape {frame_label.shape}",
            "give one label per frame",
        )
    rate = bundle.fps
    if isinstance(rate, np.ndarray) and rate.shape != (count,):
        faults.add(
            "array 'fps'", f"one number, or {count}", f"shape {rate.shape}", "give one per sequence"
        )


def _which(frames: np.ndarray) -> str:
    from mgskel.formats.layouts import layouts_with

    fitting = layouts_with(frames.shape[1])
    return (
        f"choose a layout with {frames.shape[1]} joints: {', '.join(fitting)}"
        if fitting
        else "describe the layout in a YAML file and give its path"
    )


def _check_offsets(offsets: np.ndarray, frames: int, faults: Faults) -> None:
    place, remedy = "array 'offsets'", "offsets are 0 and the running sum of the lengths"
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) < 2:
        faults.add(
            place,
            "a row of at least two whole numbers",
            f"shape {offsets.shape}, dtype {offsets.dtype}",
            remedy,
        )
        return
    if offsets[0] != 0:
        faults.add(place, "0 at the start", int(offsets[0]), remedy)
    if offsets[-1] != frames:
        faults.add(place, f"{frames} (the number of frames) at the end", int(offsets[-1]), remedy)
    falling = np.flatnonzero(np.diff(offsets.astype(np.int64)) < 0)
    if falling.size:
        at = int(falling[0]) + 1
        faults.add(
            f"{place}, position {at}",
            f"not less than {offsets[at - 1]}",
            f"{offsets[at]} ({falling.size} such places)",
            remedy,
        )


def _check_values(bundle: Bundle, faults: Faults) -> None:
    rate = np.atleast_1d(np.asarray(1.0 if bundle.fps is None else bundle.fps, np.float64))
    if not (np.isfinite(rate) & (rate > 0) & (rate <= 1000)).all():
        faults.add(
            "fps", "0 to 1000 frames per second", float(rate[np.argmin(rate > 0)]), "correct it"
        )
    if bundle.unit not in UNITS:
        faults.add("unit", "one of " + ", ".join(UNITS), repr(bundle.unit), "name the unit")
    endless = np.isinf(bundle.frames).any(axis=(1, 2))
    if endless.any():
        faults.add(
            bundle_place(bundle, int(np.argmax(endless))),
            "finite coordinates, or NaN where a joint is missing",
            "infinite ones",
            "write NaN",
        )
    scores = bundle.scores
    if scores is not None:
        bad = ~((scores >= 0) & (scores <= 1))
        if bad.any():
            frame, joint = (int(i) for i in np.argwhere(bad)[0])
            faults.add(
                f"{bundle_place(bundle, frame)}, joint {bundle.skeleton.joints[joint]}",
                "a score in 0..1",
                f"{scores[frame, joint]:g} ({int(bad.sum())} such places)",
                "divide the scores by their maximum, or clip them",
            )
    names, label = bundle.class_names, bundle.label
    if names is not None and label is not None and len(label):
        outside = (label < 0) | (label >= len(names))
        if outside.any():
            at = int(np.argmax(outside))
            faults.add(
                f"array 'label', sequence {at}",
                f"0 to {len(names) - 1}, one of {len(names)} class names",
                int(label[at]),
                "number the classes from 0, in the order of class_names",
            )


def bundle_place(bundle: Bundle, frame: int) -> str:
    """Where a row of `frames` lies, in the user's terms."""
    index = int(np.searchsorted(bundle.offsets, frame, side="right")) - 1
    name = f" ({bundle.name[index]})" if bundle.name is not None else ""
    return f"sequence {index}{name}, frame {frame - int(bundle.offsets[index])}"
