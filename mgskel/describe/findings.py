"""A finding: one measured thing, before merging gives it its final times and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mgskel.describe.body import Body
from mgskel.describe.intervals import Span

Side = Literal["left", "right", "both", "none"]
SIDES: tuple[Side, ...] = ("left", "right")


@dataclass(frozen=True)
class Finding:
    """What was measured, on which joints, from when to when.

    Attributes:
        kind: what it is, such as "hand_to_nose" or "head_nod".
        joints: the moving joint first, then what it moved to.
        value, unit: the measurement that the category rests on.
        details: further numbers for the words, such as the count of strokes.
        confidence: 0..1, of scores, of the margin to the threshold, and of what the view allows.
    """

    kind: str
    joints: tuple[str, ...]
    side: Side
    value: float
    unit: str
    category: str
    from_s: float
    to_s: float
    confidence: float
    person: str = ""
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s


def found(
    body: Body,
    span: Span,
    kind: str,
    joints: tuple[str, ...],
    side: Side,
    value: float,
    unit: str,
    category: str,
    *,
    scored: tuple[str, ...],
    margin: float = 1.0,
    **details: float,
) -> Finding:
    """A finding over `span`; confidence is the score of the points `scored` times the margin."""
    return Finding(
        kind, joints, side, float(value), unit, category,
        float(body.times[span.start]),
        float(body.times[span.stop - 1]),
        body.confidence(*scored) * float(min(1.0, max(0.3, margin))),
        body.person,
        details,
    )  # fmt: skip


def margin(value: float, threshold: float) -> float:
    """How clearly a value passes its threshold: 0.6 just so, 1 from half as much again."""
    return min(1.0, 0.6 + 0.8 * abs(value - threshold) / max(abs(threshold), 1e-9))
