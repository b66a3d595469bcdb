"""What an hour of video costs: a long clip, whole, at a lower rate, and split among workers.

    OMP_NUM_THREADS=1 python tools/benchmark.py long_clip --clips A.avi B.avi --minutes 6

The clip is made by repeating the given ones, to and fro, at 640x480 and 30 frames a second. CPU
seconds stand beside those on the clock, since a machine may be shared; an hour is what this many
minutes come to, times what an hour has more of them. The split clip is compared with the whole.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from benchmarks._command import options

from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.pose.batches.batch import extract_batch
from mgskel.pose.batches.parts import LENGTH_S
from mgskel.pose.extract import ExtractSettings
from mgskel.pose.frames import VideoSettings
from mgskel.pose.video import open_source

SIZE, FPS = (640, 480), 30


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clips", type=Path, nargs="+", required=True)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--rates", type=float, nargs="*", default=[0, 15], help="0: all frames")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    args = parser.parse_args(argv)
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = make_clip(args.clips, folder / "long.mp4", args.minutes)
        for rate in args.rates:
            whole: PoseSequence | None = None
            for workers in args.workers:
                out = folder / f"{rate:g}-{workers}"
                row = measured(clip, out, rate or None, workers)
                scale = 60 / args.minutes
                row |= {"hour_wall_min": round(row["wall_s"] * scale / 60, 1)}
                row |= {"hour_cpu_min": round(row["cpu_s"] * scale / 60, 1)}
                sequence = PoseSequence.load(out / "long.npz")
                if whole is None:
                    whole = sequence
                else:
                    row |= differences(whole, sequence)
                results.append({"rate": rate or FPS, "workers": workers, **row})
                print(results[-1], file=sys.stderr)
    load = round(os.getloadavg()[0], 1)
    sys.stdout.write(to_json({"minutes": args.minutes, "load": load, "results": results}))
    return 0


def make_clip(clips: list[Path], path: Path, minutes: float) -> Path:
    import av

    left = round(minutes * 60 * FPS)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for picture in _to_and_fro(clips):
            if not left:
                break
            left -= 1
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def _to_and_fro(clips: list[Path]) -> Iterator[np.ndarray]:
    while True:
        for clip in clips:
            source = open_source(clip)
            pictures = [frame.image for frame in source]
            source.close()
            for picture in [*pictures, *pictures[::-1]] * 4:
                yield _fitted(picture)


def _fitted(picture: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.pad(Image.fromarray(picture), SIZE))


def measured(clip: Path, out: Path, rate: float | None, workers: int) -> dict[str, float]:
    """In a process of its own, so that its children and memory count alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_extract, clip, out, rate, workers).result()


def _extract(clip: Path, out: Path, rate: float | None, workers: int) -> dict[str, float]:
    settings = ExtractSettings(video=VideoSettings(fps=rate))
    begin = time.perf_counter()
    result = extract_batch([clip], out, settings=settings, workers=workers)
    wall = time.perf_counter() - begin
    assert not result.failed, result.failed[0].error
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = sum(use.ru_utime + use.ru_stime for use in (own, children))
    return {
        "frames": result.entries[0].frames,
        "wall_s": round(wall, 1),
        "cpu_s": round(cpu, 1),
        "memory_gb": round(max(own.ru_maxrss, children.ru_maxrss) / 2**20, 2),
    }


def differences(whole: PoseSequence, split: PoseSequence) -> dict[str, float]:
    """In pixels between the main person's points, near the seams and elsewhere."""
    gap = np.linalg.norm(whole.keypoints[0] - split.keypoints[0], axis=-1)
    known = np.isfinite(gap)
    frame = np.where(known, gap, 0).sum(1) / np.maximum(known.sum(1), 1)
    times = whole.timestamps
    seam = np.minimum(times % LENGTH_S, LENGTH_S - times % LENGTH_S) < 1
    seam &= (times > LENGTH_S / 2) & (times < times[-1] - LENGTH_S / 4)
    lost = (
        np.isfinite(whole.keypoints[0, ..., 0]) != np.isfinite(split.keypoints[0, ..., 0])
    ).mean()
    return {
        "seams": len(np.unique(np.round(times[seam] / LENGTH_S))),
        "seam_frames": int(seam.sum()),
        "seam_frames_over_1_px": int((frame[seam] > 1).sum()),
        "other_frames_over_1_px": int((frame[~seam] > 1).sum()),
        "points_seen_by_one_only": round(float(lost), 5),
    }
