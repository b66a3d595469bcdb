"""The numbers that decide what a description says, typed; their values and reasons stand in
``thresholds.yaml`` beside this file."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.config import load_config


@dataclass(frozen=True)
class Band:
    """Asserted from `enter`, kept until `leave`; between the two nothing new is asserted."""

    enter: float
    leave: float

    def raised_by(self, noise: float) -> Band:
        return Band(self.enter + noise, self.leave + noise)


@dataclass(frozen=True)
class SignalLimits:
    rate_hz: float
    min_score: float
    margin: float
    lower_body_min_score: float
    bridge_s: float
    slow_s: float
    min_noise: float
    max_noise: float
    rest_share: float
    rest_factor: float
    max_rest: float
    rest_trust_s: float
    noise_factor: float
    min_seen: float
    min_seen_arm_s: float


@dataclass(frozen=True)
class BaselineLimits:
    block_s: float
    blocks: int


@dataclass(frozen=True)
class ContactLimits:
    head: Band
    centre_extra: float
    side_extra: float
    curled_share: float
    guessed_extra: float
    lost_extra: float
    near: Band
    ambiguous_guess: float
    ambiguous_ear: float
    ambiguous: float
    ambiguous_neck: float
    min_s: float
    near_min_s: float
    join_s: float
    place_min_s: float
    max_speed: float
    one_hand: float
    neck_min_s: float
    neck_max_speed: float
    arm_hands_apart: float
    arm_away: float
    arm_palm: float
    arm_min_s: float
    arm_max_drift: float
    body_min_s: float
    body_max_drift: float
    arm: Band
    trunk_half_width: float
    chest_top: float
    chest_bottom: float
    torso_bottom: float
    settled_speed: float
    approach_speed: float
    approach_max_s: float


@dataclass(frozen=True)
class FaceLimits:
    pointing: float
    fist: float
    pinch: tuple[float, float]
    flat: float
    flat_tips: float
    reach: float
    ambiguous: float
    far_ear: float
    ambiguous_ear: float
    lifted: float
    lifted_ear: float
    at_head: float


@dataclass(frozen=True)
class HandsLimits:
    joined: Band
    joined_centres: Band
    joined_min_s: float
    joined_max_speed: float
    folded_reach: Band
    folded_past: Band
    folded_height: tuple[float, float]
    folded_min_s: float
    folded_max_drift: float
    crossed_past: float
    above_hip: tuple[float, float]
    hip_min_s: float
    hip_max_speed: float
    hip_max_drift: float
    behind_min_s: float
    behind: Band
    hip: float
    hip_unusual: float
    hip_aside: tuple[float, float]
    elbow_out: Band
    elbow_above: float
    elbow_bend: float


@dataclass(frozen=True)
class RubLimits:
    band_hz: tuple[float, float]
    amplitude: Band
    min_reversals: int
    min_s: float
    rest_weight: float
    fast_hz: float
    slow_hz: float


@dataclass(frozen=True)
class HeadLimits:
    nod_band_hz: tuple[float, float]
    nod: Band
    shake_band_hz: tuple[float, float]
    shake: Band
    dominance: float
    rest_weight: float
    min_strokes: int
    turn: Band
    tilt_line: float
    tilt: Band
    pitch: Band
    hold_min_s: float


@dataclass(frozen=True)
class TorsoLimits:
    lean: Band
    lean_min_s: float
    lean_neck_share: float
    lean_spine: float
    straighten: Band
    straighten_within_s: float
    straighten_own: float
    straighten_min_s: float
    sway_band_hz: tuple[float, float]
    sway: Band
    sway_min_strokes: int
    turn: Band
    turn_min_s: float
    shoulders: Band
    shoulders_min_s: float
    shoulders_elbow: float
    shoulders_alone: float


@dataclass(frozen=True)
class FidgetLimits:
    window_s: float
    band_hz: tuple[float, float]
    energy: Band
    above_usual: float
    large: float
    min_s: float
    join_s: float
    still: Band
    still_min_s: float
    still_max_jitter: float


@dataclass(frozen=True)
class MergeLimits:
    join_s: float
    covered: float


@dataclass(frozen=True)
class Thresholds:
    signal: SignalLimits
    baseline: BaselineLimits
    contact: ContactLimits
    face: FaceLimits
    hands: HandsLimits
    rub: RubLimits
    head: HeadLimits
    torso: TorsoLimits
    fidget: FidgetLimits
    merge: MergeLimits


@functools.cache
def default_thresholds() -> Thresholds:
    return load_config(Thresholds, Path(__file__).with_name("thresholds.yaml"))
