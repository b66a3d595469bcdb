"""Whether chances are true, and what a sensitivity costs: curves of the decision rule.

On held-out synthesis, in every layout, and on clips of one to three seconds cut out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgskel.core.events import GestureEvent, read_events
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.core.storage.files import write_text, writing
from mgskel.spotting import StreamRecognizer
from mgskel.spotting.decision.caution import Watched
from mgskel.spotting.metrics import match, overlap_matrix, score_events
from studies.shipped.calibrate import false_at_rest, found_in
from studies.shipped.circumstances import LAYOUTS, cuts
from studies.shipped.evaluation import named, one_line, watch
from studies.shipped.heldout import Example, HeldOut

SENSITIVITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_DEFAULT = 0.5
_OVERLAP = 0.3
_REST_UNIT_S = 300.0
_CUTS_EACH, _CUT_SEED = 20, 21
_BINS = np.linspace(0, 1, 11)


@dataclass(frozen=True)
class Level:
    """What one sensitivity gives.

    Attributes:
        recall, precision: of named events in recordings, at overlap 0.3.
        at_rest: events per five minutes of rest, groups included.
        clips, clip_groups: share of the true gestures of cut clips that are among the events, by
            name, or at least by body group.
    """

    sensitivity: float
    recall: float
    precision: float
    at_rest: float
    clips: float
    clip_groups: float


@dataclass(frozen=True)
class Bin:
    """Events with scores in one tenth: how many, their mean score, and the share of right ones."""

    count: int
    score: float
    right: float


def study(spotter: StreamRecognizer, test: HeldOut, results: Path, how: str) -> None:
    """Measure, and write spotting_rule.md and spotting_rule.svg."""
    recordings, rests = watch(spotter, test.recordings), watch(spotter, test.rests)
    clips = watch(spotter, cuts(test.recordings, _CUTS_EACH, _CUT_SEED))
    levels = [_level(spotter, s, recordings, rests, clips) for s in SENSITIVITIES]
    bins = {
        "recordings": reliability(spotter, recordings),
        "clips of 1 to 3 s": reliability(spotter, clips),
    }
    layouts = {"mediapipe_holistic": _f1(spotter, recordings, _DEFAULT)}
    for name in LAYOUTS:
        shown = (_in_layout(example, name) for example in test.recordings)
        layouts[name] = _f1(spotter, watch(spotter, shown), _DEFAULT)
    write_text(results / "spotting_rule.md", _page(spotter.name, levels, bins, layouts, how))
    _plot(levels, bins, results / "spotting_rule.svg")


def judge_folder(spotter: StreamRecognizer, folder: Path) -> None:
    """F1 in every layout of the recordings of a folder, and events in five minutes of its rests."""
    sets: dict[str, list[Example]] = {"recording": [], "rest": []}
    for path in sorted(folder.glob("*.npz")):
        kind = path.name.split("-")[0]
        if kind in sets:
            events = read_events(path.with_suffix(".json"), spotter.vocabulary)
            sets[kind].append(Example(PoseSequence.load(path), events))
    for name in ("", *LAYOUTS):
        shown = (_in_layout(example, name) if name else example for example in sets["recording"])
        print(f"{name or 'as recorded'}: F1 {_f1(spotter, watch(spotter, shown), _DEFAULT):.3f}")
    quiet = false_at_rest(watch(spotter, sets["rest"]), spotter.vocabulary, spotter.decision)
    print(f"events in five minutes of rest: {quiet:.2f}")


def _in_layout(example: Example, name: str) -> Example:
    sequence = example.sequence.to_skeleton(get_skeleton(name), allow_missing=True)
    return Example(sequence, example.events)


def _said(
    spotter: StreamRecognizer, watched: Sequence[Watched], sensitivity: float
) -> list[list[GestureEvent]]:
    rule = spotter.decision
    return [found_in(w.track, spotter.vocabulary, rule, sensitivity) for w in watched]


def _f1(spotter: StreamRecognizer, watched: Sequence[Watched], sensitivity: float) -> float:
    found = [named(events) for events in _said(spotter, watched, sensitivity)]
    return score_events(*one_line(watched, found)).f1[_OVERLAP]


def _level(
    spotter: StreamRecognizer,
    sensitivity: float,
    recordings: Sequence[Watched],
    rests: Sequence[Watched],
    clips: Sequence[Watched],
) -> Level:
    found = [named(events) for events in _said(spotter, recordings, sensitivity)]
    hits = sum(
        sum(_right(events, watched.truth))
        for events, watched in zip(found, recordings, strict=True)
    )
    quiet = _said(spotter, rests, sensitivity)
    units = sum(rest.duration_s for rest in rests) / _REST_UNIT_S
    said = _said(spotter, clips, sensitivity)
    pairs = [(true, ev) for ev, w in zip(said, clips, strict=True) for true in w.truth]
    groups = {gesture.name: gesture.group for gesture in spotter.vocabulary}
    return Level(
        sensitivity,
        hits / max(sum(len(watched.truth) for watched in recordings), 1),
        hits / max(sum(map(len, found)), 1),
        sum(map(len, quiet)) / max(units, 1e-9),
        float(np.mean([any(e.label == true.label for e in ev) for true, ev in pairs])),
        float(np.mean([any(e.group == groups[true.label] for e in ev) for true, ev in pairs])),
    )


def _right(events: Sequence[GestureEvent], truth: Sequence[GestureEvent]) -> list[bool]:
    """Whether each named event is a true one at overlap 0.3."""
    right = [False] * len(events)
    for label in {event.label for event in events}:
        own = [i for i, event in enumerate(events) if event.label == label]
        true = [event for event in truth if event.label == label]
        for _, index in match(overlap_matrix(true, [events[i] for i in own]), _OVERLAP):
            right[own[index]] = True
    return right


def reliability(spotter: StreamRecognizer, watched: Sequence[Watched]) -> list[Bin]:
    """Scores of named events beside the share of right ones; unlikely events are said too."""
    scores, right = [], []
    found = _said(spotter, watched, SENSITIVITIES[-1])
    for events, one in zip(found, watched, strict=True):
        gestures = named(events)
        scores += [event.score for event in gestures]
        right += _right(gestures, one.truth)
    tenth = np.clip(np.digitize(scores, _BINS) - 1, 0, len(_BINS) - 2)
    return [
        Bin(int(own.sum()), float(np.mean(np.array(scores)[own])), float(np.mean(truth[own])))
        for truth in (np.array(right),)
        for own in (tenth == i for i in range(len(_BINS) - 1))
        if own.any()
    ]


def _page(
    name: str,
    levels: Sequence[Level],
    bins: dict[str, list[Bin]],
    layouts: dict[str, float],
    how: str,
) -> str:
    lines = [
        "# The decision rule: chances and sensitivity",
        "",
        f"`{name}` on held-out synthesis that neither its network nor its rule was fitted "
        "to, that of the model card. Made by",
        "",
        f"    {how}",
        "",
        "![Curves](spotting_rule.svg)",
        "",
        "## What a sensitivity gives",
        "",
        "`--sensitivity` of `mgskel spot` and `mgskel analyze`. Recall and precision of named "
        "events in recordings at overlap 0.3; events per 5 minutes of rest; of gestures in clips "
        "of 1 to 3 s, cut anywhere (also within a hold), half at half the frame rate, the share "
        "with the right name, or at least the right body group, among the events.",
        "",
        "| sensitivity | recall | precision | events at rest | clips, by name | clips, by group |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.sensitivity:.1f} | {row.recall:.3f} | {row.precision:.3f} | {row.at_rest:.2f} "
            f"| {row.clips:.3f} | {row.clip_groups:.3f} |"
            for row in levels
        ),
        "",
        "## Whether a score is a chance",
        "",
        f"Named events at sensitivity {SENSITIVITIES[-1]:g}, by tenths of their score. On real "
        "people scores promise too much: see the real sets in [spotting](spotting.md).",
        "",
        "| where | events | mean score | share of right ones |",
        "|---|---|---|---|",
        *(
            f"| {where} | {row.count} | {row.score:.2f} | {row.right:.2f} |"
            for where, rows in bins.items()
            for row in rows
        ),
        "",
        "## Layouts",
        "",
        "The same recordings with the joints that each layout has: F1 at overlap 0.3.",
        "",
        "| layout | F1 |",
        "|---|---|",
        *(f"| {layout} | {f1:.3f} |" for layout, f1 in layouts.items()),
    ]
    return "\n".join(lines) + "\n"


def _plot(levels: Sequence[Level], bins: dict[str, list[Bin]], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 3.2))
    left.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for where, rows in bins.items():
        left.plot([row.score for row in rows], [row.right for row in rows], "o-", label=where)
    left.set(xlabel="score of an event", ylabel="share of right events", xlim=(0, 1), ylim=(0, 1))
    at_rest = [row.at_rest for row in levels]
    right.plot(at_rest, [row.recall for row in levels], "o-", label="recordings, recall")
    right.plot(at_rest, [row.clips for row in levels], "s--", label="clips, by name")
    right.plot(at_rest, [row.clip_groups for row in levels], "^:", label="clips, by group")
    for row in levels[::2]:
        right.annotate(f"{row.sensitivity:g}", (row.at_rest, row.recall), fontsize=7,
                       xytext=(3, -9), textcoords="offset points")  # fmt: skip
    right.set(xlabel="events per 5 minutes of rest", ylabel="share of gestures found", ylim=(0, 1))
    right.set_xscale("symlog", linthresh=0.5)
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    figure.tight_layout()
    with writing(path) as temporary:
        figure.savefig(temporary, metadata={"Date": None})
    pyplot.close(figure)
