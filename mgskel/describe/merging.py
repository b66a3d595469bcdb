"""Many findings become few: joined over time, over both sides, and without the redundant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from mgskel.describe.findings import Finding
from mgskel.describe.thresholds import MergeLimits

# Where the smallest value is the telling one; elsewhere it is the largest.
_SMALLEST = ("shoulder widths", "touching")
_DIRECTED = ("head_turn", "head_tilt", "torso_lean")

# A weaker statement says nothing new while a stronger one (on the right) explains it.
_EXPLAINED_BY: dict[str, tuple[str, ...]] = {
    "hand_to_chest": ("arms_folded", "arms_crossed"),
    "hand_to_torso": ("arms_folded", "arms_crossed", "hands_joined"),
    "hand_to_arm": ("arms_folded", "arms_crossed", "hands_joined"),
    "arms_crossed": ("arms_folded", "hands_joined"),
    "hand_on_hip": ("arms_folded", "hands_joined"),
    "head_turn": ("head_shake", "torso_turn"),
    "head_pitch": ("head_nod", "torso_turn"),
    "head_tilt": ("torso_turn", "torso_lean"),
    "head_shake": ("torso_turn",),
    "torso_lean": ("torso_sway", "torso_turn"),
    "shoulders_raised": ("torso_turn", "torso_lean", "torso_straighten"),
    "hands_behind_back": ("hands_joined", "arms_folded"),
}
# Movement energy is explained by anything told of the same body part.
_PARTS_OF = {
    "hand": ("hand", "arm"),
    "arms": ("hand", "arm"),
    "head": ("head",),
    "torso": ("torso", "head"),
    "shoulders": ("torso",),
}


def merge(findings: Iterable[Finding], limits: MergeLimits) -> list[Finding]:
    """In the order of time; the findings of one person."""
    merged = _over_symmetry(_over_time(list(findings), limits), limits)
    merged = _without_redundant(merged, limits)
    return sorted(merged, key=_order)


def _order(finding: Finding) -> tuple[float, float, str, tuple[str, ...]]:
    return finding.from_s, finding.to_s, finding.kind, finding.joints


def _over_time(findings: list[Finding], limits: MergeLimits) -> list[Finding]:
    merged: list[Finding] = []
    last: dict[tuple[object, ...], int] = {}
    for finding in sorted(findings, key=_order):
        key = (finding.kind, finding.joints, finding.side, finding.category)
        passing = finding.category in ("approaching", "leaving")
        at = last.get(key)
        if at is not None and not passing:
            before = merged[at]
            if finding.from_s - before.to_s <= limits.join_s:
                merged[at] = _join(before, finding)
                continue
        last[key] = len(merged)
        merged.append(finding)
    return merged


def _join(first: Finding, second: Finding) -> Finding:
    details = dict(first.details)
    for name, value in second.details.items():
        details[name] = details.get(name, 0.0) + value if name == "count" else value
    if "rate_hz" in details:
        lasted = first.duration_s + second.duration_s
        details["rate_hz"] = details["count"] / max(lasted, 1e-6)
    smaller = (first.unit, first.category) == _SMALLEST
    value = min(first.value, second.value) if smaller else max(first.value, second.value)
    if first.kind in ("head_nod", "head_shake"):
        value = details["count"]
    weights = first.duration_s + 1e-6, second.duration_s + 1e-6
    confidence = (first.confidence * weights[0] + second.confidence * weights[1]) / sum(weights)
    return dataclasses.replace(
        first, to_s=max(first.to_s, second.to_s), value=value, details=details,
        confidence=confidence,
    )  # fmt: skip


def _over_symmetry(findings: list[Finding], limits: MergeLimits) -> list[Finding]:
    """The same on the left and on the right at the same time is one statement on both."""
    findings = sorted(findings, key=_order)
    merged: list[Finding] = []
    used: set[int] = set()
    for i, one in enumerate(findings):
        if i in used:
            continue
        for j in range(i + 1, len(findings)):
            if findings[j].from_s > one.to_s:
                break
            if j not in used and _symmetric(one, findings[j], limits.covered):
                used.add(j)
                one = _both(one, findings[j])
                break
        merged.append(one)
    return merged


def _symmetric(one: Finding, other: Finding, share: float) -> bool:
    if one.kind != other.kind or one.category != other.category or one.kind in _DIRECTED:
        return False
    if {one.side, other.side} != {"left", "right"}:
        return False
    if _target(one) != _target(other):
        return False
    overlap = min(one.to_s, other.to_s) - max(one.from_s, other.from_s)
    return overlap >= share * max(one.duration_s, other.duration_s) and overlap > 0


def _target(finding: Finding) -> tuple[str, ...]:
    """What was moved to, without its side: each hand at its own ear is symmetrical."""
    return tuple(joint.removeprefix("left_").removeprefix("right_") for joint in finding.joints[1:])


def _both(one: Finding, other: Finding) -> Finding:
    left, right = (one, other) if one.side == "left" else (other, one)
    joints = tuple(dict.fromkeys((left.joints[0], right.joints[0], *left.joints[1:],
                                  *right.joints[1:])))  # fmt: skip
    return dataclasses.replace(
        left, joints=joints, side="both", value=(left.value + right.value) / 2,
        from_s=min(left.from_s, right.from_s), to_s=max(left.to_s, right.to_s),
        confidence=min(left.confidence, right.confidence),
        details={k: (v + right.details.get(k, v)) / 2 for k, v in left.details.items()},
    )  # fmt: skip


def _without_redundant(findings: list[Finding], limits: MergeLimits) -> list[Finding]:
    stronger = _Explanations(findings)
    return [f for f in findings if stronger.share(f) < limits.covered]


class _Explanations:
    """How much of a finding's time is explained by stronger findings; each union is made once."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._unions: dict[tuple[str, str], _Union] = {}

    def share(self, finding: Finding) -> float:
        if finding.category == "near":
            return self._union("near", finding.joints[0]).share(finding)
        if finding.kind == "fidgeting":
            return self._union("fidgeting", finding.joints[0]).share(finding)
        if set(finding.joints) == {"left_hand", "right_hand"}:
            # At the face two hands lie close together without touching, or one is seen as both.
            return max(self._union("head", side).share(finding) for side in ("left", "right"))
        if finding.kind in _EXPLAINED_BY:
            return self._union(finding.kind, "").share(finding)
        return 0.0

    def _union(self, what: str, part: str) -> _Union:
        key = (what, part)
        if key not in self._unions:
            self._unions[key] = _Union([f for f in self._findings if _explains(f, what, part)])
        return self._unions[key]


def _explains(finding: Finding, what: str, part: str) -> bool:
    if what == "near":
        return finding.category in ("before", "touching", "folded") and _same_part(finding, part)
    if what == "fidgeting":
        if finding.kind == "fidgeting":  # a waving arm shakes its hand
            return part.endswith("_hand") and part.replace("hand", "arm") in finding.joints
        told = finding.kind != "stillness" and finding.category != "near"
        return told and _same_part(finding, part)
    if what == "head":
        at_head = finding.kind.startswith("hand_to_") and finding.kind != "hand_to_arm"
        return at_head and finding.category == "touching" and finding.side in (part, "both")
    return finding.kind in _EXPLAINED_BY[what]


def _same_part(finding: Finding, part: str) -> bool:
    word = "hand" if finding.kind == "rubbing" else finding.kind.split("_")[0]
    if not part.endswith(_PARTS_OF.get(word, ())):
        return False
    side = part.split("_")[0]
    return finding.side in ("both", "none") or side not in ("left", "right") or side == finding.side


class _Union:
    """The time that some findings cover together."""

    def __init__(self, findings: list[Finding]) -> None:
        starts: list[float] = []
        ends: list[float] = []
        for finding in sorted(findings, key=_order):
            if ends and finding.from_s <= ends[-1]:
                ends[-1] = max(ends[-1], finding.to_s)
            else:
                starts.append(finding.from_s)
                ends.append(finding.to_s)
        self._corners = np.array([x for pair in zip(starts, ends, strict=True) for x in pair])
        lengths = np.array(ends) - np.array(starts)
        before = np.concatenate(([0.0], np.cumsum(lengths)))
        self._covered = np.repeat(before, 2)[1:-1]

    def share(self, finding: Finding) -> float:
        """The share of a finding's time that lies inside."""
        if not len(self._corners) or finding.duration_s <= 0:
            return 0.0
        start, end = np.interp((finding.from_s, finding.to_s), self._corners, self._covered)
        return float(end - start) / finding.duration_s
