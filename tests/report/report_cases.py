"""Reports with known content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary, get_vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.describe import Description
from mgskel.reason import Outcome
from mgskel.reason.assessment import Assessment
from mgskel.report.page import ReportContent
from mgskel.report.player import Attention

HOSTILE = "</script><script>window.hacked = true</script><img src=x onerror='window.hacked=true'>"


def a_recording(seconds: float = 20.0, fps: float = 30.0, layout: str = "upper") -> PoseSequence:
    rng = np.random.default_rng(0)
    frames = round(seconds * fps)
    joints = get_skeleton(layout).num_joints
    home = rng.uniform((100, 60), (500, 420), (joints, 2))
    sway = np.sin(np.arange(frames) / fps)[:, None, None] * 6
    points = home + sway + rng.normal(0, 0.4, (frames, joints, 2))
    scores = rng.uniform(0.5, 1, (1, frames, joints))
    scores[0, frames // 2 : frames // 2 + 20, -5:] = 0
    return PoseSequence.from_arrays(
        points[None], scores, fps=fps, skeleton=layout, frame_size=(640, 480), source="clip.mp4"
    )


def some_events(seconds: float, every: float = 4.0) -> list[GestureEvent]:
    vocabulary = get_vocabulary("imigue")
    starts = np.arange(1.0, seconds - 2, every)
    return [
        GestureEvent("1", g.name, g.id, float(start), float(start + 1.5), 0.8, g.micro)
        for start, g in zip(starts, list(vocabulary) * (1 + len(starts) // 32), strict=False)
    ]


@dataclass(frozen=True)
class SomeRecognizer:
    """What a page says of a recognizer."""

    vocabulary: Vocabulary
    name: str = "default"
    fingerprint: str = "0123456789abcdef0123"
    notes: dict[str, Any] = field(default_factory=lambda: {"figures": {"f1_0.3": 0.5}})


def an_outcome(**details: Any) -> Outcome:
    signal = {"value": 0.2, "evidence_for": ["s1"], "evidence_against": ["s3"]}
    assessment = {
        "hypotheses": [{"emotion": "tense", "probability": 0.6, "evidence_for": ["s2"],
                        "evidence_against": ["s3"]}],
        "valence": signal, "arousal": signal, "stress": signal, "moments": [],
        "alternative_explanations": [{"explanation": "An itch.", "explains": ["s1"]}],
        "cannot_judge": [
            "What the person thinks.", "arms (folded): cannot be seen (left wrist never seen)",
            "legs: cannot be seen",
        ],
        "confidence": 0.4, "abstain": False,
        "summary": [{"text": "The left hand touches the face.", "evidence": ["s1"]}],
        "limits": ["This is not a diagnosis."],
    }  # fmt: skip
    return Outcome("ok", "rules", "", Assessment.model_validate(assessment), details)


def some_content(seconds: float = 20.0, **changes: Any) -> ReportContent:
    sequence = a_recording(seconds)
    events = some_events(seconds)
    statements = [
        {
            "id": f"s{i + 1}", "kind": "hand_to_face", "joints": ["left_wrist"], "side": "left",
            "value": 0.2, "unit": "shoulder widths", "category": "touching",
            "from_s": event.start_s + 0.5, "to_s": event.end_s, "confidence": 0.8,
            "text": f"The left hand touches the face ({i + 1}).",
        }
        for i, event in enumerate(events[:30])
    ]  # fmt: skip
    rng = np.random.default_rng(1)
    given = {
        "title": "clip.mp4",
        "sequence": sequence,
        "events": events,
        "description": Description.from_dict({"statements": statements, "source": "clip.mp4"}),
        "quality": {"line": "Head and hands visible.", "parts": {"head": 0.98},
                    "verdict": [{"group": "hand to face", "can_show": True, "why": ""}]},
        "outcome": an_outcome(),
        "recognizer": SomeRecognizer(get_vocabulary("imigue")),
        "attention": Attention(rng.random((1, int(seconds * 5), sequence.num_joints)), 0.2),
        "files": {"events.csv": "person,label\n"},
    }  # fmt: skip
    return ReportContent(**given | changes)
