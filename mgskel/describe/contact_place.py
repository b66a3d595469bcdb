"""Which places of head and neck a contact is told of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgskel.describe.body import Body
from mgskel.describe.exact_place import elbow_lifted, exact_place, shows_shape
from mgskel.describe.filters import moving_mean
from mgskel.describe.findings import Side
from mgskel.describe.hand_distances import HandDistances
from mgskel.describe.intervals import Span
from mgskel.describe.places import Place
from mgskel.describe.thresholds import ContactLimits, Thresholds


def places_in(
    body: Body, span: Span, distances: HandDistances, thresholds: Thresholds
) -> list[tuple[Span, Place | None]]:
    """Which places the hand stays at during one contact; none stands for an undecided place."""
    limits = thresholds.contact
    inside = distances.to_place[:, span.start : span.stop]
    inside = np.where(np.isfinite(inside), inside, 9.0)
    window = max(1, int(limits.place_min_s * body.rate))
    steady = moving_mean(inside, window)
    best = steady.argmin(axis=0)
    changes = np.flatnonzero(np.diff(best)) + 1
    edges = np.concatenate(([0], changes, [len(best)]))
    runs = [
        (int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)
        if b - a >= window or len(edges) == 2
    ] or [(0, len(best))]  # fmt: skip
    # Runs too short to tell are given to the run before them.
    starts = [0] + [a for a, _ in runs[1:]]
    stops = starts[1:] + [len(best)]
    parts: list[tuple[Span, Place | None]] = []
    for (a, b), start, stop in zip(runs, starts, stops, strict=True):
        unseen = np.isnan(distances.paths.tips[0, span.start + a : span.start + b]).mean()
        place = _nearest_place(inside[:, a:b], distances.places, float(unseen), limits)
        part = Span(span.start + start, span.start + stop)
        if parts and kind_of(parts[-1][1]) == kind_of(place):
            parts[-1] = (Span(parts[-1][0].start, part.stop), place)
        else:
            parts.append((part, place))
    return parts


def _nearest_place(
    distances: np.ndarray, places: list[Place], unseen: float, limits: ContactLimits
) -> Place | None:
    """None when another kind of place is about as near.

    Args:
        distances: (K, n).
        unseen: share of the time without fingers, when the place is a guess.
    """
    mean = np.sort(distances, axis=1)[:, : max(1, distances.shape[1] // 2)].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    best = places[order[0]]
    needed = limits.ambiguous + limits.ambiguous_guess * unseen
    if best.kind == "hand_to_ear":
        needed += limits.ambiguous_ear
    for k in order[1:]:
        if places[k].kind != best.kind:
            return best if mean[k] - mean[order[0]] >= needed else None
    return best


def kind_of(place: Place | None) -> str:
    return place.kind if place is not None else "hand_to_face"


@dataclass(frozen=True)
class Goal:
    """What a contact is told of: `kind` and `joint`; `place` where it is one of the places."""

    kind: str
    joint: str
    place: Place | None = None


def goal_of(
    body: Body,
    side: Side,
    span: Span,
    place: Place | None,
    distances: HandDistances,
    thresholds: Thresholds,
) -> Goal:
    """Hair, neck and the whole head by the nearest finger; a place of the face by what touches."""
    if place is not None and place.kind in ("hand_to_hair", "hand_to_neck", "hand_to_head"):
        return Goal(place.kind, place.joint, place)
    inside = distances.nearest[span.start : span.stop]
    apex = span.start + np.flatnonzero(inside <= np.median(inside) + 0.01)
    if elbow_lifted(body, side, apex) > thresholds.face.at_head:
        return Goal("hand_to_head", "head")
    below = place is None or place.kind == "hand_to_chin"
    if below and _maybe_neck(distances, apex, thresholds.contact):
        return Goal("hand_to_head", "head_or_neck")
    if not shows_shape(body, side, apex):
        return Goal(kind_of(place), place.joint if place is not None else "face", place)
    verdict = exact_place(body, side, distances.places, apex, thresholds.face)
    if verdict.place is not None:
        return Goal(verdict.place.kind, verdict.place.joint, verdict.place)
    named = [kind.removeprefix("hand_to_") for kind in verdict.either]
    return Goal("hand_to_face", "_or_".join(named) or "face")


def _maybe_neck(distances: HandDistances, apex: np.ndarray, limits: ContactLimits) -> bool:
    mean = distances.to_place[:, apex].mean(axis=1)
    neck = [m for m, place in zip(mean, distances.places, strict=True)
            if place.kind == "hand_to_neck"]  # fmt: skip
    return min(neck, default=np.inf) - mean.min() < limits.ambiguous_neck
