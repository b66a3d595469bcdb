"""What smoothing takes from the jitter of a still head, and from the amplitude of nods.

    python tools/benchmark.py smoothing --data DIR

DIR holds `head_motion.npz`: a real face at rest and nodding (about 1.3 nods a second). `jitter_sw`
is that of the quality report at rest, in shoulder widths; `nods` the share of their up and down
that is left, as they are; `small` at a tenth of their size; `quick` at twice their tempo.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._command import options
from benchmarks.real import clips_by_label

from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.pose.cleaning import body_scale
from mgskel.pose.quality import quality_report
from mgskel.pose.smoothing import SmoothingSettings, smooth

_SETTINGS = {
    "off": SmoothingSettings("off"),
    **{
        f"butterworth {hz:g} Hz": SmoothingSettings(cutoff_hz=hz)
        for hz in (10.0, 7.0, 5.0, 3.0, 2.0)
    },
    "one_euro": SmoothingSettings("one_euro"),
    **{
        f"savitzky_golay {s:g} s": SmoothingSettings("savitzky_golay", window_s=s)
        for s in (0.25, 0.5)
    },
}


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args(argv)
    clips = clips_by_label(args.data / "head_motion.npz")
    still, nods = clips["stationary"], clips["nodding"]
    small = [_scaled(one, 0.1) for one in nods]
    quick = [_quicker(one) for one in nods]
    rows: dict[str, Any] = {}
    for name, settings in _SETTINGS.items():
        calm = [quality_report(_smoothed(one, settings)).jitter_parts["head"] for one in still]
        rows[name] = {
            "jitter_sw": round(float(np.median(calm)), 4),
            "nods": _kept(nods, settings),
            "small": _kept(small, settings),
            "quick": _kept(quick, settings),
        }
    sys.stdout.write(to_json(rows))
    return 0


def _smoothed(sequence: PoseSequence, settings: SmoothingSettings) -> PoseSequence:
    if settings.method == "off":
        return sequence
    return smooth(sequence, body_scale(sequence), settings)


def _kept(nods: list[PoseSequence], settings: SmoothingSettings) -> float:
    """Share of the nose's way up and down that is left, by regression on the original."""
    before = np.concatenate([_heights(one) for one in nods])
    after = np.concatenate([_heights(_smoothed(one, settings)) for one in nods])
    return round(float(after @ before / (before @ before)), 3)


def _heights(sequence: PoseSequence) -> np.ndarray:
    heights = sequence.joint("nose")[0, :, 1].astype(np.float64)
    times = np.arange(len(heights))
    return np.asarray(heights - np.polyval(np.polyfit(times, heights, 2), times))


def _scaled(sequence: PoseSequence, share: float) -> PoseSequence:
    """The same movement from the same beginning, so much smaller."""
    middle = sequence.keypoints[:, :1]
    points = middle + share * (sequence.keypoints - middle)
    return sequence.replace(keypoints=points.astype(np.float32))


def _quicker(sequence: PoseSequence) -> PoseSequence:
    return sequence.frames(slice(None, None, 2)).replace(
        fps=sequence.fps, timestamps=sequence.timestamps[: -(-sequence.num_frames // 2)]
    )
