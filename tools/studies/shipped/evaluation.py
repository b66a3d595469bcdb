"""How good a spotter is on held-out recordings, rests and clips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mgskel.core.events import GESTURE, GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.spotting.decision.caution import Watched
from mgskel.spotting.decision.clip_rule import ClipRule
from mgskel.spotting.decision.decision_rule import DecisionRule
from mgskel.spotting.metrics import SpottingScore, match, overlap_matrix, score_events
from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer
from studies.shipped.calibrate import calibrate, false_at_rest, fit_clip_rule, found_in
from studies.shipped.circumstances import approaches, cuts, in_other_layouts
from studies.shipped.heldout import Example, HeldOut

_CUTS, _REST_CUTS, _CUT_SEED = 40, 5, 11
# Whole clips are many beside the recordings, and all about one gesture.
_CLIP_WEIGHT = 0.5
# Who comes, leaves or sits still is met more often than the recordings show.
_STILL_WEIGHT = 2.0


@dataclass(frozen=True)
class Evaluation:
    """Attributes:
    spotting: events of the long recordings against the true ones.
    f1_interval: of F1 at overlap 0.3, if other recordings of the kind were drawn (90 %).
    macro_f1: mean over classes of F1 at overlap 0.3 in the long recordings.
    class_f1: the same per class, with the number of true events.
    false_at_rest: events per five minutes of rest.
    clip_macro_f1, clip_accuracy: of cut clips.
    clip_f1: per class.
    tight_f1: per class, of clips cut into the gesture.
    walks_silent: share of the clips of people who come or leave in which nothing is said.
    """

    spotting: SpottingScore
    f1_interval: tuple[float, float]
    macro_f1: float
    class_f1: dict[str, tuple[float, int]]
    false_at_rest: float
    clip_macro_f1: float
    clip_accuracy: float
    clip_f1: dict[str, float]
    tight_f1: dict[str, float]
    walks_silent: float

    def to_dict(self) -> dict[str, object]:
        return {
            **self.spotting.to_dict(),
            "f1_0.3_interval": list(self.f1_interval),
            "macro_f1_0.3": self.macro_f1,
            "false_per_5_min_rest": self.false_at_rest,
            "clip_macro_f1": self.clip_macro_f1,
            "clip_accuracy": self.clip_accuracy,
            "class_f1_0.3": {name: value for name, (value, _) in self.class_f1.items()},
            "class_events": {name: count for name, (_, count) in self.class_f1.items()},
            "clip_class_f1": self.clip_f1,
            "tight_clip_macro_f1": _mean(self.tight_f1),
            "tight_clip_class_f1": self.tight_f1,
            "walks_silent": self.walks_silent,
        }


def watch(
    spotter: StreamRecognizer, examples: Iterable[Example], weight: float = 1.0
) -> list[Watched]:
    """What the network makes of recordings of one person each."""
    return [
        Watched(next(spotter.tracks(example.sequence)), example.events, weight)
        for example in examples
    ]


def fit_decision(spotter: StreamRecognizer, validation: HeldOut) -> DecisionRule:
    """The decision rule for a spotter's network, on what users bring."""
    recordings, rests = validation.recordings, validation.rests
    examples = [
        *watch(spotter, recordings),
        *watch(spotter, validation.clips, _CLIP_WEIGHT),
        *watch(spotter, validation.tight, _CLIP_WEIGHT),
        *watch(spotter, cuts(recordings, _CUTS, _CUT_SEED)),
        *watch(spotter, in_other_layouts(recordings)),
        *watch(spotter, in_other_layouts(cuts(recordings, _CUTS // 2, _CUT_SEED + 1))),
        *watch(spotter, cuts(rests, _REST_CUTS, _CUT_SEED), _STILL_WEIGHT),
        *watch(spotter, approaches(rests, _REST_CUTS, _CUT_SEED), _STILL_WEIGHT),
        *watch(spotter, validation.walks, _STILL_WEIGHT),
    ]
    return calibrate(examples, watch(spotter, rests), spotter.vocabulary)


def fit_clips(spotter: StreamRecognizer, validation: HeldOut) -> ClipRule:
    """The rule for cut clips, for a spotter's network."""
    clips = (*validation.clips, *validation.tight)
    shown = [clip for clip in clips if clip.events]
    tracks = [next(spotter.clip_tracks(clip.sequence)) for clip in shown]
    return fit_clip_rule(
        [track.scores for track in tracks],
        [track.places for track in tracks],
        [clip.events[0].class_id for clip in shown],
        len(spotter.vocabulary),
    )


def evaluate_spotter(spotter: StreamRecognizer, test: HeldOut) -> Evaluation:
    """Every figure of the model card."""
    vocabulary, rule = spotter.vocabulary, spotter.decision
    recordings, rests = watch(spotter, test.recordings), watch(spotter, test.rests)
    found = [named(found_in(watched.track, vocabulary, rule)) for watched in recordings]
    pairs = [(w.truth, events) for w, events in zip(recordings, found, strict=True)]
    class_f1 = class_scores(pairs, vocabulary)
    truth_line, found_line = one_line(recordings, found)
    clip_f1, accuracy = clip_scores(spotter, test.clips)
    tight_f1, _ = clip_scores(spotter, test.tight)
    return Evaluation(
        spotting=score_events(truth_line, found_line),
        f1_interval=f1_interval(pairs),
        macro_f1=float(np.mean([f1 for f1, count in class_f1.values() if count] or [0.0])),
        class_f1=class_f1,
        false_at_rest=false_at_rest(rests, vocabulary, rule) if rests else 0.0,
        clip_macro_f1=_mean(clip_f1),
        clip_accuracy=accuracy,
        clip_f1=clip_f1,
        tight_f1=tight_f1,
        walks_silent=silent(watch(spotter, test.walks), vocabulary, rule),
    )


def silent(watched: Sequence[Watched], vocabulary: Vocabulary, rule: DecisionRule) -> float:
    """Share of recordings of which nothing is said."""
    return float(np.mean([not found_in(w.track, vocabulary, rule) for w in watched] or [True]))


def named(events: Iterable[GestureEvent]) -> list[GestureEvent]:
    """Events with a gesture's name, not only a group's."""
    return [event for event in events if event.level == GESTURE]


def _mean(per_class: dict[str, float]) -> float:
    return float(np.mean(list(per_class.values()) or [0.0]))


def one_line(
    recordings: Sequence[Watched], found: Sequence[Sequence[GestureEvent]]
) -> tuple[list[GestureEvent], list[GestureEvent]]:
    """Events of several recordings one after the other, so that they can be scored together."""
    from dataclasses import replace

    truth_line: list[GestureEvent] = []
    found_line: list[GestureEvent] = []
    offset = 0.0
    for watched, events in zip(recordings, found, strict=True):
        for line, own in ((truth_line, watched.truth), (found_line, events)):
            line += [replace(e, start_s=e.start_s + offset, end_s=e.end_s + offset) for e in own]
        offset += watched.duration_s + 60.0
    return truth_line, found_line


Pair = tuple[Sequence[GestureEvent], Sequence[GestureEvent]]
"""True and found events of one recording."""


def class_scores(pairs: Sequence[Pair], vocabulary: Vocabulary) -> dict[str, tuple[float, int]]:
    """F1 at overlap 0.3 and the number of true events, by class."""
    scores = {}
    for name in vocabulary.names:
        hits, true, said = np.sum([_counts(pair, name) for pair in pairs], axis=0)
        scores[name] = (2 * float(hits) / max(int(true + said), 1), int(true))
    return scores


def f1_interval(pairs: Sequence[Pair], draws: int = 1000) -> tuple[float, float]:
    """Between which values F1 at overlap 0.3 lies in 90 % of the draws of as many recordings.

    People differ more than gestures do, so whole recordings are drawn.
    """
    labels = {event.label for pair in pairs for events in pair for event in events}
    counts = np.array(
        [np.sum([_counts(pair, name) for name in labels], axis=0) for pair in pairs]
    ).reshape(len(pairs), -1)
    if not labels:
        return 0.0, 0.0
    drawn = np.random.default_rng(0).integers(len(pairs), size=(draws, len(pairs)))
    hits, true, said = np.moveaxis(counts[drawn].sum(1), 1, 0)
    low, high = np.quantile(2 * hits / np.maximum(true + said, 1), (0.05, 0.95))
    return float(low), float(high)


def _counts(pair: Pair, name: str) -> tuple[int, int, int]:
    """Hits at overlap 0.3, true and found events of one class."""
    own, mine = ([event for event in events if event.label == name] for events in pair)
    return len(match(overlap_matrix(own, mine), 0.3)), len(own), len(mine)


def clip_scores(
    spotter: StreamRecognizer, clips: Sequence[Example]
) -> tuple[dict[str, float], float]:
    """F1 of each class and accuracy on clips cut around one gesture each."""
    pairs = []
    for clip in clips:
        if clip.events:
            pairs.append((clip.events[0].class_id, int(spotter.classify(clip.sequence).argmax())))
    true, said = np.array(pairs, int).reshape(-1, 2).T
    f1 = {
        gesture.name: 2
        * float(((true == gesture.id) & (said == gesture.id)).sum())
        / max(int((true == gesture.id).sum() + (said == gesture.id).sum()), 1)
        for gesture in spotter.vocabulary
        if (true == gesture.id).any()
    }
    return f1, float((true == said).mean()) if len(true) else 0.0
