"""What a report shows, gathered from every stage, and its form for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgskel import __version__
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.report.colours import group_colours, ink_on
from mgskel.report.methods import methods_paragraph, quality_table, reasoner_notice, verdict_lines
from mgskel.report.pack import STEPS, Packed, pack, pack_points, pack_shares
from mgskel.report.strokes import strokes

FINE_PARTS = ("head", "face", "left_hand", "right_hand")
MOST_POINTS = 3_000_000
"""More joint positions than this make the page heavy: joints, then frames, are thinned."""
_STRIP_BINS = 6000
_UNEVEN_S = 0.002


@dataclass(frozen=True)
class Strip:
    """One row of the timeline that has a height at each moment.

    Attributes:
        values: shares in 0..1, (steps,).
    """

    person: str
    part: str
    values: np.ndarray
    step_s: float


@dataclass(frozen=True)
class Attention:
    """How much each joint counted at each moment: weights in 0..1, (M, steps, V)."""

    weights: np.ndarray
    step_s: float


@dataclass(frozen=True)
class ReportContent:
    """Everything that one page shows.

    Attributes:
        description: the content of statements.json.
        quality: the pose quality report (`QualityReport.to_dict`).
        outcome: the content of assessment.json, if a reasoner was asked.
        truth: the true events, where they are known (synthesis, annotated recordings).
        truth_score: in words, how the recognised events compare with the true ones.
        energy: movement per body part.
        provenance: pairs of a fact's name and its value.
        files: name to content of what can be downloaded.
        video: the recording as a data URL, only when the user asked for pictures of the person.
        remarks: sentences on what the recogniser says nothing of, and why.
        summary: what the body did, in a few sentences.
    """

    title: str
    sequence: PoseSequence
    events: Sequence[GestureEvent]
    description: Mapping[str, Any]
    quality: Mapping[str, Any] = field(default_factory=dict)
    outcome: Mapping[str, Any] | None = None
    vocabulary: Vocabulary | None = None
    truth: Sequence[GestureEvent] = ()
    truth_score: str = ""
    energy: Sequence[Strip] = ()
    attention: Attention | None = None
    provenance: Sequence[tuple[str, str]] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    video: str | None = None
    remarks: Sequence[str] = ()
    summary: str = ""


def page_data(content: ReportContent) -> dict[str, Any]:
    """The JSON that the page's scripts read."""
    groups = _groups(content)
    colours = group_colours(groups.values())
    statements = list(content.description["statements"])
    quality = content.quality
    start = content.sequence.start_s
    events = [
        _event(event, f"e{index}", groups, colours)
        for index, event in enumerate(_in_order(content.events))
    ]
    return {
        "title": content.title,
        "lead": _lead(content, len(statements)),
        "duration_s": start + content.sequence.duration_s,
        "player": _player(content, start),
        "events": events,
        "truth": [
            _event(event, f"t{index}", groups, colours) | {"truth": True}
            for index, event in enumerate(_in_order(content.truth))
        ],
        "truth_score": content.truth_score,
        "remarks": list(content.remarks),
        "summary": content.summary,
        "groups": colours,
        "energy": _strips(content.energy, "#0072b2"),
        "seen": _strips(_seen(content.sequence), "#7a828a"),
        "statements": statements,
        "evidence": _evidence(statements, content.outcome),
        "outcome": content.outcome,
        "reasoner": reasoner_notice(content.outcome),
        "quality": {
            "line": str(quality.get("line", "")),
            "parts": quality_table(quality),
            "verdict": verdict_lines(quality),
        },
        "methods": methods_paragraph(content.sequence, content.provenance, content.outcome),
        "provenance": [list(pair) for pair in content.provenance],
        "files": dict(content.files),
        "video": content.video,
        "footer": f"Made with mgskel {__version__}. Research use; not a diagnosis, no proof of "
        "deception, and no ground for any decision about a person.",
    }


def _in_order(events: Sequence[GestureEvent]) -> list[GestureEvent]:
    return sorted(events, key=lambda event: (event.start_s, event.end_s, event.label))


def _groups(content: ReportContent) -> dict[str, str]:
    """Label to body group, for every label that occurs."""
    known = {}
    if content.vocabulary is not None:
        known = {gesture.name: gesture.group for gesture in content.vocabulary}
    labels = {event.label for event in (*content.events, *content.truth)}
    return {label: known.get(label, "gesture") for label in sorted(labels)}


def _event(
    event: GestureEvent, name: str, groups: Mapping[str, str], colours: Mapping[str, str]
) -> dict[str, Any]:
    group = groups[event.label]
    return {
        "id": name,
        "label": event.label,
        "row": group,
        "person": event.person,
        "start_s": event.start_s,
        "from_s": event.start_s,
        "end_s": event.end_s,
        "to_s": event.end_s,
        "score": event.score,
        "micro": event.micro,
        "colour": colours[group],
        "ink": ink_on(colours[group]),
    }


def _lead(content: ReportContent, statements: int) -> str:
    sequence = content.sequence
    micro = sum(event.micro for event in content.events)
    people = "one person" if sequence.num_people == 1 else f"{sequence.num_people} people"
    minutes, seconds = divmod(round(sequence.duration_s), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{sequence.duration_s:.1f} s"
    found = {0: "no micro-gesture", 1: "1 micro-gesture"}.get(micro, f"{micro} micro-gestures")
    said = "1 measured statement" if statements == 1 else f"{statements} measured statements"
    return f"{length} of {people}: {found} recognised, {said}."


def _player(content: ReportContent, start: float) -> dict[str, Any]:
    sequence, attention = _thin(content.sequence, content.attention)
    layout = sequence.skeleton
    points = sequence.keypoints[..., :2].astype(np.float64)
    if sequence.unit == "metre":
        points[..., 1] *= -1
    low, size = _extent(sequence, points, exact=content.video is not None)
    longest = float(size.max())
    parts = [layout.part_of(joint) for joint in range(layout.num_joints)]
    steps = np.diff(sequence.timestamps)
    even = steps.size == 0 or float(np.ptp(steps)) < _UNEVEN_S
    step = float(steps.mean()) if steps.size else 1.0 / sequence.fps
    levels = np.ceil(np.clip(sequence.scores, 0, 1) * 3).astype(np.uint8)
    series = (sequence.num_people * layout.num_joints, sequence.num_frames)
    glow = None if attention is None else attention.weights.transpose(0, 2, 1)
    return {
        "frames": sequence.num_frames,
        "step_s": step,
        "start_s": start,
        "times": None if even else _uneven(steps),
        "people": list(sequence.people),
        "joints": list(layout.joints),
        "parts": parts,
        "fine": [part for part in layout.parts if part in FINE_PARTS],
        "strokes": [[line.start, line.end, line.part] for line in strokes(layout)],
        "colours": dict(layout.colours),
        "extent": [float(size[0] / longest), float(size[1] / longest)],
        "aspect": float(size[1] / size[0]),
        "steps": STEPS,
        "points": pack_points(points, low, longest),
        "scores": pack(levels.transpose(0, 2, 1).reshape(series)),
        "attention": None if glow is None else pack_shares(glow.reshape(-1, glow.shape[-1])),
        "attention_steps": 0 if glow is None else glow.shape[-1],
        "attention_step_s": 0 if attention is None else attention.step_s,
    }


def _thin(
    sequence: PoseSequence, attention: Attention | None
) -> tuple[PoseSequence, Attention | None]:
    """A recording light enough for a page: the working layout's joints, then fewer frames."""
    if sequence.scores.size > MOST_POINTS:
        upper = get_skeleton("upper")
        keep = [i for i, joint in enumerate(sequence.skeleton.joints) if upper.has(joint)]
        if attention is not None and len(keep) < sequence.num_joints:
            column = [
                sequence.skeleton.index(joint) if sequence.skeleton.has(joint) else -1
                for joint in upper.joints
            ]
            padded = np.pad(attention.weights, ((0, 0), (0, 0), (0, 1)))
            attention = Attention(padded[:, :, column], attention.step_s)
        sequence = sequence.to_skeleton(upper, allow_missing=True)
    every = int(np.ceil(sequence.scores.size / MOST_POINTS))
    return (sequence.frames(slice(None, None, every)) if every > 1 else sequence), attention


def _extent(
    sequence: PoseSequence, points: np.ndarray, exact: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The corner and the size (width, height) of what the player shows."""
    if exact and sequence.frame_size and sequence.unit == "pixel":
        return np.zeros(2), np.array(sequence.frame_size, float)
    flat = points.reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(-1)]
    if not len(flat):
        return np.zeros(2), np.ones(2)
    low, high = np.quantile(flat, [0.001, 0.999], axis=0)
    size = np.maximum(high - low, 1e-6)
    margin = 0.08 * float(size.max())
    low, size = low - margin, size + 2 * margin
    # Neither a needle nor a slit, however the person stands.
    wanted = np.maximum(size, size[::-1] * np.array([0.75, 0.5]))
    return low - (wanted - size) / 2, wanted


def _uneven(steps: np.ndarray) -> Packed:
    """Milliseconds since the frame before, (1, frames)."""
    gaps = np.concatenate([[0], np.clip(np.rint(steps * 1000), 0, 65535)])
    return pack(gaps.astype(np.uint16)[None])


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


def _evidence(
    statements: Sequence[Mapping[str, Any]], outcome: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Everything an assessment may cite, with its moment."""
    kept = ("id", "text", "from_s", "to_s")
    items = {s["id"]: {key: s[key] for key in kept} for s in statements}
    details = (outcome or {}).get("details") or {}
    for item in details.get("evidence", []):
        items.setdefault(item["id"], {key: item[key] for key in kept})
    return list(items.values())
