"""Portrait clips with a rotation flag against the same stored upright.

    OMP_NUM_THREADS=1 python tools/benchmark.py turned --clips A.mp4 B.mp4

Each clip is cut to a portrait, several times with the cut moved by two pixels; each cut is stored
upright and turned by 90 and 270 degrees with a flag that says so. `usable` is the share of points
that can be seen. `upright_spread` is how much it varies between cuts nobody could tell apart, so
what turning loses must be seen against it. `picture` is the mean difference of the pictures read,
in grey levels of 255, and of two codings of the same picture.
"""

from __future__ import annotations

import argparse
import statistics
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._command import options

from mgskel.core.storage.files import to_json
from mgskel.core.visibility import visible
from mgskel.pose.estimator import Estimator, create_estimator
from mgskel.pose.extract import extract
from mgskel.pose.video import open_source

_SHAPE = 9 / 16
# The top left of a track header's matrix, for pictures to be turned clockwise by so much.
_MATRIX = {90: (0, 1, -1, 0), 270: (0, -1, 1, 0)}


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clips", type=Path, nargs="+", required=True)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--cuts", type=int, default=6)
    args = parser.parse_args(argv)
    model = create_estimator(threads=1)
    with tempfile.TemporaryDirectory() as name:
        answer = {clip.name: compared(clip, model, Path(name), args) for clip in args.clips}
    model.close()
    sys.stdout.write(to_json(answer))
    return 0


def compared(clip: Path, model: Estimator, folder: Path, args: argparse.Namespace) -> Any:
    source = open_source(clip)
    pictures = [frame.image for frame in source][: args.frames]
    source.close()
    usable: dict[int, list[float]] = {0: [], 90: [], 270: []}
    differences = []
    for cut in range(args.cuts):
        portrait = [_portrait(picture, 2 * (cut - args.cuts // 2)) for picture in pictures]
        read = {}
        for degrees in usable:
            path = folder / f"{degrees}.mp4"
            write_turned(path, portrait, round(source.fps or 25), degrees)
            sequence = extract(path, estimator=model).sequence
            usable[degrees].append(float(visible(sequence)[0].mean()))
            read[degrees] = next(iter(open_source(path))).image.astype(int)
        differences += [float(np.abs(read[0] - read[d]).mean()) for d in (90, 270)]
        differences.append(float(np.abs(read[0] - portrait[0]).mean()))
    lost = [u - (a + b) / 2 for u, a, b in zip(usable[0], usable[90], usable[270], strict=True)]
    return {
        "usable": {str(d): round(statistics.mean(values), 3) for d, values in usable.items()},
        "upright_spread": [round(min(usable[0]), 3), round(max(usable[0]), 3)],
        "lost_by_turning": round(statistics.mean(lost), 3),
        "standard_error": round(statistics.stdev(lost) / len(lost) ** 0.5, 3),
        "picture": round(statistics.mean(differences), 2),
    }


def _portrait(picture: np.ndarray, offset: int) -> np.ndarray:
    """The middle of a picture as a portrait of even size."""
    height, width = picture.shape[:2]
    wide = round(height * _SHAPE) // 2 * 2
    left = int(np.clip((width - wide) // 2 + offset, 0, width - wide))
    return np.ascontiguousarray(picture[: height // 2 * 2, left : left + wide])


def write_turned(path: Path, pictures: list[np.ndarray], fps: int, degrees: int) -> None:
    """Store pictures so that a flag must be obeyed to see them upright."""
    import av

    stored = [np.ascontiguousarray(np.rot90(p, degrees // 90)) for p in pictures]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = stored[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "12"}
        for picture in stored:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    if degrees:
        content = bytearray(path.read_bytes())
        start = content.index(b"tkhd") + 44
        a, b, c, d = (value * 65536 for value in _MATRIX[degrees])
        content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        path.write_bytes(bytes(content))
