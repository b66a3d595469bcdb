"""Where the hands are: plain geometry that a decision may rest on beside the network's evidence.

On real people the network often knows that a hand is at the head but not where; where the fingers
are beside the face tells it. Only fingers that are seen count: a wrist alone shows no place.
"""

from __future__ import annotations

import numpy as np

from mgskel.core.skeleton import Skeleton

_BELOW = (-0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.1)
_BESIDE = (0.15, 0.35, 0.6)
PLACE_TERMS = (
    "fingers",
    *(f"fingers {way:g} below the nose" for way in _BELOW),
    *(f"fingers {way:g} beside the nose" for way in _BESIDE),
    "fingers at the nose",
    "hands together",
)
"""Of the hand nearer to the nose (or the head, where a layout has no nose), in shoulder widths;
each is 1 where it is so, and falls off to 0."""
_WIDE, _NARROW, _NEAR, _TOGETHER = 0.18, 0.15, 0.3, 0.35
_FAR = 9.0


def place_terms(points: np.ndarray, seen: np.ndarray, layout: Skeleton) -> np.ndarray:
    """`PLACE_TERMS` (P, T).

    Args:
        points: (2, T, V) in shoulder widths, y downwards.
        seen: (T, V) bool.
    """

    def joint(name: str) -> np.ndarray:
        if not layout.has(name):
            return np.full((len(seen), 2), np.nan)
        index = layout.index(name)
        return np.where(seen[:, index, None], points[:, :, index].T, np.nan)

    face = _first(joint("nose"), joint("head"))
    fingers, hands = [], []
    for side in ("left", "right"):
        index, middle = joint(f"{side}_index_tip"), joint(f"{side}_middle_tip")
        tips = _first(_first((index + middle) / 2, index), middle)
        fingers.append(tips)
        hands.append(_first(tips, joint(f"{side}_wrist")))
    away = [_length(hand - face) for hand in hands]
    left = away[0] <= away[1]
    aside, below = np.where(left[:, None], fingers[0] - face, fingers[1] - face).T
    there = np.isfinite(below)
    terms = [
        np.ones(len(seen)),
        *(_bump(below - way, _WIDE) for way in _BELOW),
        *(_bump(np.abs(aside) - way, _NARROW) for way in _BESIDE),
        _bump(np.minimum(*away), _NEAR),
    ]
    told = np.where(there, np.stack(terms), 0)
    return np.concatenate([told, _bump(_length(hands[0] - hands[1]), _TOGETHER)[None]])


def _first(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Points (T, 2) of the one, or of the other where that is not seen."""
    return np.where(np.isfinite(one), one, other)


def _length(way: np.ndarray) -> np.ndarray:
    """(T,) lengths of ways (T, 2); far where not known."""
    length = np.hypot(*way.T)
    return np.where(np.isfinite(length), length, _FAR)


def _bump(distance: np.ndarray, width: float) -> np.ndarray:
    return np.asarray(np.exp(-((distance / width) ** 2)))
