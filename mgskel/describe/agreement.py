"""Recognised gestures beside the measurement: do the joints show what the recogniser says?"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mgskel.core.config import read_yaml
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import get_vocabulary, list_vocabularies
from mgskel.describe.body import Body
from mgskel.describe.findings import Finding

Verdict = Literal["agrees", "disagrees", "not measurable"]
_SLACK_S = 0.5  # recognised borders are not exact
_SEEN = 0.5  # the joints must be seen for this share of the gesture to contradict it

# Which body points must be seen before the absence of a kind of statement means anything.
_HEAD_POINTS = ("nose", "left_eye", "right_eye")
_NEEDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("hand_to_arm", ("left_wrist", "right_wrist", "left_elbow", "right_elbow")),
    ("hand_to_chest", ("neck", "left_wrist", "right_wrist")),
    ("hand_to_torso", ("neck", "left_wrist", "right_wrist")),
    ("hand_to_neck", ("neck", "left_wrist", "right_wrist")),
    ("hand_to_head", ("head", "left_wrist", "right_wrist")),
    ("hand_to", ("nose", "left_wrist", "right_wrist")),
    ("hand", ("left_wrist", "right_wrist", "left_elbow", "right_elbow")),
    ("rubbing", ("left_wrist", "right_wrist")),
    ("arms", ("left_wrist", "right_wrist", "left_elbow", "right_elbow")),
    ("head", _HEAD_POINTS),
    ("torso_lean", ("neck", "hip_centre")),
    ("torso", ("neck", "left_shoulder", "right_shoulder")),
    ("shoulders", ("head", "left_shoulder", "right_shoulder")),
    ("fidgeting", ("neck",)),
)


@dataclass(frozen=True)
class Comparison:
    """One recognised gesture and what was measured at the time.

    `support` are positions in the list of findings: those that agree, or else what was there
    instead.
    """

    event: GestureEvent
    verdict: Verdict
    support: tuple[int, ...]
    expected: tuple[str, ...]


@functools.cache
def expected_kinds() -> Mapping[str, tuple[str, ...]]:
    tree = read_yaml(Path(__file__).with_name("agreement.yaml"))
    return {movement: tuple(kinds) for movement, kinds in tree.items()}


@functools.cache
def kinds_of_label(label: str) -> tuple[str, ...]:
    """The kinds of statement one of which a gesture's name leads one to expect."""
    wanted = label.strip().casefold()
    movements: list[str] = [wanted.replace(" ", "-")]
    for name in list_vocabularies():
        for gesture in get_vocabulary(name):
            if gesture.name.casefold() == wanted:
                movements += gesture.means
    return tuple(dict.fromkeys(k for m in movements for k in expected_kinds().get(m, ())))


def compare(
    events: Iterable[GestureEvent], findings: Sequence[Finding], body: Body | None
) -> list[Comparison]:
    return [_compare(event, findings, body) for event in events]


def _compare(event: GestureEvent, findings: Sequence[Finding], body: Body | None) -> Comparison:
    expected = kinds_of_label(event.label)
    during = [i for i, f in enumerate(findings) if _overlaps(f, event)]
    support = tuple(i for i in during if findings[i].kind in expected and _there(findings[i]))
    if support:
        return Comparison(event, "agrees", support, expected)
    telling = tuple(i for i in during if _there(findings[i]) and findings[i].kind != "stillness")
    if not expected or body is None or not _could_be_seen(event, expected, body):
        return Comparison(event, "not measurable", telling, expected)
    return Comparison(event, "disagrees", telling, expected)


def _there(finding: Finding) -> bool:
    return finding.category not in ("approaching", "leaving", "near")


def _overlaps(finding: Finding, event: GestureEvent) -> bool:
    return finding.from_s < event.end_s + _SLACK_S and finding.to_s > event.start_s - _SLACK_S


def _could_be_seen(event: GestureEvent, kinds: Sequence[str], body: Body) -> bool:
    inside = (body.times >= event.start_s) & (body.times <= event.end_s)
    if not inside.any():
        return False
    for kind in kinds:
        needed = next((points for prefix, points in _NEEDED if kind.startswith(prefix)), None)
        if needed is None or not body.has(*needed):
            continue
        seen = np.min([np.isfinite(body.points[name][0, inside]).mean() for name in needed])
        if seen >= _SEEN:
            return True
    return False
