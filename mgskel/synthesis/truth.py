"""What the synthesis knows about its recordings: the exact truth of every event, also on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mgskel.core.config import from_dict
from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, write_events
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import write_json, writing_together
from mgskel.core.storage.intake import read_json
from mgskel.synthesis.camera import Camera
from mgskel.synthesis.performance import Performance
from mgskel.synthesis.settings import SynthesisSettings

PERSON = "1"


@dataclass(frozen=True)
class ProgramTruth:
    """How a gesture really was made.

    Attributes:
        person, label: as in the event.
        program: name of the program.
        side: the acting hand (`left`, `right`, `both`); `none` without hands.
        direction: the person's own side to which a movement without hands goes.
        target: name of the place that the hand goes to, empty without hands.
        manner: what the hand does there, empty without hands.
        amplitude, amplitude_unit: size of the movement at the target from end to end
            (`shoulder_widths`), or the excursion of the main body movement (`degrees`,
            `shoulder_widths` or `share`).
        tempo_hz, repetitions: 0 where nothing repeats.
        onset_s, apex_s, offset_s, end_s: begins, arrives, leaves, is back.
        visible: share of the time at the apex with the needed joints inside the picture.
        moves: channel and excursion of each body movement.
    """

    person: str
    label: str
    program: str
    side: str
    direction: str
    target: str
    manner: str
    amplitude: float
    amplitude_unit: str
    tempo_hz: float
    repetitions: float
    onset_s: float
    apex_s: float
    offset_s: float
    end_s: float
    visible: float
    moves: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, eq=False)
class SyntheticRecording:
    """One synthetic recording with its truth.

    Attributes:
        sequence: what an estimator would give, (1, T, V, C).
        clean: the same without the estimator's errors.
        events: the gestures that the picture shows, in order of their start.
        truth: how every gesture was made, the invisible ones included, in the same order.
        settings, seed: what it was made from.
        camera: where it was seen from.
        seated: whether the person sits.
    """

    sequence: PoseSequence
    clean: PoseSequence
    events: tuple[GestureEvent, ...]
    truth: tuple[ProgramTruth, ...]
    settings: SynthesisSettings
    seed: int
    camera: Camera
    seated: bool


def truth_of(performance: Performance, visible: float) -> ProgramTruth:
    act = performance.program.hands
    hands = performance.hand_sides
    channels = (move.channel for move in performance.program.body)
    alike = ("target", "amplitude", "amplitude_unit", "repetitions", "onset_s", "apex_s",
             "offset_s", "end_s")  # fmt: skip
    return ProgramTruth(
        **{name: getattr(performance, name) for name in alike},
        person=PERSON,
        label=performance.program.label,
        program=performance.program.name,
        side="none" if not hands else "both" if len(hands) == 2 else hands[0],
        direction=performance.side,
        manner=act.manner if act is not None else "",
        tempo_hz=performance.tempo,
        visible=visible,
        moves=tuple(zip(channels, performance.amounts, strict=True)),
    )


def event_of(performance: Performance, class_id: int) -> GestureEvent:
    return GestureEvent(
        person=PERSON,
        label=performance.program.label,
        class_id=class_id,
        start_s=performance.onset_s,
        end_s=performance.end_s,
        score=1.0,
        micro=performance.program.micro,
    )


SCHEMA = "mgskel-synthesis-truth/1"


def save_recording(
    folder: str | Path, name: str, recording: SyntheticRecording, *, clean: bool = False
) -> tuple[Path, ...]:
    """Write NAME.npz, .csv, .eaf, .truth.json, and if `clean` NAME.clean.npz without errors."""
    with writing_together(folder) as place:
        recording.sequence.save(place / f"{name}.npz")
        for ending in (".csv", ".eaf"):
            write_events(place / f"{name}{ending}", recording.events)
        write_truth(place / f"{name}.truth.json", recording.truth)
        if clean:
            recording.clean.save(place / f"{name}.clean.npz")
    endings = (".npz", ".csv", ".eaf", ".truth.json", *[".clean.npz"] * clean)
    return tuple(Path(folder) / f"{name}{ending}" for ending in endings)


def write_truth(path: str | Path, truth: Sequence[ProgramTruth]) -> None:
    write_json(path, {"schema": SCHEMA, "truth": [asdict(gesture) for gesture in truth]})


def read_truth(path: str | Path) -> tuple[ProgramTruth, ...]:
    tree = read_json(path, "truth file")
    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        raise InputError("this is no truth of a synthetic recording", place=path,
                         expected=f"a JSON object with schema {SCHEMA}")  # fmt: skip
    return tuple(
        from_dict(ProgramTruth, entry, f"{path}, gesture {number}")
        for number, entry in enumerate(tree.get("truth", []))
    )
