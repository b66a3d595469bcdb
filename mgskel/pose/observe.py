"""Everybody that an estimator sees in the frames of a clip or of a part of it, not yet told apart.

Decoding runs ahead in a thread while the estimator works.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.errors import MgskelError, PartFailed
from mgskel.core.machine.progress import Progress
from mgskel.core.skeleton import Skeleton
from mgskel.pose.estimator import Detection, Estimator
from mgskel.pose.frames import Footage, Frame, VideoSettings, read_ahead
from mgskel.pose.video import open_source


@dataclass(frozen=True, eq=False)
class Observed:
    """Who is seen in each frame.

    Attributes:
        name: the clip's, without folders.
        times: of each frame, in seconds.
        people: of each frame, in pixels of the upright, full-size picture.
        size: (width, height) of that picture.
        fps: nominal, where known.
    """

    name: str
    skeleton: Skeleton
    times: tuple[float, ...]
    people: tuple[tuple[Detection, ...], ...]
    size: tuple[int, int]
    fps: float | None
    notes: tuple[str, ...]


def observe(
    clip: Footage,
    model: Estimator,
    video: VideoSettings,
    keep: str,
    progress: Progress | None = None,
) -> Observed:
    """Let the estimator see a clip; whom `keep` can't mean may be glimpsed only.

    What can't be read a second time is all looked at closely.
    """
    model.reset()
    again = isinstance(clip, (str, Path)) and Path(clip).exists()
    if hasattr(model, "attend"):
        model.attend(keep if again else "all")
    times: list[float] = []
    people: list[tuple[Detection, ...]] = []
    frames = open_source(clip, video)
    try:
        if progress is not None and progress.total is None:
            progress.total = frames.expected
        depth = max(2 * model.batch_size, 8)
        for batch in _batches(read_ahead(frames, depth), model.batch_size):
            for frame, found in zip(batch, _estimate(model, batch), strict=True):
                scale = frames.size[0] / frame.image.shape[1]
                if scale != 1:
                    found = [dataclasses.replace(d, keypoints=d.keypoints * scale) for d in found]
                people.append(tuple(found))
                times.append(frame.time_s)
                if progress is not None:
                    progress.advance()
    finally:
        frames.close()
    notes = (*frames.faults, *getattr(model, "notes", ()))
    return Observed(
        frames.name, model.skeleton, tuple(times), tuple(people), frames.size, frames.fps, notes
    )


def _estimate(model: Estimator, batch: Sequence[Frame]) -> list[list[Detection]]:
    """The people in each frame; a failure names its time and is never an empty frame."""
    try:
        found = model.estimate([frame.image for frame in batch])
    except MgskelError:
        raise
    except Exception as error:
        where = f"{batch[0].time_s:.3f} s"
        if len(batch) > 1:
            where += f" to {batch[-1].time_s:.3f} s"
        raise PartFailed(
            f"the estimator failed on the frame at {where}: {type(error).__name__}: {error}",
            remedy="nothing was written for this clip; --start and --end can leave the place out",
        ) from error
    if len(found) != len(batch):
        raise PartFailed(
            "the estimator lost count of its pictures",
            expected=f"{len(batch)} answers",
            found=str(len(found)),
        )
    return found


def _batches(frames: Iterator[Frame], size: int) -> Iterator[list[Frame]]:
    batch: list[Frame] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
