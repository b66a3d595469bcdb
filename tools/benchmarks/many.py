"""Many short clips in one folder, extracted once undisturbed and once killed again and again.

    OMP_NUM_THREADS=1 python tools/benchmark.py many --clip A.mp4 --clips 200 --kills 10

The clips are pieces of one, cut at different places. `identical` counts the pose files that are
the same, byte for byte, after the kills; `memory_gb` is that of the largest process, highest in
each tenth of the undisturbed run (Linux alone).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._command import options

from mgskel.core.storage.files import file_hash, to_json
from mgskel.pose.batches.manifest import NAME, Manifest
from mgskel.pose.video import open_source


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--frames", type=int, default=10, help="of each clip")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _cut(args.clip, folder / "clips", args.clips, args.frames)
        whole, killed = folder / "whole", folder / "killed"
        begin = time.perf_counter()
        memory = _watched(_start(folder / "clips", whole, args.workers))
        wall = time.perf_counter() - begin
        use = resource.getrusage(resource.RUSAGE_CHILDREN)
        at = _killed(folder / "clips", killed, wall, args)
        pairs = [(file, killed / file.name) for file in sorted(whole.glob("*.npz"))]
        same = sum(b.exists() and file_hash(a) == file_hash(b) for a, b in pairs)
        known = {file.name for file in whole.iterdir()}
        left = [file.name for file in killed.iterdir() if file.name not in known]
    answer: dict[str, Any] = {
        "clips": args.clips,
        "frames": args.clips * args.frames,
        "workers": args.workers,
        "wall_s": round(wall, 1),
        "cpu_s": round(use.ru_utime + use.ru_stime, 1),
        "memory_gb": memory,
        "done_when_killed": at,
        "identical": same,
        "leftovers": left,
    }
    sys.stdout.write(to_json(answer))
    return 0 if same == args.clips and not left else 1


def _watched(running: subprocess.Popen[bytes]) -> list[float]:
    """Gigabytes of the largest process of the group, the highest of each tenth of its time."""
    seen = []
    while running.poll() is None:
        seen.append(max((_resident(pid) for pid in _group(running.pid)), default=0) / 2**30)
        time.sleep(0.2)
    return [round(float(part.max()), 2) for part in np.array_split(np.array(seen), 10) if len(part)]


def _group(leader: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == leader:
                yield int(entry.name)
        except ProcessLookupError:
            continue


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _killed(clips: Path, out: Path, wall: float, args: argparse.Namespace) -> list[int]:
    """How many clips were done at each kill, at times drawn by chance; then all is done."""
    draw = random.Random(args.seed)
    done = []
    for _ in range(args.kills):
        running = _start(clips, out, args.workers)
        try:
            # What a run gets done grows little by little; half of them die on the way in.
            running.wait(draw.uniform(0, 2.5 * wall / args.kills))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        known = Manifest.open(out).entries if (out / NAME).exists() else {}
        done.append(len(known))
    _start(clips, out, args.workers).wait()
    return done


def _start(clips: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    """In a process group of its own, so that its workers can be killed with it."""
    words = ["extract", clips, "-o", out, "--workers", workers, "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-m", "mgskel", *map(str, words)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )


def _cut(clip: Path, folder: Path, count: int, frames: int) -> None:
    import av

    source = open_source(clip)
    pictures = [frame.image for frame in source]
    source.close()
    folder.mkdir()
    for index in range(count):
        first = index * max(len(pictures) - frames, 1) // count
        part = [pictures[min(first + i, len(pictures) - 1)] for i in range(frames)]
        height, width = (length // 2 * 2 for length in part[0].shape[:2])
        with av.open(str(folder / f"clip{index:03d}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=round(source.fps or 25))
            stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            for picture in part:
                image = np.ascontiguousarray(picture[:height, :width])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())
