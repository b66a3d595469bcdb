"""How far the body model's points of a hand lie from the hand model's, and what is said of each.

    OMP_NUM_THREADS=1 python tools/benchmark.py bridged --clips A.mp4 B.avi

A hand that its model loses is bridged by the body model's wrist and knuckles. Here hands that were
found are hidden, so that the bridge stands beside the truth: distances in shoulder widths, by
whether the wrist is within one of the nose; and statements of hands that both versions of the
clip agree on, the same kind at an overlapping time, of all that either makes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.core.visibility import BRIDGES, bridged
from mgskel.describe import describe
from mgskel.describe.statement import Statement
from mgskel.pose.cleaning import body_scale
from mgskel.pose.estimators.mediapipe import MediaPipe
from mgskel.pose.estimators.mediapipe_graphs import PRESENCE
from mgskel.pose.extract import extract

_NEAR_FACE = 1.0


class WithoutHands(MediaPipe):
    """Everything as before, but no hand is ever found."""

    def read(self, seen: Any, glimpsed: bool, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        names = ("pose_landmarks", "face_landmarks", PRESENCE["face"])
        kept = {name: getattr(seen, name, None) for name in names}
        return super().read(SimpleNamespace(**kept), glimpsed, image)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bridged", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, nargs="+", required=True)
    args = parser.parse_args(argv)
    gaps: dict[str, list[np.ndarray]] = {}
    answer: dict[str, Any] = {}
    for clip in args.clips:
        found, hidden = (
            extract(clip, estimator=model).sequence
            for model in (MediaPipe(threads=1), WithoutHands(threads=1))
        )
        said = [
            [one for one in describe(version, []).statements if one.kind.startswith("hand_to_")]
            for version in (found, hidden)
        ]
        answer[clip.name] = _agreement(*said)
        for side in ("left", "right"):
            for name, gap in _gaps(found, hidden, side):
                gaps.setdefault(name, []).append(gap)
    for name, parts in sorted(gaps.items()):
        gap = np.concatenate(parts)
        answer[name] = {
            "frames": len(gap),
            "median_sw": round(float(np.median(gap)), 3) if len(gap) else None,
            "p95_sw": round(float(np.quantile(gap, 0.95)), 3) if len(gap) else None,
        }
    sys.stdout.write(to_json(answer))
    return 0


def _gaps(found: PoseSequence, hidden: PoseSequence, side: str) -> Iterator[tuple[str, np.ndarray]]:
    """By point and place, (n,) distances in frames with the hand found in one, bridged in the
    other."""
    layout, scale = found.skeleton, body_scale(found)[0]
    wrist = found.joint(f"{side}_wrist")[0]
    near = np.linalg.norm(wrist - found.joint("nose")[0], axis=-1) < _NEAR_FACE * scale
    instead = bridged(hidden)[0] & found.present[0] & ~bridged(found)[0]
    gaps = np.linalg.norm(found.keypoints[0] - hidden.keypoints[0], axis=-1) / scale
    for name in BRIDGES:
        joint = layout.index(f"{side}_{name}")
        for where, there in (("at the face", near), ("elsewhere", ~near)):
            yield f"{name}, {where}", gaps[instead[:, joint] & there, joint]


def _agreement(found: Sequence[Statement], hidden: Sequence[Statement]) -> dict[str, int]:
    return {
        "statements": len(found),
        "of_these_bridged_too": sum(any(_same(one, two) for two in hidden) for one in found),
        "bridged": len(hidden),
        "of_these_found_too": sum(any(_same(one, two) for two in found) for one in hidden),
        "bridged_and_say_so": sum(one.guessed for one in hidden if one.category == "touching"),
    }


def _same(one: Statement, other: Statement) -> bool:
    overlaps = one.from_s <= other.to_s and other.from_s <= one.to_s
    return overlaps and (one.kind, one.side, one.there) == (other.kind, other.side, other.there)


if __name__ == "__main__":
    raise SystemExit(main())
