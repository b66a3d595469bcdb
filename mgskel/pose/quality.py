"""What a recording's keypoints are good for: seen shares, jitter, losses, and a plain verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.visibility import bridged, visible
from mgskel.pose.cleaning import body_scale
from mgskel.pose.smoothing import stretches

# Head and shoulders must mostly be seen. Hands come and go: a hand that is out of the picture
# most of the time is still seen when it comes to the face.
_ENOUGH = 0.5
_ENOUGH_OF_HANDS = 0.1
_COME_AND_GO = ("hand", "wrist", "elbow", "arm")
_REST_WINDOW_S = 0.5
_REST_SHARE = 0.2
_MOST_JITTER = 0.04
_SLOWEST_FPS = 9.5
_SMALLEST_PX = 20.0

# Gesture groups, and what must be seen for them: joints or parts, alternatives by "|".
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "head movement (nod, shake, turn, tilt)": ("head",),
    "hand to head or face": ("left_hand|right_hand|left_wrist|right_wrist", "head"),
    "hand to neck or chest": (
        "left_hand|right_hand|left_wrist|right_wrist",
        "left_shoulder",
        "right_shoulder",
    ),
    "hand to the other arm or hand": ("left_wrist", "right_wrist", "left_elbow|right_elbow"),
    "fingers (crossing, steeple, rubbing)": ("left_hand", "right_hand"),
    "arms (folded, akimbo, behind the back)": (
        "left_wrist",
        "right_wrist",
        "left_elbow",
        "right_elbow",
    ),
    "shoulders (shrug, shake)": ("left_shoulder", "right_shoulder", "head"),
    "torso (lean, sway, straightening)": ("left_shoulder", "right_shoulder", "left_hip|right_hip"),
    "lips and brows": ("face",),
    "legs": ("left_leg|right_leg",),
}
# Groups whose movements are smaller than the rest: they need less jitter.
_FINE = frozenset({"lips and brows", "fingers (crossing, steeple, rubbing)"})


@dataclass(frozen=True)
class GroupVerdict:
    """Whether a group of gestures can be seen in this recording, and why not."""

    group: str
    can_show: bool
    why: str


@dataclass(frozen=True)
class QualityReport:
    """What is known of one person's keypoints.

    Attributes:
        parts: body part to the share of frames in which it is usable (half its joints seen:
            with a score of at least 0.3 and inside the picture).
        jitter_sw: typical jitter at rest in shoulder widths; none where nothing rests.
        bridged: hand to the share of frames in which only the body model tells where it is.
        longest_loss_s: longest time without head or shoulders.
        shoulder_px: shoulder width, in the sequence's unit.
        verdict: per group of gestures, whether this recording can show it.
    """

    person: str
    frames: int
    fps: float
    parts: Mapping[str, float]
    jitter_sw: float | None
    jitter_parts: Mapping[str, float]
    bridged: Mapping[str, float]
    longest_loss_s: float
    shoulder_px: float
    verdict: tuple[GroupVerdict, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": [asdict(v) for v in self.verdict], "line": self.line()}

    def line(self) -> str:
        """The report in one line of text."""
        parts = ", ".join(
            f"{name.replace('_', ' ')} {share:.0%}" for name, share in self.parts.items()
        )
        rough = ", ".join(f"{n.replace('_', ' ')} {share:.0%}" for n, share in self.bridged.items())
        bridged = f"; by the body model only: {rough}" if rough else ""
        jitter = "no rest seen"
        if self.jitter_sw is not None:
            jitter = f"resting joints tremble by {self.jitter_sw:.1%} of a shoulder width"
        blind = [verdict.group.split(" (")[0] for verdict in self.verdict if not verdict.can_show]
        cannot = f"; cannot show: {', '.join(blind)}" if blind else "; can show every gesture group"
        return (
            f"{self.frames} frames at {self.fps:.3g} fps; usable: {parts}{bridged}; {jitter}; "
            f"longest loss {self.longest_loss_s:.2f} s{cannot}"
        )


def quality_report(sequence: PoseSequence, person: int = 0) -> QualityReport:
    """Judge one person of a sequence (the first by default)."""
    points, usable = sequence.keypoints[person], visible(sequence)[person]
    scale = float(body_scale(sequence.person(person))[0])
    jitter = _rest_jitter(points, usable, sequence.fps) / scale
    layout = sequence.skeleton
    parts = {name: _seen_share(usable[:, list(joints)]) for name, joints in layout.parts.items()}
    jitter_parts = {
        name: float(np.nanmedian(jitter[list(joints)]))
        for name, joints in layout.parts.items()
        if not np.isnan(jitter[list(joints)]).all()
    }
    typical = None if np.isnan(jitter).all() else float(np.nanmedian(jitter))
    return QualityReport(
        person=sequence.people[person],
        frames=sequence.num_frames,
        fps=sequence.fps,
        parts={name: round(share, 4) for name, share in parts.items()},
        jitter_sw=None if typical is None else round(typical, 5),
        jitter_parts={name: round(value, 5) for name, value in jitter_parts.items()},
        bridged=_bridged_shares(sequence, person, usable),
        longest_loss_s=round(_longest_loss(sequence, usable), 3),
        shoulder_px=round(scale, 2),
        verdict=tuple(
            _judge(group, needs, sequence, usable, parts, jitter_parts, scale)
            for group, needs in _GROUPS.items()
        ),
    )


def _judge(
    group: str,
    needs: tuple[str, ...],
    sequence: PoseSequence,
    usable: np.ndarray,
    parts: Mapping[str, float],
    jitter: Mapping[str, float],
    scale: float,
) -> GroupVerdict:
    """One group's verdict; the first hindrance found is the reason given."""
    layout = sequence.skeleton
    rarest = 1.0
    for need in needs:
        shares = {}
        for name in need.split("|"):
            if name in parts:
                shares[name] = parts[name]
            elif layout.has(name):
                shares[name] = float(usable[:, layout.index(name)].mean())
        spoken = " or ".join(name.replace("_", " ") for name in need.split("|"))
        if not shares:
            return GroupVerdict(group, False, f"the layout '{layout.name}' has no {spoken}")
        best = max(shares.values())
        passing = any(need.endswith(name) for name in _COME_AND_GO)
        if best < (_ENOUGH_OF_HANDS if passing else _ENOUGH):
            never = best < 0.005
            rare = "never seen" if never else f"usable in only {best:.0%} of the frames"
            return GroupVerdict(group, False, f"{spoken} {rare}")
        rarest = min(rarest, best)
    if sequence.fps < _SLOWEST_FPS:
        return GroupVerdict(group, False, f"{sequence.fps:.3g} frames per second are too few")
    if sequence.unit == "pixel" and scale < _SMALLEST_PX:
        return GroupVerdict(
            group, False, f"the person is too small: {scale:.0f} pixels shoulder width"
        )
    most = _MOST_JITTER / 2 if group in _FINE else _MOST_JITTER
    shaky = jitter.get(_part_of(needs[0].split("|")[0], sequence), 0.0)
    if shaky > most:
        return GroupVerdict(
            group, False, f"points that tremble by {shaky:.1%} of a shoulder width hide it"
        )
    if rarest < _ENOUGH:
        return GroupVerdict(group, True, f"only while in view: {rarest:.0%} of the frames")
    return GroupVerdict(group, True, "the needed points are seen well enough")


def _part_of(name: str, sequence: PoseSequence) -> str:
    """The body part that a joint belongs to; a part's own name is itself."""
    layout = sequence.skeleton
    return layout.part_of(layout.index(name)) if layout.has(name) else name


def _bridged_shares(sequence: PoseSequence, person: int, usable: np.ndarray) -> dict[str, float]:
    """Of hands that are bridged at all, the share of frames."""
    known = bridged(sequence)[person] & usable
    return {
        name: round(float(known[:, list(joints)].any(1).mean()), 4)
        for name, joints in sequence.skeleton.parts.items()
        if known[:, list(joints)].any()
    }


def _seen_share(usable: np.ndarray) -> float:
    """Share of frames in which at least half of the joints are usable, from (T, L)."""
    return float((usable.mean(1) >= 0.5).mean()) if usable.size else 0.0


def _rest_jitter(points: np.ndarray, usable: np.ndarray, fps: float) -> np.ndarray:
    """(V,) spread within the quietest half-seconds, around a parabola through each.

    The parabola takes away what a slow movement does in half a second, so that a person who
    never quite rests is not called jittery.

    Args:
        points: (T, V, C).
        usable: (T, V) bool; a window counts for a joint that is usable throughout.
    """
    length = max(round(_REST_WINDOW_S * fps), 6)
    count = len(points) // length
    result = np.full(points.shape[1], np.nan)
    if count == 0:
        return result
    shape = (count, length, points.shape[1])
    windows = points[: count * length].reshape(*shape, -1).astype(np.float64)
    whole = np.asarray(usable[: count * length].reshape(shape).all(axis=1))
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, length), 3))
    windows -= windows[:, :1]
    fit = np.einsum("tk,sk,nsvc->ntvc", basis, basis, windows, optimize=True)
    # Three parameters are fitted, so as many degrees of freedom are gone.
    spread = np.sqrt(((windows - fit) ** 2).sum(1) / (length - 3)).mean(-1)
    for joint in range(points.shape[1]):
        known = spread[whole[:, joint], joint]
        if known.size:
            result[joint] = np.quantile(known, _REST_SHARE)
    return result


def _longest_loss(sequence: PoseSequence, usable: np.ndarray) -> float:
    """Longest time in which neither head nor shoulders (or, without them, nothing) was usable."""
    layout = sequence.skeleton
    core = list(layout.parts.get("head", ())) + [
        layout.index(name) for name in ("left_shoulder", "right_shoulder") if layout.has(name)
    ]
    seen = np.asarray(usable[:, core or list(range(layout.num_joints))].any(1))
    times = np.append(sequence.timestamps, sequence.timestamps[-1:] + 1 / sequence.fps)
    return max(
        (float(times[end] - times[begin]) for begin, end in stretches(np.logical_not(seen))),
        default=0.0,
    )
