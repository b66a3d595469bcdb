"""NTU arrays of the CTR-GCN family: ``x_train, y_train, x_test, y_test`` in one ``.npz``.

x is stored (N, T, 150): two people of 25 joints of 3 coordinates; y is one-hot. Zeros fill
clips at the end and absent second people; both are taken off again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.npz import open_npz, write_npz
from mgskel.formats.format import Format, ReadOptions, RecordingsOnDemand, Writer, register
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source

_PEOPLE, _JOINTS, _DIMS, _FPS = 2, 25, 3, 30.0
_WIDTH = _PEOPLE * _JOINTS * _DIMS


def recognises(source: Source) -> bool:
    return bool({"x_train", "x_test"} & source.npz_keys)


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    parts: list[tuple[str, np.ndarray, np.ndarray]] = []
    with open_npz(source.path, faults) as arrays:
        for split in ("train", "test"):
            if f"x_{split}" in arrays:
                arrays.require(f"x_{split}", f"y_{split}")
                x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
                labels = _labels(y, split, len(x), faults)
                if _check(x, split, faults) and labels is not None:
                    parts.append((split, x, labels))
    faults.raise_if_stopping()
    options = options.with_defaults(fps=_FPS)
    starts = np.cumsum([0, *(len(x) for _, x, _ in parts)])

    def build(index: int, found: Faults) -> Recording | None:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        split, x, labels = parts[part]
        row = index - int(starts[part])
        name = f"{split}_{row}"
        sequence = make_sequence(
            _people(x[row]),
            None,
            skeleton=get_skeleton("kinect25"),
            options=options,
            faults=found,
            place=f"x_{split}, sequence {row}",
            unit=options.unit or "metre",
            source=name,
        )
        if sequence is None:
            return None
        return Recording(sequence, name, label=int(labels[row]), split=split)

    return Dataset(RecordingsOnDemand(source.path, int(starts[-1]), build))


def _people(clip: np.ndarray) -> np.ndarray:
    """(T, 150) without the zeros that only fill, as (M, T, 25, 3)."""
    used = np.flatnonzero(clip.any(-1))
    clip = clip[: used[-1] + 1] if used.size else clip
    people = clip.reshape(len(clip), _PEOPLE, _JOINTS, _DIMS).transpose(1, 0, 2, 3)
    return people if people[1].any() else people[:1]


def _check(x: np.ndarray, split: str, faults: Faults) -> bool:
    if x.dtype.kind in "fiu" and x.ndim == 3 and x.shape[2] == _WIDTH:
        return True
    remedy = "store x as (N, T, M * V * C)"
    if x.ndim == 3 and x.shape[1] == _WIDTH:
        remedy = "frames and values look swapped: x.transpose(0, 2, 1)"
    elif x.ndim == 5:
        remedy = "an (N, C, T, V, M) array becomes x.transpose(0, 2, 4, 3, 1).reshape(N, T, 150)"
    faults.add(
        f"x_{split}",
        f"numbers (N, T, {_WIDTH}): 2 people, 25 joints, 3 coordinates",
        f"shape {x.shape}, dtype {x.dtype}",
        remedy,
    )
    return False


def _labels(y: np.ndarray, split: str, count: int, faults: Faults) -> np.ndarray | None:
    """Class ids of one-hot rows, or of plain numbers."""
    place = f"y_{split}"
    if len(y) != count:
        faults.add(place, f"{count} labels, as many as x_{split}", len(y), "write both again")
        return None
    if y.ndim == 1 and y.dtype.kind in "iu":
        if count and y.min() < 0:
            faults.add(place, "labels from 0", int(y.min()), "number the classes from 0")
            return None
        return y
    if y.ndim == 2 and y.dtype.kind in "fiub":
        wrong = ~((y != 0).sum(1) == 1)
        if wrong.any():
            row = int(np.argmax(wrong))
            faults.add(
                f"{place}, sequence {row}",
                "one-hot: a single 1",
                f"{int((y[row] != 0).sum())} of them ({int(wrong.sum())} such places)",
                "write the labels again",
            )
            return None
        return y.argmax(1)
    faults.add(
        place,
        "(N, K) one-hot, or (N,) whole numbers",
        f"shape {y.shape}, dtype {y.dtype}",
        "write the labels again",
    )
    return None


def write(path: Path, data: Dataset) -> None:
    """Write recordings of Kinect v2; those of the split 'test' make x_test, others x_train."""
    arrays: dict[str, np.ndarray] = {}
    classes = len(data.class_names or ()) or 1 + max(one.label or 0 for one in data)
    for split in ("train", "test"):
        part = [one for one in data if (one.split == "test") == (split == "test")]
        length = max((one.sequence.num_frames for one in part), default=0)
        x = np.zeros((len(part), length, _WIDTH), np.float32)
        y = np.zeros((len(part), classes), np.float32)
        for row, recording in enumerate(part):
            x[row, : recording.sequence.num_frames] = _flat(recording.sequence)
            y[row, recording.label or 0] = 1
        arrays |= {f"x_{split}": x, f"y_{split}": y}
    write_npz(path, **arrays)


def _flat(sequence: PoseSequence) -> np.ndarray:
    """One recording as (T, 150)."""
    if sequence.num_joints != _JOINTS or sequence.num_dims != _DIMS:
        raise InputError(
            "NTU arrays hold 25 joints in 3-D",
            expected="the layout kinect25, 3-D",
            found=f"{sequence.skeleton.name}, {sequence.num_dims}-D",
            remedy="convert with --to-layout kinect25 (a 2-D recording cannot become 3-D), "
            "or choose another format",
        )
    points = np.zeros((_PEOPLE, *sequence.keypoints.shape[1:]), np.float32)
    points[: sequence.num_people] = np.nan_to_num(sequence.keypoints[:_PEOPLE])
    return points.transpose(1, 0, 2, 3).reshape(sequence.num_frames, _WIDTH)


def _also_loses(data: Dataset) -> Iterator[str]:
    for sequence in data.sequences:
        if not np.isin(sequence.scores, (0, 1)).all():
            yield "scores"
        if sequence.num_people > _PEOPLE:
            yield f"people beyond the second ({sequence.num_people})"
        if sequence.unit != "metre":
            yield f"unit ({sequence.unit})"


NTU_NPZ = register(
    Format(
        "ntu",
        "NTU npz",
        "the `.npz` of the CTR-GCN family",
        "labels and splits; padding and absent people taken off",
        recognises,
        read,
        Writer(
            write,
            ".npz",
            many=True,
            cannot_hold=("frame rate", "times", "picture size", "provenance", "names", "subject",
                         "view", "labels of frames", "events", "extra", "names of the classes"),
            also_loses=_also_loses,
        ),
    )
)  # fmt: skip
