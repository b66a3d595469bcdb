"""The whole path: a clip goes in, a report folder comes out.

Each stage reads what the one before wrote, so the folder is also a record of the work: run it
again and finished stages are reused, change a setting and only what rests on it is redone.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.events import GROUP, GestureEvent, at_level, read_events, write_events
from mgskel.core.machine.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import content_hash, write_json
from mgskel.core.storage.intake import read_json, read_text
from mgskel.core.storage.stages import Stages, working_in
from mgskel.describe import Description, describe, with_evidence
from mgskel.formats import ReadOptions, detect, read_sequence
from mgskel.pose.batches.clip_list import find_clips, is_footage, video_of
from mgskel.pose.batches.parts import Parts
from mgskel.pose.batches.work import kept_estimator
from mgskel.pose.batches.workers import EngineName
from mgskel.pose.extract import Extraction, ExtractSettings, extract, refine
from mgskel.pose.quality import quality_report
from mgskel.pose.video import expected_seconds
from mgskel.reason import (
    ModelOptions,
    Outcome,
    RulesReasoner,
    Scene,
    assess,
    load_scene,
    model_reasoner,
)
from mgskel.reason.assessment import SCHEMA_VERSION, Reasoner
from mgskel.reason.scene import check_covers
from mgskel.report.page import ReportContent, video_url, write_page
from mgskel.report.playback import playback
from mgskel.report.player import Attention
from mgskel.spotting import Recognizer
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY
from mgskel.spotting.decision.needs import in_a_line
from mgskel.spotting.metrics import translate

POSE, QUALITY, REPORT = "pose.npz", "quality.json", "report.html"
EVENTS = ("events.csv", "events.eaf")
STATEMENTS, ASSESSMENT = "statements.json", "assessment.json"


@dataclass(frozen=True)
class AnalyzeSettings:
    """What a run may be told.

    Attributes:
        extract: estimator, people and cleaning.
        reading: what files of keypoints may not say.
        model: a spotter's run folder; none for the recognizer that ships.
        sensitivity: 0..1; the higher, the more is found, and the more of it falsely.
        level: 'gesture' leaves out events that are clear as to their body group only.
        scene: scene file; none for an unknown situation.
        llm: which language model judges; none for the rules.
        reference: true events to compare with.
        with_video: put the recording's pictures into the page.
        attention: compute what the recognizer looked at.
    """

    extract: ExtractSettings = field(default_factory=ExtractSettings)
    reading: ReadOptions = field(default_factory=ReadOptions)
    model: Path | None = None
    sensitivity: float = DEFAULT_SENSITIVITY
    level: str = GROUP
    scene: Path | None = None
    llm: ModelOptions | None = None
    reference: Path | None = None
    with_video: bool = False
    attention: bool = True


@dataclass(frozen=True)
class Analysis:
    """What a run did.

    Attributes:
        reused: stages that were still fresh.
        notes: what the user should know.
        details: of which gestures nothing is said, and why.
        assessed: the assessment's status: ok, invalid or failed.
    """

    folder: Path
    reused: tuple[str, ...]
    notes: tuple[str, ...]
    assessed: str
    details: tuple[str, ...] = ()

    @property
    def report(self) -> Path:
        return self.folder / REPORT

    def _repr_html_(self) -> str:
        """The page itself, for notebooks."""
        page = escape(read_text(self.report), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="700" style="border:0"></iframe>'


def analyze(
    source: str | Path,
    folder: str | Path,
    settings: AnalyzeSettings | None = None,
    progress: Progress | None = None,
    *,
    threads: int | None = None,
    workers: int = 1,
    engine: EngineName = "local",
) -> Analysis:
    """Run every stage for one clip, or for keypoints that are already there.

    Args:
        source: a clip, or a recording in any format of keypoints that can be read.
        folder: where the report and everything it rests on is written.
        threads: how many the estimator may use; by default its own choice.
        workers, engine: how many look at parts of a long clip at once, and where.
    """
    settings, folder = settings or AnalyzeSettings(), Path(folder)
    progress = progress or Progress(None, "analyze", quiet=True)
    with working_in(folder):
        recognizer, scene, reasoner, truth = prepared(settings)
        video = video_url(source) if settings.with_video else None

        name = Path(source).name
        parts = Parts(folder, workers, engine) if workers > 1 else None
        stages = Stages(folder, lambda stage: progress.begin(f"{name}: {stage}", 1, "steps"))

        def extract_stage() -> None:
            if not detect(source, collections=False)[0].estimated:
                extraction = _imported(Path(source), settings)
                check_covers(scene, extraction.sequence.duration_s)
            else:
                if scene.duration_s is not None and Path(source).exists():
                    check_covers(scene, expected_seconds(source, settings.extract.video) or 0)
                progress.begin(f"{name}: extract")  # its frames are counted
                extraction = _extracted(source, settings.extract, progress, threads, parts)
            extraction.sequence.save(folder / POSE)
            report = {**extraction.quality.to_dict(), "notes": list(extraction.notes)}
            write_json(folder / QUALITY, report)

        basis = [_content_key(source), to_dict(settings.extract), repr(settings.reading)]
        stages("extract", (POSE, QUALITY), basis, extract_stage)
        recording = PoseSequence.load(folder / POSE)
        check_covers(scene, recording.duration_s)  # one of before, or a stream without a length
        quality = _mapping(folder / QUALITY)

        def spot_stage() -> None:
            found = at_level(recognizer.spot(recording, settings.sensitivity), settings.level)
            found = tuple(with_evidence(recording, found))
            for file in EVENTS:
                write_events(
                    folder / file, found, media=video_of(recording, source),
                    vocabulary=recognizer.vocabulary,
                )  # fmt: skip

        decided = [recognizer.fingerprint, settings.sensitivity, settings.level]
        stages("spot", EVENTS, decided, spot_stage)
        events = read_events(folder / EVENTS[0])

        def describe_stage() -> None:
            describe(recording, events).save(folder / STATEMENTS)

        stages("describe", (STATEMENTS,), None, describe_stage)
        description = Description.load(folder / STATEMENTS)

        def reason_stage() -> None:
            # Where there are several people, extraction puts the main one first.
            person = recording.people[0] if recording.num_people > 1 else None
            assess(description, scene, reasoner, person=person).save(folder / ASSESSMENT)

        asked = [
            SCHEMA_VERSION,
            scene.model_dump(mode="json"),
            settings.llm and asdict(settings.llm),
        ]
        stages("reason", (ASSESSMENT,), asked, reason_stage)
        outcome = Outcome.load(folder / ASSESSMENT)
        if outcome.status == "failed":
            stages.forget("reason")  # a server that did not answer now may answer next time

        progress.begin(f"{name}: report", 1, "steps")
        glow = recognizer.attention(recording, events) if settings.attention else None
        written = (*EVENTS, STATEMENTS, ASSESSMENT)
        silences = recognizer.silences(recording)
        content = ReportContent(
            title=name,
            sequence=recording,
            events=events,
            description=description,
            quality=quality,
            outcome=outcome,
            recognizer=recognizer,
            settings=settings.extract,
            truth=translate(truth, recognizer.vocabulary).events,
            truth_score=recognizer.score_in_words(truth, events, recording.duration_s)
            if settings.reference
            else "",
            attention=Attention(*glow) if glow else None,
            files={file: read_text(folder / file) for file in written},
            video=video,
            remarks=[silence.text for silence in silences],
        )
        write_page(folder / REPORT, content)
        playback(folder / POSE, is_footage(Path(source)), recording)
    summary = in_a_line(silences, len(recognizer.vocabulary))
    broad = [silence.text for silence in silences if not silence.gestures]
    notes = [*quality.get("notes", ()), *broad, *[summary] * bool(summary)]
    if outcome.status != "ok":
        notes.append(f"no assessment ({outcome.status}): {outcome.reason}")
    details = tuple(silence.text for silence in silences if silence.gestures)
    return Analysis(folder, tuple(stages.reused), tuple(notes), outcome.status, details)


class Prepared(NamedTuple):
    """What the settings name, read and looked at."""

    recognizer: Recognizer
    scene: Scene
    reasoner: Reasoner
    truth: Sequence[GestureEvent]


def prepared(settings: AnalyzeSettings) -> Prepared:
    """All that can be wrong with the settings is found here, before an hour of extraction."""
    scene = load_scene(settings.scene) if settings.scene else Scene(setting="not described")
    reasoner = model_reasoner(settings.llm) if settings.llm else RulesReasoner.of(scene)
    recognizer = Recognizer.load(settings.model)
    truth = read_events(settings.reference) if settings.reference else ()
    translate(truth, recognizer.vocabulary)  # refuses words that mean nothing here
    return Prepared(recognizer, scene, reasoner, truth)


def _extracted(
    source: str | Path,
    settings: ExtractSettings,
    progress: Progress,
    threads: int | None,
    parts: Parts | None,
) -> Extraction:
    """A clip's keypoints; a long one in parts where there are several workers."""
    if parts is not None:
        (clip,) = find_clips([source], parts.folder)
        if split := parts.of(clip, settings.video):
            return split.extract(clip, settings, progress)
    estimator = kept_estimator(settings.estimator, threads) if threads else None
    return extract(source, estimator=estimator, settings=settings, progress=progress)


def _imported(path: Path, settings: AnalyzeSettings) -> Extraction:
    """Keypoints from elsewhere on the path of extracted ones; our own are not cleaned twice."""
    recording = read_sequence(path, settings.reading)
    if any(record.get("step") in ("extract", "import") for record in recording.provenance):
        return Extraction(recording, quality_report(recording), (), 0.0)
    return refine(recording, settings.extract, source=path.name)


def _content_key(source: str | Path) -> str:
    """What an input's reuse rests on: its content; a camera or stream is never the same twice."""
    return content_hash(source) if Path(source).exists() else uuid.uuid4().hex


def _mapping(path: Path) -> Mapping[str, Any]:
    tree = read_json(path)
    if not isinstance(tree, dict):
        raise InputError("does not hold what this program wrote", place=path)
    return tree


class _Module(ModuleType):
    """The file is what it does: ``mgskel.analyze(...)`` may be called."""

    __call__ = staticmethod(analyze)


sys.modules[__name__].__class__ = _Module
