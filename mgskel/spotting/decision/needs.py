"""What must be seen before a gesture may be said, and what to tell where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import Skeleton
from mgskel.core.visibility import USABLE_SCORE

ENOUGH = 0.5
"""Share of the moments (or of a body part's joints) that must be usable."""
_SLOWEST_FPS = 10.0


def usable_joints(scores: np.ndarray) -> np.ndarray:
    """Joints that were not only guessed, (..., V) bool."""
    return np.asarray(scores >= USABLE_SCORE)


def need_met(need: str, usable: np.ndarray, layout: Skeleton) -> np.ndarray:
    """Whether one need ("nose", or alternatives "left_ear|right_ear") is met, (T,) bool.

    Args:
        usable: (T, V) bool in the layout's joints.
    """
    met = np.zeros(len(usable), bool)
    for name in need.split("|"):
        if layout.has(name):
            met |= usable[:, layout.index(name)]
        elif layout.parts.get(name):
            met |= usable[:, list(layout.parts[name])].mean(1) >= ENOUGH
    return met


def served_classes(vocabulary: Vocabulary, usable: np.ndarray, layout: Skeleton) -> np.ndarray:
    """Whether everything that each class needs is usable, (K, T) bool, from (T, V) bool."""
    needs = {need for gesture in vocabulary for need in gesture.needs}
    met = {need: need_met(need, usable, layout) for need in needs}
    served = np.ones((len(vocabulary), len(usable)), bool)
    for row, gesture in zip(served, vocabulary, strict=True):
        for need in gesture.needs:
            row &= met[need]
    return served


@dataclass(frozen=True)
class Silence:
    """Something that nothing is said of.

    Attributes:
        text: what, and why, in a plain sentence.
        gestures: the gestures concerned; none where it is a time, or all of them.
    """

    text: str
    gestures: tuple[str, ...] = ()


def in_a_line(silences: Sequence[Silence], classes: int) -> str:
    """Of how many gestures nothing is said; empty where each may be said."""
    unseen = {gesture for silence in silences for gesture in silence.gestures}
    if not unseen:
        return ""
    return (
        f"nothing is said of {len(unseen)} of {classes} gestures, for want of joints that are seen "
        "well enough"
    )


def silences(
    source: PoseSequence, usable: Sequence[np.ndarray], vocabulary: Vocabulary, layout: Skeleton
) -> list[Silence]:
    """What nothing is said of, and why.

    Args:
        source: the recording as it came.
        usable: of each person, (T, V) bool in the recognizer's layout.
    """
    if source.num_frames == 0:
        return [Silence("The recording has no frames.")]
    remarks = []
    if source.fps < _SLOWEST_FPS:
        rate = f"At {source.fps:.3g} frames per second"
        remarks.append(Silence(f"{rate}, quick gestures (nodding, shaking) escape."))
    for person, joints in zip(source.people, usable, strict=True):
        there = joints.any(1)
        who = f"Person {person}" if source.num_people > 1 else "The person"
        if not there.any():
            remarks.append(Silence(f"{who} is never seen well enough to say anything."))
            continue
        if there.mean() < 1 - ENOUGH / 5:
            share = f"{who} is seen {there.mean():.0%} of the time"
            remarks.append(Silence(f"{share}; the rest is left out."))
        remarks += _unmet(who, joints[there], vocabulary, layout)
    return remarks


def _unmet(who: str, usable: np.ndarray, vocabulary: Vocabulary, layout: Skeleton) -> list[Silence]:
    silent: dict[str, list[str]] = {}
    for gesture in vocabulary:
        for need in gesture.needs:
            share = float(need_met(need, usable, layout).mean())
            if share < ENOUGH:
                words = " or ".join(name.replace("_", " ") for name in need.split("|"))
                seen = f"is usable {share:.0%} of the time" if share else "is not seen"
                silent.setdefault(f"{who}'s {words} {seen}", []).append(gesture.name)
                break
    return [
        Silence(f"{why}: nothing is said of {_listed(names)}.", tuple(names))
        for why, names in silent.items()
    ]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
