"""Joint attention as pictures, a film and tables, with the question whether they can be believed.

For one or more recordings: which joints count at which moments of what was recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mgskel.attention import Faithfulness, JointAttention, attend_sequence, faithfulness
from mgskel.attention.attend import clip_input
from mgskel.attention.faithfulness import hiding_curves
from mgskel.core.errors import MissingDependency
from mgskel.core.recording import Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.csv_table import to_csv
from mgskel.core.storage.files import write_json, write_text, writing_together
from mgskel.models import Backbone
from mgskel.report.figures import class_maps, heat_map, key_moments, save_figure, typical_pose
from mgskel.report.films.overlay import Ground, write_overlay
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.decision.decision_rule import probability
from mgskel.spotting.network.joint_evidence import Passage, passages
from mgskel.training.runs.clip_model import ClipModel

# Of a found gesture, halves and joints are hidden in so many steps, beside so many random orders.
WINDOWS, STEPS, RANDOM_ORDERS = 2, 8, 3


@dataclass(frozen=True, eq=False)
class Recognised:
    """One gesture (or one whole clip) that was recognised."""

    label: str
    person: int
    start_s: float
    end_s: float
    probability: float
    joints: np.ndarray  # (V,) mean weight of each joint of the recording's layout, 0..1
    believed: Faithfulness  # what hiding and showing by weight does to its probability


@dataclass(frozen=True, eq=False)
class Look:
    """One recording, looked at."""

    name: str
    sequence: PoseSequence
    attention: JointAttention  # weights (M, T, V) at every frame of the recording
    recognised: tuple[Recognised, ...]


def look_at_recording(spotter: StreamRecognizer, recording: Recording) -> Look | None:
    """What the gestures found in a recording rest on; none where nothing is found."""
    sequence = recording.sequence
    events = spotter.spot(sequence)
    found = spotter.attention(sequence, events)
    if found is None:
        return None
    weights, step_s = found
    steps = ((sequence.timestamps - sequence.start_s) / step_s).astype(int)
    weights = weights[:, np.minimum(steps, weights.shape[1] - 1)].astype(float)
    recognised = []
    for passage in passages(spotter.folded, spotter.input, sequence, events, shortest=WINDOWS):
        event = passage.event
        person = sequence.people.index(event.person)
        inside = (sequence.timestamps >= event.start_s) & (sequence.timestamps < event.end_s)
        joints = weights[person, inside].mean(0) if inside.any() else weights[person].mean(0)
        believed = passage_faithfulness(spotter.folded, passage, passage.weights(spotter.folded))
        recognised.append(
            Recognised(
                event.label, person, event.start_s, event.end_s, event.score, joints, believed
            )
        )
    attention = JointAttention(weights, "gradient x input", -1, float("nan"), sequence.skeleton)
    return Look(recording.name, sequence, attention, tuple(recognised))


def look_at_clip(
    recognizer: ClipModel, recording: Recording, method: str, target: str | None = None
) -> Look:
    """What the class of a cut clip rests on; the recording comes in the recognizer's layout."""
    sequence = recording.sequence
    if sequence.skeleton.joints != recognizer.skeleton.joints:
        sequence = sequence.to_skeleton(recognizer.skeleton)
    seen = attend_sequence(recognizer, sequence, method, target)
    x, mask = clip_input(recognizer, sequence)
    believed = faithfulness(recognizer.network, x, mask, seen)
    weights = np.zeros(sequence.scores.shape)
    people = min(len(weights), len(seen.weights))
    weights[:people] = seen.at_frames(sequence.num_frames)[:people]
    attention = JointAttention(weights, method, seen.target, seen.probability, sequence.skeleton)
    only = Recognised(
        recognizer.classes.names[seen.target],
        0,
        sequence.start_s,
        sequence.start_s + sequence.duration_s,
        seen.probability,
        weights[:people].mean((0, 1)),
        believed,
    )
    return Look(recording.name, sequence, attention, (only,))


def passage_faithfulness(network: Backbone, passage: Passage, weights: np.ndarray) -> Faithfulness:
    """The mean probability of a found gesture while parts of it are hidden, and shown, by weight.

    The network is folded, the weights are (frames, V).
    """

    def chance(masks: torch.Tensor) -> np.ndarray:
        odds = passage.log_odds(network, masks[..., 0].numpy())
        return np.asarray(probability(odds).mean(1))

    return hiding_curves(
        chance,
        torch.from_numpy(passage.mask)[..., None],
        torch.from_numpy(weights)[..., None],
        windows=WINDOWS,
        steps=STEPS,
        random_orders=RANDOM_ORDERS,
        start=passage.frames.start,
    )


def write_attention(
    folder: Path, looks: Sequence[Look], recognizer: str, clip: str | Path | None = None
) -> dict[str, Any]:
    """Pictures, films, tables and a summary of looks; the summary is returned.

    Args:
        recognizer: its name, for the summary.
        clip: the recording's pictures, to draw the film on them; by default it is blank.
    """
    notes: list[str] = []
    with writing_together(folder) as top:
        for look in looks:
            place = top / look.name if len(looks) > 1 else top
            marks = [(one.start_s, one.end_s, one.label) for one in look.recognised]
            shown = heat_map(look.sequence, look.attention, marks=marks)
            save_figure(shown, place / "heat_map.png")
            save_figure(key_moments(look.sequence, look.attention), place / "key_moments.png")
            try:
                film = _film(look, place / "overlay.mp4", clip)
            except MissingDependency as missing:
                film, why = None, missing.message
            else:
                why = "which needs 2-D pixels of a known picture size"
            if film is None:
                notes.append(f"{look.name}: no film; {why}")
        if any(look.recognised for look in looks):
            save_figure(_by_class(looks), top / "classes.png")
        write_text(top / "attention.csv", _table(looks))
        summary = _summary(looks, recognizer, notes)
        write_json(top / "attention.json", summary)
        written = sorted(p.relative_to(top).as_posix() for p in top.rglob("*") if p.is_file())
    return {**summary, "files": written}


def _film(look: Look, path: Path, clip: str | Path | None) -> Path | None:
    """The recording with joints that glow, where it can be drawn."""
    sequence = look.sequence
    if sequence.num_dims != 2 or sequence.unit != "pixel" or sequence.frame_size is None:
        return None
    ground: Ground = "blank" if clip is None else "picture"
    write_overlay(sequence, path, clip=clip, ground=ground, weights=look.attention.weights)
    return path


def _by_class(looks: Sequence[Look]) -> Any:
    """For each class, the mean weight of each joint on a typical pose."""
    weights: dict[str, list[np.ndarray]] = {}
    for look in looks:
        for one in look.recognised:
            weights.setdefault(one.label, []).append(one.joints)
    pose = typical_pose([look.sequence for look in looks])
    return class_maps(looks[0].sequence.skeleton, pose, weights)


def _table(looks: Sequence[Look]) -> str:
    """One row for each joint of each recognised gesture."""
    rows = [
        ["recording", "person", "label", "start_s", "end_s", "probability", "joint", "part",
         "weight"]
    ]  # fmt: skip
    for look in looks:
        skeleton = look.sequence.skeleton
        for one in look.recognised:
            head = [
                look.name,
                look.sequence.people[one.person],
                one.label,
                f"{one.start_s:.3f}",
                f"{one.end_s:.3f}",
                f"{one.probability:.4f}",
            ]
            for joint, name in enumerate(skeleton.joints):
                rows.append([*head, name, skeleton.part_of(joint), f"{one.joints[joint]:.4f}"])
    return to_csv(rows)


def _summary(looks: Sequence[Look], recognizer: str, notes: list[str]) -> dict[str, Any]:
    gestures = [
        {
            "recording": look.name,
            "person": look.sequence.people[one.person],
            "label": one.label,
            "start_s": round(one.start_s, 3),
            "end_s": round(one.end_s, 3),
            "probability": round(one.probability, 4),
            "deletion_gain": round(one.believed.deletion_gain, 4),
            "insertion_gain": round(one.believed.insertion_gain, 4),
        }
        for look in looks
        for one in look.recognised
    ]
    gains = {
        name: round(float(np.mean([gesture[name] for gesture in gestures])), 4)
        if gestures
        else None
        for name in ("deletion_gain", "insertion_gain")
    }
    return {
        "recognizer": recognizer,
        "method": looks[0].attention.method if looks else None,
        **gains,
        "gestures": gestures,
        "notes": notes,
    }


def in_words(summary: dict[str, Any]) -> str:
    """Whether the pictures can be believed, for people."""
    count = len(summary["gestures"])
    if not count:
        return "nothing was recognised, so there is nothing to look at"
    deletion, insertion = summary["deletion_gain"], summary["insertion_gain"]
    verdict = (
        "the pictures show what the answers rest on"
        if min(deletion, insertion) > 0
        else "the pictures are NOT better than chance here: do not take them as evidence"
    )
    number = "1 recognised gesture" if count == 1 else f"{count} recognised gestures"
    return (
        f"{number}, looked at by {summary['method']}. Hiding joints and moments by their weight "
        f"lowers the probability by {deletion:.2f} more than hiding at random; showing them by "
        f"weight raises it by {insertion:.2f} more: {verdict}."
    )
