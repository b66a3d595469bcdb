"""Recordings to learn from: clips that a coder has finished, with what the coder let stand."""

from __future__ import annotations

from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.events import GESTURE
from mgskel.core.recording import Dataset, Recording
from mgskel.study.reviews import last_word, load_review
from mgskel.study.study_folder import study_clips


def labelled(study: str | Path, coder: str | None = None) -> Dataset:
    """The finished clips of a study, each with its reviewed events.

    Args:
        coder: whose review counts; by default the newest one that began with the machine's
            events. A clip that nobody has finished is left out: what is not marked in it may
            still be a gesture.
    """
    recordings = []
    broad = 0
    clips = study_clips(Path(study))
    for clip in clips:
        review = load_review(clip.folder, coder) if coder else last_word(clip.folder)
        if review is not None and review.finished:
            standing = review.standing()
            gestures = tuple(event for event in standing if event.level == GESTURE)
            broad += len(standing) - len(gestures)
            recordings.append(Recording(clip.sequence(), clip.name, events=gestures))
    if not recordings:
        raise InputError(
            "no clip of this study has been reviewed to its end",
            place=study,
            expected="clips that a coder has marked as finished",
            found=f"{len(clips)} clips" + (f", none finished by {coder}" if coder else ""),
            remedy="run 'mgskel review' on the study, and press 'Finish clip'",
        )
    left = len(clips) - len(recordings)
    notes = [f"{left} clips are not finished and were left out"] if left else []
    if broad:
        notes.append(f"{broad} events say which part of the body acts, but no gesture: left out")
    return Dataset(tuple(recordings), source=str(study), format="review", notes=tuple(notes))
