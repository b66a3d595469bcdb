"""Which statements tell most: what is rare, clear and of a telling kind comes first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from mgskel.describe.statements import Statement

# How much a kind tells about a person beyond what anyone always does; 1 for the ordinary.
_TELLING = {
    "gesture": 2.0,
    "rubbing": 2.0,
    "hand_strokes": 0.6,
    "arms_folded": 2.0,
    "arms_crossed": 1.5,
    "shoulders_raised": 2.0,
    "hand_to_chest": 0.7,
    "hand_to_torso": 0.4,
    "hand_to_arm": 1.3,
    "hands_joined": 1.2,
    "hands_behind_back": 1.5,
    "head_shake": 1.6,
    "head_nod": 1.4,
    "torso_straighten": 1.3,
    "torso_turn": 1.0,
    "head_turn": 0.7,
    "head_pitch": 0.7,
    "head_tilt": 0.9,
    "fidgeting": 0.8,
    "stillness": 0.6,
}
_TOUCHING = 2.0
_PASSING = 0.2  # reaching and leaving are told by the contact itself
_NEAR = 0.8


def by_informativeness(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Sorted; equal ones stay in the order of time."""
    scores = informativeness(statements)
    order = sorted(range(len(statements)), key=lambda i: (-scores[i], i))
    return tuple(statements[i] for i in order)


def informativeness(statements: Sequence[Statement]) -> list[float]:
    """One score per statement: telling x sure x long x rare in this recording."""
    counts = Counter(_sort(statement) for statement in statements)
    return [
        _telling(s)
        * s.confidence
        * (0.6 + 0.4 * min(1.0, s.duration_s / 3.0))
        / math.sqrt(counts[_sort(s)])
        for s in statements
    ]


def _sort(statement: Statement) -> tuple[str, str, str, str]:
    return statement.person, statement.kind, statement.side, statement.category


def _telling(statement: Statement) -> float:
    if statement.category in ("approaching", "leaving"):
        return _PASSING
    if statement.category == "near":
        return _NEAR
    if statement.kind in _TELLING:
        return _TELLING[statement.kind]
    return _TOUCHING if statement.kind.startswith("hand_to_") else 1.0
