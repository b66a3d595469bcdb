"""iMiGUE challenge arrays: ``*_data.npy`` (N, 3, 90, 22, 1) with ``*_label.pkl`` beside it.

The three channels are x, y and score; clips shorter than 90 frames are filled with zeros at the
end, which is taken off again. The starter kit puts the right hand's finger tips before the left
hand's; some published variants do the reverse, which the distance to the wrists reveals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.core.recording import Dataset, Recording
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.npz import map_npy
from mgskel.formats.format import Format, HandOrder, ReadOptions, RecordingsOnDemand, register
from mgskel.formats.reading.safe_pickle import load_pickle
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source

_JOINTS, _FPS = 22, 25.0
_RIGHT_WRIST, _LEFT_WRIST = 4, 7
_TIPS = np.arange(12, 22)


def recognises(source: Source) -> bool:
    return source.head.startswith(b"\x93NUMPY")


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    data = _load(source.path, faults)
    names, labels = _labels(source.path, len(data), faults)
    order = _order(data, options.hand_order, faults)
    swap = np.arange(_JOINTS)
    if order == "left-first":
        swap[_TIPS] = np.roll(_TIPS, 5)
    options = options.with_defaults(fps=_FPS)
    faults.raise_if_stopping()

    def build(index: int, found: Faults) -> Recording | None:
        clip = data[index, ..., 0].transpose(1, 2, 0)[:, swap]  # (T, V, 3)
        filled = np.flatnonzero(clip.any(axis=(1, 2)))
        clip = clip[: filled[-1] + 1] if filled.size else clip
        scores = np.where(clip.any(-1), clip[..., 2], 0)
        sequence = make_sequence(
            np.where((scores > 0)[..., None], clip[..., :2], np.nan)[None],
            scores[None],
            skeleton=get_skeleton("imigue22"),
            options=options,
            faults=found,
            place=f"clip {index} ({names[index]})",
            source=names[index],
        )
        if sequence is None:
            return None
        label = None if labels is None else labels[index]
        return Recording(sequence, names[index], label=label)

    notes = () if order != "left-first" else ("the left hand's tips came first; put in order",)
    return Dataset(
        RecordingsOnDemand(source.path, len(data), build),
        class_names=get_vocabulary("imigue").names if labels is not None else None,
        vocabulary="imigue",
        notes=notes,
    )


def _load(path: Path, faults: Faults) -> np.ndarray:
    data = map_npy(path, faults)
    if data.dtype.kind not in "fiu":
        raise faults.stop("array", "numbers", f"dtype {data.dtype}", "write numbers")
    wanted = f"(N, C=3, T, V={_JOINTS}, M=1)"
    if data.ndim != 5 or data.shape[1] != 3 or data.shape[3] != _JOINTS or data.shape[4] != 1:
        remedy = "use the array as the challenge's own script writes it"
        if data.ndim == 5 and sorted(data.shape[1:]) == sorted((3, data.shape[2], _JOINTS, 1)):
            remedy = "the axes look swapped; " + remedy
        for axis, size in enumerate(data.shape):
            if size == _JOINTS and axis != 3:
                remedy = f"axis {axis} has the {_JOINTS} joints: move it to place 3"
        raise faults.stop("array", wanted, f"shape {data.shape}", remedy)
    return data


def _labels(path: Path, count: int, faults: Faults) -> tuple[list[str], list[int] | None]:
    """Names and class ids from the pickle beside the array; plain numbers without one."""
    plain = [f"clip {index}" for index in range(count)]
    file = _label_file(path)
    if file is None:
        return plain, None
    content = load_pickle(file, faults)
    try:
        names, labels = content
        if not all(isinstance(name, (str, int, np.generic)) for name in names):
            raise TypeError
        names, labels = [str(name) for name in names], [int(label) for label in labels]
    except (TypeError, ValueError, OverflowError):
        faults.add(file.name, "a pair (names, labels)", _describe(content), "write it again")
        return plain, None
    if len(names) != count or len(labels) != count:
        faults.add(
            file.name,
            f"{count} names and labels, as many as clips",
            f"{len(names)} names, {len(labels)} labels",
            "use the label file of the same part",
        )
        return plain, None
    vocabulary = get_vocabulary("imigue")
    for index, label in enumerate(labels):
        try:
            vocabulary.by_id(label)
        except InputError:
            faults.add(
                f"{file.name}, clip {index} ({names[index]})",
                f"a label from 0 to {len(vocabulary) - 1}",
                label,
                "number the classes from 0",
            )
    return names, labels


def _label_file(path: Path) -> Path | None:
    stem = path.stem
    for name in (stem.replace("_data", "_label"), f"{stem}_label", stem):
        for ending in (".pkl", ".pickle"):
            file = path.with_name(name + ending)
            if file.exists():
                return file
    return None


def _describe(content: Any) -> str:
    size = f" of {len(content)}" if hasattr(content, "__len__") else ""
    return f"{type(content).__name__}{size}"


def _order(data: np.ndarray, wanted: HandOrder, faults: Faults) -> HandOrder:
    """Which hand's tips come first, judged by the wrist that they keep close to."""
    if wanted != "auto":
        return wanted
    sample = np.asarray(data[:: max(1, len(data) // 200), :, :, :, 0]).transpose(0, 2, 3, 1)
    xy = np.where(sample[..., 2:] > 0, sample[..., :2], np.nan)
    first, second = xy[..., _TIPS[:5], :], xy[..., _TIPS[5:], :]
    right, left = xy[..., [_RIGHT_WRIST], :], xy[..., [_LEFT_WRIST], :]

    def gap(tips: np.ndarray, wrist: np.ndarray) -> np.ndarray:
        return np.linalg.norm(tips - wrist, axis=-1).ravel()

    straight = np.concatenate([gap(first, right), gap(second, left)])
    crossed = np.concatenate([gap(first, left), gap(second, right)])
    known = np.isfinite(straight) & np.isfinite(crossed)
    if not known.any():
        return "right-first"
    return "right-first" if np.median((straight - crossed)[known]) <= 0 else "left-first"


IMIGUE_NPY = register(
    Format(
        "imigue-npy",
        "iMiGUE challenge npy",
        "`*_data.npy` (and `*_label.pkl` beside it)",
        "one sequence per clip, padding taken off",
        recognises,
        read,
        companions=lambda path: filter(None, [_label_file(path)]),
    )
)
