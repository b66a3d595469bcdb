"""The simple way to spot: cut windows, judge each as a clip, join neighbours that agree.

It is here to be beaten by `Recognizer.spot`. Every window is computed anew, and a window that holds
half a gesture, or two, has no right answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.spotting.metrics import score_events
from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer

LENGTHS_S = (1.5, 2.5)
HOP_S = 0.5
_TRIALS = 40


@dataclass(frozen=True, eq=False)
class Windows:
    """A recording of one person, window by window.

    Attributes:
        middles_s: (N,) the windows' middles.
        classes: (N,) the likeliest class of each.
        confidence: (N,) its probability, times the clearest "any gesture" in the window.
    """

    middles_s: np.ndarray
    classes: np.ndarray
    confidence: np.ndarray
    hop_s: float


def judge_windows(
    spotter: StreamRecognizer, sequence: PoseSequence, length_s: float, hop_s: float = HOP_S
) -> Windows:
    """Every window judged as a cut clip of one gesture."""
    count = max(1, int((sequence.duration_s - length_s) / hop_s) + 1) if sequence.num_frames else 0
    starts = sequence.start_s + np.arange(count) * hop_s
    classes, confidence = np.zeros(count, int), np.zeros(count)
    for index, start in enumerate(starts):
        low, high = np.searchsorted(sequence.timestamps, (start, start + length_s))
        (track,) = spotter.clip_tracks(sequence.frames(slice(int(low), int(high))))
        chances = spotter.clip_rule.chances(track.scores, track.places)
        classes[index] = chances.argmax()
        confidence[index] = chances.max() * track.scores[-1].max(initial=0.0)
    return Windows(starts + length_s / 2, classes, confidence, hop_s)


def join_windows(
    windows: Windows, threshold: float, vocabulary: Vocabulary, person: str = "1"
) -> list[GestureEvent]:
    """Neighbours of one class above the threshold become an event."""
    said = np.where(windows.confidence >= threshold, windows.classes, -1)
    edges = np.flatnonzero(np.diff(said, prepend=-1, append=-1))
    events = []
    for a, b in zip(edges, edges[1:], strict=False):
        if said[a] < 0:
            continue
        gesture = vocabulary.by_id(int(said[a]))
        start, end = windows.middles_s[a], windows.middles_s[b - 1]
        events.append(
            GestureEvent(
                person=person,
                label=gesture.name,
                class_id=gesture.id,
                start_s=round(max(float(start - windows.hop_s / 2), 0.0), 3),
                end_s=round(float(end + windows.hop_s / 2), 3),
                score=round(float(windows.confidence[a:b].mean()), 4),
                micro=gesture.micro,
            )
        )
    return events


def fit_threshold(
    judged: Sequence[Windows],
    truths: Sequence[Sequence[GestureEvent]],
    vocabulary: Vocabulary,
) -> tuple[float, float]:
    """The threshold with the best F1 at overlap 0.3 on validation recordings, and that F1."""
    every = np.concatenate([windows.confidence for windows in judged])
    best = (1.0, -1.0)
    for threshold in np.unique(np.quantile(every, np.linspace(0, 1, _TRIALS))):
        hits = total = 0.0
        for windows, truth in zip(judged, truths, strict=True):
            found = join_windows(windows, float(threshold), vocabulary)
            score = score_events(truth, found)
            hits += score.f1[0.3] * (len(truth) + len(found))
            total += len(truth) + len(found)
        f1 = hits / total if total else 0.0
        if f1 > best[1]:
            best = float(threshold), f1
    return best
