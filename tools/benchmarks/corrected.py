"""What correcting the machine is worth: clips are corrected in the review app, and learned from.

    python tools/benchmark.py corrected --data DIR -o FOLDER [--clips 6]

The first clips of each sign of `real_symptoms` make a study. A page's saves are played to the app:
right events are accepted, wrong ones rejected, a missing one is added, each clip is finished.
`mgskel finetune FOLDER/study` learns from it (options that are not known here go there), and the
last fifteen clips of each sign are asked before and after. Clips of a sign may be parts of one
take, so this is what correcting brings on more clips of the same people.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks._command import options
from benchmarks.learning import SHOWN, asked_again, table
from benchmarks.real import MEANING, clips_by_label
from benchmarks.study import ask

from mgskel.cli import main as mgskel
from mgskel.core.events import write_events
from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.review.review_server import ReviewSettings, Server
from mgskel.spotting import StreamRecognizer
from mgskel.study.study_folder import EVENTS, POSE, About

_SET = "real_symptoms"


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the sets' folder")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--clips", type=int, default=6, help="corrected of each sign")
    args, teaching = parser.parse_known_args(argv)
    set_threads(1)
    machine = StreamRecognizer.load()
    clips = clips_by_label(args.data / f"{_SET}.npz")
    study, run = args.out / "study", args.out / "run"
    spotted(study, machine, {sign: clips[sign][: args.clips] for sign in SHOWN})
    done = corrected(study)
    print(", ".join(f"{count} {act}" for act, count in done.items()), file=sys.stderr)
    if mgskel(["finetune", str(study), "-o", str(run), "--all", *teaching]):
        return 1
    taught = StreamRecognizer.load(run)
    points = [
        asked_again(machine, 0, clips, args.data),
        asked_again(taught, args.clips, clips, args.data),
    ]
    sys.stdout.write(table(points))
    return 0


def spotted(
    study: Path, machine: StreamRecognizer, clips: Mapping[str, Sequence[PoseSequence]]
) -> None:
    """What the machine finds, one folder a clip, named by its sign."""
    for sign, of_sign in clips.items():
        for number, clip in enumerate(of_sign):
            folder = study / f"{sign} {number}"
            folder.mkdir(parents=True, exist_ok=True)
            clip.save(folder / POSE)
            write_events(folder / EVENTS, machine.spot(clip))
    About(classes=machine.vocabulary.classes, recognizer=machine.name).save(study)


def corrected(study: Path) -> dict[str, int]:
    """Every clip gone through in the app; how many events were accepted, rejected and added."""
    server = Server(study, ReviewSettings(coder="A"), port=0)
    threading.Thread(target=server.run, daemon=True).start()
    done = {"accepted": 0, "rejected": 0, "added": 0}
    for clip in ask(server.address + "api/study")["clips"]:
        name = clip["name"]
        door = f"{server.address}api/review?clip={name.replace(' ', '%20')}"
        told = ask(door)
        sign = name.rsplit(" ", 1)[0]
        right = MEANING[_SET][sign]
        for event in told["events"]:
            sure = event["level"] == "gesture" and event["label"] in right
            event["state"] = "accepted" if sure else "rejected"
            event["at"] = "gone through"
            done[event["state"]] += 1
        if right and not any(event["state"] == "accepted" for event in told["events"]):
            told["events"].append(_missed(SHOWN[sign], clip["seconds"]))
            done["added"] += 1
        ask(door, told | {"finished": True})
    server.stop()
    return done


def _missed(gesture: str, seconds: float) -> dict[str, Any]:
    """An event that a coder adds, as the page tells it."""
    return {"id": "a-1", "person": "1", "label": gesture, "start_s": 0.0, "end_s": seconds,
            "state": "accepted", "at": "gone through"}  # fmt: skip
