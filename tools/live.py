"""Follow a camera or a clip, and print gestures as soon as they are over.

    python tools/live.py camera:0
    python tools/live.py interview.mp4 --json

One line per gesture: from, to (seconds), gesture, score. The delay after a gesture's end is at
most half a second; Ctrl+C stops. Needs an estimator: pip install "mgskel[mediapipe]".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mgskel.core.errors import MgskelError
from mgskel.core.events import GestureEvent
from mgskel.pose.estimator import Detection
from mgskel.spotting import Recognizer


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="live.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="camera:0, camera:1, ... or a clip")
    parser.add_argument("--model", type=Path, help="a spotter of your own")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    arguments = parser.parse_args(argv)
    try:
        for event in follow(arguments.source, arguments.model):
            print(json.dumps(asdict(event)) if arguments.json else _line(event), flush=True)
    except MgskelError as error:
        print(f"live: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def follow(source: str, model: Path | None = None) -> Iterator[GestureEvent]:
    """Events of a camera or clip, as they come: of the largest person in each picture."""
    from mgskel.core.threads import set_threads
    from mgskel.pose.estimator import EstimatorSettings, create_estimator
    from mgskel.pose.estimators.mediapipe import MediaPipeSettings
    from mgskel.pose.video import open_source

    set_threads(1)
    spotter = Recognizer.load(model)
    frames = open_source(source)
    # Who is seen first is followed: a camera has no time for two.
    one = MediaPipeSettings(most_people=1)
    estimator = create_estimator(EstimatorSettings("mediapipe", one))
    try:
        online = spotter.follow(estimator.skeleton, frames.fps or 30.0, frame_size=frames.size)
        for frame in frames:
            found = estimator.estimate([frame.image])[0]
            person = max(found, key=_extent, default=None)
            if person is None:
                nobody = np.full((estimator.skeleton.num_joints, 2), np.nan, np.float32)
                yield from online.push(nobody, None, frame.time_s)
            else:
                yield from online.push(person.keypoints, person.scores, frame.time_s)
        yield from online.finish()
    finally:
        estimator.close()
        frames.close()


def _extent(person: Detection) -> float:
    """Height of a person in the picture."""
    return float(np.nanmax(person.keypoints[:, 1]) - np.nanmin(person.keypoints[:, 1]))


def _line(event: GestureEvent) -> str:
    return f"{event.start_s:8.2f} {event.end_s:8.2f}  {event.label:<28} {event.score:.2f}"


if __name__ == "__main__":
    sys.exit(main())
