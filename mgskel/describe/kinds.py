"""The table of statement kinds: one entry a kind, with everything the project knows of it.

An entry says what the kind is about, its unit, words, rank, and what must be seen for it; which
gestures it bears out stands with the gestures (`shows`). The detector that finds it stands right
below, in a file of `mgskel.describe.detectors`::

    ARMS_FOLDED = Kind("arms_folded", unit="shoulder widths", says="The arms were folded", ...)

    @detects(ARMS_FOLDED)
    def folded_arms(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
        ...
        yield ARMS_FOLDED.found(body, span, ("left_arm", "right_arm"), "both", value, "folded", ...)

A kind of one's own is the same in a file of one's own: imported, read by
`mgskel.core.registry.load_file`, or named in the entry points group `mgskel.statements`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mgskel.core.registry import Registry
from mgskel.describe.body import Body
from mgskel.describe.intervals import FrameSpan
from mgskel.describe.statement import Finding, Side
from mgskel.describe.thresholds import Thresholds

Words = str | Mapping[str, str]
Detector = Callable[[Body, Thresholds], Iterable[Finding]]


@dataclass(frozen=True)
class Kind:
    """One kind of statement.

    Attributes:
        name: such as "arms_folded".
        unit: of its value.
        says: what was done, as a template (see `wording`), or templates by category or goal
            with "" for every other.
        measured: how much, told after the times; in the same way.
        shown: what was done and how much, without times, beside a gesture; by default `says` and
            `measured`.
        rank: how much it tells about a person beyond what anyone always does; 1 is the ordinary.
        supports: further gestures that it bears out, beside those whose entry names it (`shows`);
            for kinds of one's own.
        needs: body points that must be seen before its absence contradicts a gesture.
        moves: endings of the body parts whose restlessness it explains.
        explained_by: kinds that say at the same time the same, or the cause of it: then it is
            not told.
        merged: what two in a row become one with: the largest value, the smallest of a touch, or
            the sum of counts.
        directed: whether its side is a direction, so that left and right never become both.
        at_head: whether it tells of a hand at the head.
    """

    name: str
    unit: str = ""
    says: Words = ""
    measured: Words = " ({duration})"
    shown: Words = ""
    rank: float = 1.0
    supports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    merged: Literal["largest", "smallest touch", "count"] = "largest"
    directed: bool = False
    at_head: bool = False

    def found(
        self,
        body: Body,
        span: FrameSpan,
        joints: tuple[str, ...],
        side: Side,
        value: float,
        category: str,
        *,
        scored: tuple[str, ...],
        margin: float = 1.0,
        unit: str | None = None,
        count: float | None = None,
        rate_hz: float | None = None,
        amplitude: float | None = None,
        guessed: bool = False,
    ) -> Finding:
        """A finding of this kind over `span`.

        Its confidence is the score of the points `scored` times the `margin` (see there).
        """
        return Finding(
            kind=self.name,
            joints=joints,
            side=side,
            value=float(value),
            unit=self.unit if unit is None else unit,
            category=category,
            from_s=float(body.times[span.start]),
            to_s=float(body.times[span.stop - 1]),
            confidence=body.confidence(*scored) * float(np.clip(margin, 0.3, 1.0)),
            person=body.person,
            count=count,
            rate_hz=rate_hz,
            amplitude=amplitude,
            guessed=guessed,
        )


@dataclass(frozen=True)
class KindEntry:
    """A kind, and the detector that finds it; none where others find it on their way."""

    kind: Kind
    detector: Detector | None = field(default=None, repr=False)


KINDS: Registry[KindEntry] = Registry(
    "kind of statement", "mgskel.describe.detectors", "mgskel.statements"
)


def detects(*kinds: Kind) -> Callable[[Detector], Detector]:
    """Register a function of one person's body, and the kinds of statement that it finds."""

    def registered(detector: Detector) -> Detector:
        for kind in kinds:
            KINDS.register(kind.name, KindEntry(kind, detector), origin=detector)
        return detector

    return registered


def detect(body: Body, thresholds: Thresholds) -> list[Finding]:
    """All findings on one person, not yet merged."""
    detectors = dict.fromkeys(entry.detector for entry in KINDS)
    return [f for detector in detectors if detector for f in detector(body, thresholds)]


def kind_of(name: str) -> Kind:
    """The entry of a kind; of one that is not known, as in files of others, an ordinary one."""
    return KINDS.get(name).kind if name in KINDS else Kind(name, says=name.replace("_", " "))


def margin(value: float, threshold: float) -> float:
    """How clearly a value passes its threshold: 0.6 just so, 1 from half as much again."""
    return min(1.0, 0.6 + 0.8 * abs(value - threshold) / max(abs(threshold), 1e-9))


GESTURE = Kind("gesture", unit="score", rank=2.0)
KINDS.register(GESTURE.name, KindEntry(GESTURE))
