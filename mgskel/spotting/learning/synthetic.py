"""The synthetic corpus: recordings and clips in shards on disk, made once, by several processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import mgskel.synthesis
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import GESTURES_FILE, Vocabulary, get_vocabulary, map_classes
from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import file_hash, json_hash
from mgskel.spotting.learning.corpus import Piece, load_pieces, pieces_of, save_pieces
from mgskel.spotting.metrics import renamed
from mgskel.spotting.network.features import FeatureSettings
from mgskel.synthesis import (
    CameraSettings,
    FlowSettings,
    SynthesisSettings,
    synthesise_clip,
    synthesise_recording,
)
from mgskel.synthesis.programs import load_programs
from mgskel.synthesis.synthetic_recording import REST

_SHARD = 20
_CLIPS_PER_SHARD = 120
_AROUND_S = (0.2, 2.5)
# How far a tight cut may lie outside a gesture, and which share of it may be cut off.
_NEAR_S, _DEEPEST_CUT = 0.3, 0.35
# A cut within the hold is so long, and the hold so much longer than in recordings.
_HELD_S, _LASTING = (1.0, 3.0), (1.0, 4.0)
# A clip before which its first frame is held has known that stillness for so long.
_STILL_S = 3.6
_SYNTHESIS = Path(mgskel.synthesis.__file__).parent
# More oblique views and slower cameras than in the usual recordings.
_CAMERA = CameraSettings(yaw=(-50.0, 50.0), fps=(10.0, 12.0, 15.0, 20.0, 24.0, 25.0, 30.0, 30.0))
WEBCAM = CameraSettings(
    yaw=(-30.0, 30.0),
    pitch=(-25.0, 25.0),
    view_angle=(32.0, 58.0),
    framing={"close": 0.5, "bust": 0.5},
    fps=(10.0, 12.0, 12.0, 15.0, 20.0, 25.0, 30.0),
)


@dataclass(frozen=True)
class CorpusSettings:
    """How much is made, and of what.

    Attributes:
        recordings: each of another person, `seconds` long.
        clips: of a single gesture, each class equally often.
        cut: share of the clips cut out tightly: into the gesture, as annotators often do.
        held: share of the clips that begin and end while the gesture goes on, which lasts longer
            there; of gestures without a hand and without repetition none are cut so.
        still: share of the cut clips before which their first frame counts as usual.
        rests: share of the clips without any gesture.
        webcam: share filmed by a camera near the face, level with the table or above the screen.
        layouts: how often what each layout has is all that is known.
        per_minute: range of the flow's rate in the recordings.
        amplitude, duration: range of the gestures' scales: real people vary more than the
            programs' own ranges.
        seed: first seed; equal settings give equal corpora.
    """

    recordings: int = 200
    seconds: float = 50.0
    clips: int = 4800
    cut: float = 0.5
    held: float = 0.0
    still: float = 0.0
    rests: float = 0.0
    webcam: float = 0.0
    layouts: Mapping[str, float] = field(default_factory=dict)
    per_minute: tuple[float, float] = (1.0, 24.0)
    amplitude: tuple[float, float] = (0.8, 1.25)
    duration: tuple[float, float] = (0.65, 1.2)
    seed: int = 0


def relabelled(
    events: Sequence[GestureEvent], source: Vocabulary, target: Vocabulary
) -> tuple[GestureEvent, ...]:
    """Events in the words of another vocabulary; those without a counterpart are left out."""
    mapping = map_classes(source, target, narrower=True)
    ids = [(event, source.by_name(event.label).id) for event in events]
    return tuple(renamed(event, target, mapping[own]) for event, own in ids if own in mapping)


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
    movements = [known for known in movements_of(target).values() if known]
    pieces = []
    for number in range(job.first, job.first + job.count):
        seed = settings.seed * 1_000_003 + number
        rng = np.random.default_rng([seed, 3])
        how = _manner(settings, job.features.layout, rng)
        still = False
        if job.kind == "recordings":
            made = synthesise_recording(settings.seconds, seed, how)
            sequence, events = made.sequence, made.events
        else:
            turn, which = divmod(number, len(movements))
            label = movements[which][turn % len(movements[which])]
            sequence, events = _clip(label, seed, how, settings, rng)
            still = rng.random() < settings.still
        known = relabelled(events, synthetic, target)
        pieces += pieces_of(sequence, known, target, job.features, _STILL_S if still else 0.0)
    save_pieces(job.path, pieces)


def _manner(settings: CorpusSettings, layout: str, rng: np.random.Generator) -> SynthesisSettings:
    """How one recording is made."""
    if settings.layouts:
        names = list(settings.layouts)
        weights = np.array([settings.layouts[name] for name in names])
        layout = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    return SynthesisSettings(
        layout=layout,
        flow=FlowSettings(per_minute=settings.per_minute),
        amplitude=settings.amplitude,
        duration=settings.duration,
        camera=WEBCAM if rng.random() < settings.webcam else _CAMERA,
    )


def _clip(
    label: str,
    seed: int,
    how: SynthesisSettings,
    settings: CorpusSettings,
    rng: np.random.Generator,
) -> tuple[PoseSequence, tuple[GestureEvent, ...]]:
    """A clip of one gesture, or of none, cut somehow."""
    if rng.random() < settings.rests:
        made = synthesise_clip(REST, seed, how)
        return made.sequence, ()
    kind = rng.random()
    if kind < settings.held:
        made = synthesise_clip(label, seed, replace(how, lasting=_LASTING), around_s=_AROUND_S)
        truth = made.truth[0]
        if made.events and (truth.side != "none" or truth.tempo_hz > 0):
            return held_cut(made.sequence, made.events[0], truth.apex_s, truth.offset_s, rng)
    else:
        made = synthesise_clip(label, seed, how, around_s=_AROUND_S)
    if made.events and kind < settings.held + settings.cut:
        return tightly_cut(made.sequence, made.events[0], rng)
    return made.sequence, made.events


def held_cut(
    sequence: PoseSequence,
    event: GestureEvent,
    from_s: float,
    to_s: float,
    rng: np.random.Generator,
) -> tuple[PoseSequence, tuple[GestureEvent, ...]]:
    """A clip from the time in which the hand is there: it begins and ends within it."""
    length = min(float(rng.uniform(*_HELD_S)), sequence.duration_s - 0.2)
    low, high = from_s - 0.1, max(to_s - length, from_s - 0.1)
    begin = max(float(rng.uniform(low, high)), 0.0)
    return sequence.crop(begin, min(begin + length, to_s + 0.2)), (event,)


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
    """Hash of the gestures and errors in force: what was made with others is stale."""
    return json_hash(
        [file_hash(path) for path in (GESTURES_FILE, *sorted(_SYNTHESIS.glob("*.yaml")))]
    )
