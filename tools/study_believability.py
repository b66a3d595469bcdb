"""Can a small classifier tell synthetic rest from real rest? Before and after modelled errors.

    python tools/study_believability.py --heads CLIP... --kinect GESTURE_PHASE.npz [--json OUT]

--heads takes clips (or pose files) of people who sit or stand and talk: the motion of their head
points is compared. --kinect takes the Gesture Phase recordings: hands, wrists, head and spine in
their parts labelled Rest. Each real person or recording is kept out of the training in turn. Also
printed: durations and speeds of the synthetic gestures beside those published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from studies.asking import ending_well, parser_of
from studies.synthesis.believability import RestWindows, Separation, rest_windows, separate

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import write_json
from mgskel.formats import ReadOptions, read
from mgskel.synthesis import (
    CameraSettings,
    FlowSettings,
    SynthesisSettings,
    synthesise_clip,
    synthesise_recording,
)
from mgskel.synthesis.programs import load_programs

HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "mouth_left", "mouth_right")
SEATED = ("left_hand", "right_hand", "head", "spine", "left_wrist", "right_wrist")
_LEAST_FRAMES = 46


def real_heads(paths: Sequence[Path]) -> RestWindows:
    from mgskel.pose.extract import extract

    sequences = [PoseSequence.load(p) if p.suffix == ".npz" else extract(p).sequence for p in paths]
    return rest_windows(sequences, HEAD, ("left_ear", "right_ear"))


def real_seated(path: Path) -> RestWindows:
    parts, origin = [], []
    for number, recording in enumerate(read(path, ReadOptions(layout="gesture_phase6"))):
        if recording.frame_labels is None:
            raise InputError(
                "the recordings have no phases", place=path, expected="phase per frame"
            )
        resting = recording.frame_labels == "Rest"
        edges = np.flatnonzero(np.diff(np.concatenate([[0], resting.astype(int), [0]])))
        for start, stop in edges.reshape(-1, 2):
            if stop - start >= _LEAST_FRAMES:
                points = recording.sequence.keypoints[0, start:stop]
                parts.append(PoseSequence.from_arrays(
                    points, fps=30, skeleton="gesture_phase6", unit="metre"))  # fmt: skip
                origin.append(number)
    windows = rest_windows(parts, SEATED, ("head", "spine"), seconds=1.5)
    return RestWindows(windows.motion, np.array(origin)[windows.person], windows.joints)


def made(settings: SynthesisSettings, joints: tuple[str, ...], size: tuple[str, str],
         seconds: float, people: int) -> RestWindows:  # fmt: skip
    recordings = [synthesise_recording(8.0, 500 + i, settings).sequence for i in range(people)]
    return rest_windows(recordings, joints, size, seconds=seconds)


def tell(name: str, real: RestWindows, settings: dict, joints: tuple[str, ...],
         size: tuple[str, str], seconds: float, people: int) -> dict[str, Separation]:  # fmt: skip
    results = {}
    for noise, state in ((0.0, "before"), (1.0, "after")):
        quiet = FlowSettings(per_minute=(0.0, 0.0))
        chosen = SynthesisSettings(noise=noise, flow=quiet, **settings)
        result = separate(real, made(chosen, joints, size, seconds, people))
        results[state] = result
        print(
            f"{name}, {state} the modelled errors: AUC {result.auc:.3f} (linear), "
            f"{result.auc_forest:.3f} (forest); {result.real} real, {result.synthetic} synthetic"
        )
        print(
            "    differs most in "
            + ", ".join(f"{what} ({gap:+.1f} sd)" for what, gap in result.differences[:4])
        )
    return results


def durations(per_class: int) -> dict[str, float]:
    """Length of gestures and peak speed of their fastest joint, over all classes alike."""
    lengths, speeds = [], []
    clean = SynthesisSettings(noise=0.0)
    for number, label in enumerate(load_programs().labels * per_class):
        clip = synthesise_clip(label, number, clean, fps=28.0)
        gesture = clip.truth[0]
        lengths.append(gesture.end_s - gesture.onset_s)
        names = clip.clean.skeleton.index
        points = clip.clean.keypoints[0]
        width = np.median(
            np.linalg.norm(
                points[:, names("left_shoulder")] - points[:, names("right_shoulder")], axis=-1
            )
        )
        joints = [names("nose"), names("left_wrist"), names("right_wrist")]
        velocity = np.linalg.norm(np.diff(points[:, joints], axis=0), axis=-1) * 28.0 / width
        speeds.append(float(np.quantile(velocity, 0.95, axis=0).max()))
    low, middle, high = np.quantile(lengths, [0.1, 0.5, 0.9])
    print(
        f"gestures last {np.mean(lengths):.2f} s on average (tenth {low:.2f}, median {middle:.2f}, "
        f"ninth tenth {high:.2f}), {28 * np.mean(lengths):.0f} frames at 28 Hz; "
        "published: iMiGUE 2.5 s, SMG 51.3 frames"
    )
    print(f"fastest joint: median peak {np.median(speeds):.2f} shoulder widths per second")
    return {"mean_s": float(np.mean(lengths)), "median_s": float(middle),
            "peak_speed": float(np.median(speeds))}  # fmt: skip


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--heads", nargs="+", type=Path, default=[], metavar="CLIP")
    parser.add_argument("--kinect", type=Path, metavar="FILE")
    parser.add_argument("--people", type=int, default=60, help="synthetic people per comparison")
    parser.add_argument("--per-class", type=int, default=5, help="clips per class for durations")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(argv)
    results: dict[str, object] = {}
    if arguments.heads:
        near = CameraSettings(framing={"close": 1.0, "bust": 1.0})
        found = tell("talking heads", real_heads(arguments.heads),
                     {"layout": "mediapipe_holistic", "camera": near}, HEAD,
                     ("left_ear", "right_ear"), 2.0, arguments.people)  # fmt: skip
        results["heads"] = {state: asdict(result) for state, result in found.items()}
    if arguments.kinect:
        found = tell("seated rest before a Kinect", real_seated(arguments.kinect),
                     {"layout": "gesture_phase6", "seated": 1.0}, SEATED, ("head", "spine"),
                     1.5, arguments.people)  # fmt: skip
        results["kinect"] = {state: asdict(result) for state, result in found.items()}
    results["durations"] = durations(arguments.per_class)
    if arguments.json:
        write_json(arguments.json, results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
