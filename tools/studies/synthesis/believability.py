"""How well a small classifier tells synthetic rest from real rest: 0.5 is not at all, 1 is always.

Windows of rest are normalised to the body (origin and scale from the head, so that cameras and
body sizes do not give the answer away), described by how each joint moves, and classified with
the people of the test windows kept out of the training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.synthesis.signals import Array

_FLOOR = 1e-5
FEATURES = ("extent", "speed", "jerkiness", "tail", "memory")


@dataclass(frozen=True, eq=False)
class RestWindows:
    """Windows of rest of one origin.

    Attributes:
        motion: (n, T, J, 2) positions in head sizes.
        person: (n,) whose windows they are.
        joints: names of the J joints.
    """

    motion: Array
    person: Array
    joints: tuple[str, ...]


def rest_windows(
    sequences: Sequence[PoseSequence],
    joints: Sequence[str],
    size_of: tuple[str, str],
    *,
    seconds: float = 2.0,
    fps: float = 12.0,
    step: float = 0.5,
) -> RestWindows:
    """Cut recordings into windows in which all joints are seen.

    Args:
        joints: joints to compare.
        size_of: two joints whose median distance is the unit.
        step: time between windows, as a share of their length.
    """
    motion, person = [], []
    length = int(round(seconds * fps))
    for number, sequence in enumerate(sequences):
        points = sequence.keypoints[0, :, :, :2].astype(float)
        at = [sequence.skeleton.index(joint) for joint in joints]
        ends = [sequence.skeleton.index(joint) for joint in size_of]
        size = float(np.nanmedian(np.linalg.norm(points[:, ends[0]] - points[:, ends[1]], axis=-1)))
        times = np.arange(sequence.timestamps[0], sequence.timestamps[-1], 1.0 / fps)
        grid = np.stack(
            [
                [np.interp(times, sequence.timestamps, points[:, i, axis]) for axis in (0, 1)]
                for i in at
            ],
            axis=0,
        ).transpose(2, 0, 1)  # (T, J, 2); missing joints stay NaN
        for start in range(0, len(times) - length + 1, max(int(length * step), 1)):
            window = grid[start : start + length] / size
            if np.isfinite(window).all():
                motion.append(window - window.mean(axis=(0, 1)))
                person.append(number)
    return RestWindows(
        np.array(motion).reshape(-1, length, len(joints), 2), np.array(person), tuple(joints)
    )


def features(windows: RestWindows) -> Array:
    """(n, J * F) how each joint moves; logarithms of sizes in the unit of the windows."""
    x = windows.motion
    velocity, acceleration = np.diff(x, axis=1), np.diff(x, n=2, axis=1)

    def size(signal: Array) -> Array:
        return np.log(np.sqrt((signal**2).mean(axis=1).sum(axis=-1)) + _FLOOR)

    centred = x - x.mean(axis=1, keepdims=True)
    memory = (centred[:, 1:] * centred[:, :-1]).sum(axis=(1, 3)) / (
        (centred**2).sum(axis=(1, 3)) + _FLOOR**2
    )
    speeds = np.linalg.norm(velocity, axis=-1)
    tail = np.log(np.quantile(speeds, 0.95, axis=1) + _FLOOR) - np.log(
        np.quantile(speeds, 0.5, axis=1) + _FLOOR
    )
    each = np.stack([size(centred), size(velocity), size(acceleration) - size(velocity), tail,
                     memory], axis=-1)  # fmt: skip
    return each.reshape(len(x), -1)


@dataclass(frozen=True)
class Separation:
    """How well real and synthetic rest were told apart.

    Attributes:
        auc: area under the curve, mean over the folds; 0.5 is chance.
        auc_forest: the same for a small forest instead of a linear classifier.
        real, synthetic: numbers of windows.
        differences: feature to difference of means in pooled standard deviations, largest first.
    """

    auc: float
    auc_forest: float
    real: int
    synthetic: int
    differences: tuple[tuple[str, float], ...]


def separate(real: RestWindows, synthetic: RestWindows, seed: int = 0) -> Separation:
    """Train and test with each real person (and a part of the synthetic ones) kept out in turn."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    people = np.unique(real.person)
    if len(people) < 2 or len(np.unique(synthetic.person)) < len(people):
        raise InputError(
            "too few people to keep some out of the training",
            expected="windows of rest of at least two real people, and as many synthetic ones",
            found=f"{len(people)} real, {len(np.unique(synthetic.person))} synthetic",
            remedy="give more or longer recordings in which all compared joints are seen",
        )
    x_real, x_made = features(real), features(synthetic)
    linear: list[float] = []
    forest: list[float] = []
    for fold, person in enumerate(people):
        out_real = real.person == person
        out_made = synthetic.person % len(people) == fold
        train = np.concatenate([x_real[~out_real], x_made[~out_made]])
        truth = np.repeat([1, 0], [(~out_real).sum(), (~out_made).sum()])
        test = np.concatenate([x_real[out_real], x_made[out_made]])
        wanted = np.repeat([1, 0], [out_real.sum(), out_made.sum()])
        for scores, model in (
            (linear, make_pipeline(StandardScaler(),
                                   LogisticRegression(C=0.1, class_weight="balanced"))),
            (forest, RandomForestClassifier(100, min_samples_leaf=5, class_weight="balanced",
                                            random_state=seed)),
        ):  # fmt: skip
            model.fit(train, truth)
            scores.append(roc_auc_score(wanted, model.predict_proba(test)[:, 1]))
    spread = np.sqrt((x_real.var(axis=0) + x_made.var(axis=0)) / 2) + 1e-9
    gap = (x_real.mean(axis=0) - x_made.mean(axis=0)) / spread
    names = [f"{joint} {feature}" for joint in real.joints for feature in FEATURES]
    order = np.argsort(-np.abs(gap))
    return Separation(
        float(np.mean(linear)), float(np.mean(forest)), len(x_real), len(x_made),
        tuple((names[i], float(gap[i])) for i in order),
    )  # fmt: skip
