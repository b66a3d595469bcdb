"""A long clip in parts, which several workers observe; tracked and judged as one.

Parts are always equally long, however many workers there are, so the keypoints do not depend on
their number. Each part begins to look a little before its first frame, so that the estimator is
under way when it comes. At the seams a person's place tells who it is, as after any break in the
estimator's sight. A part that is done lies in the output folder until the clip is.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.config import to_dict
from mgskel.core.errors import Faults, MgskelError, PartFailed
from mgskel.core.machine.progress import Progress
from mgskel.core.skeleton import Skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.core.storage.files import json_hash, write_bytes
from mgskel.core.storage.intake import parse_json
from mgskel.core.storage.npz import open_npz
from mgskel.pose.batches.clip_list import Clip
from mgskel.pose.batches.work import ClipOutcome, FrameCount, failure, kept_estimator
from mgskel.pose.batches.workers import EngineName, create_engine
from mgskel.pose.estimator import Detection, estimator_identity
from mgskel.pose.extract import Extraction, ExtractSettings, judge, kept_glimpses
from mgskel.pose.frames import VideoSettings
from mgskel.pose.observe import Observed, observe
from mgskel.pose.video import Video, open_source

LENGTH_S = 120.0
WARM_UP_S = 2.0


@dataclass(frozen=True)
class Parts:
    """How a clip is split.

    Attributes:
        folder: where parts lie until the clip is done.
        workers: how many observe at once.
        length_s, warm_up_s: length of a part, and how much earlier it begins to look.
    """

    folder: Path
    workers: int
    engine: EngineName = "local"
    length_s: float = LENGTH_S
    warm_up_s: float = WARM_UP_S

    def extract(
        self, clip: Clip, settings: ExtractSettings, progress: Progress | None = None
    ) -> Extraction:
        """As `extract` does it, with the clip split."""
        begin = time.perf_counter()
        identity = estimator_identity(settings.estimator)
        key = [clip.fingerprint(), identity, to_dict(settings.video), settings.people.keep]
        folder = self.folder / f".parts-{json_hash([*key, self.length_s, self.warm_up_s])[:16]}"
        folder.mkdir(parents=True, exist_ok=True)
        parts = [
            PartJob(clip, settings, folder, index, first, end, self.warm_up_s)
            for index, (first, end) in enumerate(self._bounds(clip.path, settings.video))
        ]
        self._run(parts, progress)
        seen, first_frames = join([load_observed(part.file) for part in parts])
        if glimpses := kept_glimpses(seen, settings):
            again = np.unique(np.searchsorted(first_frames, glimpses, "right") - 1)
            parts = [
                dataclasses.replace(part, keep="all") if part.index in again else part
                for part in parts
            ]
            self._run(parts, progress)
            seen, _ = join([load_observed(part.file) for part in parts])
        how = {"parts": len(parts), "part_s": self.length_s, "warm_up_s": self.warm_up_s}
        result = judge(seen, settings, identity, clip.name, begin, split=how)
        shutil.rmtree(folder)
        return result

    def of(self, clip: Clip, video: VideoSettings) -> Parts | None:
        """These, where the clip is a file long enough for several parts."""
        try:
            return self if clip.is_local and len(self._bounds(clip.path, video)) > 1 else None
        except MgskelError:
            return None  # the work itself will say what is wrong

    def _bounds(self, path: str, video: VideoSettings) -> list[tuple[float | None, float | None]]:
        """First second (none: the beginning asked for) and end of each part."""
        source = open_source(path, video)
        rate = min(source.fps or 30.0, video.fps or float("inf"))
        seconds = (source.expected or 0) / rate if isinstance(source, Video) else 0.0
        source.close()
        start = video.start or 0.0
        count = max(int(seconds / self.length_s + 0.5), 1)
        inner = [start + self.length_s * index for index in range(1, count)]
        end = start + video.seconds if video.seconds is not None else video.end
        return list(zip([None, *inner], [*inner, end], strict=True))

    def _run(self, parts: Sequence[PartJob], progress: Progress | None) -> None:
        todo = [part for part in parts if not part.file.exists()]
        advance = progress.advance if progress is not None else lambda n: None
        engine = create_engine(self.engine, self.workers, len(todo))
        for _, outcome in engine.run(todo, advance):
            if outcome.error:
                raise PartFailed(outcome.error)


@dataclass(frozen=True)
class PartJob:
    """One part of a clip to observe, from `first` to before `end` (seconds)."""

    clip: Clip
    settings: ExtractSettings
    folder: Path
    index: int
    first: float | None
    end: float | None
    warm_up_s: float
    keep: str = ""

    @property
    def file(self) -> Path:
        return self.folder / f"{self.index:04d}{'-' if self.keep else ''}{self.keep}.npz"

    def __call__(self, tell: Callable[[int], None]) -> ClipOutcome:
        try:
            model = kept_estimator(self.settings.estimator, 1)
            start = self.settings.video.start
            if self.first is not None:
                start = max(self.first - self.warm_up_s, start or 0.0)
            video = dataclasses.replace(
                self.settings.video, start=start, end=self.end, seconds=None
            )
            counter = FrameCount(tell)
            keep = self.keep or self.settings.people.keep
            seen = observe(self.clip.path, model, video, keep, counter)
            counter.flush()
            save_observed(_from(seen, self.first), self.file)
            return ClipOutcome(frames=len(seen.times))
        except Exception as error:
            return ClipOutcome(error=failure(error))


def join(parts: Sequence[Observed]) -> tuple[Observed, np.ndarray]:
    """The parts as one, and the first frame of each; runs are numbered through."""
    people: list[tuple[Detection, ...]] = []
    runs = 0
    for part in parts:
        known = [one.run for found in part.people for one in found if one.run is not None]
        people += [
            tuple(
                one if one.run is None else dataclasses.replace(one, run=one.run + runs)
                for one in found
            )
            for found in part.people
        ]
        runs += max(known, default=0)
    whole = dataclasses.replace(
        parts[0],
        times=tuple(t for part in parts for t in part.times),
        people=tuple(people),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )
    return whole, np.cumsum([0, *(len(part.times) for part in parts[:-1])])


def save_observed(seen: Observed, path: Path) -> None:
    """One `.npz` without pickles, whole or not at all."""
    import io

    flat = [(frame, one) for frame, found in enumerate(seen.people) for one in found]
    about = {
        "name": seen.name,
        "skeleton": skeleton_to_dict(seen.skeleton),
        "size": seen.size,
        "fps": seen.fps,
        "notes": seen.notes,
    }
    shape = (len(flat), seen.skeleton.num_joints)
    points = np.array([one.keypoints for _, one in flat], np.float32).reshape(*shape, 2)
    content = io.BytesIO()
    np.savez(
        content,
        about=json.dumps(about),
        times=np.array(seen.times, np.float64),
        frame=np.array([frame for frame, _ in flat], np.int64),
        keypoints=points,
        scores=np.array([one.scores for _, one in flat], np.float32).reshape(shape),
        run=np.array([-1 if one.run is None else one.run for _, one in flat], np.int64),
        glimpsed=np.array([one.glimpsed for _, one in flat], bool),
    )
    write_bytes(path, content.getvalue())


def load_observed(path: Path) -> Observed:
    with open_npz(path, Faults(path)) as stored:
        content = {key: stored[key] for key in stored.keys}
    about: dict[str, Any] = parse_json(str(content["about"]), path)
    people: list[list[Detection]] = [[] for _ in content["times"]]
    for row, frame in enumerate(content["frame"]):
        run = int(content["run"][row])
        people[frame].append(
            Detection(
                content["keypoints"][row],
                content["scores"][row],
                None if run < 0 else run,
                bool(content["glimpsed"][row]),
            )
        )
    skeleton: Skeleton = skeleton_from_dict(about["skeleton"], place=str(path))
    return Observed(
        about["name"],
        skeleton,
        tuple(content["times"].tolist()),
        tuple(tuple(found) for found in people),
        (about["size"][0], about["size"][1]),
        about["fps"],
        tuple(about["notes"]),
    )


def _from(seen: Observed, first: float | None) -> Observed:
    """Without the frames of the warm-up."""
    if first is None:
        return seen
    begin = int(np.searchsorted(seen.times, first - 1e-6))
    return dataclasses.replace(seen, times=seen.times[begin:], people=seen.people[begin:])
