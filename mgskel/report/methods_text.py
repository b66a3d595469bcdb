"""The report's own words: how it was made, what it can show, who reasoned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mgskel.core.config import to_dict
from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import json_hash
from mgskel.core.version import __version__
from mgskel.describe.wording import lasting
from mgskel.reason import Outcome

_MOSTLY = 0.8
"""A body part seen for less of the time is named on top of the page."""
_MOST_NAMES = 5
_FIGURES = {
    "f1_0.3": "F1 at overlap 0.3",
    "false_per_5_min_rest": "false events per 5 minutes of rest",
    "clip_macro_f1": "mean F1 over classes of cut clips",
}
_CLEANED = {
    "left/right swaps": "undoing swaps of left and right",
    "score threshold": "dropping unsure points",
    "outliers": "dropping outliers",
    "gaps": "filling short gaps",
    "smoothing": "smoothing",
}


class Recognizing(Protocol):
    """What a report says of the recognizer."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def notes(self) -> Mapping[str, Any]: ...
    @property
    def vocabulary(self) -> Vocabulary: ...


def opening(
    sequence: PoseSequence,
    events: Sequence[GestureEvent],
    outcome: Outcome | None,
    quality: Mapping[str, Any],
) -> str:
    """The page in three sentences: what was watched, what was found, what it may mean."""
    made_up = any(record.get("step") == "synthesis" for record in sequence.provenance)
    kind = "synthetic " if made_up else ""  # nobody was filmed, and the reader should know
    people = (
        f"{'one' if sequence.num_people == 1 else sequence.num_people} {kind}"
        f"{'person' if sequence.num_people == 1 else 'people'}"
    )
    shares = {part.replace("_", " "): float(s) for part, s in (quality.get("parts") or {}).items()}
    rarely = [f"{part} {share:.0%}" for part, share in shares.items() if 0.005 <= share < _MOSTLY]
    never = [part for part, share in shares.items() if share < 0.005]
    hidden = [f"seen only at times: {listed(rarely)}"] if rarely else []
    hidden += [f"never seen: {listed(never)}"] if never else []
    sight = f" ({'; '.join(hidden)})" if hidden else ""
    recognised = [event for event in events if not event.annotated]
    annotated = [event for event in events if event.annotated]
    found = [_counted(recognised, "recognised")] if recognised or not annotated else []
    found += [_counted(annotated, "annotated")] if annotated else []
    length = lasting(sequence.duration_s)
    return f"{length} of {people}{sight}. {' '.join(found)} {_meaning(outcome)}"


def _counted(events: Sequence[GestureEvent], how: str) -> str:
    """How many, and which, the most frequent first."""
    if not events:
        return f"No gesture was surely {how}."
    counts = Counter(event.label for event in events)
    names = [f"{name} ({n})" if n > 1 else name for name, n in counts.most_common(_MOST_NAMES)]
    more = len(counts) - len(names)
    gestures = "1 gesture" if len(events) == 1 else f"{len(events)} gestures"
    return f"{gestures} {how}: {listed([*names, f'{more} more'] if more else names)}."


def _meaning(outcome: Outcome | None) -> str:
    if outcome is None:
        return "What it may mean was not asked."
    if outcome.assessment is None:
        return "What it may mean could not be assessed."
    likeliest = outcome.assessment.judgement
    if likeliest is None:
        return "That is not enough to say how the person feels."
    chance = max(item.probability for item in outcome.assessment.hypotheses)
    return f"Of the feelings weighed, {likeliest} fits best ({chance:.0%}): a question, no answer."


def methods_paragraph(
    sequence: PoseSequence, recognizer: Recognizing | None, outcome: Outcome | None
) -> str:
    """A paragraph ready for a paper, from what is on record."""
    steps = {str(record.get("step")): record for record in sequence.provenance}
    size = (
        f", {sequence.frame_size[0]} x {sequence.frame_size[1]} pixels"
        if sequence.frame_size
        else ""
    )
    sentences = [
        f"The recording ({sequence.duration_s:.1f} s, {sequence.fps:.4g} frames per second{size}) "
        f"was analysed with mgskel {__version__}."
    ]
    sentences.append(
        f"Keypoints ({sequence.skeleton.num_joints} joints, layout {sequence.skeleton.name}) "
        f"were {origin_words(steps)}."
    )
    cleaned = cleaning_words(steps)
    if cleaned:
        sentences.append(f"They were cleaned by {listed(cleaned)}.")
    if recognizer is not None:
        sentences.append(
            f"Micro-gestures were spotted with the recognizer {recognizer.name}, which says "
            "nothing below its fitted confidence."
        )
    sentences.append(
        "Body movement was described by measurements in shoulder widths against the person's own "
        "baseline and the recording's noise floor."
    )
    if outcome is not None:
        sentences.append(
            f"The affective assessment was made by the reasoner '{outcome.reasoner}' from these "
            "statements and the described scene; each claim cites its evidence."
        )
    return " ".join(sentences)


def cleaning_words(steps: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What was done to keypoints, from the records of their provenance by step."""
    return [
        words for name, words in _CLEANED.items() if name in steps and "skipped" not in steps[name]
    ]


def origin_words(steps: Mapping[str, Mapping[str, Any]]) -> str:
    """Whence keypoints are; of an estimator its own account, as far as a reader needs it."""
    record = steps.get("extract") or steps.get("estimate")
    if not record:
        return "given"
    about = record.get("estimator")
    if not isinstance(about, Mapping):
        return f"estimated with {about or 'the stated estimator'}"
    version = f" {about['version']}" if about.get("version") else ""
    return f"estimated with {about.get('name', 'the stated estimator')}{version}"


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def quoted(values: Mapping[str, Any], measure: str, kind: str = "") -> str:
    """A measure with its interval, as a paper has it: "0.61 (95% CI 0.40 to 0.80)"."""
    value, low, high = (values.get(measure + end) for end in ("", "_low", "_high"))
    if value is None:
        return "not defined"
    return f"{value:.2f}" + ("" if low is None else f" ({kind}{low:.2f} to {high:.2f})")


def provenance_facts(
    sequence: PoseSequence, recognizer: Recognizing | None, settings: object
) -> list[tuple[str, str]]:
    """What was done with what, as pairs of a fact's name and value; settings of extraction."""
    steps = {str(record["step"]): record for record in sequence.provenance}
    facts = [("mgskel", __version__)]
    if recognizer is not None:
        facts.append(("recognizer", recognizer.name))
        facts.append(("recognizer fingerprint", recognizer.fingerprint[:16]))
        facts += _model_card(recognizer.notes)
    for name, record in steps.items():
        details = ", ".join(f"{k}: {v}" for k, v in record.items() if k != "step")
        facts.append((f"step: {name}", details))
    facts.append(("settings hash", json_hash(to_dict(settings))[:16]))
    return facts


def _model_card(notes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a recognizer was trained on and how good it was, as far as it says so itself."""
    facts = [
        (f"recognizer {name}", str(notes[name])) for name in ("training", "test") if name in notes
    ]
    figures = notes.get("figures") or {}
    told = [
        f"{name} {figures[key]:.2f}"
        for key, name in _FIGURES.items()
        if isinstance(figures.get(key), (int, float))
    ]
    if told:
        facts.append(("recognizer in that test", "; ".join(told)))
    facts.append(("recognizer's use", "research; not validated for any decision about people"))
    return facts


def reasoner_notice(outcome: Outcome | None) -> str:
    """Who reasoned, said before what was found."""
    if outcome is None:
        return ""
    if outcome.reasoner.startswith("rules"):
        return (
            "Written by transparent rules (published priors per gesture, no language model). "
            "Read it as a checklist of what to ask about, not as a finding."
        )
    return (
        f"Written by a language model ({outcome.reasoner}) from the statements below; "
        "its answer was checked for grounding, not for truth."
    )


def quality_table(quality: Mapping[str, Any]) -> list[list[str]]:
    """Pairs of a measure's name and its value."""
    rows = [
        [f"{str(part).replace('_', ' ')} usable", f"{float(share):.0%} of frames"]
        for part, share in (quality.get("parts") or {}).items()
    ]
    if quality.get("jitter_sw") is not None:
        trembling = float(quality["jitter_sw"])
        rows.append(["points at rest tremble by", f"{trembling:.1%} of the shoulder width"])
    if quality.get("longest_loss_s") is not None:
        rows.append(["longest time without keypoints", f"{float(quality['longest_loss_s']):.1f} s"])
    return rows


def verdict_lines(quality: Mapping[str, Any]) -> list[str]:
    """Which gestures the recording can and cannot show."""
    verdict = quality.get("verdict") or []
    shown = [item["group"] for item in verdict if item["can_show"]]
    lines = [f"Can be shown: {', '.join(shown)}."] if shown else []
    return lines + [
        f"Cannot be shown: {item['group']}" + (f" ({item['why']})." if item.get("why") else ".")
        for item in verdict
        if not item["can_show"]
    ]
