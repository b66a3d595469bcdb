"""Teach the spotter gestures of your own, from recordings that you annotated.

    python tools/finetune.py --recordings DIR -o RUN
    mgskel spot interview.npz --model RUN -o events.csv

DIR holds pairs: interview1.npz (from 'mgskel extract') and interview1.eaf (from ELAN; .csv and
.json events work too). About ten examples of each gesture are enough to begin with. With four or
more recordings every fourth is kept apart, and the score on it is printed: that is what to expect
on new recordings. docs/howto/annotate-and-finetune.md explains every step.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mgskel.core.config import load_config
from mgskel.core.errors import MgskelError
from mgskel.core.recording import Recording
from mgskel.core.threads import set_threads
from mgskel.spotting.annotated import annotated_recordings
from mgskel.spotting.finetune import (
    FinetuneSettings,
    finetune,
    thin_labels,
)
from mgskel.spotting.stream_recognizer import StreamRecognizer


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="finetune.py",
        allow_abbrev=False,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recordings", type=Path, required=True, metavar="DIR")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="RUN")
    parser.add_argument("--model", type=Path, help="begin with this spotter, not the shipped one")
    parser.add_argument("--all", action="store_true", help="learn from all, keep none apart")
    parser.add_argument("--workers", type=int, default=1, help="processes for the synthesis")
    arguments, overrides = parser.parse_known_args(argv)
    try:
        set_threads()
        settings = load_config(FinetuneSettings, None, overrides)
        recordings = annotated_recordings(arguments.recordings)
        spotter = StreamRecognizer.load(arguments.model)
        apart = [] if arguments.all or len(recordings) < 4 else recordings[3::4]
        learned = [recording for recording in recordings if recording not in apart]
        for label, count in thin_labels(learned).items():
            print(f"note: only {count} examples of '{label}'; ten are a good start",
                  file=sys.stderr)  # fmt: skip
        taught = finetune(spotter, learned, settings, arguments.out, arguments.workers)
        taught.save(arguments.out)
        for recording in apart:
            _report(taught, recording)
    except MgskelError as error:
        print(f"finetune: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(f"learned from {len(learned)} recordings: {arguments.out}")
    return 0


def _report(spotter: StreamRecognizer, recording: Recording) -> None:
    """The score on the gestures that were annotated in a recording kept apart."""
    marked = {event.label for event in recording.events}
    found = [event for event in spotter.spot(recording.sequence) if event.label in marked]
    words = spotter.score_in_words(recording.events, found, recording.sequence.duration_s)
    print(f"{recording.name} (kept apart): {words}")


if __name__ == "__main__":
    sys.exit(main())
