"""The whole path: a clip goes in, a report folder comes out.

Each stage reads what the one before wrote, so the folder is also a record of the work: run it
again and finished stages are reused, change a setting and only what rests on it is redone.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel import __version__
from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, read_events, write_events
from mgskel.core.files import content_hash, json_hash, read_json, read_text
from mgskel.core.progress import Progress
from mgskel.core.sequence import PoseSequence
from mgskel.core.stages import Stages, working_in
from mgskel.pose.extract import ExtractSettings

if TYPE_CHECKING:
    from mgskel.pose.extract import Extraction
    from mgskel.reason.assess import ModelOptions
    from mgskel.report.player import Attention
    from mgskel.spotting.spotter import Spotter

POSE, QUALITY, REPORT = "pose.npz", "quality.json", "report.html"
EVENTS = ("events.csv", "events.eaf")
STATEMENTS, ASSESSMENT = "statements.json", "assessment.json"


@dataclass(frozen=True)
class AnalyzeSettings:
    """What a run may be told.

    Attributes:
        extract: estimator, people and cleaning.
        model: a spotter's run folder; none for the recognizer that ships.
        scene: scene file; none for an unknown situation.
        llm: which language model judges; none for the rules.
        reference: true events to compare with.
        with_video: put the recording's pictures into the page.
        attention: compute what the recognizer looked at.
    """

    extract: ExtractSettings = field(default_factory=ExtractSettings)
    model: Path | None = None
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
        assessed: the assessment's status: ok, invalid or failed.
    """

    folder: Path
    reused: tuple[str, ...]
    notes: tuple[str, ...]
    assessed: str

    @property
    def report(self) -> Path:
        return self.folder / REPORT


def analyze(
    source: str | Path,
    folder: str | Path,
    settings: AnalyzeSettings | None = None,
    progress: Progress | None = None,
    *,
    keypoints: bool = False,
) -> Analysis:
    """Run every stage for one clip, or for keypoints that are already there.

    Args:
        source: a clip; or, with `keypoints` or the ending ``.npz``, a recording in any format
            of keypoints that can be read.
        folder: where the report and everything it rests on is written.
    """
    keypoints = keypoints or Path(source).suffix == ".npz"
    run = _Run(source, Path(folder), settings or AnalyzeSettings(), progress, keypoints)
    with working_in(Path(folder)):
        return run.all_stages()


class _Run:
    """One clip on its way; each method is one stage."""

    def __init__(
        self,
        source: str | Path,
        folder: Path,
        settings: AnalyzeSettings,
        progress: Progress | None,
        keypoints: bool,
    ) -> None:
        self.source = source
        self.keypoints = keypoints
        self.folder = folder
        self.settings = settings
        self.progress = progress or Progress(None, "analyze", quiet=True)
        self.notes: list[str] = []
        self.reused: list[str] = []
        self.remarks: list[str] = []

    def all_stages(self) -> Analysis:
        self._check_settings()
        self.stages = Stages(self.folder)
        # The next stages' packages take seconds to import: time that extraction can hide.
        warm = threading.Thread(target=_import_later_rooms, daemon=True)
        warm.start()
        sequence, quality, key = self._pose()
        warm.join()
        spotter = self._spotter()
        events, key = self._events(sequence, quality, spotter, key)
        description, key = self._describe(sequence, events, key)
        outcome = self._reason(description, _judged_person(sequence), key)
        self._report(sequence, quality, events, description, outcome, spotter)
        return Analysis(self.folder, tuple(self.reused), tuple(self.notes), outcome["status"])

    def _check_settings(self) -> None:
        """Everything that can be wrong is found before an hour of extraction, not after."""
        from mgskel.reason.scene import load_scene

        if self.settings.scene is not None:
            load_scene(self.settings.scene)
        if self.settings.reference is not None:
            read_events(self.settings.reference)
        if self.settings.llm is not None:
            from mgskel.reason.assess import model_reasoner

            model_reasoner(self.settings.llm)

    def _stage(
        self, name: str, files: Sequence[str], rests_on: object, work: Callable[[], None]
    ) -> str:
        """Do the work unless its files are fresh; returns the key that later stages rest on."""
        key = json_hash([name, __version__, rests_on])
        if self.stages.fresh(name, key, files):
            self.reused.append(name)
        else:
            self.progress.begin(f"{self._name}: {name}", 1, "steps")
            work()
            self.stages.finished(name, key, files)
        return key

    @property
    def _name(self) -> str:
        return Path(str(self.source)).name

    def _pose(self) -> tuple[PoseSequence, dict[str, Any], str]:
        from mgskel.core.files import write_json
        from mgskel.pose.extract import extract

        def work() -> None:
            if self.keypoints:
                extraction = _imported(Path(self.source), self.settings.extract)
            else:
                self.progress.begin(f"{self._name}: extract", None)
                extraction = extract(
                    self.source, settings=self.settings.extract, progress=self.progress
                )
            extraction.sequence.save(self.folder / POSE)
            report = {**extraction.quality.to_dict(), "notes": list(extraction.notes)}
            write_json(self.folder / QUALITY, report)

        basis = [_content_key(self.source), to_dict(self.settings.extract)]
        key = self._stage("extract", (POSE, QUALITY), basis, work)
        quality = _mapping(read_json(self.folder / QUALITY), QUALITY)
        self.notes += quality.get("notes", [])
        return PoseSequence.load(self.folder / POSE), quality, key

    def _spotter(self) -> Spotter:
        from mgskel.spotting.spotter import load_spotter

        return load_spotter(self.settings.model)

    def _events(
        self,
        sequence: PoseSequence,
        quality: Mapping[str, Any],
        spotter: Spotter,
        before: str,
    ) -> tuple[tuple[GestureEvent, ...], str]:
        def work() -> None:
            found = spotter.spot(sequence)
            for name in EVENTS:
                write_events(self.folder / name, found, vocabulary=spotter.vocabulary)

        key = self._stage("spot", EVENTS, [before, spotter.fingerprint], work)
        self.remarks = spotter.remarks(sequence)
        self.notes += self.remarks
        return read_events(self.folder / EVENTS[0]), key

    def _describe(
        self, sequence: PoseSequence, events: Sequence[GestureEvent], before: str
    ) -> tuple[dict[str, Any], str]:
        from mgskel.describe import describe

        def work() -> None:
            describe(sequence, events).save(self.folder / STATEMENTS)

        key = self._stage("describe", (STATEMENTS,), before, work)
        return _mapping(read_json(self.folder / STATEMENTS), STATEMENTS), key

    def _reason(
        self, description: Mapping[str, Any], person: str | None, before: str
    ) -> dict[str, Any]:
        from mgskel.reason import RulesReasoner, Scene, assess, load_scene
        from mgskel.reason.assess import model_reasoner

        scene_file, llm = self.settings.scene, self.settings.llm
        scene = load_scene(scene_file) if scene_file else Scene(setting="not described")

        def work() -> None:
            reasoner = model_reasoner(llm) if llm else RulesReasoner()
            assess(description, scene, reasoner, person=person).save(self.folder / ASSESSMENT)

        asked = [before, scene.model_dump(mode="json"), llm and dataclasses.asdict(llm)]
        key = self._stage("reason", (ASSESSMENT,), asked, work)
        outcome = _mapping(read_json(self.folder / ASSESSMENT), ASSESSMENT)
        if outcome["status"] == "failed" and "reason" in self.reused:
            # A server that did not answer yesterday may answer today.
            self.reused.remove("reason")
            work()
            self.stages.finished("reason", key, (ASSESSMENT,))
            outcome = _mapping(read_json(self.folder / ASSESSMENT), ASSESSMENT)
        if outcome["status"] != "ok":
            self.notes.append(f"no assessment ({outcome['status']}): {outcome['reason']}")
        return outcome

    def _report(
        self,
        sequence: PoseSequence,
        quality: Mapping[str, Any],
        events: Sequence[GestureEvent],
        description: Mapping[str, Any],
        outcome: Mapping[str, Any],
        spotter: Spotter,
    ) -> None:
        from mgskel.describe import Description
        from mgskel.reason import Outcome
        from mgskel.report.page import ReportContent, video_url, write_page

        self.progress.begin(f"{self._name}: report", 1, "steps")
        truth: tuple[GestureEvent, ...] = ()
        score = ""
        if self.settings.reference is not None:
            from mgskel.spotting.reference import translate

            given = read_events(self.settings.reference)
            truth = translate(given, spotter.vocabulary).events
            score = spotter.score_in_words(given, events, sequence.duration_s)
        content = ReportContent(
            title=self._name,
            sequence=sequence,
            events=events,
            description=Description.from_dict(description),
            quality=quality,
            outcome=Outcome.load(self.folder / ASSESSMENT),
            recognizer=spotter,
            settings=self.settings.extract,
            truth=truth,
            truth_score=score,
            attention=self._attention(sequence, events, spotter),
            files={
                name: read_text(self.folder / name) for name in (*EVENTS, STATEMENTS, ASSESSMENT)
            },
            video=video_url(self.source) if self.settings.with_video else None,
            remarks=self.remarks,
        )
        write_page(self.folder / REPORT, content)

    def _attention(
        self, sequence: PoseSequence, events: Sequence[GestureEvent], spotter: Spotter
    ) -> Attention | None:
        from mgskel.report.player import Attention

        found = spotter.attention(sequence, events) if self.settings.attention else None
        return None if found is None else Attention(*found)


def _judged_person(sequence: PoseSequence) -> str | None:
    """Who is judged where there are several: the first, whom extraction puts there as the main."""
    return sequence.people[0] if sequence.num_people > 1 else None


def _import_later_rooms() -> None:
    from mgskel import describe, reason  # noqa: F401
    from mgskel.report import page  # noqa: F401
    from mgskel.spotting import looking, spotter, stored  # noqa: F401


def _imported(path: Path, settings: ExtractSettings) -> Extraction:
    """Keypoints from elsewhere on the path of extracted ones; our own are not cleaned twice."""
    from mgskel.formats import read_sequence
    from mgskel.pose.extract import Extraction, refine
    from mgskel.pose.quality import quality_report

    recording = read_sequence(path)
    if any(record.get("step") in ("extract", "import") for record in recording.provenance):
        return Extraction(recording, quality_report(recording), (), 0.0)
    return refine(recording, settings, source=path.name)


def _content_key(source: str | Path) -> str:
    """What an input's reuse rests on: its content; a camera or stream is never the same twice."""
    if Path(source).exists():
        return content_hash(source)
    import uuid

    return uuid.uuid4().hex


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(
            "does not hold what this program wrote", place=name, found=str(type(value))
        )
    return value
