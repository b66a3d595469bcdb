"""What people decided, as files: the study's tables once more, and each coder's events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mgskel.analyze_study import write_again
from mgskel.core.errors import InputError
from mgskel.core.event_formats.boris import Observation, write_boris
from mgskel.core.events import write_events
from mgskel.core.gestures import Vocabulary
from mgskel.core.storage.csv_table import to_csv
from mgskel.core.storage.files import write_text
from mgskel.report.studies.agreement_page import write_agreement
from mgskel.study.agreement.agreement import Agreement, AgreementSettings, agreement
from mgskel.study.agreement.coders import Coder, Coding
from mgskel.study.agreement.word_map import reword
from mgskel.study.reviews import load_reviews, review_path
from mgskel.study.study_folder import About, ClipResult, recorded, study_clips

CODERS = "coders"
MACHINE = "machine"
_COLUMNS = ("clip", "person", "label", "start_s", "end_s", "score", "source")
_RESAMPLES = 500


def export(study: Path) -> list[str]:
    """Rebuild the study's tables from the reviews, and write every coder's events.

    A coder gets a folder `coders/NAME` of ELAN files, as `mgskel agree` reads it, and beside it
    one table and one BORIS project of all clips. Returns the names of these files.
    """
    write_again(study)
    about = About.load(study)
    vocabulary = Vocabulary("study", about.classes) if about.classes else None
    written: list[Path] = []
    seen: dict[Path, list[Observation]] = {}
    for clip in study_clips(study):
        media = about.sources.get(clip.name)
        for review in load_reviews(clip.folder):
            name = review_path(study, review.coder).stem.removeprefix("review-")
            # Not by `with_suffix`: a dot within a clip's name is no ending.
            path = study / CODERS / name / f"{clip.name}.eaf"
            write_events(path, review.standing(), media=media, vocabulary=vocabulary)
            written.append(path)
            observation = Observation(clip.name, review.standing(), Path(media or "").name)
            seen.setdefault(study / CODERS / name, []).append(observation)
    for place, observations in seen.items():
        project, table = (place.with_name(place.name + end) for end in (".boris", ".csv"))
        write_boris(project, observations)
        write_text(table, to_csv([_COLUMNS, *_rows(observations)]))
        written += [project, table]
    return [path.relative_to(study).as_posix() for path in written]


def _rows(observations: Sequence[Observation]) -> Iterator[Sequence[object]]:
    for clip in observations:
        for e in clip.events:
            yield clip.name, e.person, e.label, e.start_s, e.end_s, e.score, e.source


def agree(study: Path, names: Sequence[str]) -> Agreement:
    """How well coders of the study agree, the machine among them; the page is written too."""
    clips = study_clips(study)
    words = reword([_coder(clips, name) for name in names])
    result = agreement(words, AgreementSettings(resamples=_RESAMPLES))
    write_agreement(study / "agreement", result)
    return result


def _coder(clips: Sequence[ClipResult], name: str) -> Coder:
    codings = []
    for clip in clips:
        if name == MACHINE:
            events = clip.found()
        else:
            review = next((r for r in load_reviews(clip.folder) if r.coder == name), None)
            if review is None or not review.finished:
                continue
            events = review.standing()
        length, people = recorded(clip.folder)
        codings.append(Coding(clip.name, events, duration_s=length, people=people))
    if not codings:
        raise InputError(
            f"{name} has not finished a clip", remedy="finish one: then it can be compared"
        )
    return Coder(name, tuple(codings))
