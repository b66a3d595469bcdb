"""Reading speed and memory against the bare parser: OpenPose folders and pyskl pickles."""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._command import options

from mgskel.core.recording import Dataset
from mgskel.formats import read


def main(argv: Sequence[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--frames", type=int, default=10_000, help="of the OpenPose folder")
    parser.add_argument("--points", type=int, choices=(25, 137), default=25, help="per person")
    parser.add_argument("--sequences", type=int, default=1_000, help="of the pyskl pickle")
    parser.add_argument("--length", type=int, default=90, help="frames of each sequence")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each; the fastest counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        print("writing the files", file=sys.stderr)
        clip = write_openpose(place / "openpose", args.frames, args.points)
        pickled = write_pyskl(place / "pyskl.pkl", args.sequences, args.length)
        results = [
            compare("openpose", clip, parse_folder, args.repeat),
            compare("pyskl", pickled, parse_pickle, args.repeat),
        ]
    if args.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print("  ".join(f"{key} {value}" for key, value in result.items()))
    return 0


def compare(name: str, path: Path, parse: Callable[[Path], Any], repeat: int) -> dict[str, Any]:
    """Seconds of the parser alone, of reading, and of also building every sequence.

    Processor time, so that other work on the machine does not count.
    """
    seconds: dict[str, list[float]] = {"parse": [], "read": [], "build": []}
    for _ in range(repeat):
        seconds["parse"].append(timed(lambda: parse(path)))
        seconds["read"].append(timed(lambda: read(path)))
        seconds["build"].append(timed(lambda: build(read(path))))
    fastest = {key: min(values) for key, values in seconds.items()}
    arrays = size_of(build(read(path)))
    return {
        "format": name,
        "parser_s": round(fastest["parse"], 4),
        "read_s": round(fastest["read"], 4),
        "read_over_parser": round(fastest["read"] / fastest["parse"], 2),
        "with_every_sequence_s": round(fastest["build"], 4),
        "with_every_sequence_over_parser": round(fastest["build"] / fastest["parse"], 2),
        "arrays_mb": round(arrays / 1e6, 1),
        "peak_over_arrays": round(peak_memory(lambda: build(read(path))) / arrays, 2),
    }


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def build(contents: Dataset) -> list[Any]:
    return [recording.sequence for recording in contents.recordings]


def size_of(sequences: Sequence[Any]) -> int:
    """Bytes of the arrays that reading gives."""
    return sum(s.keypoints.nbytes + s.scores.nbytes + s.timestamps.nbytes for s in sequences)


def peak_memory(work: Callable[[], object]) -> int:
    """Bytes held at most while working, result included."""
    tracemalloc.start()
    held = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del held
    return peak


def parse_folder(folder: Path) -> int:
    """What any reader must do: parse each file."""
    count = 0
    for file in sorted(folder.iterdir()):
        with open(file, encoding="utf-8") as handle:
            count += len(json.load(handle)["people"])
    return count


def parse_pickle(path: Path) -> Any:
    with open(path, "rb") as handle:
        return pickle.load(handle)


def write_openpose(folder: Path, frames: int, points: int) -> Path:
    """A folder of one file per frame, numbers as OpenPose prints them."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for frame in range(frames):
        values = rng.uniform(100, 700, (points, 3)).round(3)
        values[:, 2] = rng.uniform(0.2, 0.99, points).round(6)
        flat = values.ravel().tolist()
        person = {"person_id": [-1], "pose_keypoints_2d": flat[:75]}
        person["hand_left_keypoints_2d"] = flat[75:138]
        person["hand_right_keypoints_2d"] = flat[138:201]
        person["face_keypoints_2d"] = flat[201:]
        content = json.dumps({"version": 1.3, "people": [person]})
        (folder / f"clip_{frame:012d}_keypoints.json").write_text(content)
    return folder


def write_pyskl(path: Path, sequences: int, length: int) -> Path:
    """A pickle of 2-D annotations as pyskl publishes them, in half precision."""
    rng = np.random.default_rng(0)
    annotations = []
    for index in range(sequences):
        points = rng.uniform(100, 700, (1, length, 17, 2))
        annotations.append(
            {
                "frame_dir": f"clip_{index}",
                "label": index % 10,
                "img_shape": (720, 1280),
                "original_shape": (720, 1280),
                "total_frames": length,
                "keypoint": points.astype(np.float16),
                "keypoint_score": rng.uniform(0.3, 1, (1, length, 17)).astype(np.float16),
            }
        )
    split = {"train": [entry["frame_dir"] for entry in annotations]}
    with open(path, "wb") as handle:
        pickle.dump({"split": split, "annotations": annotations}, handle, protocol=4)
    return path
