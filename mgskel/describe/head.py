"""The head: nodding, shaking, turning, tilting, raising and lowering.

A flat picture shows a turn as the nose moving sideways between the ears and a nod as the nose
moving up and down against them; that is what is measured, not angles in depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.describe.baseline import against_usual
from mgskel.describe.body import Body
from mgskel.describe.findings import Finding, Side, found, margin
from mgskel.describe.intervals import Span, above, at_least, join
from mgskel.describe.rhythm import Oscillation, believable, in_band, oscillations, unrest
from mgskel.describe.thresholds import Band, Thresholds

# Seen between the eyes instead of the ears, the nose moves this much less.
_EYES_GAIN = 2.5
_EARS_APART, _EYES_APART = 0.40, 0.17
_FULL = 0.95  # a line's full length is this quantile of what is seen of it


@dataclass(frozen=True, eq=False)
class _Signals:
    """Signals (T,): `turn` to the person's left, `pitch` down, in shoulder widths.

    `held` are the same from averaged positions. `points` is what they are made of.
    """

    turn: np.ndarray
    pitch: np.ndarray
    held_turn: np.ndarray
    held_pitch: np.ndarray
    points: tuple[str, ...]
    gain: float


def head_findings(body: Body, thresholds: Thresholds) -> list[Finding]:
    findings: list[Finding] = []
    signals = _signals(body)
    if signals is not None:
        findings += _nods_and_shakes(body, signals, thresholds)
        findings += _held(body, signals, thresholds)
    return findings + _tilts(body, thresholds)


def _signals(body: Body) -> _Signals | None:
    for pair, gain in ((("left_ear", "right_ear"), 1.0), (("left_eye", "right_eye"), _EYES_GAIN)):
        if not body.has("nose", *pair):
            continue
        fast = gain * (body.points["nose"] - (body.points[pair[0]] + body.points[pair[1]]) / 2)
        slow = gain * (body.slow["nose"] - (body.slow[pair[0]] + body.slow[pair[1]]) / 2)
        if np.isfinite(fast[0]).mean() >= 0.3 * np.isfinite(body.points["nose"][0]).mean():
            return _Signals(fast[0], fast[1], slow[0], slow[1], ("nose", *pair), gain)
    return None


def _nods_and_shakes(body: Body, signals: _Signals, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.head
    findings = []
    motions = (
        ("head_nod", signals.pitch, signals.turn, limits.nod_band_hz, limits.nod),
        ("head_shake", signals.turn, signals.pitch, limits.shake_band_hz, limits.shake),
    )
    for kind, signal, other, band_hz, band in motions:
        noise = signals.gain * body.floor(*signals.points, band_hz=band_hz) / 2
        moving = in_band(signal, body.rate, band_hz)
        quiet = unrest(moving, np.isfinite(signal), body.rate, thresholds.signal.rest_share)
        quiet *= limits.rest_weight
        needed = believable(band, noise, quiet, body.duration_s, thresholds.signal)
        for run in oscillations(
            signal, body.rate, band_hz, needed, limits.min_strokes, other, limits.dominance
        ):
            count = max(1, round(run.strokes / 2))
            findings.append(_oscillation(body, kind, run, count, needed, signals))
    return findings


def _oscillation(
    body: Body, kind: str, run: Oscillation, count: int, needed: Band, signals: _Signals
) -> Finding:
    return found(
        body, run.span, kind, ("head",), "none", count, "times",
        "fast" if run.rate_hz >= 2.5 else "slow" if run.rate_hz <= 1.0 else "moderate",
        scored=signals.points, margin=margin(run.amplitude, needed.enter),
        count=count, rate_hz=run.rate_hz, amplitude=run.amplitude,
    )  # fmt: skip


def _held(body: Body, signals: _Signals, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.head
    noise = signals.gain * body.floor(*signals.points)
    turn = against_usual(signals.held_turn, body.rate, thresholds.baseline)
    pitch = against_usual(signals.held_pitch, body.rate, thresholds.baseline)
    cases: tuple[tuple[str, np.ndarray, Band, Side, str], ...] = (
        ("head_turn", turn, limits.turn, "left", "turned"),
        ("head_turn", -turn, limits.turn, "right", "turned"),
        ("head_pitch", pitch, limits.pitch, "none", "lowered"),
        ("head_pitch", -pitch, limits.pitch, "none", "raised"),
    )
    findings = []
    for kind, signal, band, side, category in cases:
        needed = band.raised_by(noise)
        for span in _lasting(body, signal, needed, limits.hold_min_s):
            value = float(np.nanmax(signal[span.start : span.stop]))
            findings.append(
                found(body, span, kind, ("head",), side, value, "shoulder widths", category,
                      scored=signals.points, margin=margin(value, needed.enter))
            )  # fmt: skip
    return findings


def _lasting(body: Body, signal: np.ndarray, band: Band, min_s: float) -> list[Span]:
    spans = join(above(signal, band.enter, band.leave), int(0.2 * body.rate))
    return at_least(spans, min_s * body.rate)


def _tilts(body: Body, thresholds: Thresholds) -> list[Finding]:
    """How far the lines of ears and eyes leave the horizontal, against the usual.

    A turned head shows these lines foreshortened, and their angle in the picture too steep. What
    counts is therefore their rise against their full length, and both lines must agree.
    """
    limits = thresholds.head
    lines = [
        _Line(left, right, length)
        for left, right, length in (
            ("left_ear", "right_ear", _EARS_APART), ("left_eye", "right_eye", _EYES_APART)
        )
        if body.has(left, right)
    ]  # fmt: skip
    if not lines:
        return []
    angles = np.stack([_angle(body, line, thresholds) for line in lines])
    noise = min(
        float(np.degrees(body.floor(line.left, line.right) / line.length)) for line in lines
    )
    needed = limits.tilt.raised_by(noise)
    scored = (lines[0].left, lines[0].right)
    findings = []
    sides: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))
    for side, sign in sides:
        agreed = np.min(sign * angles, axis=0)
        for span in _lasting(body, agreed, needed, limits.hold_min_s):
            value = float(np.nanmax(agreed[span.start : span.stop]))
            findings.append(
                found(body, span, "head_tilt", ("head",), side, value, "degrees", "tilted",
                      scored=scored, margin=margin(value, needed.enter))
            )  # fmt: skip
    return findings


@dataclass(frozen=True)
class _Line:
    """Two joints and their distance in shoulder widths, seen frontally."""

    left: str
    right: str
    length: float


def _angle(body: Body, line: _Line, thresholds: Thresholds) -> np.ndarray:
    """(T,) degrees against the usual, positive to the person's left; NaN where turned away."""
    offset = body.slow[line.left] - body.slow[line.right]
    seen = np.linalg.norm(offset, axis=0)
    full = max(float(np.nanquantile(seen, _FULL)), line.length) if np.isfinite(seen).any() else 1.0
    with np.errstate(invalid="ignore"):
        angle = np.degrees(np.arcsin(np.clip(offset[1] / full, -1.0, 1.0)))
        short = ~(seen >= thresholds.head.tilt_line * full)
    angle[short] = np.nan
    return against_usual(angle, body.rate, thresholds.baseline)
