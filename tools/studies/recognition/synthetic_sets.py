"""Sets of synthetic clips that are small in space or brief in time, made where they are missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mgskel.core.recording import Dataset, Recording
from mgskel.formats import write
from mgskel.synthesis import SynthesisSettings, SyntheticRecording, synthesise_clip

LABELS = (
    "turn-head", "nod", "shake-head", "tilt-head", "touch-nose", "touch-ears", "touch-neck",
    "shrug", "wave", "rub-hands",
)  # fmt: skip
_FPS = 15.0


@dataclass(frozen=True)
class SyntheticSet:
    """Attributes:
    seed: of the people; none is shared with another set.
    amplitude, duration: ranges of the gestures' scale in space and in time.
    around_s: range of the rest before and after a gesture, seconds.
    """

    seed: int
    amplitude: tuple[float, float] = (1.0, 1.0)
    duration: tuple[float, float] = (1.0, 1.0)
    around_s: tuple[float, float] = (0.2, 1.0)


SETS = {
    "small": SyntheticSet(211, amplitude=(0.3, 0.6)),
    "brief": SyntheticSet(212, duration=(0.5, 0.8), around_s=(1.5, 3.5)),
    "amplitude 0.2": SyntheticSet(221, amplitude=(0.2, 0.2)),
    "amplitude 0.4": SyntheticSet(222, amplitude=(0.4, 0.4)),
    "amplitude 0.8": SyntheticSet(223, amplitude=(0.8, 0.8)),
    "rest 0.5 s": SyntheticSet(231, duration=(0.5, 0.8), around_s=(0.5, 0.5)),
    "rest 1.5 s": SyntheticSet(232, duration=(0.5, 0.8), around_s=(1.5, 1.5)),
    "rest 4 s": SyntheticSet(233, duration=(0.5, 0.8), around_s=(4.0, 4.0)),
}


# Points of the two curves, by what they are drawn over.
CURVES = {
    "amplitude of the gesture": ("amplitude 0.2", "amplitude 0.4", "amplitude 0.8"),
    "share of the clip that the gesture fills": ("rest 0.5 s", "rest 1.5 s", "rest 4 s"),
}


def synthetic_file(name: str, clips: int, folder: Path) -> Path:
    """The set's bundle in the folder, made there if it is missing."""
    path = folder / f"{name.replace(' ', '_')}-{clips}.npz"
    if path.is_file():
        return path
    recordings = []
    for i in range(clips):
        label = i % len(LABELS)
        sequence = _clip(name, i).sequence
        recordings.append(Recording(sequence, f"{LABELS[label]}-{i}", label=label, subject=i))
    folder.mkdir(parents=True, exist_ok=True)
    write(path, Dataset(tuple(recordings), class_names=LABELS), "bundle")
    return path


def _clip(name: str, number: int) -> SyntheticRecording:
    wanted = SETS[name]
    return synthesise_clip(
        LABELS[number % len(LABELS)],
        wanted.seed * 1_000_003 + number,
        SynthesisSettings(
            layout="imigue22", noise=0.5, amplitude=wanted.amplitude, duration=wanted.duration
        ),
        fps=_FPS,
        around_s=wanted.around_s,
    )


def curve_place(name: str) -> float:
    """Where a set stands on its curve: amplitude, or the share of its first 20 clips (two of each
    class) that gestures fill."""
    if name in CURVES["amplitude of the gesture"]:
        return SETS[name].amplitude[0]
    clips = [_clip(name, i) for i in range(2 * len(LABELS))]
    shares = [
        sum(event.end_s - event.start_s for event in clip.events) * _FPS / clip.sequence.num_frames
        for clip in clips
    ]
    return sum(shares) / len(shares)
