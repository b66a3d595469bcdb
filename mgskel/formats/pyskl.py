"""pyskl pickles: ``{'split': {name: [ids]}, 'annotations': [...]}``, or the list alone.

An annotation holds keypoint (M, T, V, C), in 2-D also keypoint_score (M, T, V), the frame size
as (height, width), total_frames, label and frame_dir, its name.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, listed, shown
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.core.storage.files import writing
from mgskel.formats.format import Format, ReadOptions, RecordingsOnDemand, Writer, register
from mgskel.formats.reading.layouts import layout_for
from mgskel.formats.reading.safe_pickle import load_pickle, looks_pickled
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source

_REMEDY = "write the annotation again as pyskl's documentation says"


def recognises(source: Source) -> bool:
    return looks_pickled(source.head)


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    content = load_pickle(source.path, faults)
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(annotations, (list, tuple)) or not annotations:
        keys = f"keys {listed(content)}" if isinstance(content, dict) else None
        found = keys or type(content).__name__
        raise faults.stop(
            "pickle",
            "a dictionary with 'split' and a list 'annotations'",
            "no annotations" if isinstance(annotations, (list, tuple)) else found,
            "for iMiGUE challenge labels, give the .npy file beside the pickle",
        )
    splits = _splits(content, annotations, faults)
    layout: Skeleton | None = None
    for index, entry in enumerate(annotations):
        shape = _keypoint_shape(entry, index, faults)
        if shape is not None and layout is None:
            layout = _layout(shape, options, faults)
    faults.raise_if_stopping()

    def build(index: int, found: Faults) -> Recording | None:
        assert layout is not None
        return _recording(annotations[index], index, layout, options, splits, found)

    return Dataset(RecordingsOnDemand(source.path, len(annotations), build))


def _keypoint_shape(entry: Any, index: int, faults: Faults) -> tuple[int, ...] | None:
    """The shape of an annotation's keypoints, once all that it must have is there."""
    if not isinstance(entry, dict):
        faults.add(f"annotation {index}", "a dictionary", type(entry).__name__, _REMEDY)
        return None
    keypoint = entry.get("keypoint")
    if not isinstance(keypoint, np.ndarray):
        if "kp" in entry or "raw_file" in entry:
            faults.add(
                f"annotation {index}",
                "'keypoint'",
                "'raw_file': the points lie in another file",
                "use pyskl's own loader to join the files first",
            )
        else:
            found = "none" if keypoint is None else type(keypoint).__name__
            faults.add(f"annotation {index}, keypoint", "an array (M, T, V, C)", found, _REMEDY)
        return None
    if keypoint.dtype.kind not in "fiu":
        faults.add(f"annotation {index}, keypoint", "numbers", f"dtype {keypoint.dtype}", _REMEDY)
        return None
    return keypoint.shape


def _layout(shape: tuple[int, ...], options: ReadOptions, faults: Faults) -> Skeleton:
    if options.layout is not None:
        return get_skeleton(options.layout)
    if shape[-1] == 3 and 25 in shape:
        return get_skeleton("kinect25")
    if shape[-1] == 3 and 20 in shape:
        return get_skeleton("kinect20")
    joints = shape[2] if len(shape) == 4 else shape[-2] if len(shape) > 1 else 0
    if len(shape) == 4 and joints < 6:
        usual = [size for size in shape if size in (17, 22, 25, 133)]
        joints = usual[0] if usual else joints
    return layout_for(joints, ReadOptions(), faults)


def _name(entry: Mapping[str, Any], otherwise: str) -> str:
    name = entry.get("frame_dir", entry.get("filename", otherwise))
    return str(name) if isinstance(name, (str, int, np.generic)) else shown(name)


def _splits(content: Any, annotations: Sequence[Any], faults: Faults) -> dict[str, str]:
    """The part of the data set that each annotation belongs to."""
    split = content.get("split") if isinstance(content, dict) else None
    if split is None:
        return {}
    if not isinstance(split, dict):
        faults.add("split", "a dictionary of lists", type(split).__name__, _REMEDY)
        return {}
    names = {_name(entry, "") for entry in annotations if isinstance(entry, dict)}
    parts: dict[str, str] = {}
    for part, members in split.items():
        plain = isinstance(members, (list, tuple, set, np.ndarray))
        if not plain or not all(isinstance(member, (str, int, np.generic)) for member in members):
            faults.add(f"split '{part}'", "a list of names", shown(members), _REMEDY)
            continue
        absent = [str(member) for member in members if str(member) not in names]
        if absent:
            faults.add(
                f"split '{part}'",
                "names of annotations (frame_dir)",
                f"{absent[0]!r} is none ({len(absent)} such names)",
                "remove them from the split, or add the annotations",
                stops=False,
            )
        parts.update((str(member), str(part)) for member in members)
    return parts


def _recording(
    entry: Mapping[str, Any],
    index: int,
    layout: Skeleton,
    options: ReadOptions,
    splits: Mapping[str, str],
    faults: Faults,
) -> Recording | None:
    name = _name(entry, f"annotation {index}")
    place = f"annotation {index} ({name})"
    points, scores = entry["keypoint"], entry.get("keypoint_score")
    if points.ndim == 4:
        _check_details(entry, points, place, faults)
    label = entry.get("label")
    if label is not None and (isinstance(label, bool) or not isinstance(label, (int, np.integer))):
        faults.add(f"{place}, label", "a whole number from 0", shown(label), _REMEDY)
        label = None
    elif label is not None and label < 0:
        faults.add(f"{place}, label", "a whole number from 0", int(label), "number from 0")
    if scores is not None:
        scores = np.asarray(scores)
        if scores.dtype.kind not in "fiu":
            faults.add(f"{place}, keypoint_score", "numbers", f"dtype {scores.dtype}", _REMEDY)
            return None
        if scores.shape == points.shape[:3]:
            points = np.where((scores == 0)[..., None], np.nan, points.astype(np.float32))
    sequence = make_sequence(
        points,
        scores,
        skeleton=layout,
        options=options,
        faults=faults,
        place=place,
        fps=float(entry["fps"]) if isinstance(entry.get("fps"), (int, float)) else None,
        frame_size=_size(entry),
        source=name,
        as_stored=True,
    )
    if sequence is None:
        return None
    return Recording(
        sequence, name, label=None if label is None else int(label), split=splits.get(name)
    )


def _check_details(
    entry: Mapping[str, Any], points: np.ndarray, place: str, faults: Faults
) -> None:
    total = entry.get("total_frames")
    same = isinstance(total, (int, float, np.number)) and total == points.shape[1]
    if total is not None and not same and points.shape[1] != 0:
        faults.add(
            f"{place}, total_frames",
            f"{points.shape[1]}, the frames of keypoint",
            shown(total),
            "correct it; keypoint is (people, frames, joints, coordinates)",
        )
    shape = entry.get("img_shape")
    if shape is not None and (not isinstance(shape, (tuple, list, np.ndarray)) or len(shape) != 2):
        faults.add(f"{place}, img_shape", "(height, width)", shown(shape), _REMEDY)


def _size(entry: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height; the file has them the other way round."""
    shape = entry.get("img_shape")
    if not isinstance(shape, (tuple, list, np.ndarray)) or len(shape) != 2:
        return None
    try:
        size = int(shape[1]), int(shape[0])
    except (TypeError, ValueError, OverflowError):
        return None
    return size if max(size) > 1 else None  # 1x1 stands for no picture


def write(path: Path, data: Dataset) -> None:
    """Write recordings as pyskl reads them, with their splits; `fps` is an addition of ours."""
    split: dict[str, list[str]] = {}
    annotations = []
    for recording in data:
        sequence = recording.sequence
        width, height = sequence.frame_size or _extent(sequence)
        entry: dict[str, Any] = {
            "frame_dir": recording.name,
            "label": -1 if recording.label is None else int(recording.label),
            "img_shape": (height, width),
            "original_shape": (height, width),
            "total_frames": sequence.num_frames,
            "keypoint": np.nan_to_num(sequence.keypoints),
            "fps": sequence.fps,
        }
        if sequence.num_dims == 2:
            entry["keypoint_score"] = np.array(sequence.scores)
        if recording.label is None:
            del entry["label"]
        annotations.append(entry)
        split.setdefault(recording.split or "all", []).append(recording.name)
    with writing(path) as temporary, open(temporary, "wb") as handle:
        pickle.dump({"split": split, "annotations": annotations}, handle, protocol=4)


def _extent(sequence: PoseSequence) -> tuple[int, int]:
    """A picture size that holds all points, where the recording has none."""
    seen = sequence.keypoints[..., :2][sequence.present]
    if sequence.unit != "pixel" or not len(seen):
        return 1, 1
    return int(np.ceil(seen[:, 0].max())) + 1, int(np.ceil(seen[:, 1].max())) + 1


def _also_loses(data: Dataset) -> Iterator[str]:
    for sequence in data.sequences:
        if sequence.num_dims == 3 and not np.isin(sequence.scores, (0, 1)).all():
            yield "scores, in 3-D"


PYSKL = register(
    Format(
        "pyskl",
        "pyskl pickle",
        "the pickle, 2-D or 3-D",
        "splits and labels too",
        recognises,
        read,
        Writer(
            write,
            ".pkl",
            many=True,
            cannot_hold=("times", "provenance", "names of people", "unit", "layout name",
                         "subject", "view", "labels of frames", "events", "extra",
                         "names of the classes"),
            also_loses=_also_loses,
        ),
    )
)  # fmt: skip
