"""The arrays of a bundle, and whether they fit one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mgskel.core.errors import Faults
from mgskel.core.sequence import UNITS
from mgskel.core.skeleton import Skeleton
from mgskel.formats.reading.layouts import choose
from mgskel.formats.reading.sequence_checks import check_rate


@dataclass(frozen=True, eq=False)
class BundleArrays:
    """What stands in the file, for n sequences.

    Attributes:
        frames: (sum T, V, C); NaN where a joint is missing.
        offsets: (n + 1,), from 0 to sum T.
        known: of these what there is: label, subject, name, view (n,); frame_size (n, 2), width
            and height in pixels; fps of all, or (n,) of each; scores (sum T, V) in 0..1, without
            which a joint that is there counts 1; frame_label (sum T,).
        extra: further arrays of length n.
    """

    frames: np.ndarray
    offsets: np.ndarray
    known: Mapping[str, np.ndarray]
    extra: Mapping[str, np.ndarray]
    skeleton: Skeleton
    unit: str
    class_names: tuple[str, ...] | None


def check_arrays(arrays: BundleArrays, faults: Faults) -> None:
    """Whether the arrays fit each other; each sequence is judged when it is made."""
    frames, offsets = arrays.frames, arrays.offsets
    joints = arrays.skeleton.num_joints
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
            f"(sum T, V={joints}, C=2 or 3) for the layout '{arrays.skeleton.name}'",
            f"shape {frames.shape}",
            "swap the last two axes: frames.transpose(0, 2, 1)"
            if swapped
            else choose(frames.shape[1]),
        )
    _check_offsets(offsets, len(frames), faults)
    count = len(offsets) - 1 if offsets.ndim == 1 else -1
    shapes: dict[str, tuple[int, ...]] = {
        "frame_size": (count, 2),
        "scores": frames.shape[:2],
        "frame_label": frames.shape[:1],
    }
    for key, array in arrays.known.items():
        shape = shapes.get(key, (count,))
        if key == "fps":
            continue
        if array.shape != shape:
            one = "one per frame" if key in ("scores", "frame_label") else "one per sequence"
            faults.add(
                f"array '{key}'", f"shape {shape}, {one}", f"shape {array.shape}", f"give {one}"
            )
        elif key in ("scores", "frame_size") and array.dtype.kind not in "fiu":
            faults.add(f"array '{key}'", "numbers", f"dtype {array.dtype}", "save numbers")
    rate = arrays.known.get("fps")
    if rate is not None and rate.shape not in ((), (count,)):
        faults.add(
            "array 'fps'", f"one number, or {count}", f"shape {rate.shape}", "give one per sequence"
        )
    elif rate is not None and rate.dtype.kind not in "fiu":
        faults.add("array 'fps'", "numbers", f"dtype {rate.dtype}", "give frames per second")
    elif rate is not None:
        check_rate(float(np.min(rate)), faults)
    if arrays.unit not in UNITS:
        faults.add("unit", "one of " + ", ".join(UNITS), repr(arrays.unit), "name the unit")
    _check_labels(arrays, faults)


def _check_labels(arrays: BundleArrays, faults: Faults) -> None:
    label, names = arrays.known.get("label"), arrays.class_names
    if label is None:
        return
    if label.dtype.kind not in "iu":
        faults.add(
            "array 'label'",
            "whole numbers or names",
            f"dtype {label.dtype}",
            "number the classes; one-hot labels become label.argmax(1)",
        )
    elif names is not None:
        outside = (label < 0) | (label >= len(names))
        if outside.any():
            at = int(np.argmax(outside))
            faults.add(
                f"array 'label', sequence {at}",
                f"0 to {len(names) - 1}, one of {len(names)} class names",
                int(label.flat[at]),
                "number the classes from 0, in the order of class_names",
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
