"""The trunk and the shoulders: leaning, swaying, straightening, turning, shoulders raised."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mgskel.describe.baseline import against_usual, usual
from mgskel.describe.body import Body
from mgskel.describe.filters import trailing_minimum
from mgskel.describe.findings import SIDES, Finding, Side, found, margin
from mgskel.describe.intervals import above, at_least, below, filled, join
from mgskel.describe.rhythm import believable, in_band, oscillations, unrest
from mgskel.describe.thresholds import Band, Thresholds

_DIRECTIONS: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))


def torso_findings(body: Body, thresholds: Thresholds) -> list[Finding]:
    return [
        *_lean(body, thresholds),
        *_sway(body, thresholds),
        *_straightening(body, thresholds),
        *_turn(body, thresholds),
        *_shoulders(body, thresholds),
    ]


def _trunk(body: Body) -> tuple[np.ndarray, str] | None:
    """From the hips (or the middle of the spine) to the neck, (C, T), and which it is."""
    for base in ("hip_centre", "spine"):
        if body.has("neck", base):
            return body.slow["neck"] - body.slow[base], base
    return None


def _lean(body: Body, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.torso
    trunk = _trunk(body)
    if trunk is None:
        return []
    rise, base = trunk
    angle = np.degrees(np.arctan2(rise[0], np.maximum(-rise[1], 0.1)))
    angle = against_usual(angle, body.rate, thresholds.baseline)
    length = float(np.nanmedian(np.linalg.norm(rise, axis=0)))
    # Seated people's hips are often only guessed: the neck itself must have moved that way too.
    aside = against_usual(body.slow["neck"][0], body.rate, thresholds.baseline)
    neck = np.degrees(np.arctan2(aside, length)) / limits.lean_neck_share
    angle = np.where(angle * neck > 0, np.sign(angle) * np.fmin(abs(angle), abs(neck)), 0.0)
    needed = limits.lean.raised_by(float(np.degrees(body.floor("neck", base) / length)))
    if base != "hip_centre":  # guessed from the shoulders, it follows them only in part
        needed = Band(limits.lean_spine * needed.enter, limits.lean_spine * needed.leave)
    findings = []
    for side, sign in _DIRECTIONS:
        spans = join(above(sign * angle, needed.enter, needed.leave), int(0.5 * body.rate))
        for span in at_least(spans, limits.lean_min_s * body.rate):
            value = float(np.nanmax(sign * angle[span.start : span.stop]))
            findings.append(
                found(body, span, "torso_lean", ("torso",), side, value, "degrees", "leaning",
                      scored=("neck", base), margin=margin(value, needed.enter))
            )  # fmt: skip
    return findings


def _sway(body: Body, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.torso
    if not body.has("neck"):
        return []
    noise = body.floor("neck", band_hz=limits.sway_band_hz) / 2
    findings = []
    aside = body.points["neck"][0]
    moving = in_band(aside, body.rate, limits.sway_band_hz)
    quiet = unrest(moving, np.isfinite(aside), body.rate, thresholds.signal.rest_share)
    needed = believable(limits.sway, noise, quiet, body.duration_s, thresholds.signal)
    for run in oscillations(aside, body.rate, limits.sway_band_hz, needed, limits.sway_min_strokes):
        count = max(1, round(run.strokes / 2))
        findings.append(
            found(body, run.span, "torso_sway", ("torso",), "none", run.amplitude,
                  "shoulder widths", "swaying", scored=("neck",),
                  margin=margin(run.amplitude, needed.enter), count=count, rate_hz=run.rate_hz)
        )  # fmt: skip
    return findings


def _head_name(body: Body) -> str | None:
    return next((name for name in ("head", "nose", "head_top") if body.has(name)), None)


def _rise(body: Body, height: np.ndarray, within_s: float) -> np.ndarray:
    """How much higher than at the lowest moment of the last seconds, (T,)."""
    window = int(within_s * body.rate)
    lowest = trailing_minimum(filled(height), window)
    return np.where(np.isnan(height), np.nan, height - lowest)


def _straightening(body: Body, thresholds: Thresholds) -> list[Finding]:
    """Neck and head both rise in the picture, and, where hips are seen, not merely with them."""
    limits = thresholds.torso
    head = _head_name(body)
    if head is None or not body.has("neck"):
        return []
    needed = limits.straighten.raised_by(body.floor("neck", head))
    within = limits.straighten_within_s
    rise = np.minimum(
        _rise(body, -body.slow["neck"][1], within), _rise(body, -body.slow[head][1], within)
    )
    if body.has("hip_centre"):
        over_hips = _rise(body, body.slow["hip_centre"][1] - body.slow["neck"][1], within)
        alone = over_hips >= limits.straighten_own * rise
        rise = np.where(alone | np.isnan(over_hips), rise, 0.0)
    findings = []
    risen = above(rise, needed.enter, needed.leave)
    for span in at_least(risen, limits.straighten_min_s * body.rate):
        value = float(np.nanmax(rise[span.start : span.stop]))
        findings.append(
            found(body, span, "torso_straighten", ("torso",), "none", value, "shoulder widths",
                  "straightening", scored=("neck", head), margin=margin(value, needed.enter))
        )  # fmt: skip
    return findings


def _turn(body: Body, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.torso
    if not body.has("left_shoulder", "right_shoulder"):
        return []
    width = body.slow["left_shoulder"][0] - body.slow["right_shoulder"][0]
    share = width / np.maximum(usual(width, body.rate, thresholds.baseline), 0.2)
    noise = body.floor("left_shoulder", "right_shoulder")
    spans = below(share + noise, limits.turn.enter, limits.turn.leave)
    findings = []
    for span in at_least(join(spans, int(0.3 * body.rate)), limits.turn_min_s * body.rate):
        value = float(np.nanmin(share[span.start : span.stop]))
        findings.append(
            found(body, span, "torso_turn", ("torso",), "none", value, "of usual shoulder width",
                  "turned", scored=("left_shoulder", "right_shoulder"),
                  margin=margin(value, limits.turn.enter))
        )  # fmt: skip
    return findings


def _shoulders(body: Body, thresholds: Thresholds) -> list[Finding]:
    """The gap between shoulder and head narrows because the shoulder rises.

    Of a narrower gap only what the shoulder itself rose by counts, and of a shoulder's rise only
    what the other did not sink by: leaning and turning lift one and lower the other.
    """
    limits = thresholds.torso
    head = _head_name(body)
    seen = [side for side in SIDES if body.has(f"{side}_shoulder")]
    if head is None:
        return []
    lifted = {
        side: -against_usual(body.slow[f"{side}_shoulder"][1], body.rate, thresholds.baseline)
        for side in seen
    }
    raised = {side: _raised(body, side, head, lifted, thresholds) for side in seen}
    findings = []
    for side in seen:
        shoulder = f"{side}_shoulder"
        alone = raised[side] - limits.shoulders_alone
        others = [raised[other] for other in seen if other != side]
        shown = np.fmax(alone, np.minimum(raised[side], *others)) if others else alone
        needed = limits.shoulders.raised_by(body.floor(shoulder, head))
        spans = above(shown, needed.enter, needed.leave)
        for span in at_least(join(spans, int(0.2 * body.rate)), limits.shoulders_min_s * body.rate):
            value = float(np.nanmax(raised[side][span.start : span.stop]))
            findings.append(
                found(body, span, "shoulders_raised", (shoulder,), side, value, "shoulder widths",
                      "raised", scored=(shoulder, head), margin=margin(value, needed.enter))
            )  # fmt: skip
    return findings


def _raised(
    body: Body, side: Side, head: str, lifted: Mapping[Side, np.ndarray], thresholds: Thresholds
) -> np.ndarray:
    """How far (T,) a shoulder has come up to the head, itself and not by a raised arm."""
    height = body.slow[f"{side}_shoulder"][1]
    narrowed = -against_usual(height - body.slow[head][1], body.rate, thresholds.baseline)
    raised = np.minimum(narrowed, lifted[side])
    if len(lifted) == 2:
        raised = np.fmin(raised, lifted["left"] + lifted["right"])
    if body.has(elbow := f"{side}_elbow"):
        elbow_height = body.slow[elbow][1]
        with np.errstate(invalid="ignore"):
            hanging = elbow_height - height >= thresholds.torso.shoulders_elbow
        raised = np.where(hanging | np.isnan(elbow_height), raised, 0.0)
    return raised
