"""Time of the whole path beside that of the extraction alone, on one clip.

Both run in turns as whole processes, so that a busy machine is equally unfair to both. Wall time
is what a person waits; processor time (of all threads) says the same on a machine with other work.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks._command import options

from mgskel.core.machine.samples import sample_clip


@dataclass(frozen=True)
class Spent:
    wall_s: float
    cpu_s: float


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clip", type=Path, help="default: the sample clip")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    clip = args.clip or sample_clip()
    runs: dict[str, list[Spent]] = {"extract": [], "analyze": [], "rerun": []}
    for _ in range(args.repeat):
        with tempfile.TemporaryDirectory() as folder:
            runs["extract"].append(_run("extract", clip, Path(folder) / "poses"))
            runs["analyze"].append(_run("analyze", clip, Path(folder) / "report"))
            runs["rerun"].append(_run("analyze", clip, Path(folder) / "report"))
    answer: dict[str, float | str] = {"clip": clip.name}
    for measure in ("wall_s", "cpu_s"):
        middle = {
            name: statistics.median(getattr(spent, measure) for spent in column)
            for name, column in runs.items()
        }
        pairs = zip(runs["extract"], runs["analyze"], strict=True)
        ratio = statistics.median(getattr(b, measure) / getattr(a, measure) for a, b in pairs)
        answer |= {f"{name}_{measure}": round(value, 2) for name, value in middle.items()}
        answer[f"{measure.removesuffix('_s')}_ratio"] = round(ratio, 3)
    if args.json:
        print(json.dumps(answer))
        return 0
    print(f"{answer['clip']}, medians of {args.repeat} turns (load {os.getloadavg()[0]:.1f}):")
    for measure, name in (("wall", "wall time"), ("cpu", "processor time")):
        print(
            f"  {name}: extract {answer[f'extract_{measure}_s']} s, "
            f"analyze {answer[f'analyze_{measure}_s']} s ({answer[f'{measure}_ratio']}x), "
            f"rerun {answer[f'rerun_{measure}_s']} s"
        )
    return 0


def _run(verb: str, clip: Path, out: Path) -> Spent:
    """One command as a whole process."""
    wall, cpu = time.perf_counter(), _children_s()
    subprocess.run(
        [sys.executable, "-m", "mgskel", verb, str(clip), "-o", str(out), "--quiet"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Spent(time.perf_counter() - wall, _children_s() - cpu)


def _children_s() -> float:
    """Processor seconds of the processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system
