"""Time of the whole path beside that of the extraction alone, on one clip."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mgskel.samples import sample_clip


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmark.py analyze", description=__doc__)
    parser.add_argument("--clip", type=Path, help="default: the sample clip")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    clip = args.clip or sample_clip()
    rows = []
    for _ in range(args.repeat):
        with tempfile.TemporaryDirectory() as folder:
            extract = _time("extract", clip, Path(folder) / "poses")
            analyze = _time("analyze", clip, Path(folder) / "report")
            again = _time("analyze", clip, Path(folder) / "report")
        rows.append((extract, analyze, again))
    extract, analyze, again = (sorted(column)[len(rows) // 2] for column in zip(*rows, strict=True))
    answer = {
        "clip": clip.name,
        "extract_s": round(extract, 2),
        "analyze_s": round(analyze, 2),
        "ratio": round(analyze / extract, 3),
        "rerun_s": round(again, 2),
    }
    if args.json:
        print(json.dumps(answer))
    else:
        print(
            f"{answer['clip']}: extract {extract:.1f} s, analyze {analyze:.1f} s "
            f"({answer['ratio']}x), rerun {again:.1f} s (medians of {args.repeat})"
        )
    return 0


def _time(verb: str, clip: Path, out: Path) -> float:
    """Seconds of one command as a whole process."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "mgskel", verb, str(clip), "-o", str(out), "--quiet"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start
