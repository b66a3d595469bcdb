"""Bundle: many labelled sequences of one person each, in one ``.npz``.

Sequence i is ``frames[offsets[i]:offsets[i + 1]]``. Besides these two arrays everything may be
left out: `label`, `subject`, `name`, `view`, `frame_size` with one entry per sequence, `scores`
and `frame_label` with one per frame, `fps`, `layout` (its name; else the caller gives it), and
further arrays with one entry per sequence. What this project writes has a JSON `header` too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError, shown, unknown
from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import (
    Skeleton,
    get_skeleton,
    list_skeletons,
    skeleton_from_dict,
    skeleton_to_dict,
)
from mgskel.core.storage.intake import checked, parse_json
from mgskel.core.storage.npz import NpzArrays, open_npz, write_npz
from mgskel.formats.format import (
    ASSUMED_FPS,
    Format,
    ReadOptions,
    RecordingsOnDemand,
    Writer,
    dataset_of,
    register,
)
from mgskel.formats.reading.bundle_arrays import BundleArrays, check_arrays
from mgskel.formats.reading.layouts import choose, layouts_with
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source
from mgskel.formats.reading.units import guess_unit
from mgskel.formats.writing import fps_assumed, people_named

SCHEMA = 1
_KNOWN = ("label", "subject", "name", "view", "frame_size", "scores", "frame_label", "fps")
_OTHERS = ("frames", "offsets", "phase", "layout", "header")


def recognises(source: Source) -> bool:
    return "frames" in source.npz_keys


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    with open_npz(source.path, faults) as archive:
        archive.require("frames", "offsets")
        header = _header(archive, faults)
        frames = archive["frames"]
        layout, notes = _layout(archive, header, frames, options, faults)
        arrays = _arrays(archive, header, frames, layout, options)
    check_arrays(arrays, faults)
    if faults.stopping:
        return dataset_of([])
    if "fps" not in arrays.known:
        notes += (f"the frame rate is assumed ({ASSUMED_FPS:g}): give it by --fps",)
    recordings = RecordingsOnDemand(
        source.path,
        len(arrays.offsets) - 1,
        lambda index, found: _recording(arrays, index, options, found),
    )
    return Dataset(recordings, class_names=arrays.class_names, notes=notes)


def _arrays(
    archive: NpzArrays, header: _Header, frames: np.ndarray, layout: Skeleton, options: ReadOptions
) -> BundleArrays:
    offsets = archive["offsets"]
    length = len(offsets) - 1 if offsets.ndim == 1 else -1
    known = {key: archive[key] for key in _KNOWN if key in archive}
    others = {key: archive[key] for key in archive.keys if key not in _KNOWN + _OTHERS}
    extra = {key: array for key, array in others.items() if array.ndim and len(array) == length}
    if "name" not in known and "video" in extra:
        known["name"] = extra["video"]
    if "frame_label" not in known and "phase" in archive:
        known["frame_label"] = archive["phase"]
    if "fps" not in known and options.fps is not None:
        known["fps"] = np.array(options.fps)
    class_names = header.class_names or None
    if "label" in known and known["label"].dtype.kind in "US":
        words, known["label"] = np.unique(known["label"], return_inverse=True)
        class_names = tuple(str(word) for word in words)
    return BundleArrays(
        np.asarray(frames, np.float32) if frames.dtype.kind in "fiu" else frames,
        offsets,
        known,
        extra,
        layout,
        header.unit or options.unit or guess_unit(frames),
        class_names,
    )


@dataclass(frozen=True)
class _Header:
    schema: int
    skeleton: dict[str, Any] | None = None
    unit: str | None = None
    class_names: tuple[str, ...] | None = None


def _header(archive: NpzArrays, faults: Faults) -> _Header:
    text = archive.get("header")
    if text is None:
        return _Header(SCHEMA)
    header = checked(_Header, parse_json(str(text), "array 'header'"), faults, "array 'header'")
    if header.schema != SCHEMA:
        raise faults.stop(
            "array 'header'", f"schema {SCHEMA}", header.schema,
            "update mgskel, or write the bundle again",
        )  # fmt: skip
    return header


def _layout(
    archive: NpzArrays, header: _Header, frames: np.ndarray, options: ReadOptions, faults: Faults
) -> tuple[Skeleton, tuple[str, ...]]:
    """The file's layout, or the caller's; to look for faults only, any with as many joints."""
    given = None if options.layout is None else get_skeleton(options.layout)
    inside = None
    if header.skeleton:
        inside = skeleton_from_dict(header.skeleton, "header")
    elif "layout" in archive:
        name = str(archive["layout"])
        if name not in list_skeletons():  # a file must not name other files to read
            raise unknown("layout", shown(name), list_skeletons(), place="array 'layout'")
        inside = get_skeleton(name)
    if inside is not None and given is not None and inside != given:
        raise faults.stop(
            "layout",
            f"'{given.name}', as asked for",
            f"the file names '{inside.name}'",
            "leave the layout out; convert with --to-layout",
        )
    chosen = inside or given
    if chosen is not None:
        return chosen, ()
    joints = frames.shape[1] if frames.ndim == 3 else 0
    likely = options.likely_layout
    if likely is not None and likely.num_joints == joints:
        return likely, (f"the file names no layout: read as '{likely.name}', as the run has it",)
    fitting = layouts_with(joints)
    if fitting and options.guess_layout:
        return get_skeleton(fitting[0]), (
            f"the file names no layout: checked as {' or '.join(fitting)}; to use it, give "
            "--layout",
        )
    raise faults.stop(
        "layout",
        "the name of the skeleton layout",
        f"none in the file, which has {joints} joints",
        choose(joints),
    )


def _recording(
    arrays: BundleArrays, index: int, options: ReadOptions, faults: Faults
) -> Recording | None:
    start, end = arrays.offsets[index : index + 2]
    frames, known = arrays.frames[None, start:end], arrays.known
    if "scores" in known:
        scores = known["scores"][None, start:end]
    else:
        # A bundle marks missing joints by NaN: the origin is a place like any other.
        scores = np.isfinite(frames).all(-1).astype(np.float32)
    rate, size = known.get("fps"), known["frame_size"][index] if "frame_size" in known else None
    name = str(known["name"][index]) if "name" in known else f"sequence {index}"
    sequence = make_sequence(
        frames,
        scores,
        skeleton=arrays.skeleton,
        options=options,
        faults=faults,
        place=f"sequence {index} ({name})" if "name" in known else name,
        fps=None if rate is None else float(rate[index] if rate.ndim else rate),
        unit=arrays.unit,
        frame_size=None if size is None or not size.any() else (int(size[0]), int(size[1])),
        source=name,
    )
    if sequence is None:
        return None
    labels, extra = known.get("frame_label"), arrays.extra
    facts = {key: known[key][index].item() for key in ("label", "subject", "view") if key in known}
    return Recording(
        sequence,
        name,
        split=str(extra["split"][index]) if "split" in extra else None,
        frame_labels=None if labels is None else labels[start:end],
        extra={key: values[index] for key, values in extra.items() if key != "split"},
        **facts,
    )


def write(path: Path, data: Dataset) -> None:
    """Write one person of each recording: the one who is seen most.

    Layout, dimensions and unit must agree. Facts that only some recordings have are left out.
    """
    people = [_main_person(one.sequence) for one in data]
    _check_alike(people)
    first = people[0]
    header = {
        "schema": SCHEMA,
        "skeleton": skeleton_to_dict(first.skeleton),
        "unit": first.unit,
        "class_names": data.class_names,
    }
    sizes = np.array([sequence.frame_size or (0, 0) for sequence in people])
    rates = np.array([sequence.fps for sequence in people])
    assumed = all(fps_assumed(sequence) for sequence in people)
    marks = [one.frame_labels for one in data if one.frame_labels is not None]
    write_npz(
        path,
        header=json.dumps(header, ensure_ascii=False),
        layout=first.skeleton.name,
        frames=np.concatenate([sequence.keypoints[0] for sequence in people]),
        offsets=np.cumsum([0, *(sequence.num_frames for sequence in people)]).astype(np.int64),
        scores=np.concatenate([sequence.scores[0] for sequence in people]),
        fps=None if assumed else rates[0] if np.ptp(rates) == 0 else rates,
        frame_size=sizes if sizes.any() else None,
        frame_label=np.concatenate(marks) if len(marks) == len(data) else None,
        name=np.array([one.name for one in data]),
        **{key: _column([getattr(one, key) for one in data]) for key in _FACTS},
        **{
            key: np.array([one.extra[key] for one in data])
            for key in data[0].extra
            if all(key in one.extra for one in data)
        },
    )


_FACTS = ("label", "subject", "view", "split")


def _column(values: Sequence[Any]) -> np.ndarray | None:
    return None if any(value is None for value in values) else np.array(values)


def _main_person(sequence: PoseSequence) -> PoseSequence:
    if sequence.num_people == 1:
        return sequence
    return sequence.person(int(np.argmax(sequence.scores.sum(axis=(1, 2)))))


def _check_alike(sequences: Sequence[PoseSequence]) -> None:
    first = sequences[0]
    for index, sequence in enumerate(sequences):
        traits = (sequence.skeleton, sequence.num_dims, sequence.unit)
        if traits != (first.skeleton, first.num_dims, first.unit):
            raise InputError(
                "sequences of different kinds do not fit one bundle",
                place=f"sequence {index} ({sequence.source})",
                expected=f"{first.skeleton.name}, {first.num_dims}-D, {first.unit}",
                found=f"{sequence.skeleton.name}, {sequence.num_dims}-D, {sequence.unit}",
                remedy="convert to one layout",
            )


def _also_loses(data: Dataset) -> Iterator[str]:
    for sequence in data.sequences:
        if sequence.num_people > 1:
            yield "all people but the one who is seen most (choose by --person)"
        elif people_named(sequence):
            yield "the person's name"
    for key in _FACTS:
        known = [getattr(one, key) is not None for one in data]
        if any(known) and not all(known):
            yield f"{key} (some recordings have none)"
    labelled = [one.frame_labels is not None for one in data]
    if any(labelled) and not all(labelled):
        yield "labels of frames"


BUNDLE = register(
    Format(
        "bundle",
        "bundle",
        "an `.npz` with the arrays `frames` and `offsets` (see below)",
        "labels, subjects, views, splits and whatever else it holds",
        recognises,
        read,
        Writer(
            write, ".npz", many=True, cannot_hold=("times", "provenance", "events"),
            also_loses=_also_loses,
        ),
    )
)  # fmt: skip
