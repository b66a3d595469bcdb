"""Several people in one picture, against each of them found alone.

    OMP_NUM_THREADS=1 python tools/benchmark.py people --clips A.avi B.avi

Made of two clips of one person each: both side by side; cut-outs of both that glide past each
other, either in front; and one who passes by, before and behind the other. Of frames in which a
person is not hidden, `seen` is the share in which the person is seen at all. `close`: of these, in
which the points lie on average within 2% of the picture's width of where they were found alone;
`own`: in which they don't lie nearer to the other person. CPU milliseconds a frame stand beside
those of one person alone. Of clips as `--filmed`, `seen` is the share of all frames.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._command import options

from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.pose.cleaning import CleaningSettings
from mgskel.pose.estimator import Estimator, create_estimator
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.pose.frames import VideoSettings
from mgskel.pose.tracking import PeopleSettings
from mgskel.pose.video import open_source

FPS = 30
_CLOSE = 0.02
_MARGIN = 0.15
_GREY = 90
_HIDDEN = 0.5
Shift = Callable[[int], float]


@dataclass(frozen=True, eq=False)
class Take:
    """One person alone: pictures (T, H, W, 3), keypoints (T, V, 2), and the columns the person
    fills."""

    pictures: list[np.ndarray]
    points: np.ndarray
    columns: tuple[int, int]
    cpu_ms: float

    @property
    def width(self) -> int:
        return self.columns[1] - self.columns[0]


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clips", type=Path, nargs="*", default=[], help="two, of one person each")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument(
        "--filmed", type=Path, nargs="*", default=[], help="clips of several people"
    )
    args = parser.parse_args(argv)
    model = create_estimator(threads=1)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "clip.mkv"
        takes = [_alone(clip, args.frames, model, place) for clip in args.clips]
        answer: dict[str, Any] = {
            "frames": args.frames,
            "alone_cpu_ms": [round(take.cpu_ms, 1) for take in takes],
        }
        scenes = _scenes(takes, args.frames) if takes else {}
        for scene, (pictures, shifts, front) in scenes.items():
            _write(place, pictures)
            for keep in ("all", "main"):
                found, cpu_ms = _extracted(place, model, keep)
                answer[f"{scene}, {keep}"] = {
                    "people": list(found.people),
                    "cpu_ms": round(cpu_ms, 1),
                    "persons": _judged(found, takes, shifts, front, pictures[0].shape[1]),
                }
                print(scene, keep, answer[f"{scene}, {keep}"], file=sys.stderr)
    for clip in args.filmed:
        found, cpu_ms = _extracted(clip, model, "all")
        shares = found.present.any(-1).mean(-1)
        answer[clip.name] = {
            "frames": found.num_frames,
            "cpu_ms": round(cpu_ms, 1),
            "seen": {n: round(float(s), 3) for n, s in zip(found.people, shares, strict=True)},
        }
    model.close()
    sys.stdout.write(to_json(answer))
    return 0


def _alone(clip: Path, frames: int, model: Estimator, place: Path) -> Take:
    source = open_source(clip)
    once = [frame.image for frame in source]
    source.close()
    there_and_back = [*once, *once[-2:0:-1]]
    pictures = [there_and_back[i % len(there_and_back)] for i in range(frames)]
    _write(place, pictures)
    found, cpu_ms = _extracted(place, model, "main")
    (points,) = found.keypoints
    reach = np.nanmin(points[..., 0]), np.nanmax(points[..., 0])
    margin = _MARGIN * (reach[1] - reach[0])
    columns = max(int(reach[0] - margin), 0), min(int(reach[1] + margin), once[0].shape[1])
    return Take(pictures, points, columns, cpu_ms)


def _scenes(
    takes: list[Take], frames: int
) -> dict[str, tuple[list[np.ndarray], list[Shift], int | None]]:
    """Pictures of each scene, by how much each person is shifted in each, and who is in front."""
    one, other = takes
    width = 3 * max(one.width, other.width)
    ways = width - one.width, width - other.width
    middle = (width - one.width) / 2

    def rightwards(frame: int) -> float:
        return ways[0] * frame / (frames - 1)

    def leftwards(frame: int) -> float:
        return ways[1] * (1 - frame / (frames - 1))

    def through(frame: int) -> float:
        """In a third of the clip's length from beyond one edge to beyond the other."""
        return -other.width + (width + other.width) * min(max(frame / frames - 1 / 3, 0) * 3, 1)

    side = [np.concatenate(pair, 1) for pair in zip(one.pictures, other.pictures, strict=True)]
    offset = one.pictures[0].shape[1]
    still: Shift = lambda frame: middle  # noqa: E731
    scenes: dict[str, tuple[list[np.ndarray], list[Shift], int | None]] = {
        "side by side": (side, [lambda frame: 0.0, lambda frame: float(offset)], None)
    }
    for scene, moves in (("crossing", (rightwards, leftwards)), ("passer-by", (still, through))):
        for front in (0, 1):
            drawn = [_layers(takes, moves, front, frame, width) for frame in range(frames)]
            shifts = [_from_cut(take, move) for take, move in zip(takes, moves, strict=True)]
            where = "first in front" if front == 0 else "second in front"
            scenes[f"{scene}, {where}"] = (drawn, shifts, front)
    return scenes


def _from_cut(take: Take, move: Shift) -> Shift:
    return lambda frame: round(move(frame)) - take.columns[0]


def _layers(
    takes: list[Take], moves: tuple[Shift, Shift], front: int, frame: int, width: int
) -> np.ndarray:
    height = min(take.pictures[0].shape[0] for take in takes)
    ground = np.full((height, width, 3), _GREY, np.uint8)
    for index in (1 - front, front):
        take, left = takes[index], round(moves[index](frame))
        begin, end = max(left, 0), min(left + take.width, width)
        if begin < end:
            cut = take.pictures[frame][:height, take.columns[0] : take.columns[1]]
            ground[:, begin:end] = cut[:, begin - left : end - left]
    return ground


def _extracted(clip: Path, model: Estimator, keep: str) -> tuple[PoseSequence, float]:
    """Uncleaned keypoints, and CPU milliseconds a frame."""
    settings = ExtractSettings(
        video=VideoSettings(),
        people=PeopleSettings(keep=keep),
        cleaning=CleaningSettings(enabled=False),
    )
    begin = time.process_time()
    found = extract(clip, estimator=model, settings=settings).sequence
    return found, 1e3 * (time.process_time() - begin) / found.num_frames


def _judged(
    found: PoseSequence, takes: list[Take], shifts: list[Shift], front: int | None, width: int
) -> dict[str, dict[str, Any]]:
    """For each person found the one it mostly is, and how well it is followed."""
    moved = np.array([[s(f) for f in range(found.num_frames)] for s in shifts])
    truth = np.stack([take.points for take in takes])
    truth[..., 0] += moved[..., None]
    clear = ((truth[..., 0] > 0) & (truth[..., 0] < width)).mean(-1) > _HIDDEN
    if front is not None:
        left, right = (takes[front].columns[i] + moved[front][:, None] for i in (0, 1))
        behind = truth[1 - front, ..., 0]
        clear[1 - front] &= ((behind > left) & (behind < right)).mean(-1) < _HIDDEN
    result = {}
    for name, points in zip(found.people, found.keypoints, strict=True):
        gaps = np.linalg.norm(points - truth, axis=-1)
        known = np.isfinite(gaps)
        away = np.where(known, gaps, 0).sum(-1) / np.maximum(known.sum(-1), 1)
        seen = known.any(0).any(-1)
        who = int(np.argmin(np.median(away[:, seen], axis=1)))
        counted = seen & clear[who]
        result[name] = {
            "is": who + 1,
            "seen": round(float(seen[clear[who]].mean()), 3),
            "close": round(float((away[who] < _CLOSE * width)[counted].mean()), 3),
            "own": round(float((away[who] < away[1 - who])[counted].mean()), 3),
        }
    return result


def _write(path: Path, pictures: list[np.ndarray]) -> None:
    import av

    height, width = (length // 2 * 2 for length in pictures[0].shape[:2])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.options = {"crf": "16"}
        for picture in pictures:
            image = np.ascontiguousarray(picture[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
