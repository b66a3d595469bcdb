"""Emotion labels of iMiGUE (win, lose) and SMG (stressed, relaxed), with official splits.

Both data sets are given on request only; nothing of them is here. A recording becomes a study
example with its annotated gestures as the evidence.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mgskel.core.errors import Faults, InputError
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import get_vocabulary
from mgskel.core.storage.intake import read_text
from mgskel.datasets.splits import SMG_TEST, SMG_TRAIN
from mgskel.formats.reading.csv_reading import read_event_labels
from mgskel.reason.evidence import GestureRecord
from mgskel.reason.scene import Scene
from studies.reasoning.examples import Example, Reference

_SPLIT_FILE = Path(__file__).with_name("imigue_emotion.yaml")
_IMIGUE_FPS = 25.0
_SMG_FPS = 28.0
_NO_END = 10_000_000  # frames; the label table alone does not tell a recording's length

IMIGUE_SCENE = Scene(
    setting="press conference after a match",
    situation="A tennis player answers journalists after a match of a major tournament.",
    person="player",
    question="Did the player win or lose the match?",
    labels=("win", "lose"),
)
SMG_SCENE = Scene(
    setting="deception study, story telling",
    situation="A student retells a story to an audience, either one that was just read or one "
    "that has to be made up without being caught.",
    person="student",
    question="Is the student stressed or relaxed during this stretch?",
    labels=("stressed", "relaxed"),
)


@dataclass(frozen=True)
class EmotionSplit:
    """The official parts of an emotion task.

    Attributes:
        missing: recordings of the split that are not in the folder; results on what is left
            are not comparable with published ones.
    """

    train: tuple[Example, ...]
    test: tuple[Example, ...]
    missing: tuple[str, ...] = ()


def imigue_emotion_videos() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Video numbers of the official emotion split: to learn from, to judge by."""
    tree = yaml.safe_load(read_text(_SPLIT_FILE))
    return tuple(tree["train"]), tuple(tree["test"])


def load_imigue_emotion(folder: Path, labels: Path | None) -> EmotionSplit:
    """iMiGUE's emotion task.

    Args:
        folder: holds `0001/0001_label.csv` and so on (gesture, first frame, last frame).
        labels: a table with the columns `video,label`, the label being win or lose.
    """
    if labels is None:
        raise InputError(
            "iMiGUE's match results are needed",
            expected="a CSV file with the columns video,label and the labels win and lose",
            remedy="add --imigue-labels FILE",
        )
    results = _match_results(labels)
    faults = Faults(folder)
    missing: list[str] = []

    def part(videos: Sequence[int]) -> Iterator[Example]:
        for video in videos:
            name = f"{video:04d}"
            table = folder / name / f"{name}_label.csv"
            if video not in results or not table.exists():
                missing.append(name)
                continue
            events = read_event_labels(
                table, get_vocabulary("imigue"), _IMIGUE_FPS, _NO_END, faults, inclusive=True
            )
            yield _example(f"imigue_{name}", IMIGUE_SCENE, events, results[video], name)

    train, test = (tuple(part(videos)) for videos in imigue_emotion_videos())
    faults.raise_if_stopping()
    return _checked(EmotionSplit(train, test, tuple(missing)), folder)


def _match_results(path: Path) -> Mapping[int, str]:
    """Video number to win or lose. Bare numbers are refused: no source says which is which."""
    found: dict[int, str] = {}
    rows = csv.DictReader(read_text(path, "label table").splitlines())
    if rows.fieldnames is None or not {"video", "label"} <= set(rows.fieldnames):
        raise InputError(
            "this is no table of match results",
            expected="columns video,label",
            found=", ".join(rows.fieldnames or []) or "an empty file",
            place=path,
        )
    for number, row in enumerate(rows, 2):
        video, label = (row["video"] or "").strip(), (row["label"] or "").strip().casefold()
        if label not in IMIGUE_SCENE.labels or not video.isdigit():
            raise InputError(
                "this row cannot be read",
                expected="a video number, and win or lose",
                found=f"{video},{label}",
                place=f"{path}, line {number}",
            )
        if found.setdefault(int(video), label) != label:
            raise InputError(f"video {video} is both won and lost", place=f"{path}, line {number}")
    return found


def load_smg_emotion(
    folder: Path, stressed_code: str | None, fps: float | None = None
) -> EmotionSplit:
    """SMG's emotional states, one example per stretch of two to five minutes.

    Subjects 1 to 35 are to learn from, 36 to 40 to judge by. (The index files of the authors'
    code number the stretches in the order in which one machine listed its folders, which
    nobody else can reproduce.)

    Args:
        folder: holds `Sample0001/Sample0001_tflabels_new.csv` (id, first frame, last frame,
            code) and `Sample0001_finelabels.csv` (gesture, first frame, last frame).
        stressed_code: which value of the code's tens digit, 0 or 1, means stressed; the data
            set's papers say, its published code does not.
        fps: frame rate; by default what `_data.csv` says, else 28.
    """
    if stressed_code not in ("0", "1"):
        raise InputError(
            "which code of SMG means stressed?",
            expected="0 or 1, the tens digit of the last column of _tflabels_new.csv",
            remedy="add --stressed-code 0 or --stressed-code 1",
        )
    faults = Faults(folder)
    parts: dict[bool, list[Example]] = {True: [], False: []}
    missing = []
    for subject in sorted(SMG_TRAIN | SMG_TEST):
        name = f"Sample{subject:04d}"
        place = folder / name
        if not (place / f"{name}_tflabels_new.csv").exists():
            missing.append(name)
            continue
        rate = fps or _rate(place / f"{name}_data.csv")
        gestures = read_event_labels(
            place / f"{name}_finelabels.csv",
            get_vocabulary("smg"),
            rate,
            _NO_END,
            faults,
            inclusive=False,
        )
        for number, (start, end, code) in enumerate(
            _stretches(place / f"{name}_tflabels_new.csv", faults), 1
        ):
            label = "stressed" if str(code // 10) == stressed_code else "relaxed"
            events = _within(gestures, start / rate, end / rate)
            example = _example(f"smg_{name}_{number}", SMG_SCENE, events, label, name)
            parts[subject in SMG_TEST].append(example)
    faults.raise_if_stopping()
    split = EmotionSplit(tuple(parts[False]), tuple(parts[True]), tuple(missing))
    return _checked(split, folder)


def _stretches(path: Path, faults: Faults) -> Iterator[tuple[int, int, int]]:
    for number, cells in enumerate(csv.reader(read_text(path, "labels").splitlines()), 1):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            _, start, end, code = (int(float(cell)) for cell in cells[:4])
        except ValueError:
            start, end, code = 0, 0, -1
        if not 0 <= start < end or code // 10 not in (0, 1):
            faults.add(
                f"{path.name}, line {number}",
                "id, first frame, last frame, code of one or two digits",
                ",".join(cells),
                "correct it",
            )
            continue
        yield start, end, code


def _rate(path: Path) -> float:
    """Frames per second as `_data.csv` says (frames, rate, depth)."""
    if not path.exists():
        return _SMG_FPS
    cells = read_text(path).replace("\n", ",").split(",")
    numbers = [float(cell) for cell in cells if cell.strip().replace(".", "", 1).isdigit()]
    if len(numbers) < 2 or not 1 <= numbers[1] <= 1000:
        raise InputError(
            "the frame rate cannot be read",
            expected="frames, frames per second, depth",
            place=path,
            remedy="give it with --fps",
        )
    return numbers[1]


def _within(events: Sequence[GestureEvent], start_s: float, end_s: float) -> list[GestureEvent]:
    """Gestures of a stretch, their times counted from its start."""
    return [
        GestureEvent(
            event.person,
            event.label,
            event.class_id,
            max(event.start_s, start_s) - start_s,
            min(event.end_s, end_s) - start_s,
            event.score,
            event.micro,
        )
        for event in events
        if event.start_s < end_s and event.end_s > start_s
    ]


def _example(
    name: str, scene: Scene, events: Sequence[GestureEvent], label: str, group: str
) -> Example:
    gestures = tuple(
        GestureRecord(label=event.label, from_s=event.start_s, to_s=event.end_s)
        for event in events
        if event.micro
    )
    return Example(name, scene, (), gestures, (), Reference(emotion=label), group)


def _checked(split: EmotionSplit, folder: Path) -> EmotionSplit:
    if not split.test or not split.train:
        raise InputError(
            "no labelled recordings of the official split found",
            found=f"{len(split.train)} to learn from, {len(split.test)} to judge by",
            place=folder,
            remedy="check the folder's layout against docs/data-sets.md",
        )
    return split
