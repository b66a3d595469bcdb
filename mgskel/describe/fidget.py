"""How much each body part moves, and for how long the body keeps still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.describe.baseline import usual
from mgskel.describe.body import Body, measure_bodies
from mgskel.describe.filters import moving_mean
from mgskel.describe.findings import Finding, Side, found, margin
from mgskel.describe.intervals import Span, above, at_least, below, join
from mgskel.describe.thresholds import FidgetLimits, Thresholds, default_thresholds


@dataclass(frozen=True)
class _Part:
    """A body part's points, and the points whose mean they are seen from (none: the picture)."""

    name: str
    side: Side
    points: tuple[str, ...]
    seen_from: tuple[str, ...]


def _of_side(side: Side) -> tuple[_Part, _Part, _Part]:
    fingers = tuple(f"{side}_{f}_tip" for f in ("thumb", "index", "middle", "ring", "pinky"))
    legs = (f"{side}_knee", f"{side}_ankle")
    return (
        _Part(f"{side}_arm", side, (f"{side}_elbow", f"{side}_wrist"), ("neck",)),
        _Part(f"{side}_hand", side, fingers, (f"{side}_wrist",)),
        _Part(f"{side}_leg", side, legs, ("hip_centre",)),
    )


_PARTS = (
    _Part("head", "none", ("nose", "left_eye", "right_eye", "head"), ("neck",)),
    _Part("torso", "none", ("left_shoulder", "right_shoulder", "hip_centre"), ()),
    *_of_side("left"),
    *_of_side("right"),
)
PARTS = tuple(part.name for part in _PARTS)
# What must keep still for the body to be called still, where seen. Fingers are too small to tell.
_STILL_PARTS = ("head", "torso", "left_arm", "right_arm")


@dataclass(frozen=True, eq=False)
class FidgetEnergy:
    """Movement per body part over time.

    Attributes:
        times: (T,) seconds, evenly spaced.
        energy: (M, P, T) root mean square speed over about a second, in shoulder widths per
            second, without the estimator's jitter; NaN where the part is not seen.
    """

    people: tuple[str, ...]
    parts: tuple[str, ...]
    times: np.ndarray
    energy: np.ndarray


def fidget_energy(sequence: PoseSequence, thresholds: Thresholds | None = None) -> FidgetEnergy:
    """Movement of each body part of each person, for timelines."""
    limits = thresholds or default_thresholds()
    bodies = measure_bodies(sequence, limits.signal)
    start, end = float(sequence.timestamps[0]), float(sequence.timestamps[-1])
    rate = limits.signal.rate_hz
    times = bodies[0].times if bodies else np.arange(start, end + 0.5 / rate, 1.0 / rate)
    energy = np.full((len(bodies), len(PARTS), len(times)), np.nan)
    for m, body in enumerate(bodies):
        energy[m] = body_energy(body, limits.fidget)
    return FidgetEnergy(tuple(body.person for body in bodies), PARTS, times, energy)


def body_energy(body: Body, limits: FidgetLimits) -> np.ndarray:
    """(P, T) energy of the parts in the order of `PARTS`."""
    energy = np.full((len(_PARTS), body.num_frames), np.nan)
    for p, part in enumerate(_PARTS):
        names = [name for name in part.points if body.has(name, *part.seen_from)]
        if not names:
            continue
        stacked = np.stack([_squared_speed(body, name, part.seen_from) for name in names])
        seen = np.isfinite(stacked)
        mean = np.where(seen, stacked, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        squared = _windowed(mean, seen.any(axis=0), body, limits) - _jitter(body, part) ** 2
        energy[p] = np.sqrt(np.maximum(squared, 0.0))
    return energy


def _step(body: Body) -> int:
    """Speed is taken over this many frames of the clock; at least two, and two recorded ones."""
    return max(2, 2 * round(body.rate / body.recorded_fps))


def _squared_speed(body: Body, name: str, seen_from: tuple[str, ...]) -> np.ndarray:
    track = body.slow[name]
    for anchor in seen_from:
        track = track - body.slow[anchor]
    step = _step(body)
    half = step // 2
    moved = np.full(body.num_frames, np.nan)
    if body.num_frames > step:
        moved[half : body.num_frames - half] = np.sum(
            (track[:, step:] - track[:, :-step]) ** 2, axis=0
        )
    return moved * (body.rate / step) ** 2


def _jitter(body: Body, part: _Part) -> float:
    """The speed that the estimator's jitter alone would show."""
    names = [name for name in part.points if body.has(name, *part.seen_from)]
    if not names:
        return 0.0
    dims = len(next(iter(body.points.values())))
    own = np.mean([body.noise[name] ** 2 for name in names])
    anchors = sum(body.noise[name] ** 2 for name in part.seen_from)
    window = max(1.0, body.limits.slow_s * body.recorded_fps)
    # Of averaged positions: neighbouring ones share most of their frames.
    kept = 2.0 / (3.0 * window) * min(1.0, 2.0 * _step(body) / body.rate / body.limits.slow_s)
    return float(np.sqrt(2.0 * dims * kept * (own + anchors)) * body.rate / _step(body))


def _windowed(values: np.ndarray, seen: np.ndarray, body: Body, limits: FidgetLimits) -> np.ndarray:
    window = max(1, int(limits.window_s * body.rate))
    weight = moving_mean(seen, window, beyond="zero")
    mean = moving_mean(np.where(seen, values, 0.0), window, beyond="zero")
    return np.where(weight > 0.3, mean / np.maximum(weight, 1e-9), np.nan)


def fidget_findings(body: Body, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.fidget
    energy = body_energy(body, limits)
    findings = []
    for part, row in zip(_PARTS, energy, strict=True):
        if np.isfinite(row).any():
            findings += _restless(body, part, row, thresholds)
    return findings + _still(body, energy, limits)


def _restless(body: Body, part: _Part, energy: np.ndarray, thresholds: Thresholds) -> list[Finding]:
    limits = thresholds.fidget
    typical = usual(energy, body.rate, thresholds.baseline)
    # Against the usual, but a person who always fidgets is not thereby still.
    needed = np.maximum(limits.energy.enter, np.minimum(limits.above_usual * typical, limits.large))
    # A second of jitter may by chance hold twice its usual energy.
    needed = np.sqrt(needed**2 + _jitter(body, part) ** 2)
    share = np.where(np.isfinite(energy), energy, 0.0) / needed
    spans = join(
        above(share, 1.0, limits.energy.leave / limits.energy.enter),
        int(limits.join_s * body.rate),
    )
    scored = tuple(name for name in part.points if body.has(name))
    findings = []
    for span in at_least(spans, limits.min_s * body.rate):
        value = float(np.sqrt(np.nanmean(energy[span.start : span.stop] ** 2)))
        large = limits.large
        category = "large movements" if value >= 1.15 * large else "small movements"
        if large / 1.15 < value < 1.15 * large:
            category = "undecided"
        findings.append(
            found(body, span, "fidgeting", (part.name,), part.side, value,
                  "shoulder widths per second", category, scored=scored,
                  margin=margin(value, limits.energy.enter))
        )  # fmt: skip
    return findings


def _still(body: Body, energy: np.ndarray, limits: FidgetLimits) -> list[Finding]:
    rows = [energy[PARTS.index(name)] for name in _STILL_PARTS]
    names = [n for n, row in zip(_STILL_PARTS, rows, strict=True) if np.isfinite(row).any()]
    if "head" not in names or len(names) < 2:
        return []
    # Jitter would hide small movements: no stillness is claimed that could not be seen.
    parts = [part for part in _PARTS if part.name in names]
    if max(_jitter(body, part) for part in parts) > limits.still_max_jitter:
        return []
    scored = tuple(name for part in parts for name in part.points if body.has(name))
    most = np.max([row for row in rows if np.isfinite(row).any()], axis=0)
    spans: list[Span] = below(most, limits.still.enter, limits.still.leave)
    return [
        found(body, span, "stillness", tuple(names), "none",
              float(np.nanmean(most[span.start : span.stop])), "shoulder widths per second",
              "still", scored=scored)
        for span in at_least(spans, limits.still_min_s * body.rate)
    ]  # fmt: skip
