"""Strokes of a hand during a contact: rubbing, or moving to and fro."""

from __future__ import annotations

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.calm import drift
from mgskel.describe.findings import Finding, Side, found, margin
from mgskel.describe.hand import Hand
from mgskel.describe.intervals import Span
from mgskel.describe.rhythm import (
    believable,
    in_band,
    main_stroke,
    oscillations,
    spectral_peak,
    unrest,
)
from mgskel.describe.thresholds import Thresholds

SEEN = 0.7  # share of a contact in which a path must be seen to show strokes


def path_unrest(body: Body, path: np.ndarray, thresholds: Thresholds) -> float:
    """How much a (C, T) path moves in the band of rubbing while it is quietest."""
    moving = np.stack([in_band(row, body.rate, thresholds.rub.band_hz) for row in path])
    return unrest(moving, np.isfinite(path[0]), body.rate, thresholds.signal.rest_share)


class HandPath:
    """A hand's path against a body point: its finger tips', or, where they are lost, its palm's."""

    def __init__(self, body: Body, hand: Hand, against: np.ndarray, thresholds: Thresholds) -> None:
        self._paths = hand.fast_tip - against, hand.fast_palm - against
        self._quiet: dict[int, float] = {}
        self._body, self._thresholds = body, thresholds

    @property
    def tips(self) -> np.ndarray:
        return self._paths[0]

    def during(self, span: Span) -> tuple[np.ndarray, float]:
        """The path (C, T) that shows strokes at the time, and its `path_unrest`."""
        lost = np.isnan(self.tips[0, span.start : span.stop]).mean() > 1 - SEEN
        which = int(lost)
        if which not in self._quiet:  # over the whole recording: made once
            path = self._paths[which]
            self._quiet[which] = path_unrest(self._body, path, self._thresholds)
        return self._paths[which], self._quiet[which]


def rubbing(
    body: Body,
    path: np.ndarray,
    quiet: float,
    span: Span,
    side: Side,
    joints: tuple[str, ...],
    scored: tuple[str, ...],
    thresholds: Thresholds,
) -> list[Finding]:
    """Strokes back and forth of a (C, T) path during a contact.

    `quiet` is the path's `path_unrest`, from which the strokes must stand out. Before the trunk
    a flat picture can't tell rubbing from moving to and fro in the air: there only that is told.
    """
    kind = "hand_strokes" if joints[-1] in ("chest", "torso") else "rubbing"
    limits = thresholds.rub
    span = _settled(body, path, span, thresholds.contact.settled_speed)
    inside = path[:, span.start : span.stop]
    seen = np.isfinite(inside[0])
    if len(span) < 8 or seen.mean() < SEEN:
        return []
    frames = np.arange(len(span))
    whole = np.stack([np.interp(frames, frames[seen], row[seen]) for row in inside])
    line = main_stroke(whole, body.rate, limits.band_hz)
    noise = body.floor(*scored, band_hz=limits.band_hz) / 2
    if kind == "rubbing" and side != "both":
        quiet *= limits.rest_weight
    band = believable(limits.amplitude, noise, quiet, body.duration_s, thresholds.signal)
    runs = oscillations(line, body.rate, limits.band_hz, band, limits.min_reversals + 1)
    findings = []
    for run in runs:
        if len(run.span) < limits.min_s * body.rate:
            continue
        piece = line[run.span.start : run.span.stop]
        rate = spectral_peak(piece, body.rate, limits.band_hz)
        category = "undecided"
        if rate >= limits.fast_hz:
            category = "fast"
        elif rate <= limits.slow_hz:
            category = "slow"
        elif limits.slow_hz * 1.2 <= rate <= limits.fast_hz / 1.2:
            category = "moderate"
        where = Span(span.start + run.span.start, span.start + run.span.stop)
        findings.append(
            found(body, where, kind, joints, side, rate, "Hz", category, scored=scored,
                  margin=margin(run.amplitude, band.enter), count=run.strokes,
                  amplitude=run.amplitude)
        )  # fmt: skip
    return findings


def _settled(body: Body, path: np.ndarray, span: Span, speed: float) -> Span:
    """The contact without the end of the reach and the start of the withdrawal.

    Rubbing is fast too, but over a quarter of a second it leads nowhere.
    """
    step = max(1, int(0.25 * body.rate))
    inside = path[:, span.start : span.stop]
    if len(span) <= 2 * step:
        return span
    calm = np.flatnonzero(~(drift(inside, step, body.rate) > speed))
    if not len(calm):
        return span
    return Span(span.start + int(calm[0]), span.start + int(calm[-1]) + step + 1)
