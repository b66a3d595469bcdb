"""The synthetic corpus: recordings and clips in shards on disk, made once, by several processes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mgskel.data.synthesis import (
    FlowSettings,
    SynthesisSettings,
    synthesise_clip,
    synthesise_recording,
)
from mgskel.data.synthesis.programs import load_programs
from mgskel.events import GestureEvent
from mgskel.files import json_hash
from mgskel.gestures import Vocabulary, get_vocabulary, map_classes
from mgskel.progress import Progress
from mgskel.spotting.corpus import Piece, load_pieces, pieces_of, save_pieces
from mgskel.spotting.features import FeatureSettings

_SHARD = 10
_CLIPS_PER_SHARD = 60


@dataclass(frozen=True)
class CorpusSettings:
    """How much is made, and of what.

    Attributes:
        recordings: number of recordings with a dense flow of gestures.
        seconds: length of each.
        clips: number of single-gesture clips, each class equally often.
        per_minute: range of the flow's rate in the recordings.
        seed: first seed; equal settings give equal corpora.
    """

    recordings: int = 200
    seconds: float = 90.0
    clips: int = 4800
    per_minute: tuple[float, float] = (6.0, 24.0)
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
    key = json_hash([str(basis), vocabulary, str(features)])[:10]
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
    synthetic, target = get_vocabulary("synthetic"), get_vocabulary(job.vocabulary)
    flow = FlowSettings(per_minute=job.settings.per_minute)
    how = SynthesisSettings(layout=job.features.layout, flow=flow)
    mapped = {synthetic.by_id(i).name for i in map_classes(synthetic, target, narrower=True)}
    labels = [label for label in load_programs().labels if label in mapped]
    pieces = []
    for number in range(job.first, job.first + job.count):
        seed = job.settings.seed * 1_000_003 + number
        if job.kind == "recordings":
            made = synthesise_recording(job.settings.seconds, seed, how)
        else:
            made = synthesise_clip(labels[number % len(labels)], seed, how, around_s=(0.2, 2.5))
        events = relabelled(made.events, synthetic, target)
        pieces += pieces_of(made.sequence, events, target, job.features)
    save_pieces(job.path, pieces)
