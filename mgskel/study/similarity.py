"""Which events moved alike, whatever they are called: dynamic time warping, then a map.

Each event becomes the path of head, elbows and wrists against the middle of the shoulders, in
shoulder widths. Two events are as far apart as their paths when each may wait for the other
(dynamic time warping), and a movement of the left hand is like the same of the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.body_scale import shoulder_width
from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.study.study_folder import ClipResult

JOINTS = ("nose", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
          "right_wrist", "left_hip", "right_hip")  # fmt: skip
LINES = ((0, 1), (0, 2), (1, 2), (1, 3), (3, 5), (2, 4), (4, 6), (1, 7), (2, 8), (7, 8))
_COMPARED = ("nose", "left_elbow", "right_elbow", "left_wrist", "right_wrist")
_MIRROR = (0, 2, 1, 4, 3)
STEPS = 24
_WIDEST = 3.0
_BLOCK = 20_000


@dataclass(frozen=True)
class EventPath:
    """One event's movement."""

    clip: str  # the recording's name
    event: GestureEvent
    # (STEPS, J, 2) of `JOINTS` in shoulder widths from the middle of the shoulders; NaN where not
    # seen
    path: np.ndarray


@dataclass(frozen=True)
class GestureMap:
    """Events as places in a plane; near ones moved alike."""

    movements: tuple[EventPath, ...]
    places: np.ndarray  # (N, 2)
    neighbours: np.ndarray  # (N,) the event that moved most alike
    explained: float  # how well the plane keeps the distances: correlation, 0..1

    def same_label(self) -> dict[str, tuple[int, float]]:
        """Per label, how many events there are and the share whose neighbour is called alike."""
        labels = np.array([m.event.label for m in self.movements])
        alike = labels == labels[self.neighbours]
        return {
            str(label): (int((labels == label).sum()), float(alike[labels == label].mean()))
            for label in dict.fromkeys(labels.tolist())
        }


def gesture_map(clips: Sequence[ClipResult], most: int = 400) -> GestureMap:
    """The map of a study's events: at most so many, evenly of all gestures, the surest first."""
    events = [(clip, event) for clip in clips for event in clip.events()]
    wanted: dict[str, list[GestureEvent]] = {}
    for clip, event in _evenly(events, most):
        wanted.setdefault(clip.name, []).append(event)
    chosen = [m for clip in clips for m in _movements(clip, wanted.get(clip.name, ()))]
    if len(chosen) < 3:
        raise InputError(
            "too few events whose movement was seen for a map",
            expected="three or more",
            found=f"{len(chosen)}",
        )
    distances = distances_between([movement.path for movement in chosen])
    places = _plane(distances)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    upper = np.triu_indices(len(chosen), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = float(np.corrcoef(distances[upper], apart[upper])[0, 1])
    others = distances + np.diag(np.full(len(chosen), np.inf))
    return GestureMap(tuple(chosen), places, others.argmin(1), _share(explained))


def _share(correlation: float) -> float:
    """A correlation from 0 on; 0 where all events are equally far apart and there is none."""
    return max(correlation, 0.0) if np.isfinite(correlation) else 0.0


def _evenly(
    events: Sequence[tuple[ClipResult, GestureEvent]], most: int
) -> list[tuple[ClipResult, GestureEvent]]:
    """The surest of each gesture in turn, until there are enough; in the order of the study."""
    by_label: dict[str, list[int]] = {}
    for index in sorted(range(len(events)), key=lambda i: (-events[i][1].score, i)):
        by_label.setdefault(events[index][1].label, []).append(index)
    chosen: list[int] = []
    turn = 0
    while len(chosen) < min(most, len(events)):
        chosen += [rows[turn] for rows in by_label.values() if turn < len(rows)]
        turn += 1
    return [events[index] for index in sorted(chosen[:most])]


def _movements(clip: ClipResult, events: Sequence[GestureEvent]) -> list[EventPath]:
    """Movements of a clip's events in which a hand was seen for at least half of the time."""
    if not events:
        return []
    sequence = clip.sequence()
    if not sequence.skeleton.has("left_shoulder"):
        return []
    widths = shoulder_width(sequence)
    found = []
    for event in events:
        if event.person not in sequence.people:
            continue
        person = sequence.people.index(event.person)
        path = _path(sequence, person, float(widths[person]), event)
        if path is not None and np.isfinite(path[:, [5, 6], 0]).any(1).mean() >= 0.5:
            found.append(EventPath(clip.name, event, path))
    return found


def _path(
    sequence: PoseSequence, person: int, width: float, event: GestureEvent
) -> np.ndarray | None:
    """(STEPS, J, 2) in shoulder widths, or none where no frames are."""
    first, last = np.searchsorted(sequence.timestamps, (event.start_s, event.end_s + 1e-6))
    if not np.isfinite(width) or width <= 0 or last - first < 2:
        return None
    times = np.linspace(event.start_s, event.end_s, STEPS)
    apart = np.abs(sequence.timestamps[first:last][None] - times[:, None])
    frames = sequence.keypoints[person, first + apart.argmin(1), :, :2] / width
    points = np.full((STEPS, len(JOINTS), 2), np.nan)
    for place, name in enumerate(JOINTS):
        if sequence.skeleton.has(name):
            points[:, place] = frames[:, sequence.skeleton.index(name)]
    return points - (points[:, 1:2] + points[:, 2:3]) / 2


def distances_between(paths: Sequence[np.ndarray]) -> np.ndarray:
    """Distances (N, N) of movements (STEPS, J, 2), whichever hand moved."""
    places = [JOINTS.index(name) for name in _COMPARED]
    points = np.clip(np.nan_to_num(np.stack(paths)[:, :, places]), -_WIDEST, _WIDEST)
    mirrored = points[:, :, list(_MIRROR)] * np.array([-1.0, 1.0])
    number = len(points)
    result = np.zeros((number, number))
    first, second = np.triu_indices(number, 1)
    for start in range(0, len(first), _BLOCK):
        a, b = first[start : start + _BLOCK], second[start : start + _BLOCK]
        found = np.minimum(_warped(points[a], points[b]), _warped(points[a], mirrored[b]))
        result[a, b] = result[b, a] = found
    return result


def _warped(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Dynamic time warping of many pairs at once, (B, T, J, 2) each: mean cost along the way."""
    pairs, steps = a.shape[:2]
    flat_a, flat_b = (x.reshape(pairs, steps, -1).astype(np.float32) for x in (a, b))
    cost = (
        (flat_a**2).sum(-1)[:, :, None] + (flat_b**2).sum(-1)[:, None]
        - 2 * np.einsum("bik,bjk->bij", flat_a, flat_b)
    )  # fmt: skip
    cost = np.sqrt(np.maximum(cost, 0))
    total = np.full((pairs, steps + 1, steps + 1), np.inf, np.float32)
    total[:, 0, 0] = 0
    for i in range(1, steps + 1):
        for j in range(1, steps + 1):
            before = np.minimum(total[:, i - 1, j - 1], total[:, i - 1, j])
            total[:, i, j] = cost[:, i - 1, j - 1] + np.minimum(before, total[:, i, j - 1])
    return np.asarray(total[:, -1, -1] / steps)


def _plane(distances: np.ndarray) -> np.ndarray:
    """Places in a plane whose distances come close to the given ones, (N, 2)."""
    from sklearn.manifold import MDS

    model = MDS(2, metric="precomputed", init="classical_mds", max_iter=100, random_state=0)
    return np.asarray(model.fit_transform(distances))
