"""The synthetic corpus: recordings and clips in shards on disk, made once, by several processes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import mgskel.synthesis
from mgskel.core.events import GestureEvent
from mgskel.core.files import file_hash, json_hash
from mgskel.core.gestures import Vocabulary, get_vocabulary, map_classes
from mgskel.core.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.spotting.corpus import Piece, load_pieces, pieces_of, save_pieces
from mgskel.spotting.features import FeatureSettings
from mgskel.synthesis import (
    CameraSettings,
    FlowSettings,
    SynthesisSettings,
    synthesise_clip,
    synthesise_recording,
)
from mgskel.synthesis.programs import load_programs

_SHARD = 20
_CLIPS_PER_SHARD = 120
_AROUND_S = (0.2, 2.5)
# How far a tight cut may lie outside a gesture, and which share of it may be cut off.
_NEAR_S, _DEEPEST_CUT = 0.3, 0.35
_SYNTHESIS = Path(mgskel.synthesis.__file__).parent
# More oblique views and slower cameras than in the usual recordings.
_CAMERA = CameraSettings(yaw=(-50.0, 50.0), fps=(10.0, 12.0, 15.0, 20.0, 24.0, 25.0, 30.0, 30.0))


@dataclass(frozen=True)
class CorpusSettings:
    """How much is made, and of what.

    Attributes:
        recordings: number of recordings, each of another person.
        seconds: length of each.
        clips: number of single-gesture clips, each class equally often.
        cut: share of the clips cut out tightly: into the gesture, as annotators often do.
        per_minute: range of the flow's rate in the recordings.
        amplitude, duration: range of the gestures' scales: real people vary more than the
            programs' own ranges.
        seed: first seed; equal settings give equal corpora.
    """

    recordings: int = 200
    seconds: float = 50.0
    clips: int = 4800
    cut: float = 0.5
    per_minute: tuple[float, float] = (1.0, 24.0)
    amplitude: tuple[float, float] = (0.8, 1.25)
    duration: tuple[float, float] = (0.65, 1.2)
    seed: int = 0


def relabelled(
    events: Sequence[GestureEvent], source: Vocabulary, target: Vocabulary
) -> tuple[GestureEvent, ...]:
    """Events in the words of another vocabulary; those without a counterpart are left out."""
    mapping = map_classes(source, target, narrower=True)
    result = []
    for event in events:
        class_id = mapping.get(source.by_name(event.label).id)
        if class_id is not None:
            gesture = target.by_id(class_id)
            result.append(
                replace(event, label=gesture.name, class_id=class_id, micro=gesture.micro)
            )
    return tuple(result)


def synthetic_corpus(
    folder: Path,
    settings: CorpusSettings,
    vocabulary: Vocabulary,
    features: FeatureSettings,
    workers: int = 1,
) -> list[Piece]:
    """The corpus; shards that are already on disk are read, missing ones made."""
    jobs = _jobs(folder, settings, vocabulary.name, features)
    missing = [job for job in jobs if not job.path.exists()]
    with Progress(len(missing), "synthesise", "shards") as progress:
        if workers > 1 and len(missing) > 1:
            with ProcessPoolExecutor(workers) as pool:
                for _ in pool.map(_make, missing):
                    progress.advance()
        else:
            for job in missing:
                _make(job)
                progress.advance()
    return [piece for job in jobs for piece in load_pieces(job.path)]


@dataclass(frozen=True)
class _Job:
    """One shard: some recordings, or some clips."""

    path: Path
    kind: str
    first: int
    count: int
    settings: CorpusSettings
    vocabulary: str
    features: FeatureSettings


def _jobs(
    folder: Path, settings: CorpusSettings, vocabulary: str, features: FeatureSettings
) -> list[_Job]:
    basis = replace(settings, recordings=0, clips=0)
    key = json_hash([str(basis), vocabulary, str(features), synthesis_hash()])[:10]
    jobs = []
    for kind, total, size in (
        ("recordings", settings.recordings, _SHARD),
        ("clips", settings.clips, _CLIPS_PER_SHARD),
    ):
        for first in range(0, total, size):
            count = min(size, total - first)
            path = folder / f"{kind}-{key}-{first:05d}-{count}.npz"
            jobs.append(_Job(path, kind, first, count, settings, vocabulary, features))
    return jobs


def _make(job: _Job) -> None:
    settings = job.settings
    synthetic, target = get_vocabulary("synthetic"), get_vocabulary(job.vocabulary)
    how = SynthesisSettings(
        layout=job.features.layout,
        flow=FlowSettings(per_minute=settings.per_minute),
        amplitude=settings.amplitude,
        duration=settings.duration,
        camera=_CAMERA,
    )
    movements = [known for known in movements_of(target).values() if known]
    pieces = []
    for number in range(job.first, job.first + job.count):
        seed = settings.seed * 1_000_003 + number
        if job.kind == "recordings":
            made = synthesise_recording(settings.seconds, seed, how)
            sequence, events = made.sequence, made.events
        else:
            turn, which = divmod(number, len(movements))
            label = movements[which][turn % len(movements[which])]
            made = synthesise_clip(label, seed, how, around_s=_AROUND_S)
            rng = np.random.default_rng([seed, 3])
            sequence, events = made.sequence, made.events
            if events and rng.random() < settings.cut:
                sequence, events = tightly_cut(sequence, events[0], rng)
        known = relabelled(events, synthetic, target)
        pieces += pieces_of(sequence, known, target, job.features)
    save_pieces(job.path, pieces)


def tightly_cut(
    sequence: PoseSequence, event: GestureEvent, rng: np.random.Generator
) -> tuple[PoseSequence, tuple[GestureEvent, ...]]:
    """A clip that begins and ends near the gesture's own begin and end, or within it."""
    loss = _DEEPEST_CUT * (event.end_s - event.start_s)
    begin = event.start_s + float(rng.uniform(-_NEAR_S, loss))
    end = event.end_s + float(rng.uniform(-loss, _NEAR_S))
    return sequence.crop(begin, end), (event,)


def movements_of(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The synthetic gestures that each class unites, by the class's name."""
    synthetic = get_vocabulary("synthetic")
    mapping = map_classes(synthetic, vocabulary, narrower=True)
    made = load_programs().labels
    return {
        gesture.name: tuple(
            synthetic.by_id(mine).name
            for mine, theirs in mapping.items()
            if theirs == gesture.id and synthetic.by_id(mine).name in made
        )
        for gesture in vocabulary
    }


def synthesis_hash() -> str:
    """Hash of the programs and errors in force: what was made with others is stale."""
    return json_hash([file_hash(path) for path in sorted(_SYNTHESIS.glob("*.yaml"))])
