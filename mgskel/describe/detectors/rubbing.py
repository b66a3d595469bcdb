"""Strokes of a hand during a contact: rubbing, or moving to and fro.

Whoever detects a contact asks for its strokes, so that these kinds have no detector of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.hand import ContactLimits, Hand
from mgskel.describe.intervals import FrameSpan, drift
from mgskel.describe.kinds import KINDS, Kind, KindEntry, margin
from mgskel.describe.rhythm import in_band, main_stroke, oscillations, spectral_peak, unrest
from mgskel.describe.statement import Finding, Side
from mgskel.describe.thresholds import Band, Thresholds, limits

RUBBING = Kind(
    "rubbing",
    unit="Hz",
    says={"each other": "The hands rubbed against each other", "": "{part} rubbed {goal}"},
    measured=": {count} strokes, {value:.1f} to and fro per second{pace}, {long} long",
    rank=2.0,
    moves=("hand", "arm"),
)
HAND_STROKES = Kind(
    "hand_strokes",
    unit="Hz",
    says="{part} moved to and fro in front of {goal}",
    measured=RUBBING.measured,
    rank=0.6,
    moves=("hand", "arm"),
)
for _kind in (RUBBING, HAND_STROKES):
    KINDS.register(_kind.name, KindEntry(_kind))

_SEEN = 0.7  # share of a contact in which a path must be seen to show strokes


@limits("rub")
@dataclass(frozen=True)
class RubLimits:
    band_hz: tuple[float, float] = (0.8, 8.0)
    amplitude: Band = Band(0.018, 0.012)  # half the path length of one stroke
    min_reversals: int = 3
    min_s: float = 0.6  # in less time tremor and jitter swing as often
    rest_weight: float = 0.6  # a hand that lies on something is steadier than one at rest in air
    fast_hz: float = 3.0  # category fast from here, slow below slow_hz
    slow_hz: float = 1.5


class HandPath:
    """A hand's path against a body point: its finger tips', or, where they are lost, its palm's."""

    def __init__(self, body: Body, hand: Hand, against: np.ndarray, thresholds: Thresholds) -> None:
        self._paths = hand.fast_tip - against, hand.fast_palm - against
        self._quiet: dict[int, float] = {}
        self._body, self._thresholds = body, thresholds

    @property
    def tips(self) -> np.ndarray:
        return self._paths[0]

    def during(self, span: FrameSpan) -> tuple[np.ndarray, float]:
        """The path (C, T) that shows strokes at the time, and its `path_unrest`."""
        which = int(np.isnan(span.of(self.tips[0])).mean() > 1 - _SEEN)
        if which not in self._quiet:  # over the whole recording: made once
            self._quiet[which] = path_unrest(self._body, self._paths[which], self._thresholds)
        return self._paths[which], self._quiet[which]


def path_unrest(body: Body, path: np.ndarray, thresholds: Thresholds) -> float:
    """How much a (C, T) path moves in the band of rubbing while it is quietest."""
    moving = np.stack([in_band(row, body.rate, thresholds.of(RubLimits).band_hz) for row in path])
    return unrest(moving, np.isfinite(path[0]), body.rate, body.limits.rest_share)


def strokes(
    body: Body,
    path: np.ndarray,
    quiet: float,
    span: FrameSpan,
    side: Side,
    joints: tuple[str, ...],
    scored: tuple[str, ...],
    thresholds: Thresholds,
) -> list[Finding]:
    """Strokes back and forth of a (C, T) path during a contact.

    `quiet` is the path's `path_unrest`, from which the strokes must stand out. Before the trunk
    a flat picture can't tell rubbing from moving to and fro in the air: there only that is told.
    """
    kind = HAND_STROKES if joints[-1] in ("chest", "torso") else RUBBING
    rub = thresholds.of(RubLimits)
    span = _settled(body, path, span, thresholds.of(ContactLimits).settled_speed)
    inside = span.of(path)
    seen = np.isfinite(inside[0])
    if len(span) < 8 or seen.mean() < _SEEN:
        return []
    frames = np.arange(len(span))
    whole = np.stack([np.interp(frames, frames[seen], row[seen]) for row in inside])
    line = main_stroke(whole, body.rate, rub.band_hz)
    noise = body.floor(*scored, band_hz=rub.band_hz) / 2
    if kind is RUBBING and side != "both":
        quiet *= rub.rest_weight
    band = body.believable(rub.amplitude, noise, quiet)
    findings = []
    for run in oscillations(line, body.rate, rub.band_hz, band, rub.min_reversals + 1):
        if len(run.span) < rub.min_s * body.rate:
            continue
        rate = spectral_peak(run.span.of(line), body.rate, rub.band_hz)
        where = FrameSpan(span.start + run.span.start, span.start + run.span.stop)
        findings.append(
            kind.found(
                body, where, joints, side, rate, _pace(rate, rub), scored=scored,
                margin=margin(run.amplitude, band.enter), count=run.strokes,
                amplitude=run.amplitude,
            )
        )  # fmt: skip
    return findings


def _pace(rate: float, rub: RubLimits) -> str:
    if rate >= rub.fast_hz:
        return "fast"
    if rate <= rub.slow_hz:
        return "slow"
    return "moderate" if rub.slow_hz * 1.2 <= rate <= rub.fast_hz / 1.2 else "undecided"


def _settled(body: Body, path: np.ndarray, span: FrameSpan, speed: float) -> FrameSpan:
    """The contact without the end of the reach and the start of the withdrawal.

    Rubbing is fast too, but over a quarter of a second it leads nowhere.
    """
    step = max(1, body.frames(0.25))
    if len(span) <= 2 * step:
        return span
    calm = np.flatnonzero(~(drift(span.of(path), step, body.rate) > speed))
    if not len(calm):
        return span
    return FrameSpan(span.start + int(calm[0]), span.start + int(calm[-1]) + step + 1)
