"""How prominent people are in the picture, and who may turn out to be the person asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RIVAL = 0.9
"""Whoever is this near to the most prominent is as good a main person."""
# Sides: those whose middles are within so many sizes of the outermost are not told apart yet.
_ASIDE = 0.5


@dataclass(frozen=True)
class Standing:
    """Somebody's part in a clip so far.

    Attributes:
        size: scale in pixels, of the same kind for all.
        middle: (2,) where the person mostly is.
        presence: share of frames in which the person was there.
    """

    size: float
    middle: np.ndarray
    presence: float

    def weight(self, frame_size: tuple[int, int]) -> float:
        """Size times presence times centrality: 1 in the middle of the picture, 0.5 at its
        edges."""
        off_centre = min(float(np.hypot(*(self.middle / np.asarray(frame_size) - 0.5))) / 0.5, 1.0)
        return self.size / max(frame_size) * self.presence * (1.0 - 0.5 * off_centre)


def may_be_kept(
    keep: str,
    people: Sequence[Standing],
    frame_size: tuple[int, int],
    settled: int | None = None,
) -> tuple[bool, ...]:
    """Who may turn out to be the one that `keep` asks for; all where that can't be foreseen.

    Of several who are nearly as prominent, only the one already `settled` on, if there is one.
    """
    if len(people) < 2 or keep not in ("main", "largest", "left", "right"):
        return (True,) * len(people)
    if keep == "main":
        worth = [one.weight(frame_size) for one in people]
        good = tuple(value >= RIVAL * max(worth) for value in worth)
        if settled is None or not good[settled]:
            return good
        return tuple(index == settled for index in range(len(people)))
    longest = max(one.presence for one in people)
    staying = [one for one in people if 2 * one.presence >= longest]
    if keep == "largest":
        most = max(one.size for one in staying)
        return tuple(one.size >= RIVAL * most for one in people)
    sign = 1 if keep == "right" else -1
    edge = max(sign * one.middle[0] for one in staying)
    return tuple(sign * one.middle[0] + _ASIDE * one.size >= edge for one in people)
