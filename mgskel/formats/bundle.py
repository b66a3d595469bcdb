"""Bundle: many labelled sequences of one person each, in one array.

Sequence i is ``frames[offsets[i]:offsets[i + 1]]``. Stored as one ``.npz`` without pickles;
files of other origin need only `frames` and `offsets`, and the layout's name from the caller.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.files import writing
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import (
    Skeleton,
    convert,
    get_skeleton,
    skeleton_from_dict,
    skeleton_to_dict,
)
from mgskel.formats.bundle_rules import check_bundle, guess_unit
from mgskel.formats.faults import Faults
from mgskel.formats.npz import NpzArrays, open_npz

SCHEMA = 1
ASSUMED_FPS = 30.0
_PER_SEQUENCE = ("label", "subject", "name", "view", "frame_size")
_OWN_KEYS = ("header", "frames", "offsets", "scores", "frame_label", "phase", "fps", "layout")


@dataclass(frozen=True, eq=False)
class Bundle:
    """Many sequences.

    Attributes:
        frames: (sum T, V, C) float32; NaN where a joint is missing.
        offsets: (n + 1,) int64, from 0 to sum T.
        skeleton: the layout of axis V.
        label: (n,) int64, in the data set's own numbering.
        subject, name, view: (n,), who, what it is called, which camera.
        fps: frames per second of all, or (n,) of each.
        scores: (sum T, V) in 0..1; without it, a joint that is there counts 1.
        frame_label: (sum T,), what happens in each frame.
        class_names: names of the labels 0, 1, ...
        unit: 'pixel', 'metre' or 'normalised'.
        frame_size: (n, 2), width and height in pixels.
        extra: further arrays of length n, kept as they came.
    """

    frames: np.ndarray
    offsets: np.ndarray
    skeleton: Skeleton
    label: np.ndarray | None = None
    subject: np.ndarray | None = None
    name: np.ndarray | None = None
    view: np.ndarray | None = None
    fps: float | np.ndarray | None = None
    scores: np.ndarray | None = None
    frame_label: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None
    unit: str = "normalised"
    frame_size: np.ndarray | None = None
    extra: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        faults = Faults("bundle")
        check_bundle(self, faults)
        faults.raise_if_stopping()

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each sequence, (n,)."""
        return np.diff(self.offsets)

    @property
    def num_joints(self) -> int:
        return self.frames.shape[1]

    @property
    def num_dims(self) -> int:
        return self.frames.shape[2]

    def fps_of(self, index: int) -> float:
        """The rate of one sequence; 30 where the file doesn't say."""
        if self.fps is None:
            return ASSUMED_FPS
        return float(np.broadcast_to(self.fps, len(self))[index])

    def keypoints(self, index: int) -> np.ndarray:
        """The frames of one sequence, (T, V, C), as a view."""
        start, end = self.offsets[index : index + 2]
        return self.frames[start:end]

    def sequence(self, index: int) -> PoseSequence:
        """One sequence, as a recording of one person."""
        index = range(len(self))[index]
        start, end = self.offsets[index : index + 2]
        size = None if self.frame_size is None else self.frame_size[index]
        recording = PoseSequence.from_arrays(
            self.frames[start:end],
            None if self.scores is None else self.scores[start:end],
            fps=self.fps_of(index),
            skeleton=self.skeleton,
            unit=self.unit,
            source=str(self.name[index]) if self.name is not None else f"sequence {index}",
            frame_size=None if size is None or not size.any() else (int(size[0]), int(size[1])),
        )
        if self.fps is None:
            return recording.noted("read", fps="assumed, the bundle does not say")
        return recording

    def select(self, indices: Sequence[int] | np.ndarray) -> Bundle:
        """Some of the sequences, in the given order; a boolean mask of length n also works."""
        chosen = np.asarray(indices)
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise InputError(
                    "a mask of another length than the bundle",
                    expected=f"{len(self)} values",
                    found=f"shape {chosen.shape}",
                )
            chosen = np.flatnonzero(chosen)
        chosen = np.arange(len(self))[chosen.astype(np.int64)]
        lengths = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = np.repeat(self.offsets[chosen] - offsets[:-1], lengths) + np.arange(offsets[-1])
        columns: dict[str, Any] = {
            key: getattr(self, key)[chosen]
            for key in _PER_SEQUENCE
            if getattr(self, key) is not None
        }
        return dataclasses.replace(
            self,
            frames=self.frames[rows],
            offsets=offsets,
            scores=None if self.scores is None else self.scores[rows],
            frame_label=None if self.frame_label is None else self.frame_label[rows],
            fps=self.fps[chosen] if isinstance(self.fps, np.ndarray) else self.fps,
            extra=MappingProxyType({key: value[chosen] for key, value in self.extra.items()}),
            **columns,
        )

    def with_classes(self, class_names: Sequence[str]) -> Bundle:
        """The same sequences, labelled by position in another list of class names."""
        if self.label is None or self.class_names is None:
            raise InputError("the bundle names no classes", remedy="give labels with class names")
        names = list(class_names)
        absent = sorted({self.class_names[i] for i in np.unique(self.label)} - set(names))
        if absent:
            raise InputError(
                f"classes of the bundle are not among the wanted ones: {', '.join(absent)}",
                expected=", ".join(names),
            )
        lookup = np.array([names.index(n) if n in names else -1 for n in self.class_names])
        return dataclasses.replace(
            self, label=lookup[self.label].astype(np.int64), class_names=tuple(names)
        )

    def to_skeleton(self, target: Skeleton | str, allow_missing: bool = False) -> Bundle:
        """The same sequences in another layout, by joint name."""
        layout = get_skeleton(target)
        if layout == self.skeleton:
            return self
        scores = self.scores
        if scores is None:
            scores = np.isfinite(self.frames).all(-1).astype(np.float32)
        frames, converted = convert(self.frames, scores, self.skeleton, layout, allow_missing)
        return dataclasses.replace(self, frames=frames, scores=converted, skeleton=layout)

    def __repr__(self) -> str:
        return f"Bundle({len(self)} sequences, {len(self.frames)} frames, {self.skeleton.name})"


def load_bundle(
    path: str | Path,
    layout: Skeleton | str | Path | None = None,
    *,
    fps: float | None = None,
    unit: str | None = None,
) -> Bundle:
    """Read a bundle; every fault that makes it unusable is named at once.

    Args:
        path: the ``.npz`` file.
        layout: needed where the file doesn't name its layout.
        fps, unit: used where the file doesn't say.
    """
    faults = Faults(path)
    bundle = read_bundle(path, faults, layout, fps=fps, unit=unit)
    faults.raise_if_stopping()
    return bundle


def read_bundle(
    path: str | Path,
    faults: Faults,
    layout: Skeleton | str | Path | None = None,
    *,
    fps: float | None = None,
    unit: str | None = None,
) -> Bundle:
    """As `load_bundle`, with all faults collected in `faults`."""
    with open_npz(path, faults) as arrays:
        arrays.require("frames", "offsets")
        header = _header(arrays, faults)
        fields: dict[str, Any] = {key: arrays.get(key) for key in _PER_SEQUENCE}
        fields["frames"] = arrays["frames"]
        fields["offsets"] = arrays["offsets"]
        fields["scores"] = arrays.get("scores")
        fields["frame_label"] = arrays.get("frame_label" if "frame_label" in arrays else "phase")
        fields["fps"] = arrays.get("fps")
        length = len(fields["offsets"]) - 1 if fields["offsets"].ndim == 1 else -1
        extra = {}
        for key in arrays.keys:
            if key in _OWN_KEYS + _PER_SEQUENCE:
                continue
            array = arrays[key]
            if array.ndim and len(array) == length:
                extra[key] = array
        named = _layout_inside(arrays, header)
    fields["skeleton"] = _choose_layout(named, layout, fields["frames"], faults)
    fields["class_names"] = tuple(header["class_names"]) if header.get("class_names") else None
    labels = fields["label"]
    if labels is not None and labels.dtype.kind in "US":
        names, fields["label"] = np.unique(labels, return_inverse=True)
        fields["class_names"] = tuple(str(name) for name in names)
    if fields["name"] is None and "video" in extra:
        fields["name"] = extra["video"]
    rate = fields["fps"]
    fields["fps"] = fps if rate is None else (float(rate) if rate.ndim == 0 else rate)
    if fields["frames"].dtype.kind in "fiu":
        fields["frames"] = np.asarray(fields["frames"], np.float32)
    fields["unit"] = header.get("unit") or unit or guess_unit(fields["frames"])
    if labels is not None and fields["label"].dtype.kind in "iu":
        fields["label"] = fields["label"].astype(np.int64)
    bundle = _unchecked(extra=MappingProxyType(extra), **fields)
    check_bundle(bundle, faults)
    return bundle


def _unchecked(**fields: Any) -> Bundle:
    """A bundle whose faults are still to be collected."""
    bundle = object.__new__(Bundle)
    for key, value in fields.items():
        object.__setattr__(bundle, key, value)
    return bundle


def _header(arrays: NpzArrays, faults: Faults) -> dict[str, Any]:
    text = arrays.get("header")
    if text is None:
        return {}
    try:
        header = json.loads(str(text))
    except json.JSONDecodeError as error:
        raise faults.stop(
            "array 'header'", "JSON text", str(error), "write the bundle again"
        ) from error
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        found = header.get("schema") if isinstance(header, dict) else type(header).__name__
        raise faults.stop(
            "array 'header'", f"schema {SCHEMA}", found, "update mgskel, or write the bundle again"
        )
    return header


def _layout_inside(arrays: NpzArrays, header: Mapping[str, Any]) -> Skeleton | None:
    if header.get("skeleton"):
        return skeleton_from_dict(header["skeleton"], "header")
    name = arrays.get("layout")
    return None if name is None else get_skeleton(str(name))


def _choose_layout(
    inside: Skeleton | None,
    wanted: Skeleton | str | Path | None,
    frames: np.ndarray,
    faults: Faults,
) -> Skeleton:
    from mgskel.formats.layouts import layouts_with

    given = get_skeleton(wanted) if wanted is not None else None
    if inside is not None and given is not None and inside != given:
        raise faults.stop(
            "layout",
            f"'{given.name}', as asked for",
            f"the file names '{inside.name}'",
            "leave the layout out; convert with --to-layout",
        )
    chosen = inside or given
    if chosen is None:
        joints = frames.shape[1] if frames.ndim == 3 else 0
        fitting = layouts_with(joints)
        raise faults.stop(
            "layout",
            "the name of the skeleton layout",
            f"none in the file, which has {joints} joints",
            "give --layout NAME"
            + (f"; {', '.join(fitting)} have as many joints" if fitting else ""),
        )
    return chosen


def save_bundle(path: str | Path, bundle: Bundle) -> None:
    """Write a bundle as one ``.npz``, its layout inside."""
    header = {
        "schema": SCHEMA,
        "skeleton": skeleton_to_dict(bundle.skeleton),
        "unit": bundle.unit,
        "class_names": bundle.class_names,
    }
    arrays: dict[str, Any] = {key: getattr(bundle, key) for key in _PER_SEQUENCE}
    for key in ("frames", "offsets", "scores", "frame_label", "fps"):
        arrays[key] = getattr(bundle, key)
    arrays.update(bundle.extra)
    present = {key: value for key, value in arrays.items() if value is not None}
    text = np.array(json.dumps(header, ensure_ascii=False))
    with writing(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(handle, header=text, layout=np.array(bundle.skeleton.name), **present)


def bundle_from_sequences(
    sequences: Iterable[PoseSequence], label: Sequence[int] | None = None, **details: Any
) -> Bundle:
    """Join recordings of one person each; layout, dimensions and unit must agree.

    Args:
        sequences: recordings with one person each.
        label: one per sequence.
        details: further fields of `Bundle`.
    """
    every = list(sequences)
    if not every:
        raise InputError("a bundle needs at least one sequence", found="none")
    first = every[0]
    for index, sequence in enumerate(every):
        traits = (sequence.num_people, sequence.skeleton, sequence.num_dims, sequence.unit)
        wanted = (1, first.skeleton, first.num_dims, first.unit)
        if traits != wanted:
            raise InputError(
                "sequences of different kinds do not fit one bundle",
                place=f"sequence {index} ({sequence.source})",
                expected=f"1 person, {first.skeleton.name}, {first.num_dims}-D, {first.unit}",
                found=f"{sequence.num_people} people, {sequence.skeleton.name}, "
                f"{sequence.num_dims}-D, {sequence.unit}",
                remedy="choose a person (sequence.person), convert to one layout",
            )
    sizes = np.array([sequence.frame_size or (0, 0) for sequence in every])
    given: dict[str, Any] = {
        "name": np.array([sequence.source for sequence in every]),
        "fps": np.array([sequence.fps for sequence in every]),
        "frame_size": sizes if sizes.any() else None,
        **details,
    }
    for fact in ("subject", "name", "view"):
        if given.get(fact) is not None:
            given[fact] = np.asarray(given[fact])
    lengths = [sequence.num_frames for sequence in every]
    return Bundle(
        frames=np.concatenate([sequence.keypoints[0] for sequence in every]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        skeleton=first.skeleton,
        label=None if label is None else np.asarray(label, np.int64),
        scores=np.concatenate([sequence.scores[0] for sequence in every]),
        unit=first.unit,
        **given,
    )
