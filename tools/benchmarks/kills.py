"""Commands killed at random moments, then left to finish: are the results those of no kill?"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mgskel.core.files import content_hash, file_hash
from mgskel.core.samples import sample_clip


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmark.py kills", description=__doc__)
    parser.add_argument("verbs", nargs="*", default=["extract", "analyze", "train"])
    parser.add_argument("--kills", type=int, default=10, help="of each command")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number in range(2):
            (place / "clips").mkdir(exist_ok=True)
            shutil.copy(sample_clip(), place / "clips" / f"clip{number}.mp4")
        mgskel(
            [
                "synthesise",
                "clips",
                "48",
                "-o",
                place / "train.npz",
                "--layout",
                "coco17",
                "--labels",
                "nod,shrug",
            ]
        )
        return max(judged(verb, place, args.kills, rng) for verb in args.verbs)


def judged(verb: str, place: Path, kills: int, rng: random.Random) -> int:
    """Kill one command so often, each in a folder of its own; 0 where all ended equally."""
    words, result = COMMANDS[verb](place)
    begun = time.monotonic()
    mgskel([*words, "-o", place / verb / "undisturbed"])
    whole_s = time.monotonic() - begun
    wanted = result(place / verb / "undisturbed")
    equal = killed = 0
    for number in range(kills):
        out = place / verb / f"killed{number}"
        process = start([*words, "-o", out])
        try:
            process.wait(rng.uniform(0.3, 0.95) * whole_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        mgskel([*words, "-o", out])
        left = [path.name for path in out.rglob(".*part-*")]
        equal += result(out) == wanted and not left
        shutil.rmtree(out)
    print(f"{verb}: {killed} kills within {whole_s:.1f} s, {equal} of {kills} ended identical")
    return int(equal < kills)


def start(words: Sequence[object]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "mgskel", *map(str, words), "-q"])


def mgskel(words: Sequence[object]) -> None:
    if start(words).wait():
        raise SystemExit(f"it failed: {' '.join(map(str, words))}")


def poses(out: Path) -> object:
    return {p.relative_to(out).as_posix(): file_hash(p) for p in sorted(out.rglob("*.npz"))}


def texts(out: Path) -> object:
    names = ("pose.npz", "events.csv", "events.eaf", "statements.json", "assessment.json")
    return {name: content_hash(out / name) for name in names}


def weights(out: Path) -> object:
    return file_hash(out / "model.safetensors")


COMMANDS: dict[str, Callable[[Path], tuple[list[object], Callable[[Path], object]]]] = {
    "extract": lambda place: (["extract", place / "clips", "--workers", 1], poses),
    "analyze": lambda place: (["analyze", place / "clips" / "clip0.mp4"], texts),
    "train": lambda place: (
        ["train", "--data.train", place / "train.npz", "--optim.epochs", 30,
         "--machine.tensorboard", "off"],
        weights,
    ),
}  # fmt: skip
