"""PoseSequence: what the joints of one recording did.

Everything behind this border may rely on: a missing joint is NaN with score 0, a present one is
finite; scores lie in 0..1; timestamps increase; the joint axis matches the skeleton.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel.core.animation import animated_svg
from mgskel.core.errors import Faults, InputError
from mgskel.core.interchange import fields_from_xarray, to_pandas, to_pyg, to_xarray
from mgskel.core.resample import Neighbours, even_times
from mgskel.core.skeleton import Skeleton, convert, get_skeleton
from mgskel.core.storage.pose_file import PoseFile, read_pose_file, write_pose_file

if TYPE_CHECKING:
    import pandas
    import xarray
    from torch_geometric.data import Data

UNITS = ("pixel", "metre", "normalised")
_ARRAYS = ("keypoints", "scores", "timestamps")


@dataclass(frozen=True, eq=False)
class PoseSequence:
    """One recording's joints.

    Attributes:
        keypoints: (M, T, V, C) float32; people, frames, joints, coordinates (2 or 3). NaN where
            missing. In images y points down; in metres the axes are the sensor's.
        scores: (M, T, V) float32 in 0..1; 0 exactly where a joint is missing.
        fps: the nominal rate where frames come unevenly.
        skeleton: the layout of axis V.
        timestamps: (T,) float64 seconds, increasing.
        frame_size: (width, height) in pixels, where there was a picture.
        unit: one of `UNITS`.
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
        _check(self)
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
        times = even_times(self.timestamps, fps)
        points, scores = Neighbours.of(self.timestamps, times).blend(self.keypoints, self.scores)
        changed = self.replace(keypoints=points, scores=scores, timestamps=times, fps=fps)
        return changed.noted("resample", source_fps=self.fps, target_fps=fps)

    def save(self, path: str | Path) -> None:
        """Write as ``.npz``: arrays and one JSON header, no pickles."""
        names = [field.name for field in dataclasses.fields(PoseFile)]
        write_pose_file(path, PoseFile(**{name: getattr(self, name) for name in names}))

    @classmethod
    def load(cls, path: str | Path) -> PoseSequence:
        """Read what `save` wrote."""
        content = read_pose_file(path, Faults(path))
        try:
            return cls(**vars(content))
        except InputError as error:
            error.place = path if error.place is None else error.place
            raise

    def to_pandas(self) -> pandas.DataFrame:
        """A row per person, frame and joint; see `mgskel.core.interchange.to_pandas`."""
        return to_pandas(self)

    def to_pyg(self) -> Data:
        """A spatio-temporal graph for PyTorch Geometric."""
        return to_pyg(self)

    def to_xarray(self) -> xarray.Dataset:
        """The dataset that the `movement` package reads."""
        return to_xarray(self)

    @classmethod
    def from_xarray(cls, dataset: xarray.Dataset, layout: str | None = None) -> PoseSequence:
        """A recording from what `to_xarray` made, also after `movement` has worked on it."""
        return cls.from_arrays(**fields_from_xarray(dataset, layout))

    def _repr_html_(self) -> str:
        """A small player, for notebooks."""
        return f"<div>{animated_svg(self)}<br><small>{escape(repr(self))}</small></div>"

    def __repr__(self) -> str:
        people = f"{self.num_people} {'person' if self.num_people == 1 else 'people'}"
        return (
            f"PoseSequence({people}, {self.num_frames} frames, "
            f"{self.skeleton.name}, {self.num_dims}-D {self.unit}, {self.fps:g} fps)"
        )


def _check(sequence: PoseSequence) -> None:
    """Refuse what later rooms could not trust; all shape faults are found before value faults."""
    points, scores, times = sequence.keypoints, sequence.scores, sequence.timestamps
    layout = sequence.skeleton
    _require(
        points.ndim == 4,
        "keypoints have the wrong number of axes",
        "(people, frames, joints, coordinates)",
        f"shape {points.shape}",
    )
    _require(
        points.shape[2] == layout.num_joints,
        "the joint axis does not fit the layout",
        f"{layout.num_joints} joints ({layout.name}) on axis 2",
        f"shape {points.shape}",
    )
    _require(
        points.shape[3] in (2, 3),
        "coordinates are neither 2-D nor 3-D",
        "2 or 3 on axis 3",
        f"shape {points.shape}",
    )
    _require(
        scores.shape == points.shape[:3],
        "scores do not fit the keypoints",
        f"shape {points.shape[:3]}",
        f"shape {scores.shape}",
    )
    _require(
        times.shape == points.shape[1:2],
        "timestamps do not fit the frames",
        f"{points.shape[1]} timestamps",
        f"shape {times.shape}",
    )
    _require(
        np.isfinite(sequence.fps) and sequence.fps > 0,
        "impossible frame rate",
        "a positive number of frames per second",
        repr(sequence.fps),
    )
    _require(
        sequence.unit in UNITS, "unknown unit", "one of " + ", ".join(UNITS), repr(sequence.unit)
    )
    _require(
        len(sequence.people) == points.shape[0] == len(set(sequence.people)),
        "people's names do not fit the keypoints",
        f"{points.shape[0]} different names",
        repr(sequence.people),
    )
    steps = np.diff(times)
    _require(
        np.isfinite(times).all() and (steps > 0).all(),
        "timestamps do not increase",
        "each frame later than the one before",
        f"frame {int(np.argmax(~(steps > 0))) + 1}" if steps.size else "NaN",
    )
    bad = ~((scores >= 0) & (scores <= 1))
    _require(not bad.any(), "scores outside 0..1", "scores in 0..1", _first(bad, scores, layout))
    seen = np.isfinite(points[..., 0])
    for axis in range(1, points.shape[3]):
        seen &= np.isfinite(points[..., axis])
    if seen.all() and (scores > 0).all():
        return
    endless = np.isinf(points).any(-1)
    _require(
        not endless.any(),
        "infinite coordinates",
        "finite numbers, or NaN where missing",
        _first(endless, scores, layout),
    )
    unsure = ~seen & (scores > 0)
    _require(
        not unsure.any(),
        "missing joints have a positive score",
        "score 0 where NaN",
        _first(unsure, scores, layout),
    )
    ghost = seen & (scores == 0)
    _require(
        not ghost.any(),
        "joints with score 0 have coordinates",
        "NaN where the score is 0",
        _first(ghost, scores, layout),
    )


def _require(condition: object, message: str, expected: str, found: str) -> None:
    if not condition:
        raise InputError(message, expected=expected, found=found)


def _first(where: np.ndarray, scores: np.ndarray, layout: Skeleton) -> str:
    """Names the first place of a fault, and how many there are."""
    if not where.any():
        return ""
    person, frame, joint = (int(i) for i in np.argwhere(where)[0])
    return (
        f"{int(where.sum())} places, first person {person}, frame {frame}, "
        f"joint {layout.joints[joint]}, score {scores[person, frame, joint]:g}"
    )
