"""A study of many clips: how long its tables take after spotting, its page's size and readiness,
and how soon the review app answers."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks._command import options
from benchmarks.page import look_at

from mgskel.analyze_study import write_study
from mgskel.core.events import write_events
from mgskel.core.gestures import get_vocabulary
from mgskel.core.storage.files import write_json
from mgskel.report.playback import PLAYBACK, playback
from mgskel.study.participants import read_participants
from mgskel.study.study_folder import EVENTS, POSE, About
from mgskel.synthesis import SynthesisSettings, synthesise_recording

_DIFFERENT, _FPS = 4, 15.0


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of each clip")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spotted(folder, args.clips, args.minutes)
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
        print(json.dumps(answer | look_at(folder / "index.html") | {"review_ms": review(folder)}))
    return 0


def review(study: Path) -> dict[str, float]:
    """Milliseconds of the app's answers, the slowest of several; "first" reads files anew."""
    from mgskel.review.review_server import ReviewSettings, Server

    server = Server(study, ReviewSettings(coder="A"), port=0)
    threading.Thread(target=server.run, daemon=True).start()
    begin = time.perf_counter()
    clips = [clip["name"] for clip in ask(server.address + "api/study")["clips"]]
    cold = round(1000 * (time.perf_counter() - begin), 1)

    def save(name: str) -> None:
        told = ask(server.address + f"api/review?clip={name}")
        told["events"][0]["state"] = "accepted"
        ask(server.address + f"api/review?clip={name}", told)

    some = clips[:5]
    doors = {"review": "api/review", "recording_again": "api/recording", "page": "clip"}

    def ask_for(path: str) -> Callable[[str], Any]:
        return lambda name: ask(server.address + f"{path}?clip={name}")

    first = _slowest(some[:1], ask_for("api/recording"))
    answers = {door: _slowest([clips[0]] * 5, ask_for(path)) for door, path in doors.items()}
    answers |= {"save": _slowest(some, save), "recording_first": first, "overview_first": cold}
    answers["overview_after_save"] = _slowest([""], lambda _: ask(server.address + "api/study"))
    server.stop()
    return answers


def _slowest(over: list[str], do: Callable[[str], Any]) -> float:
    times = []
    for name in over:
        begin = time.perf_counter()
        do(name)
        times.append(time.perf_counter() - begin)
    return round(1000 * max(times), 1)


def ask(address: str, told: object = None) -> Any:
    body = None if told is None else json.dumps(told).encode()
    with urlopen(Request(address, body, method="PUT" if body else "GET")) as answer:
        content = answer.read()
    return json.loads(content) if content.startswith((b"{", b"[")) else content


def spotted(folder: Path, clips: int, minutes: float) -> None:
    """What is there after spotting: a few different recordings, again and again."""
    rows = ["clip,participant,condition"]
    for index in range(clips):
        clip = folder / f"p{index // 2:03d}_{'lost' if index % 2 else 'won'}"
        model = folder / f"p{(index % _DIFFERENT) // 2:03d}_{'lost' if index % 2 else 'won'}"
        clip.mkdir()
        if index < _DIFFERENT:
            settings = SynthesisSettings(layout="mediapipe_holistic")
            made = synthesise_recording(60 * minutes, index, settings, fps=_FPS)
            made.sequence.save(clip / POSE)
            playback(clip / POSE, False, made.sequence)
            write_events(clip / EVENTS, made.events)
        else:
            for file in (POSE, PLAYBACK, EVENTS):
                shutil.copy(model / file, clip / file)
        write_json(clip / "statements.json", {"statements": [], "quality": {}, "source": ""})
        rows.append(f"{clip.name},P{index // 2:03d},{'lost' if index % 2 else 'won'}")
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
