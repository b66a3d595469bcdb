"""How much each body part moves, and for how long the body keeps still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mgskel.core.sequence import PoseSequence
from mgskel.describe.body import Body, clock_of, measure_bodies
from mgskel.describe.intervals import above, at_least, below, join
from mgskel.describe.kinds import Kind, detects, margin
from mgskel.describe.statement import Finding, Side
from mgskel.describe.thresholds import Band, Thresholds, limits

FIDGETING = Kind(
    "fidgeting",
    unit="shoulder widths per second",
    says={
        "small movements": "{part} fidgeted",
        "large movements": "{part} {was} moved about widely",
        "": "{part} kept moving",
    },
    measured=", at {value:.2f} shoulder widths per second",
    rank=0.8,
    needs=("neck",),
)
STILLNESS = Kind(
    "stillness", unit="shoulder widths per second", says="{parts} kept still", rank=0.6
)


@limits("fidget")
@dataclass(frozen=True)
class FidgetLimits:
    window_s: float = 1.0
    energy: Band = Band(0.14, 0.09)  # root mean square speed, shoulder widths per second
    above_usual: float = 1.5  # ... and this many times the part's usual energy
    large: float = 0.60  # from here large movements, not fidgeting
    min_s: float = 3.0
    join_s: float = 1.0
    still: Band = Band(0.035, 0.06)
    still_min_s: float = 5.0
    still_max_jitter: float = 0.2  # jitter's own speed; above it stillness can't be told from
    # small movements


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
    thresholds = thresholds or Thresholds()
    bodies = measure_bodies(sequence, thresholds)
    times = clock_of(sequence, thresholds)
    energy = np.full((len(bodies), len(PARTS), len(times)), np.nan)
    for m, body in enumerate(bodies):
        energy[m] = _energy(body, thresholds.of(FidgetLimits))
    return FidgetEnergy(tuple(body.person for body in bodies), PARTS, times, energy)


def _energy(body: Body, own: FidgetLimits) -> np.ndarray:
    """(P, T) energy of the parts in the order of `PARTS`."""
    energy = np.full((len(_PARTS), body.num_frames), np.nan)
    for p, part in enumerate(_PARTS):
        names = [name for name in part.points if body.has(name, *part.seen_from)]
        if not names:
            continue
        stacked = np.stack([_squared_speed(body, name, part.seen_from) for name in names])
        seen = np.isfinite(stacked)
        mean = np.where(seen, stacked, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        squared = _windowed(mean, seen.any(axis=0), body, own) - _jitter(body, part) ** 2
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


def _windowed(values: np.ndarray, seen: np.ndarray, body: Body, own: FidgetLimits) -> np.ndarray:
    window = max(1, body.frames(own.window_s))
    weight = ndimage.uniform_filter1d(seen.astype(float), window, mode="constant")
    mean = ndimage.uniform_filter1d(np.where(seen, values, 0.0), window, mode="constant")
    return np.where(weight > 0.3, mean / np.maximum(weight, 1e-9), np.nan)


@detects(FIDGETING, STILLNESS)
def movement(body: Body, thresholds: Thresholds) -> Iterator[Finding]:
    own = thresholds.of(FidgetLimits)
    energy = dict(zip(PARTS, _energy(body, own), strict=True))
    for part in _PARTS:
        if np.isfinite(energy[part.name]).any():
            yield from _restless(body, part, energy[part.name], own)
    yield from _still(body, energy, own)


def _restless(body: Body, part: _Part, energy: np.ndarray, own: FidgetLimits) -> Iterator[Finding]:
    # Against the usual, but a person who always fidgets is not thereby still.
    needed = np.maximum(
        own.energy.enter, np.minimum(own.above_usual * body.usual(energy), own.large)
    )
    # A second of jitter may by chance hold twice its usual energy.
    needed = np.sqrt(needed**2 + _jitter(body, part) ** 2)
    share = np.where(np.isfinite(energy), energy, 0.0) / needed
    spans = join(
        above(share, Band(1.0, own.energy.leave / own.energy.enter)), body.frames(own.join_s)
    )
    scored = tuple(name for name in part.points if body.has(name))
    for span in at_least(spans, own.min_s * body.rate):
        value = float(np.sqrt(np.nanmean(span.of(energy) ** 2)))
        category = "large movements" if value >= 1.15 * own.large else "small movements"
        if own.large / 1.15 < value < 1.15 * own.large:
            category = "undecided"
        yield FIDGETING.found(
            body, span, (part.name,), part.side, value, category,
            scored=scored, margin=margin(value, own.energy.enter),
        )  # fmt: skip


def _still(body: Body, energy: Mapping[str, np.ndarray], own: FidgetLimits) -> Iterator[Finding]:
    names = [name for name in _STILL_PARTS if np.isfinite(energy[name]).any()]
    if "head" not in names or len(names) < 2:
        return
    # Jitter would hide small movements: no stillness is claimed that could not be seen.
    parts = [part for part in _PARTS if part.name in names]
    if max(_jitter(body, part) for part in parts) > own.still_max_jitter:
        return
    scored = tuple(name for part in parts for name in part.points if body.has(name))
    most = np.max([energy[name] for name in names], axis=0)
    for span in at_least(below(most, own.still), own.still_min_s * body.rate):
        value = float(np.nanmean(span.of(most)))
        yield STILLNESS.found(body, span, tuple(names), "none", value, "still", scored=scored)
