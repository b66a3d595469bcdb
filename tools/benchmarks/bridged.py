"""How far the body model's points of a hand lie from the hand model's, and what is said of each.

    OMP_NUM_THREADS=1 python tools/benchmark.py bridged --clips A.mp4 B.avi --data DIR

A hand that its model loses is bridged by the body model's wrist and knuckles. Here hands that were
found are hidden, so that the bridge stands beside the truth: distances in shoulder widths, by
whether the wrist is within one of the nose; and statements of hands that both versions of the
clip agree on, at an overlapping time, of all that either makes. Of `real_symptoms` in DIR, real
people with a hand at face or neck, the fingers alone are hidden and the knuckles stay.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from benchmarks._command import options
from benchmarks.real import MEANING, clips_by_label

from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.core.visibility import BRIDGES, bridged
from mgskel.describe import describe
from mgskel.describe.detectors.hand_to_head import HEAD
from mgskel.describe.statement import SIDES, Statement
from mgskel.pose.cleaning import body_scale
from mgskel.pose.estimators.mediapipe import MediaPipe
from mgskel.pose.estimators.mediapipe_graphs import PRESENCE
from mgskel.pose.extract import extract

_NEAR_FACE = 1.0
HEAD_KINDS = {kind.name for kind in HEAD}


class WithoutHands(MediaPipe):
    """Everything as before, but no hand is ever found."""

    def read(self, seen: Any, glimpsed: bool, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        names = ("pose_landmarks", "face_landmarks", PRESENCE["face"])
        kept = {name: getattr(seen, name, None) for name in names}
        return super().read(SimpleNamespace(**kept), glimpsed, image)


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--data", type=Path, help="folder of real people's keypoints")
    args = parser.parse_args(argv)
    gaps: dict[str, list[np.ndarray]] = {}
    answer: dict[str, Any] = {}
    for clip in args.clips:
        found, hidden = (
            extract(clip, estimator=model).sequence
            for model in (MediaPipe(threads=1), WithoutHands(threads=1))
        )
        answer[clip.name] = _agreement([(found, hidden)])
        for side in SIDES:
            for name, gap in _gaps(found, hidden, side):
                gaps.setdefault(name, []).append(gap)
    if args.data:
        for label, clips in clips_by_label(args.data / "real_symptoms.npz").items():
            if MEANING["real_symptoms"].get(label):
                answer[label] = _agreement([(one, _without_fingers(one)) for one in clips])
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


def _without_fingers(sequence: PoseSequence) -> PoseSequence:
    layout = sequence.skeleton
    hands = [joint for side in SIDES for joint in layout.parts[f"{side}_hand"]]
    kept = layout.indices(*(f"{side}_{name}" for side in SIDES for name in BRIDGES))
    gone = [joint for joint in hands if joint not in kept]
    points, scores = sequence.keypoints.copy(), sequence.scores.copy()
    points[:, :, gone], scores[:, :, gone] = np.nan, 0
    return sequence.replace(keypoints=points, scores=scores)


def _agreement(pairs: Sequence[tuple[PoseSequence, PoseSequence]]) -> dict[str, Any]:
    """How many touches of the head are told of hands found and of the same bridged."""
    counts: Counter[str] = Counter()
    for pair in pairs:
        found, hidden = ([t for t in describe(one, []).statements if _touch(t)] for one in pair)
        counts["found"] += len(found)
        counts["bridged"] += len(hidden)
        counts["bridged that say so"] += sum(touch.guessed for touch in hidden)
        for one in found:
            there = [two for two in hidden if one.side == two.side and _overlap(one, two)]
            counts["found, and bridged at the head too"] += bool(there)
            counts["found, and bridged at the same place"] += any(
                two.kind == one.kind for two in there
            )
        counts["bridged, and found at the head too"] += sum(
            any(one.side == two.side and _overlap(one, two) for one in found) for two in hidden
        )
    return {"clips": len(pairs), **counts}


def _touch(statement: Statement) -> bool:
    return statement.kind in HEAD_KINDS and statement.category == "touching"


def _overlap(one: Statement, other: Statement) -> bool:
    return one.from_s <= other.to_s and other.from_s <= one.to_s
