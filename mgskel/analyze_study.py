"""Many clips: each goes the whole path into a folder of its own, then tables and page of all.

Workers go on past failures, which the study lists; what was done before, with the same content and
settings, is skipped. Killed at any moment and run again, the study ends with the same tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mgskel.analyze import ASSESSMENT, REPORT, STATEMENTS, AnalyzeSettings, analyze, prepared
from mgskel.core.config import to_dict
from mgskel.core.machine.progress import Progress
from mgskel.core.machine.threads import set_threads, usable_cores
from mgskel.core.storage.files import (
    content_hash,
    file_hash,
    json_hash,
    sweep_leftovers,
    write_text,
)
from mgskel.core.storage.intake import read_text
from mgskel.core.storage.stages import working_in
from mgskel.core.version import __version__
from mgskel.formats import is_recording
from mgskel.pose.batches.clip_list import VIDEO_ENDINGS, Clip, find_clips
from mgskel.pose.batches.manifest import ClipRecord, Manifest
from mgskel.pose.batches.work import ClipOutcome, FrameCount, failure
from mgskel.pose.batches.workers import EngineName, create_engine
from mgskel.pose.estimator import estimator_identity
from mgskel.pose.extract import ExtractSettings
from mgskel.pose.stills import list_pictures
from mgskel.report.studies.study_methods import write_methods
from mgskel.report.studies.study_page import PAGE, write_study_page
from mgskel.study.participants import Participants, read_participants
from mgskel.study.study_folder import ABOUT, About, study_clips
from mgskel.study.tables import OWN_COLUMNS, TABLES, make_tables

PARTICIPANTS = "participants.csv"
_NO_CLIPS = (".quality.json", "manifest.json", ABOUT, STATEMENTS, ASSESSMENT)


@dataclass(frozen=True)
class StudySettings:
    """What a run over many clips may be told beside `AnalyzeSettings`.

    Attributes:
        participants: table of who is in which clip; by default the one that lies in the folder.
        bin_s: length of the time bins.
        parquet: write the tables as Parquet too.
        workers: clips worked on at once; by default as many as there are cores.
        engine: this machine's processes, or a Ray cluster.
    """

    participants: Path | None = None
    bin_s: float = 60.0
    parquet: bool = False
    workers: int | None = None
    engine: EngineName = "local"


@dataclass(frozen=True)
class Study:
    """What a run over many clips did: its records (failures among them), and what to know."""

    folder: Path
    entries: tuple[ClipRecord, ...]
    skipped: frozenset[str]
    notes: tuple[str, ...] = ()

    @property
    def page(self) -> Path:
        return self.folder / PAGE

    @property
    def failed(self) -> tuple[ClipRecord, ...]:
        return tuple(entry for entry in self.entries if entry.state == "failed")


@dataclass(frozen=True)
class AnalyzeJob:
    """The whole path of one clip of a study, as every worker goes it."""

    clip: Clip
    out: Path
    settings: AnalyzeSettings
    threads: int | None

    def __call__(self, tell: Callable[[int], None]) -> ClipOutcome:
        begin = time.perf_counter()
        folder = self.out / self.clip.stem
        set_threads(self.threads)
        try:
            done = analyze(
                self.clip.path, folder, self.settings, FrameCount(tell),
                threads=self.threads,
            )  # fmt: skip
        except Exception as error:
            return ClipOutcome(error=failure(error), seconds=round(time.perf_counter() - begin, 3))
        seconds = round(time.perf_counter() - begin, 3)
        return ClipOutcome(notes=done.notes, seconds=seconds, pose_hash=file_hash(folder / REPORT))


def analyze_study(
    sources: Sequence[str | Path],
    folder: str | Path,
    settings: AnalyzeSettings | None = None,
    study: StudySettings | None = None,
    tell: Callable[[int], None] = lambda frames: None,
) -> Study:
    """Analyse clips and folders of clips into one folder each, then make tables and page of all.

    Videos, folders of pictures and recordings in any readable format may be mixed. What was done
    before, with the same content and settings, is skipped; a failure is no other clip's.

    Args:
        tell: hears how many more frames are done.
    """
    folder, settings, study = Path(folder), settings or AnalyzeSettings(), study or StudySettings()
    clips = find_clips(sources, folder, _is_clip)
    people = _participants(folder, study.participants)
    recognizer, scene, _, _ = prepared(settings)
    plan = {
        "recognizer": recognizer.fingerprint,
        "estimator": dict(estimator_identity(settings.extract.estimator)),
        "extract": to_dict(settings.extract),
        "reading": repr(settings.reading),
        "scene": scene.model_dump(mode="json") if settings.scene else None,
        "llm": settings.llm and asdict(settings.llm),
        "reference": settings.reference and file_hash(settings.reference),
        "page": [settings.with_video, settings.attention],
        "mgskel": __version__,
    }
    key = json_hash(plan)[:16]
    with working_in(folder):
        sweep_leftovers(folder)
        manifest = Manifest.open(folder)
        manifest.settings[key] = plan
        hashes = {clip.name: content_hash(clip.path) if clip.is_local else "" for clip in clips}
        done = {
            clip.name
            for clip in clips
            if manifest.is_done(clip.name, hashes[clip.name], key, _report(clip))
        }
        todo = [clip for clip in clips if clip.name not in done]
        threads = 1 if len(todo) > 1 else None
        jobs = [AnalyzeJob(c, folder, settings, threads) for c in todo]
        if jobs:
            engine = create_engine(study.engine, study.workers or usable_cores(), len(jobs))
            with Progress(len(jobs), "analyze", "clips") as progress:
                for job, outcome in engine.run(jobs, tell):
                    manifest.record(
                        ClipRecord(
                            clip=job.clip.name,
                            hash=hashes[job.clip.name],
                            settings=key,
                            state="failed" if outcome.error else "done",
                            pose="" if outcome.error else _report(job.clip),
                            pose_hash=outcome.pose_hash,
                            error=outcome.error,
                            notes=outcome.notes,
                            seconds=outcome.seconds,
                        )
                    )
                    progress.advance()
        failures = {c.stem: manifest.entries[c.name].error for c in clips
                    if manifest.entries[c.name].error}  # fmt: skip
        about = About(
            sources={
                **About.load(folder).sources,
                **{c.stem: str(Path(c.path).resolve()) for c in clips if c.is_local},
            },
            classes=recognizer.vocabulary.classes,
            recognizer=recognizer.name,
            settings=_chosen(settings.extract),
            failures=failures,
            bin_s=study.bin_s,
            parquet=study.parquet,
        )
        about.save(folder)
        entries = tuple(manifest.entries[clip.name] for clip in clips)
        if len(failures) == len(clips):
            return Study(folder, entries, frozenset(done))
        notes = write_study(folder, about, people)
        return Study(folder, entries, frozenset(done), notes)


def write_study(
    folder: Path,
    about: About,
    participants: Participants | None = None,
) -> tuple[str, ...]:
    """Tables, methods and page of the clips in a folder; returns what a user should know."""
    clips = study_clips(folder)
    tables = make_tables(clips, about, participants, about.bin_s)
    tables.write(folder, about.parquet)
    write_methods(folder, clips, about, {name: getattr(tables, name) for name in TABLES})
    write_study_page(folder)
    return tables.notes


def write_again(folder: Path) -> tuple[str, ...]:
    """Tables, methods and page once more, of what now lies in a study's folder (reviews too)."""
    with working_in(folder):
        return write_study(folder, About.load(folder), _participants(folder, None))


def _participants(folder: Path, path: Path | None) -> Participants | None:
    """The table given, kept beside the study's own; or the one kept there before."""
    kept = folder / PARTICIPANTS
    if path is None and not kept.exists():
        return None
    people = read_participants(path or kept, taken=tuple(OWN_COLUMNS))
    if path is not None and path.resolve() != kept.resolve():
        write_text(kept, read_text(path))
    return people


def _report(clip: Clip) -> str:
    """What a clip's record in the manifest holds to be its result."""
    return f"{clip.stem}/{REPORT}"


def _chosen(settings: ExtractSettings) -> dict[str, str]:
    """Settings that differ from the defaults, by their dotted names."""
    given, usual = _flat(to_dict(settings)), _flat(to_dict(ExtractSettings()))
    return {name: str(value) for name, value in given.items() if usual.get(name) != value}


def _flat(tree: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        inner = _flat(value, f"{before}{name}.") if isinstance(value, dict) else None
        flat |= {f"{before}{name}": value} if inner is None else inner
    return flat


def is_one_clip(path: Path) -> bool:
    """Whether a source is a clip by itself, rather than a folder of clips."""
    return not path.is_dir() or _is_clip(path)


def _is_video(path: Path) -> bool:
    """Whether extraction is the way in: a video, a folder of pictures, a camera, a stream."""
    if path.is_dir():
        names = [p.suffix.lower() for p in path.iterdir()]
        return len(list_pictures(path)) > 1 and not VIDEO_ENDINGS & set(names)
    return not path.exists() or not is_recording(path)


def _is_clip(path: Path) -> bool:
    """Whether a file or folder met in a search is something to analyse."""
    if path.is_dir():
        return _is_video(path) or is_recording(path)
    if path.suffix.lower() in VIDEO_ENDINGS:
        return True
    return not path.name.endswith(_NO_CLIPS) and is_recording(path)
