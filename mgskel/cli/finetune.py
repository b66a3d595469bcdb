"""``mgskel finetune``: a recognizer learns gestures from annotated recordings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.shared.messages import note, tell
from mgskel.cli.shared.numbers import whole

if TYPE_CHECKING:
    from mgskel.core.recording import Dataset

HELP = (
    "Teach a recognizer gestures of your own, from recordings that you annotated. About ten "
    "examples of each are enough to begin with. With four or more recordings every fourth is kept "
    "apart, and the score on it is told: that is what to expect on new recordings. The same "
    "command resumes an interrupted training."
)
EXAMPLES = ("study -o my_spotter", "study -o my_spotter --model RUN --all --fit.optim.epochs 6")
TAKES_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("recordings", type=Path, metavar="DIR", help="pairs: interview1.npz (from 'mgskel "
        "extract') and interview1.eaf, .csv or .json; or a study, of which those clips teach that "
        "were finished in 'mgskel review'")  # fmt: skip
    add("-o", "--out", type=Path, required=True, metavar="RUN", help="run folder")
    add_teaching_options(parser)


def add_teaching_options(parser: argparse._ActionsContainer) -> None:
    """How `teach` is asked to go about it."""
    add = parser.add_argument
    add("--model", type=Path, metavar="RUN", help="begin with this one, not the one that ships")
    add("--all", action="store_true", help="learn from all, keep none apart")
    add("--coder", metavar="NAME", help="of a study: whose review (default: the newest)")
    add(
        "--workers", type=whole(1, 1024), default=1, metavar="N", help="processes for the synthesis"
    )


def run(args: argparse.Namespace) -> int:
    from mgskel.review import labelled
    from mgskel.spotting.learning.corpus import annotated_recordings
    from mgskel.study.study_folder import ABOUT

    if (args.recordings / ABOUT).is_file():
        return teach(labelled(args.recordings, args.coder), args)
    return teach(annotated_recordings(args.recordings), args)


def teach(recordings: Dataset, args: argparse.Namespace) -> int:
    """Fine-tune on what people marked, and say how well it went on every fourth recording."""
    from mgskel.core.config import load_config
    from mgskel.core.machine.threads import set_threads
    from mgskel.spotting.learning.corpus import every_fourth
    from mgskel.spotting.learning.finetune import (
        FinetuneSettings,
        finetune,
        on_kept_apart,
        thin_labels,
    )
    from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer

    for text in recordings.notes:
        note(text)
    settings = load_config(FinetuneSettings, None, args.keys)
    set_threads(settings.fit.machine.threads)
    before = StreamRecognizer.load(args.model)
    learned, apart = (recordings, recordings[:0]) if args.all else every_fourth(recordings)
    for label, count in thin_labels(learned).items():
        note(f"only {count} examples of '{label}'; ten are a good start")
    taught = finetune(before, learned, settings, args.out, args.workers)
    for kept in on_kept_apart(before, taught, apart):
        one = kept.recording
        words = taught.score_in_words(one.events, kept.found, one.sequence.duration_s)
        print(f"{one.name} (kept apart): {words}")
        if kept.worse:
            note(
                f"{one.name} (kept apart): gestures that were known before are found less well: "
                f"F1 {kept.before:.2f} before, {kept.now:.2f} now. More recordings or a larger "
                "--replay help."
            )
    tell(f"learned from {len(learned)} recordings: {args.out}")
    return 0
