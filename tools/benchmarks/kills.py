"""Commands killed at random moments, then left to finish: are the results those of no kill?"""

from __future__ import annotations

import copy
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from benchmarks._command import options
from benchmarks.study import ask, spotted

from mgskel.core.machine.samples import sample_clip
from mgskel.core.storage.files import file_hash


def main(argv: Sequence[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("verbs", nargs="*", default=[*COMMANDS, "review"])
    parser.add_argument("--kills", type=int, default=10, help="of each command")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number in range(2):
            (place / "clips").mkdir(exist_ok=True)
            shutil.copy(sample_clip(), place / "clips" / f"clip{number}.mp4")
        mgskel(["synthesise", "clips", "48", "-o", place / "train.npz", "--layout", "coco17",
                "--labels", "nod,shrug"])  # fmt: skip
        judges = {"review": reviewed}
        return max(judges.get(v, partial(judged, v))(place, args.kills, rng) for v in args.verbs)


def judged(verb: str, place: Path, kills: int, rng: random.Random) -> int:
    """Kill one command so often, each in a folder of its own; 0 where all ended equally."""
    words, result = COMMANDS[verb](place)
    begun = time.monotonic()
    # One name for all: a study's page bears that of its folder.
    mgskel([*words, "-o", place / verb / "undisturbed" / "out"])
    whole_s = time.monotonic() - begun
    wanted = result(place / verb / "undisturbed" / "out")
    equal = killed = 0
    for number in range(kills):
        out = place / verb / f"killed{number}" / "out"
        process = start([*words, "-o", out])
        try:
            process.wait(rng.uniform(0.3, 0.95) * whole_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        mgskel([*words, "-o", out])
        left = [path.name for path in out.rglob(".*part-*")]
        found = result(out)
        if other := [name for name in wanted if found.get(name) != wanted[name]]:
            print(f"{verb}: another {', '.join(map(str, other))}")
        equal += found == wanted and not left
        shutil.rmtree(out)
    print(f"{verb}: {killed} kills within {whole_s:.1f} s, {equal} of {kills} ended identical")
    return int(equal < kills)


def start(words: Sequence[object]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "mgskel", *map(str, words), "-q"])


def mgskel(words: Sequence[object]) -> None:
    if start(words).wait():
        raise SystemExit(f"it failed: {' '.join(map(str, words))}")


def reviewed(place: Path, kills: int, rng: random.Random) -> int:
    """Kill the review app while a page saves, so often; 0 where nothing saved got lost."""
    study = place / "review"
    study.mkdir()
    spotted(study, 4, 0.5)
    saves = kept = 0
    known: dict[str, list[Any]] = {}
    for number in range(kills + 1):
        app = subprocess.Popen(
            [sys.executable, "-m", "mgskel", "review", study, "--no-browser", "--coder", "A", "-q"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert app.stdout is not None
        address = app.stdout.readline().strip()
        clips = [clip["name"] for clip in ask(address + "api/study")["clips"]]
        found = {clip: ask(f"{address}api/review?clip={clip}") for clip in clips}
        # What the app confirmed last, or what it was told when it was killed.
        kept += all(found[clip]["events"] in told for clip, told in known.items())
        known = {clip: [found[clip]["events"]] for clip in clips}
        if number < kills:
            threading.Timer(rng.uniform(0.05, 1.5), app.kill).start()
            with suppress(OSError, HTTPException):
                while True:
                    clip = rng.choice(clips)
                    told = found[clip]
                    for event in told["events"]:
                        event["state"] = rng.choice(("accepted", "rejected"))
                        event["at"] = f"save {saves}"
                    wanted = copy.deepcopy(told["events"])
                    known[clip].append(wanted)
                    told["revision"] = ask(f"{address}api/review?clip={clip}", told)["revision"]
                    known[clip] = [wanted]
                    saves += 1
        else:
            app.kill()
        app.wait()
    whole = not list(study.rglob(".*.part-*"))
    print(f"review: {kills} kills among {saves} saves, {kept - 1} of {kills} came back as saved")
    return int(kept <= kills or not whole)


def poses(out: Path) -> dict[Path, str]:
    return {p.relative_to(out): file_hash(p) for p in sorted(out.rglob("*.npz"))}


def everything(out: Path) -> dict[Path, str]:
    """All that is written, tables, pages and ELAN files, but for the record of how it went."""
    files = [path for path in out.rglob("*") if path.is_file() and path.name[0] != "."]
    return {p.relative_to(out): file_hash(p) for p in files if p.name != "manifest.json"}


def weights(out: Path) -> dict[Path, str]:
    return {Path("model.safetensors"): file_hash(out / "model.safetensors")}


COMMANDS: dict[str, Callable[[Path], tuple[list[object], Callable[[Path], dict[Path, str]]]]] = {
    "extract": lambda place: (["extract", place / "clips", "--workers", 1], poses),
    "analyze": lambda place: (["analyze", place / "clips"], everything),
    "train": lambda place: (
        ["train", "--data.train", place / "train.npz", "--optim.epochs", 30,
         "--machine.tensorboard", "off"],
        weights,
    ),
}  # fmt: skip
