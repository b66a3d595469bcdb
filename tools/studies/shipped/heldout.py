"""Synthetic recordings that no network has learned from: for fitting thresholds, and for judging.

Each set has seeds of its own, and with them other bodies, cameras, estimator errors and gestures.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from mgskel.core.config import Between
from mgskel.core.events import GestureEvent, read_events, write_events
from mgskel.core.gestures import Vocabulary, get_vocabulary
from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import json_hash
from mgskel.spotting.learning.synthetic import (
    WEBCAM,
    movements_of,
    relabelled,
    synthesis_hash,
    tightly_cut,
)
from mgskel.synthesis import (
    FlowSettings,
    SynthesisSettings,
    synthesise_clip,
    synthesise_recording,
)
from mgskel.synthesis.synthetic_recording import REST


@dataclass(frozen=True)
class HeldOutSettings:
    """What is made.

    Attributes:
        recordings, seconds: recordings with the default flow of gestures, and their length.
        rests, rest_seconds: recordings in which nothing but rest and talking goes on.
        clips: cut clips per class; as many again are cut tightly, into the gesture.
        walks: clips of people who come before the camera or leave it, half of them a webcam.
        seed: far from those of the training corpus.
        synthesis: what varies between them.
    """

    recordings: int = 10
    seconds: float = 600.0
    rests: int = 10
    rest_seconds: float = 300.0
    clips: int = 12
    walks: int = 0
    seed: Annotated[int, Between(0, 2**32 - 1)] = 13_000_000
    synthesis: SynthesisSettings = SynthesisSettings()


# False events at rest hang on few restless people: it takes many to set a limit.
VALIDATION = HeldOutSettings(
    recordings=40, seconds=300.0, rests=120, rest_seconds=120.0, clips=30, walks=400, seed=7_000_000
)
TEST = HeldOutSettings(recordings=24, rests=48, walks=200)


@dataclass(frozen=True, eq=False)
class Example:
    """A recording and its true gestures, in the recognizer's words."""

    sequence: PoseSequence
    events: tuple[GestureEvent, ...]


@dataclass(frozen=True, eq=False)
class HeldOut:
    recordings: tuple[Example, ...]
    rests: tuple[Example, ...]
    clips: tuple[Example, ...]
    tight: tuple[Example, ...] = ()
    walks: tuple[Example, ...] = ()


def held_out(
    folder: Path, settings: HeldOutSettings, vocabulary: Vocabulary, workers: int = 1
) -> HeldOut:
    """The set; what is already in the folder is read, the rest made."""
    jobs = list(_jobs(folder, settings, vocabulary))
    missing = [job for job in jobs if not job.events_path.exists()]
    with Progress(len(missing), "held-out synthesis", "recordings") as progress:
        if workers > 1 and len(missing) > 1:
            with ProcessPoolExecutor(workers) as pool:
                for _ in pool.map(_make, missing, chunksize=4):
                    progress.advance()
        else:
            for job in missing:
                _make(job)
                progress.advance()
    sets: dict[str, list[Example]] = {
        kind: [] for kind in ("recording", "rest", "clip", "tight", "walk")
    }
    for job in jobs:
        sequence = PoseSequence.load(job.pose_path)
        sets[job.kind].append(Example(sequence, read_events(job.events_path, vocabulary)))
    return HeldOut(*map(tuple, sets.values()))


@dataclass(frozen=True)
class _Job:
    """One recording or clip."""

    stem: Path
    kind: str
    seed: int
    seconds: float
    label: str
    synthesis: SynthesisSettings
    vocabulary: str

    @property
    def pose_path(self) -> Path:
        return self.stem.with_name(self.stem.name + ".npz")

    @property
    def events_path(self) -> Path:
        return self.stem.with_name(self.stem.name + ".json")


def _jobs(folder: Path, settings: HeldOutSettings, vocabulary: Vocabulary) -> Iterator[_Job]:
    synthesis = settings.synthesis
    quiet = replace(synthesis, flow=FlowSettings(per_minute=(0.0, 0.0)))
    for index in range(settings.recordings):
        yield _job(folder, "recording", settings.seed + index, settings.seconds, "", synthesis,
                   vocabulary)  # fmt: skip
    for index in range(settings.rests):
        yield _job(folder, "rest", settings.seed + 10_000 + index, settings.rest_seconds, "",
                   quiet, vocabulary)  # fmt: skip
    for index in range(settings.walks):
        camera = WEBCAM if index % 2 else synthesis.camera
        yield _job(folder, "walk", settings.seed + 90_000 + index, 0.0, REST,
                   replace(synthesis, walks=1.0, camera=camera), vocabulary)  # fmt: skip
    labels = movements_of(vocabulary)
    for index, known in enumerate(labels.values()):
        for number in range(settings.clips):
            for kind, first in (("clip", 20_000), ("tight", 60_000)):
                seed = settings.seed + first + 1000 * index + number
                yield _job(folder, kind, seed, 0.0, known[number % len(known)], synthesis,
                           vocabulary)  # fmt: skip


def _job(
    folder: Path,
    kind: str,
    seed: int,
    seconds: float,
    label: str,
    synthesis: SynthesisSettings,
    vocabulary: Vocabulary,
) -> _Job:
    key = json_hash([kind, seconds, label, str(synthesis), vocabulary.name, synthesis_hash()])[:10]
    return _Job(
        folder / f"{kind}-{key}-{seed}", kind, seed, seconds, label, synthesis, vocabulary.name
    )


def _make(job: _Job) -> None:
    if job.label:
        made = synthesise_clip(job.label, job.seed, job.synthesis)
    else:
        made = synthesise_recording(job.seconds, job.seed, job.synthesis)
    sequence, events = made.sequence, made.events
    if job.kind == "tight" and events:
        rng = np.random.default_rng([job.seed, 3])
        sequence, events = tightly_cut(sequence, events[0], rng)
    vocabulary = get_vocabulary(job.vocabulary)
    sequence.replace(provenance=()).save(job.pose_path)
    write_events(job.events_path, relabelled(events, get_vocabulary("synthetic"), vocabulary))
