"""Small studies: people who sit still, but for one hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mgskel.core.events import GestureEvent, write_events
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.files import write_json, write_text

WIDTH = 100.0
"""Shoulder width in pixels."""
_PLACES = {
    "nose": (300, 100), "left_eye": (310, 90), "right_eye": (290, 90), "left_ear": (325, 95),
    "right_ear": (275, 95), "left_shoulder": (350, 200), "right_shoulder": (250, 200),
    "left_elbow": (380, 300), "right_elbow": (220, 300), "left_wrist": (340, 380),
    "right_wrist": (260, 380), "left_hip": (335, 400), "right_hip": (265, 400),
    "left_knee": (340, 500), "right_knee": (260, 500), "left_ankle": (340, 600),
    "right_ankle": (260, 600),
}  # fmt: skip


def a_person(seconds: float, fps: float = 25.0, people: Sequence[str] = ("1",)) -> PoseSequence:
    """Somebody who sits still, (people, frames, 17, 2), legs out of the picture."""
    layout = get_skeleton("coco17")
    still = np.array([_PLACES[name] for name in layout.joints], float)
    frames = round(seconds * fps)
    points = np.tile(still, (len(people), frames, 1, 1))
    scores = np.full(points.shape[:3], 0.9)
    scores[:, :, list(layout.parts["left_leg"] + layout.parts["right_leg"])] = 0
    return PoseSequence.from_arrays(
        points, scores, fps=fps, skeleton=layout, frame_size=(640, 480), people=tuple(people)
    )


def moved(sequence: PoseSequence, joint: str, path: np.ndarray) -> PoseSequence:
    """The first person's joint displaced by (T, 2) pixels."""
    points = sequence.keypoints.copy()
    points[0, :, sequence.skeleton.index(joint)] += path.astype(np.float32)
    return sequence.replace(keypoints=points)


def unseen(sequence: PoseSequence) -> PoseSequence:
    """The same recording, in which nobody was found."""
    return sequence.replace(
        scores=np.zeros_like(sequence.scores), keypoints=np.full_like(sequence.keypoints, np.nan)
    )


def an_event(label: str, start: float, end: float, person: str = "1", **more: object):
    return GestureEvent(person, label, -1, start, end, **{"score": 0.8, **more})


def a_clip(
    folder: Path,
    events: Sequence[GestureEvent],
    sequence: PoseSequence | None = None,
    statements: Sequence[dict[str, object]] = (),
) -> None:
    """What `analyze` leaves of a clip, as far as a study reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    (sequence if sequence is not None else a_person(60)).save(folder / "pose.npz")
    write_events(folder / "events.csv", events)
    write_json(folder / "statements.json", {"statements": list(statements), "quality": {},
                                            "source": folder.name})  # fmt: skip
    write_json(folder / "quality.json", {"line": "fine", "notes": []})
    write_text(folder / "report.html", "<!doctype html><title>report</title>")
