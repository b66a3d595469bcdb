"""An estimator's errors, as measured on real clips: see `noise.yaml` and tools/measure_noise.py.

Each joint gets a constant offset (estimators and clothes put a point a little elsewhere), slow
wander, quick jitter, and a score. Points outside the picture are lost; hands are lost in
stretches, more often when they move fast, lie before the face, or are small in the picture; the
two hands trade places now and then.
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.config import from_dict
from mgskel.core.errors import unknown
from mgskel.core.storage.intake import read_yaml
from mgskel.synthesis.signals import Array, smooth_noise

_FILE = Path(__file__).with_name("noise.yaml")


@dataclass(frozen=True)
class JointErrors:
    """Errors of one group of joints."""

    joints: tuple[str, ...]  # name patterns
    # offset, wander, jitter: standard deviations in shoulder widths
    offset: float
    wander: float
    jitter: float
    jitter_px: float  # further jitter in pixels, which dominates small people
    together: float  # share of wander and jitter (variance) that the group's joints have in common
    # score, score_spread: mean and standard deviation of the score when in view
    score: float
    score_spread: float


@dataclass(frozen=True)
class HandErrors:
    """When the hand model loses a hand."""

    found: float  # share of frames with the hand found, when slow, large and away from the face
    # near_face, fast: the same with the hand before the face, and when it moves fast
    near_face: float
    near_face_within: float  # distance of wrist and nose that counts as near, shoulder widths
    # how steeply its odds rise with the size above `large_px`: before a face at a webcam hands stay
    # found, before a small one they do not
    near_face_power: float
    # how much its odds vary between recordings (log-normal): a hand that is shown to the camera
    # stays found at the face, one seen from its edge never is
    near_face_spread: float
    fast: float
    fast_above: float  # speed that counts as fast, shoulder widths per second
    large_px: float  # shoulder width in pixels above which the hand's size does not matter
    size_power: float  # how steeply the odds of being found fall below it
    lost_s: float  # mean length of a loss, seconds
    swap_hz: float  # rate at which the hands trade places
    swap_s: float  # how long they stay traded, on average


@dataclass(frozen=True)
class EstimatorErrors:
    """All errors of an estimator."""

    # by name; a joint belongs to the first group with a fitting pattern
    groups: Mapping[str, JointErrors]
    # the hand model's losses, or none where hands are part of the body model
    hands: HandErrors | None
    hand_fallback: tuple[str, ...]  # joints that the body model still gives when a hand is lost
    person_spread: float  # how much all errors vary between recordings (log-normal)
    wander_hz: tuple[float, float]  # band of the slow errors; jitter lies above it
    smoothing_hz: float  # the cleaning's low-pass, above which jitter is gone
    bursts: float  # how much jitter comes in bursts (log-normal)
    outside: float  # how far outside the picture the score falls to 0, share of its height
    # share of recordings in which points outside the picture, and hidden ones, keep a full score:
    # files without scores, and models that are sure of what they guess
    invents: float
    # hidden_score, hidden_wander: factors on score and slow errors of what is hidden
    hidden_score: float
    hidden_wander: float
    min_score: float  # points with a lower score are missing, as the cleaning leaves them


@functools.cache
def estimator_errors(name: str) -> EstimatorErrors:
    tree = read_yaml(_FILE, "noise file")
    if name not in tree:
        raise unknown("estimator in noise.yaml", name, tree)
    return from_dict(EstimatorErrors, tree[name], f"{_FILE.name}, {name}")


@dataclass(frozen=True, eq=False)
class View:
    """What the picture holds, besides the true points."""

    scale: float  # (T,) shoulder width in the unit of the points, as it would be from the front
    pixels_per_shoulder: float | None  # its size in pixels, none for depth sensors
    size: tuple[int, int] | None  # (width, height) of the picture, none for depth sensors
    hidden: Array  # (T, V) joints behind the body


def add_errors(
    rng: np.random.Generator,
    points: Array,
    names: Sequence[str],
    view: View,
    errors: EstimatorErrors,
    fps: float,
    strength: float,
) -> tuple[Array, Array]:
    """True points (T, V, C) as an estimator would give them, and their scores.

    `strength` scales all errors; 0 leaves everything perfect.
    """
    frames, joints, _ = points.shape
    if strength == 0:
        return points.astype(np.float32), np.ones((frames, joints), np.float32)
    noisy = points.astype(float)
    scores = np.ones((frames, joints))
    own = strength * rng.lognormal(0.0, errors.person_spread)
    inside = _inside(noisy, view, errors)
    guessed = view.hidden | (inside < 0.5)
    invents = rng.random() < errors.invents
    for group, members in _members(errors, names).items():
        kind = errors.groups[group]
        index = np.array(members)
        hidden = guessed[:, index]
        noisy[:, index] += _shaken(
            rng, points[:, index].shape, kind, view, errors, fps, own, hidden
        )
        scores[:, index] = _scores(rng, frames, len(members), kind, fps)
    if not invents:
        scores = np.where(view.hidden, scores * errors.hidden_score, scores)
        scores *= _inside(noisy, view, errors)
    lost = scores < errors.min_score
    if errors.hands is not None:
        lost |= _lost_hands(rng, noisy, names, view, guessed, errors, fps, strength)
        _swap_hands(rng, noisy, names, errors.hands, fps, strength)
    scores[lost] = 0.0
    noisy[lost] = np.nan
    return noisy.astype(np.float32), scores.astype(np.float32)


def _members(errors: EstimatorErrors, names: Sequence[str]) -> dict[str, list[int]]:
    """Joint indices of each group of errors."""
    members: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        group = next(
            (
                g
                for g, kind in errors.groups.items()
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in kind.joints)
            ),
            None,
        )
        if group is None:
            raise unknown("joint in noise.yaml", name, errors.groups)
        members.setdefault(group, []).append(index)
    return members


def _shaken(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    kind: JointErrors,
    view: View,
    errors: EstimatorErrors,
    fps: float,
    own: float,
    hidden: Array,
) -> Array:
    """Errors (T, J, C) of one group of joints."""
    frames, joints, dims = shape
    pixel = view.scale / view.pixels_per_shoulder if view.pixels_per_shoulder else 0.0
    quick = np.hypot(kind.jitter * view.scale, kind.jitter_px * pixel)
    common, single = np.sqrt(kind.together), np.sqrt(1.0 - kind.together)

    def mixed(band: tuple[float, float], slope: float) -> Array:
        wave = smooth_noise(rng, frames, fps, band, slope, (joints + 1) * dims)
        wave = wave.reshape(frames, joints + 1, dims)
        return single * wave[:, :joints] + common * wave[:, joints:]

    offset = kind.offset * view.scale * rng.standard_normal((1, joints, dims))
    wander = kind.wander * view.scale * mixed(errors.wander_hz, 0.8)
    wander *= np.where(hidden, errors.hidden_wander, 1.0)[..., None]
    jitter = quick * mixed((errors.wander_hz[1], errors.smoothing_hz), 0.0)
    gust = errors.bursts * smooth_noise(rng, frames, fps, (0.2, 2.0), 0.5, joints)
    jitter *= np.exp(gust - errors.bursts**2)[..., None]
    return own * (offset + wander + jitter)


def _scores(
    rng: np.random.Generator, frames: int, joints: int, kind: JointErrors, fps: float
) -> Array:
    """Scores (T, J) that breathe slowly around a level of the recording."""
    level = kind.score + 0.5 * kind.score_spread * rng.standard_normal((1, joints))
    breath = smooth_noise(rng, frames, fps, (0.1, 3.0), 0.7, joints)
    return np.clip(level + 0.5 * kind.score_spread * breath, 0.02, 1.0)


def _inside(points: Array, view: View, errors: EstimatorErrors) -> Array:
    """Factor (T, V) on the score: 1 inside the picture, falling to 0 outside it."""
    if view.size is None:
        return np.ones(points.shape[:2])
    size = np.array(view.size, dtype=float)
    beyond = np.maximum(np.maximum(-points, points - size), 0.0).max(axis=-1)
    return np.clip(1.0 - beyond / (errors.outside * size[1]), 0.0, 1.0)


def _lost_hands(
    rng: np.random.Generator,
    points: Array,
    names: Sequence[str],
    view: View,
    unseen: Array,
    errors: EstimatorErrors,
    fps: float,
    strength: float,
) -> Array:
    """Hand joints (T, V) while the hand model has lost their hand."""
    hands = errors.hands
    assert hands is not None
    lost = np.zeros(points.shape[:2], bool)
    place = {name: index for index, name in enumerate(names)}
    face = rng.lognormal(0.0, hands.near_face_spread)
    for side in ("left", "right"):
        members = [i for n, i in place.items() if _is_hand(n, side)]
        wrist = place.get(f"{side}_wrist")
        if not members or wrist is None:
            continue
        odds = np.full(len(points), _odds(hands.found))
        speed = np.linalg.norm(np.gradient(points[:, wrist], axis=0), axis=-1) * fps / view.scale
        speed = np.convolve(speed, np.ones(3) / 3, mode="same")
        odds *= np.where(speed > hands.fast_above, _odds(hands.fast) / odds, 1.0)
        if "nose" in place:
            gap = np.linalg.norm(points[:, wrist] - points[:, place["nose"]], axis=-1) / view.scale
            near = _odds(hands.near_face) / _odds(hands.found)
            if view.pixels_per_shoulder is not None:
                near *= max(view.pixels_per_shoulder / hands.large_px, 1.0) ** hands.near_face_power
            near = min(near * face, 1.0)
            odds *= np.where(gap < hands.near_face_within, near, 1.0)
        if view.pixels_per_shoulder is not None:
            odds *= min(view.pixels_per_shoulder / hands.large_px, 1.0) ** hands.size_power
        odds *= np.where(unseen[:, wrist], 1e-3, 1.0) / strength
        gone = _stretches(rng, 1.0 - odds / (1.0 + odds), hands.lost_s * fps)
        keep = [
            place[f"{side}_{joint}"] for joint in errors.hand_fallback if f"{side}_{joint}" in place
        ]
        lost[:, [m for m in members if m not in keep]] |= gone[:, None]
    return lost


def _odds(share: float) -> float:
    return share / (1.0 - share)


def _is_hand(name: str, side: str) -> bool:
    words = name.split("_")
    return words[0] == side and words[1] in ("thumb", "index", "middle", "ring", "pinky", "hand")


def _stretches(rng: np.random.Generator, share: Array, mean_frames: float) -> Array:
    """A two-state chain (T,) that is true for `share` of the time, in stretches."""
    leave = 1.0 / max(mean_frames, 1.0)
    share = np.clip(share, 0.0, 0.97)
    enter = np.minimum(leave * share / (1.0 - share), 1.0)
    draws = rng.random(len(share))
    state = bool(draws[0] < share[0])
    out = np.empty(len(share), bool)
    chance = rng.random(len(share))
    for frame in range(len(share)):
        state = chance[frame] >= leave if state else chance[frame] < enter[frame]
        out[frame] = state
    return out


def _swap_hands(
    rng: np.random.Generator,
    points: Array,
    names: Sequence[str],
    hands: HandErrors,
    fps: float,
    strength: float,
) -> None:
    """Let left and right hand trade places for moments (in place)."""
    place = {name: index for index, name in enumerate(names)}
    pairs = [
        (i, place["right" + n[4:]])
        for n, i in place.items()
        if _is_hand(n, "left") and "right" + n[4:] in place
    ]
    if not pairs:
        return
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    for _ in range(rng.poisson(strength * hands.swap_hz * len(points) / fps)):
        start = int(rng.integers(len(points)))
        stop = start + max(int(rng.exponential(hands.swap_s) * fps), 1)
        points[start:stop, left], points[start:stop, right] = (
            points[start:stop, right].copy(),
            points[start:stop, left].copy(),
        )
