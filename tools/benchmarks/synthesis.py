"""How fast synthetic recordings are made: frames per second of CPU time, everything included.

    python tools/benchmark.py synthesis [--minutes 10] [--json out.json]

Included: rest, gestures, inverse kinematics, camera, estimator errors, conversion to the layout.
CPU time is counted, on one thread, so that other programs on the machine matter little.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from benchmarks._command import options

from mgskel.core.machine.threads import set_threads
from mgskel.core.storage.files import write_json
from mgskel.synthesis import SynthesisSettings, synthesise_clips, synthesise_recording

_LAYOUTS = ("upper", "mediapipe_holistic", "imigue22", "kinect25", "coco_wholebody133")


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of a recording")
    parser.add_argument("--clips", type=int, default=120, help="number of cut clips")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(argv)
    set_threads(1)
    synthesise_clips(2, 0)  # imports and files
    results: dict[str, float] = {}
    for layout in _LAYOUTS:
        settings = replace(SynthesisSettings(), layout=layout)
        start = time.process_time()
        recording = synthesise_recording(60 * arguments.minutes, 1, settings, fps=30.0)
        rate = recording.sequence.num_frames / (time.process_time() - start)
        results[layout] = round(rate)
        print(f"recording of {arguments.minutes:g} min, {layout:20} {rate:8.0f} frames/s")
    start = time.process_time()
    data = synthesise_clips(arguments.clips, 1)
    seconds = time.process_time() - start
    rate = sum(sequence.num_frames for sequence in data.sequences) / seconds
    results["clips"] = round(rate)
    print(f"{arguments.clips} clips, upper {rate:27.0f} frames/s")
    if arguments.json:
        write_json(arguments.json, results)
    return 0
