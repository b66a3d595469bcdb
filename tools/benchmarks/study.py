"""A study of many clips: how long its tables take after spotting, its page's size and readiness."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.page import look_at

from mgskel.analyze_study import write_study
from mgskel.core.events import write_events
from mgskel.core.files import write_json
from mgskel.core.gestures import get_vocabulary
from mgskel.study.folder import About
from mgskel.study.participants import read_participants
from mgskel.synthesis import SynthesisSettings, synthesise_recording

_DIFFERENT, _FPS = 4, 15.0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmark.py study", description=__doc__)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of each clip")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _spotted(folder, args.clips, args.minutes)
        about = About(classes=get_vocabulary("common").classes, recognizer="synthesis")
        people = read_participants(folder / "people.csv")
        start, worked = time.perf_counter(), time.process_time()
        write_study(folder, about, people)
        answer = {
            "clips": args.clips,
            "minutes": args.minutes,
            "tables_and_page_s": round(time.perf_counter() - start, 1),
            "tables_and_page_cpu_s": round(time.process_time() - worked, 1),
        }
        print(json.dumps(answer | look_at(folder / "index.html")))
    return 0


def _spotted(folder: Path, clips: int, minutes: float) -> None:
    """What is there after spotting: a few different recordings, again and again."""
    rows = ["clip,participant,condition"]
    for index in range(clips):
        clip = folder / f"p{index // 2:03d}_{'lost' if index % 2 else 'won'}"
        model = folder / f"p{(index % _DIFFERENT) // 2:03d}_{'lost' if index % 2 else 'won'}"
        clip.mkdir()
        if index < _DIFFERENT:
            settings = SynthesisSettings(layout="mediapipe_holistic")
            made = synthesise_recording(60 * minutes, index, settings, fps=_FPS)
            made.sequence.save(clip / "pose.npz")
            write_events(clip / "events.csv", made.events)
        else:
            for file in ("pose.npz", "events.csv"):
                shutil.copy(model / file, clip / file)
        write_json(clip / "statements.json", {"statements": [], "quality": {}, "source": ""})
        rows.append(f"{clip.name},P{index // 2:03d},{'lost' if index % 2 else 'won'}")
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
