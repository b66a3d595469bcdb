"""Measure what a pose estimator gets wrong on real clips: the numbers of the synthesis' noise.

    python tools/measure_noise.py CLIP... [--json OUT]

Each clip is extracted twice without any cleaning, once mirrored. Printed per clip and group of
joints: score, jitter, offset, wander; per hand, how often it is found; at the end the summary that
mgskel/synthesis/noise.yaml holds. Clips should show one person each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from studies.asking import ending_well, parser_of
from studies.synthesis.measuring import measure_groups, measure_hands, summary

from mgskel.core.body_scale import shoulder_width
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import write_json
from mgskel.pose.cleaning import CleaningSettings
from mgskel.pose.estimator import Detection, create_estimator
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.synthesis.noise import estimator_errors


class MirrorEstimator:
    """The same estimator on mirrored pictures, its answers mirrored back."""

    def __init__(self) -> None:
        self._model = create_estimator()
        self.identity = self._model.identity
        self.batch_size = self._model.batch_size
        self.skeleton: Skeleton = self._model.skeleton

    def reset(self) -> None:
        self._model.reset()

    def close(self) -> None:
        self._model.close()

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        flipped = [np.ascontiguousarray(image[:, ::-1]) for image in images]
        found = self._model.estimate(flipped)
        return [
            [self._back(person, image.shape[1]) for person in people]
            for people, image in zip(found, images, strict=True)
        ]

    def _back(self, person: Detection, width: int) -> Detection:
        order = self.skeleton.mirror
        points = person.keypoints[order].copy()
        points[:, 0] = width - 1 - points[:, 0]
        return Detection(points, person.scores[order])


def estimates(clip: Path) -> tuple[PoseSequence, np.ndarray]:
    """The raw estimate of a clip, and (T, V, 2) that of its mirror image on the same frames."""
    raw = ExtractSettings(cleaning=CleaningSettings(enabled=False))
    plain = extract(clip, settings=raw).sequence
    model = MirrorEstimator()
    try:
        other = extract(clip, estimator=model, settings=raw).sequence
    finally:
        model.close()
    mirrored = np.full(plain.keypoints.shape[1:], np.nan)
    _, here, there = np.intersect1d(plain.timestamps, other.timestamps, return_indices=True)
    mirrored[here] = other.keypoints[0, there]
    return plain, mirrored


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--json", type=Path, help="write all numbers there")
    arguments = parser.parse_args(argv)
    measured = list(_measure(arguments.clips))
    rows = summary([(clip["pixels"], clip["measures"]) for clip in measured])
    print("\nsummary (what noise.yaml holds)")
    for group, values in rows.items():
        print(f"  {group:12}" + "  ".join(f"{key} {value:.4f}" for key, value in values.items()))
    if arguments.json:
        plain = [
            clip
            | {
                "measures": [asdict(m) for m in clip["measures"]],
                "hands": [asdict(h) for h in clip["hands"]],
            }
            for clip in measured
        ]
        text = {"clips": _without_nan(plain), "summary": _without_nan(rows)}
        write_json(arguments.json, text)
    return 0


def _measure(clips: Sequence[Path]) -> Iterator[dict]:
    errors = estimator_errors("mediapipe")
    for clip in clips:
        sequence, mirrored = estimates(clip)
        pixels = float(shoulder_width(sequence)[0])
        groups = measure_groups(sequence, mirrored, errors)
        hands = measure_hands(sequence, errors)
        print(
            f"{clip.name}: {sequence.num_frames} frames, {sequence.fps:.0f} fps, "
            f"shoulders {pixels:.0f} px"
        )
        for m in groups:
            print(
                f"  {m.group:12}score {m.score:.2f} ({m.low_score:.2f})  jitter {m.jitter:.4f}"
                f"  offset {m.offset:.4f}  wander {m.wander:.4f}  together {m.together:.2f}"
                f"  unsure: jitter {m.jitter_unsure:.4f} wander {m.wander_unsure:.4f}"
            )
        for h in hands:
            shown = "  ".join(
                f"{key} {getattr(h, key)[0]}/{getattr(h, key)[1]}"
                for key in ("slow", "medium", "fast", "near_face", "swapped")
            )
            print(f"  {h.side + ' hand':12}{shown}  lost for {h.lost_s:.2f} s")
        yield {"clip": clip.name, "pixels": pixels, "measures": groups, "hands": hands}


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


if __name__ == "__main__":
    raise SystemExit(main())
