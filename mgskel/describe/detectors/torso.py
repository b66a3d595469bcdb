"""The trunk and the shoulders: leaning, swaying, straightening, turning, shoulders raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import ndimage

from mgskel.describe.body import Body
from mgskel.describe.intervals import above, at_least, below, join
from mgskel.describe.kinds import Kind, detects, margin
from mgskel.describe.rhythm import filled, in_band, oscillations, unrest
from mgskel.describe.statement import SIDES, Finding, Side
from mgskel.describe.thresholds import Band, Thresholds, limits

_TRUNK = ("neck", "left_shoulder", "right_shoulder")
_trunk = partial(Kind, needs=_TRUNK, moves=("torso", "head"))
TORSO_LEAN = _trunk(
    "torso_lean",
    unit="degrees",
    says="{part} leaned to the {side}",
    measured=", by up to {value:.0f} degrees against the usual",
    needs=("neck", "hip_centre"),
    explained_by=("torso_sway", "torso_turn"),
    directed=True,
)
TORSO_SWAY = _trunk(
    "torso_sway",
    unit="shoulder widths",
    says="{part} swayed from side to side",
    measured=": {times}, {rate} per second, {wide} wide",
)
TORSO_STRAIGHTEN = _trunk(
    "torso_straighten",
    unit="shoulder widths",
    says="{part} straightened up",
    measured=": neck and head rose by {widths}",
    rank=1.3,
)
TORSO_TURN = _trunk(
    "torso_turn",
    unit="of usual shoulder width",
    says="{part} was turned aside",
    measured=": the shoulders narrowed to {percent} of their usual width",
)
SHOULDERS_RAISED = Kind(
    "shoulders_raised",
    unit="shoulder widths",
    says="{part} {was} raised",
    measured=", by up to {widths}",
    rank=2.0,
    needs=("head", "left_shoulder", "right_shoulder"),
    moves=("torso",),
    explained_by=("torso_turn", "torso_lean", "torso_straighten"),
)


@limits("torso")
@dataclass(frozen=True)
class TorsoLimits:
    lean: Band = Band(6.0, 4.0)  # degrees in the picture, against the usual
    lean_min_s: float = 0.6
    lean_neck_share: float = 1.0  # ... of which the neck's own way to that side must make up this
    lean_spine: float = 1.2  # without hips, from the middle of the spine, so many times as much
    straighten: Band = Band(0.14, 0.09)  # neck and head rise this much in the picture
    straighten_within_s: float = 2.0
    straighten_own: float = 0.5  # where hips are seen: at least this share of the rise is over the
    # hips, not with them
    straighten_min_s: float = 0.6  # steps and jumps are over sooner
    sway_band_hz: tuple[float, float] = (0.2, 2.5)
    sway: Band = Band(0.045, 0.031)
    sway_min_strokes: int = 4
    turn: Band = Band(0.72, 0.85)  # shoulders narrowed to this share of their usual width
    turn_min_s: float = 0.5
    shoulders: Band = Band(0.09, 0.06)  # a shoulder rises towards the ears
    shoulders_min_s: float = 0.3
    shoulders_elbow: float = 0.25  # with the elbow less than this below the shoulder, the arm is
    # raised, not the shoulder
    shoulders_alone: float = 0.05  # one shoulder alone must rise by this more: estimates of it
    # drift, and people turn


@detects(TORSO_LEAN)
def leans(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    own = thresholds.of(TorsoLimits)
    base = next((name for name in ("hip_centre", "spine") if body.has("neck", name)), None)
    if base is None:
        return
    rise = body.slow["neck"] - body.slow[base]
    angle = body.against_usual(np.degrees(np.arctan2(rise[0], np.maximum(-rise[1], 0.1))))
    length = float(np.nanmedian(np.linalg.norm(rise, axis=0)))
    # Seated people's hips are often only guessed: the neck itself must have moved that way too.
    aside = body.against_usual(body.slow["neck"][0])
    neck = np.degrees(np.arctan2(aside, length)) / own.lean_neck_share
    angle = np.where(angle * neck > 0, np.sign(angle) * np.fmin(abs(angle), abs(neck)), 0.0)
    needed = own.lean.raised_by(float(np.degrees(body.floor("neck", base) / length)))
    if base != "hip_centre":  # guessed from the shoulders, it follows them only in part
        needed = Band(own.lean_spine * needed.enter, own.lean_spine * needed.leave)
    directions: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))
    for side, sign in directions:
        spans = join(above(sign * angle, needed), body.frames(0.5))
        for span in at_least(spans, own.lean_min_s * body.rate):
            value = float(np.nanmax(span.of(sign * angle)))
            yield TORSO_LEAN.found(
                body, span, ("torso",), side, value, "leaning",
                scored=("neck", base), margin=margin(value, needed.enter),
            )  # fmt: skip


@detects(TORSO_SWAY)
def sways(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    own = thresholds.of(TorsoLimits)
    if not body.has("neck"):
        return
    noise = body.floor("neck", band_hz=own.sway_band_hz) / 2
    aside = body.points["neck"][0]
    moving = in_band(aside, body.rate, own.sway_band_hz)
    quiet = unrest(moving, np.isfinite(aside), body.rate, body.limits.rest_share)
    needed = body.believable(own.sway, noise, quiet)
    for run in oscillations(aside, body.rate, own.sway_band_hz, needed, own.sway_min_strokes):
        yield TORSO_SWAY.found(
            body, run.span, ("torso",), "none", run.amplitude, "swaying", scored=("neck",),
            margin=margin(run.amplitude, needed.enter),
            count=max(1, round(run.strokes / 2)), rate_hz=run.rate_hz,
        )  # fmt: skip


@detects(TORSO_STRAIGHTEN)
def straightenings(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    """Neck and head both rise in the picture, and, where hips are seen, not merely with them."""
    own, head = thresholds.of(TorsoLimits), _head_name(body)
    if head is None or not body.has("neck"):
        return
    needed = own.straighten.raised_by(body.floor("neck", head))
    within = body.frames(own.straighten_within_s)
    rise = np.minimum(_rise(-body.slow["neck"][1], within), _rise(-body.slow[head][1], within))
    if body.has("hip_centre"):
        over_hips = _rise(body.slow["hip_centre"][1] - body.slow["neck"][1], within)
        alone = over_hips >= own.straighten_own * rise
        rise = np.where(alone | np.isnan(over_hips), rise, 0.0)
    for span in at_least(above(rise, needed), own.straighten_min_s * body.rate):
        value = float(np.nanmax(span.of(rise)))
        yield TORSO_STRAIGHTEN.found(
            body, span, ("torso",), "none", value, "straightening",
            scored=("neck", head), margin=margin(value, needed.enter),
        )  # fmt: skip


def _head_name(body: Body) -> str | None:
    return next((name for name in ("head", "nose", "head_top") if body.has(name)), None)


def _rise(height: np.ndarray, window: int) -> np.ndarray:
    """How much higher than at the lowest of the last `window` moments, (T,)."""
    # The filter's window ends at each moment, instead of lying around it.
    lowest = ndimage.minimum_filter1d(
        filled(height), window, mode="nearest", origin=(window - 1) // 2
    )
    return np.where(np.isnan(height), np.nan, height - lowest)


@detects(TORSO_TURN)
def turns(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    own, shoulders = thresholds.of(TorsoLimits), ("left_shoulder", "right_shoulder")
    if not body.has(*shoulders):
        return
    width = body.slow["left_shoulder"][0] - body.slow["right_shoulder"][0]
    share = width / np.maximum(body.usual(width), 0.2)
    spans = join(below(share + body.floor(*shoulders), own.turn), body.frames(0.3))
    for span in at_least(spans, own.turn_min_s * body.rate):
        value = float(np.nanmin(span.of(share)))
        yield TORSO_TURN.found(
            body, span, ("torso",), "none", value, "turned",
            scored=shoulders, margin=margin(value, own.turn.enter),
        )  # fmt: skip


@detects(SHOULDERS_RAISED)
def raised_shoulders(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    """The gap between shoulder and head narrows because the shoulder rises.

    Of a narrower gap only what the shoulder itself rose by counts, and of a shoulder's rise only
    what the other did not sink by: leaning and turning lift one and lower the other.
    """
    own, head = thresholds.of(TorsoLimits), _head_name(body)
    if head is None:
        return
    lifted = {
        side: -body.against_usual(body.slow[f"{side}_shoulder"][1])
        for side in SIDES
        if body.has(f"{side}_shoulder")
    }
    raised = {side: _raised(body, side, head, lifted, own.shoulders_elbow) for side in lifted}
    for side in lifted:
        shoulder = f"{side}_shoulder"
        shown = raised[side] - own.shoulders_alone
        for other in lifted.keys() - {side}:
            shown = np.fmax(shown, np.minimum(raised[side], raised[other]))
        needed = own.shoulders.raised_by(body.floor(shoulder, head))
        spans = join(above(shown, needed), body.frames(0.2))
        for span in at_least(spans, own.shoulders_min_s * body.rate):
            value = float(np.nanmax(span.of(raised[side])))
            yield SHOULDERS_RAISED.found(
                body, span, (shoulder,), side, value, "raised",
                scored=(shoulder, head), margin=margin(value, needed.enter),
            )  # fmt: skip


def _raised(
    body: Body, side: Side, head: str, lifted: Mapping[Side, np.ndarray], elbow_below: float
) -> np.ndarray:
    """How far (T,) a shoulder has come up to the head, itself and not by a raised arm."""
    height = body.slow[f"{side}_shoulder"][1]
    narrowed = -body.against_usual(height - body.slow[head][1])
    raised = np.minimum(narrowed, lifted[side])
    if len(lifted) == 2:
        raised = np.fmin(raised, lifted["left"] + lifted["right"])
    if body.has(elbow := f"{side}_elbow"):
        elbow_height = body.slow[elbow][1]
        with np.errstate(invalid="ignore"):
            hanging = elbow_height - height >= elbow_below
        raised = np.where(hanging | np.isnan(elbow_height), raised, 0.0)
    return raised
