"""Pictures of attention: bodies coloured by weight, and joints over time."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import writing
from mgskel.core.strokes import strokes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mgskel.attention import JointAttention

_MAP = "inferno"
_GHOST = "#9aa0a6"


def body_map(
    axis: Axes, skeleton: Skeleton, points: np.ndarray, weights: np.ndarray, title: str = ""
) -> None:
    """Joints of a pose (V, 2 or 3; y down, NaN where missing), sized and coloured by weight in
    0..1.
    """
    flat = points[:, :2]
    for stroke in strokes(skeleton):
        if np.isfinite(flat[list(stroke.joints)]).all():
            axis.plot(*np.stack(stroke.ends(flat)).T, color=_GHOST, linewidth=1.5, zorder=1)
    seen = np.isfinite(flat).all(-1)
    # The heaviest last, so that nothing hides it.
    order = np.flatnonzero(seen)[np.argsort(weights[seen])]
    axis.scatter(
        flat[order, 0], flat[order, 1],
        c=weights[order], s=12 + 150 * weights[order] ** 1.5, cmap=_MAP,
        vmin=0, vmax=1, edgecolors="white", linewidths=0.4, zorder=2,
    )  # fmt: skip
    axis.margins(0.12)  # large circles at the edge stay whole
    if seen.any():  # of a flat body, such as two forearms, too: nothing lower than half its width
        width, height = np.ptp(flat[seen], axis=0)
        lack = max(0.0, width / 2 - height) / 2
        axis.update_datalim([flat[seen].min(0) - (0, lack), flat[seen].max(0) + (0, lack)])
    axis.set_aspect("equal")
    axis.invert_yaxis()
    axis.set_axis_off()
    if title:
        axis.set_title(title, fontsize=9)


def key_moments(
    sequence: PoseSequence, attention: JointAttention, count: int = 4, person: int = 0
) -> Figure:
    """The poses at the moments that weighed most, in the order of time."""
    _check_fits(sequence, attention)
    moments = attention.moments()[person]
    chosen = _peaks(moments, count)
    figure = _figure((2.3 * len(chosen), 2.9))
    axes = np.atleast_1d(figure.subplots(1, len(chosen)))
    for axis, moment in zip(axes, chosen, strict=True):
        frame = _frame_of(moment, len(moments), sequence)
        body_map(
            axis,
            sequence.skeleton,
            _upright(sequence, person, frame),
            attention.weights[person, moment],
            f"{sequence.timestamps[frame]:.2f} s",
        )
    return figure


def heat_map(
    sequence: PoseSequence,
    attention: JointAttention,
    person: int = 0,
    marks: Sequence[tuple[float, float, str]] = (),
) -> Figure:
    """Joints (in the order of body parts) over time; joints that never count are left out.

    `marks` are from, to (seconds) and name of what was recognised, written above.
    """
    _check_fits(sequence, attention)
    skeleton = attention.skeleton
    counts = attention.weights[person].any(0)
    order = [
        joint
        for joints in skeleton.parts.values()
        for joint in joints
        if counts[joint] or not counts.any()
    ]
    figure = _figure((8, 1 + 0.16 * len(order)))
    axis = figure.subplots()
    start, end = sequence.timestamps[0], sequence.timestamps[0] + sequence.duration_s
    image = axis.imshow(
        attention.weights[person][:, order].T, aspect="auto", cmap=_MAP, vmin=0, vmax=1,
        extent=(start, end, len(order) - 0.5, -0.5), interpolation="nearest",
    )  # fmt: skip
    axis.set_yticks(range(len(order)), [skeleton.joints[j] for j in order], fontsize=6)
    axis.set_xlabel("seconds")
    for begin, stop, name in marks:
        for edge in (begin, stop):
            axis.axvline(edge, color="white", linewidth=0.6, alpha=0.7)
        axis.text(begin, -0.7, name, fontsize=7, rotation=20, ha="left", va="bottom")
    figure.colorbar(image, ax=axis, label="weight", pad=0.01)
    return figure


def class_maps(
    skeleton: Skeleton, pose: np.ndarray, weights: Mapping[str, Sequence[np.ndarray]]
) -> Figure:
    """For each class, the mean weight of each joint over many clips, on one typical pose.

    Args:
        pose: (V, 2 or 3), y downwards.
        weights: class name to the (V,) weights of its clips.
    """
    if not weights:
        raise InputError("there is no class to draw", expected="at least one class with clips")
    columns = min(5, len(weights))
    rows = -(-len(weights) // columns)
    figure = _figure((2.2 * columns, 2.7 * rows))
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, clips) in zip(axes, weights.items(), strict=False):
        mean = np.mean(clips, axis=0)
        span = mean.max() - mean.min()
        scaled = (mean - mean.min()) / span if span > 0 else np.full_like(mean, 0.5)
        counted = "1 clip" if len(clips) == 1 else f"{len(clips)} clips"
        body_map(axis, skeleton, pose, scaled, f"{name}\n{counted}")
    return figure


def typical_pose(sequences: Sequence[PoseSequence]) -> np.ndarray:
    """The median pose (V, 2) of recordings of one layout, around the body, y downwards.

    NaN for a joint that is never there.
    """
    poses = []
    for sequence in sequences:
        points = sequence.keypoints[0, :, :, :2].astype(float)
        if sequence.unit == "metre":
            points = points * [1, -1]
        centre = np.nanmean(points, axis=(0, 1))
        size = np.nanstd(points)
        poses.append(_median((points - centre) / max(size, 1e-9)))
    return _median(np.stack(poses))


def _median(points: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.asarray(np.nanmedian(points, axis=0))


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write as PNG, SVG or PDF, by the ending."""
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=150)


def _figure(size: tuple[float, float]) -> Any:
    # No pyplot: figures of a library must not pile up in a global list.
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def _check_fits(sequence: PoseSequence, attention: JointAttention) -> None:
    if sequence.skeleton.joints != attention.skeleton.joints:
        raise InputError(
            "attention and recording have different layouts",
            expected=attention.skeleton.name,
            found=sequence.skeleton.name,
            remedy="convert the recording: sequence.to_skeleton(attention.skeleton)",
        )


def _frame_of(moment: int, moments: int, sequence: PoseSequence) -> int:
    """The frame at one of `moments` places spread evenly over the recording."""
    return round(moment * (sequence.num_frames - 1) / max(moments - 1, 1))


def _upright(sequence: PoseSequence, person: int, frame: int) -> np.ndarray:
    points = sequence.keypoints[person, frame, :, :2].astype(float)
    return points * [1, -1] if sequence.unit == "metre" else points


def _peaks(values: np.ndarray, count: int) -> list[int]:
    """Places of the highest values that keep apart from one another, in order."""
    apart = max(1, len(values) // (2 * count))
    left = values.astype(float).copy()
    chosen: list[int] = []
    while len(chosen) < count and np.isfinite(left).any():
        best = int(np.nanargmax(left))
        if chosen and values[best] <= 0:
            break
        chosen.append(best)
        left[max(0, best - apart) : best + apart + 1] = np.nan
    return sorted(chosen)
