"""Label every frame of long recordings as a few annotated ones teach: any layout, any labels.

    python tools/phases.py learn --data bundle.npz -o RUN --rest Rest
    python tools/phases.py learn --recordings DIR -o RUN
    python tools/phases.py label interview.npz --model RUN -o phases.eaf

A bundle holds recordings with a label per frame ('frame_label'). DIR holds pairs interview1.npz
(from 'mgskel extract') and interview1.eaf (from ELAN; .csv and .json work too), one label at a
time; what is not annotated is rest. All recordings must be in one layout. How good it is on people
never seen: tools/study_phases.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mgskel.core.errors import InputError, MgskelError
from mgskel.core.events import write_events
from mgskel.core.threads import set_threads
from mgskel.formats import ReadOptions, read
from mgskel.spotting.annotated import annotated_recordings
from mgskel.spotting.phases import PhaseLabeller, labelled_recordings
from mgskel.spotting.phases.fit import PhaseFitSettings
from mgskel.spotting.phases.labelled import from_annotated
from mgskel.spotting.phases.labeller import load_labeller


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="phases.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    learn = verbs.add_parser("learn", help="from annotated recordings")
    source = learn.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="FILE", help="a bundle with labels per frame")
    source.add_argument("--recordings", type=Path, metavar="DIR", help="keypoints and annotations")
    learn.add_argument("--layout", help="of a bundle that does not name its own")
    learn.add_argument("--rest", help="the label that means nothing is going on")
    learn.add_argument("--seeds", type=int, default=3, metavar="N", help="networks that vote")
    learn.add_argument("--steps", type=int, default=PhaseFitSettings.steps)
    learn.add_argument("-o", "--out", type=Path, required=True, metavar="RUN")
    label = verbs.add_parser("label", help="a new recording")
    label.add_argument("pose", type=Path, metavar="POSE")
    label.add_argument("--model", type=Path, required=True, metavar="RUN")
    label.add_argument("-o", "--out", type=Path, required=True, metavar="EVENTS")
    arguments = parser.parse_args(argv)
    try:
        set_threads(1)
        return _learn(arguments) if arguments.verb == "learn" else _label(arguments)
    except MgskelError as error:
        print(f"phases: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _learn(arguments: argparse.Namespace) -> int:
    if arguments.data is not None:
        recordings = labelled_recordings(read(arguments.data, ReadOptions(layout=arguments.layout)))
    else:
        arguments.rest = arguments.rest or "rest"
        recordings = [
            from_annotated(recording, arguments.rest)
            for recording in annotated_recordings(arguments.recordings)
        ]
    if arguments.seeds < 1 or arguments.steps < 2:
        raise InputError("too little to learn with", expected="--seeds 1, --steps 2 or more")
    settings = PhaseFitSettings(steps=arguments.steps)
    labeller = PhaseLabeller.fit(recordings, arguments.rest, range(arguments.seeds), settings)
    labeller.save(arguments.out)
    print(f"learned {', '.join(labeller.names)} from {len(recordings)} recordings: {arguments.out}")
    return 0


def _label(arguments: argparse.Namespace) -> int:
    labeller = load_labeller(arguments.model)
    sequence = read(arguments.pose).only.sequence
    events = [
        event
        for person in range(sequence.num_people)
        for event in labeller.events(sequence, person)
    ]
    write_events(arguments.out, events)
    print(f"{len(events)} phases: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
