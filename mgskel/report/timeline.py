"""The rows of the page's timeline (`page/timeline.js`): gestures, movement, what could be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.describe import fidget_energy
from mgskel.report.drawing import group_colours, ink_on
from mgskel.report.pack import pack_shares

_STEP_S = 0.2
_STRIP_BINS = 6000
_FULL_HEIGHT = 1.5
"""Shoulder widths per second that fill a row."""


@dataclass(frozen=True)
class Strip:
    """One row of the timeline that has a height at each moment."""

    person: str
    part: str
    values: np.ndarray  # shares in 0..1, (steps,)
    step_s: float


def timeline_data(
    sequence: PoseSequence,
    events: Sequence[GestureEvent],
    truth: Sequence[GestureEvent],
    vocabulary: Vocabulary | None,
) -> dict[str, Any]:
    """The JSON of the timeline; each body group has one colour."""
    known = {gesture.name: gesture.group for gesture in vocabulary or ()}

    def group(event: GestureEvent) -> str:
        return event.group or known.get(event.label, "gesture")

    colours = group_colours(map(group, (*events, *truth)))

    def row(name: str, event: GestureEvent) -> dict[str, Any]:
        return {"id": name, **_event(event, group(event), colours)}

    return {
        "events": [row(f"e{index}", event) for index, event in enumerate(_in_order(events))],
        "truth": [
            {**row(f"t{index}", event), "truth": True}
            for index, event in enumerate(_in_order(truth))
        ],
        "groups": colours,
        "energy": _strips(energy_strips(sequence), "#0072b2"),
        "seen": _strips(_seen(sequence), "#7a828a"),
    }


def _in_order(events: Sequence[GestureEvent]) -> list[GestureEvent]:
    return sorted(events, key=lambda event: (event.start_s, event.end_s, event.label))


def _event(event: GestureEvent, group: str, colours: Mapping[str, str]) -> dict[str, Any]:
    return {
        "label": event.label,
        "row": group,
        "person": event.person,
        "start_s": event.start_s,
        "from_s": event.start_s,
        "end_s": event.end_s,
        "to_s": event.end_s,
        "score": event.score,
        "micro": event.micro,
        "level": event.level,
        "alternatives": [list(other) for other in event.alternatives],
        "measured": event.evidence,
        "annotated": event.source if event.annotated else "",
        "colour": colours[group],
        "ink": ink_on(colours[group]),
    }


def energy_strips(sequence: PoseSequence) -> list[Strip]:
    """Movement per body part for the timeline: a brisk gesture fills its height."""
    moved = fidget_energy(sequence)
    if moved.times.size < 2:
        return []
    step = float(moved.times[1] - moved.times[0])
    every = max(1, round(_STEP_S / step))
    strips = []
    for person, rows in zip(moved.people, moved.energy, strict=True):
        for part, row in zip(moved.parts, rows, strict=True):
            if not np.isfinite(row).any():
                continue
            padded = np.pad(np.nan_to_num(row), (0, -row.size % every))
            peaks = padded.reshape(-1, every).max(1)
            # The root keeps small movements visible beside large ones.
            values = np.sqrt(np.clip(peaks / _FULL_HEIGHT, 0, 1))
            strips.append(Strip(person, part.replace("_", " "), values, every * step))
    return strips


def _seen(sequence: PoseSequence) -> list[Strip]:
    """How much of each body part was there, over time."""
    bins = max(1, min(_STRIP_BINS, sequence.num_frames))
    edges = np.linspace(0, sequence.num_frames, bins + 1).astype(int)
    step = sequence.duration_s / bins
    strips = []
    for person, name in enumerate(sequence.people):
        for part, joints in sequence.skeleton.parts.items():
            share = sequence.present[person][:, list(joints)].mean(-1)
            means = np.add.reduceat(share, edges[:-1]) / np.maximum(np.diff(edges), 1)
            strips.append(Strip(name, part.replace("_", " "), means, step))
    return strips


def _strips(strips: Sequence[Strip], colour: str) -> dict[str, Any] | None:
    if not strips:
        return None
    return {
        "rows": [{"person": s.person, "part": s.part, "colour": colour} for s in strips],
        "step_s": strips[0].step_s,
        "values": pack_shares(np.stack([strip.values for strip in strips])),
    }
