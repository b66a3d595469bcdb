"""The head: nodding, shaking, turning, tilting, raising and lowering.

A flat picture shows a turn as the nose moving sideways between the ears and a nod as the nose
moving up and down against them; that is what is measured, not angles in depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.intervals import FrameSpan, above, at_least, join
from mgskel.describe.kinds import Kind, detects, margin
from mgskel.describe.rhythm import in_band, oscillations, unrest
from mgskel.describe.statement import Finding, Side
from mgskel.describe.thresholds import Band, Thresholds, limits

_FACE = ("nose", "left_eye", "right_eye")
_head = partial(Kind, needs=_FACE, moves=("head",))
HEAD_NOD = _head(
    "head_nod",
    unit="times",
    says="{part} nodded",
    measured=": {times}, {rate} per second",
    shown="{part} went up and down {times}",
    rank=1.4,
    merged="count",
)
HEAD_SHAKE = _head(
    "head_shake",
    unit="times",
    says="{part} shook from side to side",
    measured=": {times}, {rate} per second",
    shown="{part} went to and fro {times}",
    rank=1.6,
    explained_by=("torso_turn",),
    merged="count",
)
HEAD_TURN = _head(
    "head_turn",
    unit="shoulder widths",
    says="{part} was turned to the {side}",
    rank=0.7,
    explained_by=("head_shake", "torso_turn"),
    directed=True,
)
HEAD_PITCH = _head(
    "head_pitch",
    unit="shoulder widths",
    says="{part} was {category}",
    rank=0.7,
    explained_by=("head_nod", "torso_turn"),
)
HEAD_TILT = _head(
    "head_tilt",
    unit="degrees",
    says="{part} was tilted to the {side}",
    measured=", by up to {value:.0f} degrees against the usual",
    rank=0.9,
    explained_by=("torso_turn", "torso_lean"),
    directed=True,
)

# Seen between the eyes instead of the ears, the nose moves this much less.
_EYES_GAIN = 2.5
_EARS_APART, _EYES_APART = 0.40, 0.17
_FULL = 0.95  # a line's full length is this quantile of what is seen of it


@limits("head")
@dataclass(frozen=True)
class HeadLimits:
    nod_band_hz: tuple[float, float] = (0.6, 5.0)
    nod: Band = Band(0.027, 0.016)  # amplitude of the nose against the ears, up and down
    shake_band_hz: tuple[float, float] = (0.6, 5.0)
    shake: Band = Band(0.032, 0.020)
    rest_weight: float = 0.65  # of what stands out from rest: heads rest more quietly than hands
    min_strokes: int = 3  # half movements in a row: down, up, down
    dominance: float = 1.2  # nodding needs this much more up-down than sideways, and vice versa
    turn: Band = Band(0.085, 0.055)  # nose sideways of the head's centre, against the usual
    tilt_line: float = 0.5  # a line of ears or eyes shorter than this share of its full length
    # tells no tilt
    tilt: Band = Band(7.5, 5.0)  # degrees in the picture, against the usual
    pitch: Band = Band(0.09, 0.06)  # nose up or down against the ears
    hold_min_s: float = 0.4


@dataclass(frozen=True, eq=False)
class _Face:
    """The nose against the ears or eyes, (C, T) in shoulder widths: to the person's left, down."""

    fast: np.ndarray
    slow: np.ndarray  # the same from averaged positions
    points: tuple[str, ...]  # what it is made of
    gain: float


def _face(body: Body) -> _Face | None:
    for pair, gain in ((("left_ear", "right_ear"), 1.0), (("left_eye", "right_eye"), _EYES_GAIN)):
        if not body.has("nose", *pair):
            continue
        fast, slow = (
            gain * (points["nose"] - (points[pair[0]] + points[pair[1]]) / 2)
            for points in (body.points, body.slow)
        )
        if np.isfinite(fast[0]).mean() >= 0.3 * np.isfinite(body.points["nose"][0]).mean():
            return _Face(fast, slow, ("nose", *pair), gain)
    return None


@detects(HEAD_NOD, HEAD_SHAKE)
def nods_and_shakes(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    own, face = thresholds.of(HeadLimits), _face(body)
    if face is None:
        return
    sideways, down = face.fast[:2]
    for kind, signal, other, band_hz, band in (
        (HEAD_NOD, down, sideways, own.nod_band_hz, own.nod),
        (HEAD_SHAKE, sideways, down, own.shake_band_hz, own.shake),
    ):
        noise = face.gain * body.floor(*face.points, band_hz=band_hz) / 2
        moving = in_band(signal, body.rate, band_hz)
        quiet = unrest(moving, np.isfinite(signal), body.rate, body.limits.rest_share)
        needed = body.believable(band, noise, own.rest_weight * quiet)
        for run in oscillations(
            signal, body.rate, band_hz, needed, own.min_strokes, other, own.dominance
        ):
            count = max(1, round(run.strokes / 2))
            pace = "fast" if run.rate_hz >= 2.5 else "slow" if run.rate_hz <= 1.0 else "moderate"
            yield kind.found(
                body, run.span, ("head",), "none", count, pace, scored=face.points,
                margin=margin(run.amplitude, needed.enter),
                count=count, rate_hz=run.rate_hz, amplitude=run.amplitude,
            )  # fmt: skip


@detects(HEAD_TURN, HEAD_PITCH)
def held_turns(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    own, face = thresholds.of(HeadLimits), _face(body)
    if face is None:
        return
    noise = face.gain * body.floor(*face.points)
    sideways, down = (body.against_usual(row) for row in face.slow[:2])
    cases: tuple[tuple[Kind, np.ndarray, Band, Side, str], ...] = (
        (HEAD_TURN, sideways, own.turn, "left", "turned"),
        (HEAD_TURN, -sideways, own.turn, "right", "turned"),
        (HEAD_PITCH, down, own.pitch, "none", "lowered"),
        (HEAD_PITCH, -down, own.pitch, "none", "raised"),
    )
    for kind, signal, band, side, category in cases:
        needed = band.raised_by(noise)
        for span in _lasting(body, signal, needed, own.hold_min_s):
            value = float(np.nanmax(span.of(signal)))
            yield kind.found(
                body, span, ("head",), side, value, category,
                scored=face.points, margin=margin(value, needed.enter),
            )  # fmt: skip


def _lasting(body: Body, signal: np.ndarray, band: Band, min_s: float) -> list[FrameSpan]:
    return at_least(join(above(signal, band), body.frames(0.2)), min_s * body.rate)


@dataclass(frozen=True)
class _Line:
    """Two joints and their distance in shoulder widths, seen frontally."""

    left: str
    right: str
    length: float


_LINES = (_Line("left_ear", "right_ear", _EARS_APART), _Line("left_eye", "right_eye", _EYES_APART))


@detects(HEAD_TILT)
def tilts(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    """How far the lines of ears and eyes leave the horizontal, against the usual.

    A turned head shows these lines foreshortened, and their angle in the picture too steep. What
    counts is therefore their rise against their full length, and both lines must agree.
    """
    own = thresholds.of(HeadLimits)
    lines = [line for line in _LINES if body.has(line.left, line.right)]
    if not lines:
        return
    angles = np.stack([_angle(body, line, own) for line in lines])
    noise = min(
        float(np.degrees(body.floor(line.left, line.right) / line.length)) for line in lines
    )
    needed = own.tilt.raised_by(noise)
    sides: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))
    for side, sign in sides:
        agreed = np.min(sign * angles, axis=0)
        for span in _lasting(body, agreed, needed, own.hold_min_s):
            value = float(np.nanmax(span.of(agreed)))
            yield HEAD_TILT.found(
                body, span, ("head",), side, value, "tilted",
                scored=(lines[0].left, lines[0].right), margin=margin(value, needed.enter),
            )  # fmt: skip


def _angle(body: Body, line: _Line, own: HeadLimits) -> np.ndarray:
    """(T,) degrees against the usual, positive to the person's left; NaN where turned away."""
    offset = body.slow[line.left] - body.slow[line.right]
    seen = np.linalg.norm(offset, axis=0)
    full = max(float(np.nanquantile(seen, _FULL)), line.length) if np.isfinite(seen).any() else 1.0
    with np.errstate(invalid="ignore"):
        angle = np.degrees(np.arcsin(np.clip(offset[1] / full, -1.0, 1.0)))
        short = ~(seen >= own.tilt_line * full)
    angle[short] = np.nan
    return body.against_usual(angle)
