"""Many findings become few: joined over time, over both sides, and without the redundant."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.describe.kinds import kind_of
from mgskel.describe.statement import NEAR, PASSING, Finding
from mgskel.describe.thresholds import limits

_HELD = ("before", "touching", "folded")


@limits("merge")
@dataclass(frozen=True)
class MergeLimits:
    join_s: float = 0.7  # the same thing again within this time is one statement
    covered: float = 0.5  # a weaker statement is dropped when this share of it lies under a
    # stronger


def merge(findings: Iterable[Finding], own: MergeLimits) -> list[Finding]:
    """In the order of time; the findings of one person."""
    merged = _over_symmetry(_over_time(findings, own.join_s), own.covered)
    return sorted(_without_redundant(merged, own.covered), key=_order)


def _order(finding: Finding) -> tuple[float, float, str, tuple[str, ...]]:
    return finding.from_s, finding.to_s, finding.kind, finding.joints


def _over_time(findings: Iterable[Finding], join_s: float) -> list[Finding]:
    merged: list[Finding] = []
    last: dict[tuple[object, ...], int] = {}
    for finding in sorted(findings, key=_order):
        key = (finding.kind, finding.joints, finding.side, finding.category)
        at = last.get(key)
        if at is not None and finding.category not in PASSING:
            if finding.from_s - merged[at].to_s <= join_s:
                merged[at] = _join(merged[at], finding)
                continue
        last[key] = len(merged)
        merged.append(finding)
    return merged


def _join(first: Finding, second: Finding) -> Finding:
    count = _both_of(first.count, second.count, lambda a, b: a + b)
    rate_hz = first.rate_hz
    if rate_hz is not None and count is not None:
        rate_hz = count / max(first.duration_s + second.duration_s, 1e-6)
    how = kind_of(first.kind).merged
    least = how == "smallest touch" and first.category == "touching"
    value = _both_of(first.value, second.value, min if least else max)
    if how == "count":
        value = count
    weights = first.duration_s + 1e-6, second.duration_s + 1e-6
    confidence = (first.confidence * weights[0] + second.confidence * weights[1]) / sum(weights)
    return dataclasses.replace(
        first, to_s=max(first.to_s, second.to_s), value=value, count=count, rate_hz=rate_hz,
        amplitude=second.amplitude, guessed=second.guessed, confidence=confidence,
    )  # fmt: skip


def _both_of(
    one: float | None, other: float | None, how: Callable[[float, float], float]
) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return how(one, other)


def _mean(one: float, other: float) -> float:
    return (one + other) / 2


def _over_symmetry(findings: Iterable[Finding], covered: float) -> list[Finding]:
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
            if j not in used and _symmetric(one, findings[j], covered):
                used.add(j)
                one = _on_both(one, findings[j])
                break
        merged.append(one)
    return merged


def _symmetric(one: Finding, other: Finding, share: float) -> bool:
    if one.kind != other.kind or one.category != other.category or kind_of(one.kind).directed:
        return False
    if {one.side, other.side} != {"left", "right"} or _target(one) != _target(other):
        return False
    overlap = min(one.to_s, other.to_s) - max(one.from_s, other.from_s)
    return overlap >= share * max(one.duration_s, other.duration_s) and overlap > 0


def _target(finding: Finding) -> tuple[str, ...]:
    """What was moved to, without its side: each hand at its own ear is symmetrical."""
    return tuple(joint.removeprefix("left_").removeprefix("right_") for joint in finding.joints[1:])


def _on_both(one: Finding, other: Finding) -> Finding:
    left, right = (one, other) if one.side == "left" else (other, one)
    joints = (left.joints[0], right.joints[0], *left.joints[1:], *right.joints[1:])
    return dataclasses.replace(
        left, joints=tuple(dict.fromkeys(joints)), side="both",
        value=_both_of(left.value, right.value, _mean),
        from_s=min(left.from_s, right.from_s), to_s=max(left.to_s, right.to_s),
        confidence=min(left.confidence, right.confidence),
        count=_both_of(left.count, right.count, _mean),
        rate_hz=_both_of(left.rate_hz, right.rate_hz, _mean),
        amplitude=_both_of(left.amplitude, right.amplitude, _mean),
        guessed=left.guessed or right.guessed,
    )  # fmt: skip


def _without_redundant(findings: Sequence[Finding], covered: float) -> list[Finding]:
    stronger = _Explanations(findings)
    return [finding for finding in findings if stronger.share(finding) < covered]


class _Explanations:
    """How much of a finding's time is explained by stronger findings; each union is made once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings
        self._unions: dict[tuple[str, str], _Union] = {}

    def share(self, finding: Finding) -> float:
        part = finding.joints[0] if finding.joints else ""
        if finding.category == NEAR:
            return self._union(NEAR, part, _holds).share(finding)
        if finding.kind == "fidgeting":
            return self._union("fidgeting", part, _moves).share(finding)
        if set(finding.joints) == {"left_hand", "right_hand"}:
            # At the face two hands lie close together without touching, or one is seen as both.
            return max(self._union("head", side, _at_head).share(finding) for side in _SIDES)
        if stronger := kind_of(finding.kind).explained_by:
            return self._union(finding.kind, "", lambda f, _: f.kind in stronger).share(finding)
        return 0.0

    def _union(self, what: str, part: str, explains: Callable[[Finding, str], bool]) -> _Union:
        if (what, part) not in self._unions:
            self._unions[what, part] = _Union([f for f in self._findings if explains(f, part)])
        return self._unions[what, part]


_SIDES = ("left", "right")


def _holds(finding: Finding, part: str) -> bool:
    return finding.category in _HELD and _tells_of(finding, part)


def _moves(finding: Finding, part: str) -> bool:
    """Whether a finding explains that a part is restless."""
    if finding.kind == "fidgeting":  # a waving arm shakes its hand
        return part.endswith("_hand") and part.replace("hand", "arm") in finding.joints
    return finding.category != NEAR and _tells_of(finding, part)


def _at_head(finding: Finding, side: str) -> bool:
    touching = kind_of(finding.kind).at_head and finding.category == "touching"
    return touching and finding.side in (side, "both")


def _tells_of(finding: Finding, part: str) -> bool:
    if not part.endswith(kind_of(finding.kind).moves):
        return False
    side = part.split("_")[0]
    return finding.side in ("both", "none", side) or side not in _SIDES


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
