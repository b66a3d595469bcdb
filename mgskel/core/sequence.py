"""PoseSequence: what the joints of one recording did.

Everything behind this border may rely on: a missing joint is NaN with score 0, a present one is
finite; scores lie in 0..1; timestamps increase; the joint axis matches the skeleton.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.files import writing
from mgskel.core.sequence_rules import check
from mgskel.core.skeleton import (
    Skeleton,
    convert,
    get_skeleton,
    skeleton_from_dict,
    skeleton_to_dict,
)

if TYPE_CHECKING:
    import xarray
    from torch_geometric.data import Data

SCHEMA = 1
_ARRAYS = ("keypoints", "scores", "timestamps")


@dataclass(frozen=True, eq=False)
class PoseSequence:
    """One recording's joints.

    Attributes:
        keypoints: (M, T, V, C) float32; people, frames, joints, coordinates (2 or 3). NaN where
            missing. In images y points down; in metres the axes are the sensor's.
        scores: (M, T, V) float32 in 0..1; 0 exactly where a joint is missing.
        fps: frames per second (the nominal rate where frames come unevenly).
        skeleton: the layout of axis V.
        timestamps: (T,) float64 seconds, increasing.
        frame_size: (width, height) in pixels, where there was a picture.
        unit: 'pixel', 'metre' or 'normalised'.
        source: what it came from, as a name without folders above the input's.
        provenance: what was done to it, one record per step.
        people: names of the tracks of axis M.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    fps: float
    skeleton: Skeleton
    timestamps: np.ndarray
    frame_size: tuple[int, int] | None = None
    unit: str = "pixel"
    source: str = ""
    provenance: tuple[Mapping[str, object], ...] = ()
    people: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "keypoints", np.ascontiguousarray(self.keypoints, dtype=np.float32))
        put(self, "scores", np.ascontiguousarray(self.scores, dtype=np.float32))
        put(self, "timestamps", np.ascontiguousarray(self.timestamps, dtype=np.float64))
        put(self, "fps", float(self.fps))
        if not self.people and self.keypoints.ndim == 4:
            put(self, "people", tuple(str(m + 1) for m in range(self.keypoints.shape[0])))
        check(self)
        for name in _ARRAYS:
            # A view, so that the caller's own array stays writable.
            view = getattr(self, name).view()
            view.flags.writeable = False
            put(self, name, view)

    @classmethod
    def from_arrays(
        cls,
        keypoints: np.ndarray,
        scores: np.ndarray | None = None,
        *,
        fps: float,
        skeleton: Skeleton | str,
        timestamps: np.ndarray | None = None,
        **details: Any,
    ) -> PoseSequence:
        """Fill in what follows from the rest.

        A joint with any coordinate not finite is missing; scores default to 1 where present and
        become 0 where missing; timestamps default to an even grid. A single person's
        (T, V, C) is accepted.
        """
        points = np.array(keypoints, dtype=np.float32)
        if points.ndim == 3:
            points = points[None]
            scores = None if scores is None else np.asarray(scores)[None]
        if points.ndim != 4:
            raise InputError(
                "keypoints have the wrong number of axes",
                expected="(people, frames, joints, coordinates)",
                found=f"shape {points.shape}",
            )
        missing = ~np.isfinite(points).all(-1)
        points[missing] = np.nan
        score = (
            np.ones(missing.shape, np.float32) if scores is None else np.array(scores, np.float32)
        )
        if score.shape == missing.shape:
            missing |= score == 0
            score[missing] = 0
            points[missing] = np.nan
        if timestamps is None:
            timestamps = np.arange(points.shape[1]) / fps if fps > 0 else np.arange(points.shape[1])
        return cls(points, score, fps, get_skeleton(skeleton), timestamps, **details)

    @property
    def num_people(self) -> int:
        return self.keypoints.shape[0]

    @property
    def num_frames(self) -> int:
        return self.keypoints.shape[1]

    @property
    def num_joints(self) -> int:
        return self.keypoints.shape[2]

    @property
    def num_dims(self) -> int:
        return self.keypoints.shape[3]

    @property
    def start_s(self) -> float:
        """Time of the first frame; 0 where there is none."""
        return float(self.timestamps[0]) if self.num_frames else 0.0

    @property
    def duration_s(self) -> float:
        """From the first frame's start to the last frame's end."""
        if self.num_frames == 0:
            return 0.0
        return float(self.timestamps[-1] - self.timestamps[0]) + 1.0 / self.fps

    @property
    def present(self) -> np.ndarray:
        """Where a joint was seen, (M, T, V) bool."""
        return self.scores > 0

    def replace(self, **changes: Any) -> PoseSequence:
        return dataclasses.replace(self, **changes)

    def noted(self, step: str, **settings: object) -> PoseSequence:
        """The same recording, with one more record of what was done."""
        return self.replace(provenance=(*self.provenance, {"step": step, **settings}))

    def joint(self, name: str) -> np.ndarray:
        """One joint's path, (M, T, C)."""
        return self.keypoints[:, :, self.skeleton.index(name)]

    def person(self, who: str | int) -> PoseSequence:
        """One person alone, by track name or by position on axis M."""
        if isinstance(who, str):
            if who not in self.people:
                raise InputError(
                    f"no person '{who}' in {self.source or 'this recording'}",
                    expected="one of " + ", ".join(self.people),
                    found=repr(who),
                )
            who = self.people.index(who)
        keep = slice(who, who + 1) if who >= 0 else slice(who, who + 1 or None)
        return self.replace(
            keypoints=self.keypoints[keep], scores=self.scores[keep], people=self.people[keep]
        )

    def to_skeleton(
        self, target: Skeleton | str | Path, allow_missing: bool = False
    ) -> PoseSequence:
        """The same recording in another layout; see `mgskel.core.skeleton.convert`."""
        layout = get_skeleton(target)
        if layout == self.skeleton:
            return self
        points, scores = convert(self.keypoints, self.scores, self.skeleton, layout, allow_missing)
        changed = self.replace(keypoints=points, scores=scores, skeleton=layout)
        return changed.noted("layout", source=self.skeleton.name, target=layout.name)

    def mirrored(self) -> PoseSequence:
        """As seen in a mirror: x flipped, left and right joints exchanged."""
        points = self.keypoints[:, :, self.skeleton.mirror].copy()
        # Pixel and 0..1 coordinates are mirrored within the picture, others at the origin.
        if self.unit == "pixel" and self.frame_size:
            points[..., 0] = self.frame_size[0] - points[..., 0]
        elif self.unit == "normalised" and self.frame_size:
            points[..., 0] = 1 - points[..., 0]
        else:
            points[..., 0] = -points[..., 0]
        return self.replace(keypoints=points, scores=self.scores[:, :, self.skeleton.mirror])

    def crop(self, start_s: float, end_s: float) -> PoseSequence:
        """The frames with start_s <= time < end_s."""
        keep = (self.timestamps >= start_s) & (self.timestamps < end_s)
        return self.frames(np.flatnonzero(keep))

    def frames(self, which: np.ndarray | slice) -> PoseSequence:
        """Some frames, in the given (increasing) order."""
        return self.replace(
            keypoints=self.keypoints[:, which],
            scores=self.scores[:, which],
            timestamps=self.timestamps[which],
        )

    def resampled(self, fps: float) -> PoseSequence:
        """On an even time grid at another rate, interpolated between neighbouring frames.

        A joint is missing at a new time where either neighbour lacks it, so gaps stay gaps.
        """
        if self.num_frames < 2:
            return self.replace(fps=fps)
        start, end = self.timestamps[0], self.timestamps[-1]
        times = start + np.arange(int(np.floor((end - start) * fps + 1e-6)) + 1) / fps
        right = np.clip(np.searchsorted(self.timestamps, times, "right"), 1, self.num_frames - 1)
        left = right - 1
        span = self.timestamps[right] - self.timestamps[left]
        weight = np.clip((times - self.timestamps[left]) / span, 0, 1).astype(np.float32)
        # On a frame exactly, its neighbour has no say: not even a missing one.
        left = np.where(weight == 1, right, left)
        right = np.where(weight == 0, left, right)
        w = weight[:, None, None]
        points = self.keypoints[:, left] * (1 - w) + self.keypoints[:, right] * w
        scores = np.minimum(self.scores[:, left], self.scores[:, right])
        changed = self.replace(keypoints=points, scores=scores, timestamps=times, fps=fps)
        return changed.noted("resample", source_fps=self.fps, target_fps=fps)

    def save(self, path: str | Path) -> None:
        """Write as ``.npz``: arrays and one JSON header, no pickles."""
        header = {
            "schema": SCHEMA,
            "fps": self.fps,
            "skeleton": skeleton_to_dict(self.skeleton),
            "frame_size": self.frame_size,
            "unit": self.unit,
            "source": self.source,
            "provenance": [dict(record) for record in self.provenance],
            "people": self.people,
        }
        text = np.array(json.dumps(header, ensure_ascii=False, allow_nan=False))
        with writing(path) as temporary, open(temporary, "wb") as handle:
            np.savez_compressed(handle, header=text, **{n: getattr(self, n) for n in _ARRAYS})

    @classmethod
    def load(cls, path: str | Path) -> PoseSequence:
        """Read what `save` wrote."""
        try:
            with np.load(path, allow_pickle=False) as archive:
                absent = [name for name in ("header", *_ARRAYS) if name not in archive]
                if absent:
                    raise InputError(
                        "not a pose sequence of this project",
                        place=path,
                        expected="arrays header, " + ", ".join(_ARRAYS),
                        found=", ".join(archive.files) or "no arrays",
                        remedy="'mgskel convert' reads other formats and bundles",
                    )
                header = json.loads(str(archive["header"]))
                arrays = {name: archive[name] for name in _ARRAYS}
        except FileNotFoundError as error:
            raise InputError(f"file not found: {path}", remedy="check the path") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, KeyError) as error:
            raise InputError(
                f"cannot be read as npz: {error}",
                place=path,
                remedy="the file may be cut off or of another kind; write it again",
            ) from error
        return cls._from_parts(header, arrays, str(path))

    @classmethod
    def _from_parts(
        cls, header: dict[str, Any], arrays: dict[str, np.ndarray], place: str
    ) -> PoseSequence:
        if header.get("schema") != SCHEMA:
            raise InputError(
                "written by another version of this program",
                place=place,
                expected=f"schema {SCHEMA}",
                found=f"schema {header.get('schema')}",
                remedy="update mgskel, or extract again",
            )
        try:
            return cls(
                **arrays,
                fps=header["fps"],
                skeleton=skeleton_from_dict(header["skeleton"], place),
                frame_size=tuple(header["frame_size"]) if header["frame_size"] else None,
                unit=header["unit"],
                source=header["source"],
                provenance=tuple(header["provenance"]),
                people=tuple(header["people"]),
            )
        except KeyError as error:
            raise InputError(f"the header lacks {error}", place=place) from error
        except InputError as error:
            if error.place is None:
                error.place = place
            raise

    def to_pyg(self) -> Data:
        """A spatio-temporal graph for PyTorch Geometric."""
        from mgskel.core.interchange import to_pyg

        return to_pyg(self)

    def to_xarray(self) -> xarray.Dataset:
        """The dataset that the `movement` package reads."""
        from mgskel.core.interchange import to_xarray

        return to_xarray(self)

    def __repr__(self) -> str:
        return (
            f"PoseSequence({self.num_people} people, {self.num_frames} frames, "
            f"{self.skeleton.name}, {self.num_dims}-D {self.unit}, {self.fps:g} fps)"
        )


def shoulder_width(sequence: PoseSequence) -> np.ndarray:
    """The recording's measure of each person, (M,): the typical distance between the shoulders.

    A high quantile of the frames stands for the width seen frontally, since turning away only
    narrows it. NaN for a person whose shoulders are never seen together.
    """
    gap = sequence.joint("left_shoulder") - sequence.joint("right_shoulder")
    widths = np.linalg.norm(gap, axis=-1)
    result = np.full(sequence.num_people, np.nan, np.float32)
    for person, row in enumerate(widths):
        seen = row[np.isfinite(row)]
        if seen.size:
            result[person] = np.quantile(seen, 0.75)
    return result
