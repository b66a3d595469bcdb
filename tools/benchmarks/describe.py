"""How fast descriptions are made: frames per second of one person, everything included.

python tools/benchmark.py describe [--minutes 60] [--layout mediapipe_holistic] [--json]
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from benchmarks._command import options

from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.describe import describe

# A seated person in pixels: where the joints that matter lie; all others sit at the hips.
_PLACES = {
    "nose": (320, 110), "left_eye": (329, 101), "right_eye": (311, 101), "left_ear": (341, 106),
    "right_ear": (299, 106), "mouth_left": (326, 122), "mouth_right": (314, 122),
    "left_shoulder": (370, 172), "right_shoulder": (270, 172), "left_elbow": (386, 247),
    "right_elbow": (254, 247), "left_wrist": (340, 300), "right_wrist": (300, 300),
    "left_hip": (350, 317), "right_hip": (290, 317),
}  # fmt: skip


def busy_recording(minutes: float, layout: str, fps: float = 30.0, seed: int = 0) -> PoseSequence:
    """A person whose right hand goes to the face every few seconds and whose head nods."""
    generator = np.random.default_rng(seed)
    skeleton = get_skeleton(layout)
    frames = int(minutes * 60 * fps)
    t = np.arange(frames) / fps
    points = np.zeros((1, frames, len(skeleton.joints), 2), np.float32) + (320, 317)
    for name, place in _PLACES.items():
        if skeleton.has(name):
            points[0, :, skeleton.index(name)] = place
    visit = np.clip(1.5 * np.sin(2 * np.pi * t / 7.3), 0, 1)[:, None]
    for v, name in enumerate(skeleton.joints):
        side = name.split("_")[0]
        if name.endswith(("_tip", "_mcp", "_pip", "_dip", "_ip", "_cmc", "hand_root", "_hand")):
            points[0, :, v] = (335, 325) if side == "left" else (305, 325)
            if side == "right":
                points[0, :, v] += visit * (15, -215) + visit * 4 * np.sin(18 * t)[:, None]
        if name == "nose":
            points[0, :, v, 1] += 6 * np.sin(12 * t) * (np.sin(t / 3) > 0.7)
    points += generator.normal(0, 0.4, points.shape).astype(np.float32)
    return PoseSequence.from_arrays(points, fps=fps, skeleton=skeleton, frame_size=(640, 480))


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--layout", default="mediapipe_holistic")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    sequence = busy_recording(args.minutes, args.layout)
    describe(sequence.crop(0, 20))  # files and filters are read before the clock starts
    start, busy = time.perf_counter(), time.process_time()
    description = describe(sequence)
    text = description.text("medium")
    # On a machine that others use too, the processor's own time is what can be compared.
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    answer = {
        "layout": args.layout,
        "frames": sequence.num_frames,
        "seconds": round(seconds, 3),
        "frames_per_second": round(sequence.num_frames / seconds),
        "cpu_seconds": round(busy, 3),
        "frames_per_cpu_second": round(sequence.num_frames / busy),
        "statements": len(description.statements),
        "lines_medium": len(text.splitlines()),
    }
    if args.json:
        print(json.dumps(answer))
    else:
        print(", ".join(f"{name} {value}" for name, value in answer.items()), file=sys.stdout)
    return 0
