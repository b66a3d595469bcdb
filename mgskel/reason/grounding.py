"""Is a reply what was asked for, and does everything in it rest on evidence that exists?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from mgskel.reason.assessment import Assessment, Reply
from mgskel.reason.evidence import Case

_SUM_MARGIN = 0.02
_TIME_MARGIN_S = 0.5
_MAX_ERRORS = 12
_MENTION = re.compile(r"\[([a-z]{1,3}\d{1,6}(?:\s*[,;]\s*[a-z]{1,3}\d{1,6})*)\]")
# Claims that no body movement can carry, whoever makes them.
_CLAIMS = (
    (
        re.compile(
            r"\b(?:is|was|are|were|must be|definitely|clearly|certainly)\s+"
            r"(?:\w+\s+)?(?:lying|deceptive|deceiving|dishonest|untruthful)\b"
            r"|\b(?:proves?|proof|confirms?) (?:\w+ ){0,4}"
            r"(?:decepti\w+|l(?:ie|ies|ying)|guilt\w*)\b"
            r"|\bis (?:a |the )?liar\b",
            re.IGNORECASE,
        ),
        "claims deception, which gestures can't prove",
    ),
    (
        re.compile(
            r"\bdiagnos(?:is|ed|es)\b(?! of any)|\b(?:suffers?|suffering) from\b"
            r"|\b(?:has|have|shows?|indicates?|exhibits?) (?:\w+ ){0,3}"
            r"(?:disorder|depression|ptsd|autism|adhd|psychosis|schizophrenia)\b",
            re.IGNORECASE,
        ),
        "makes a diagnosis, which gestures can't support",
    ),
)
_DENIAL = re.compile(r"\b(?:no|not|never|cannot|can't|nor|without|isn't|doesn't)\b", re.IGNORECASE)
_EMPHASIS = re.compile(
    r"\b(?:no|without(?: a| any)?) (?:doubt|question)\b|\bnot only\b"
    r"|\bcan(?:no|')t (?:be denied|deny)\b",
    re.IGNORECASE,
)


class BadReply(Exception):
    """A reply that cannot be used; `errors` are sentences fit to be sent back."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def checked(text: str, case: Case) -> Assessment:
    """The assessment in a reply's text, or `BadReply` with everything that is wrong with it."""
    document = _parse(text)
    try:
        reply = Reply.model_validate(document)
    except ValidationError as error:
        raise BadReply(_schema_errors(error)) from error
    reply = _labels_as_written(reply, case)
    errors = list(faults(reply, case))
    if errors:
        raise BadReply(errors[:_MAX_ERRORS])
    return Assessment.from_reply(reply)


def faults(reply: Reply, case: Case) -> Iterator[str]:
    """Everything in a well-formed reply that does not fit the case."""
    yield from _label_faults(reply, case)
    yield from _citation_faults(reply, case)
    yield from _time_faults(reply, case)
    yield from _claim_faults(reply)


def _parse(text: str) -> Any:
    """The JSON object in a reply; models like to wrap it in a fence or in courtesies."""
    if not text.strip():
        raise BadReply(["the reply is empty; answer with one JSON object"])
    start, end = text.find("{"), text.rfind("}")
    candidates = [text, text[start : end + 1]] if 0 <= start < end else [text]
    for candidate in candidates:
        try:
            document = json.loads(candidate, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            return document
    opened = text.lstrip().startswith("{") and not text.rstrip().endswith("}")
    why = "the JSON is cut off; write less" if opened else "the reply is not one JSON object"
    raise BadReply([why])


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _schema_errors(error: ValidationError) -> list[str]:
    messages = []
    for fault in error.errors()[:_MAX_ERRORS]:
        place = ".".join(str(part) for part in fault["loc"]) or "reply"
        messages.append(f"{place[:120]}: {fault['msg'][:200]}")
    return messages


def _labels_as_written(reply: Reply, case: Case) -> Reply:
    """The scene's own spelling where a label differs from it in case or spaces only."""
    written = {" ".join(label.split()).casefold(): label for label in case.scene.labels}
    hypotheses = [
        hypothesis.model_copy(
            update={
                "emotion": written.get(
                    " ".join(hypothesis.emotion.split()).casefold(), hypothesis.emotion
                )
            }
        )
        for hypothesis in reply.hypotheses
    ]
    return reply.model_copy(update={"hypotheses": hypotheses})


def _label_faults(reply: Reply, case: Case) -> Iterator[str]:
    allowed = ", ".join(case.scene.labels)
    seen: set[str] = set()
    for hypothesis in reply.hypotheses:
        if hypothesis.emotion not in case.scene.labels:
            yield f"emotion '{hypothesis.emotion[:60]}' is not one of: {allowed}"
        if hypothesis.emotion in seen:
            yield f"emotion '{hypothesis.emotion[:60]}' appears twice"
        seen.add(hypothesis.emotion)
    if not reply.hypotheses:
        if not reply.abstain:
            yield "hypotheses is empty although abstain is false"
        return
    total = math.fsum(hypothesis.probability for hypothesis in reply.hypotheses)
    if abs(total - 1) > _SUM_MARGIN:
        yield f"the probabilities of the hypotheses add up to {total:.3f}, not to 1"
    best = max(reply.hypotheses, key=lambda hypothesis: hypothesis.probability)
    if not reply.abstain:
        tied = [h for h in reply.hypotheses if h is not best and h.probability == best.probability]
        if tied:
            yield "the most probable emotion is tied; decide, or set abstain to true"
        if case.items and not best.evidence_for:
            yield f"'{best.emotion}' is the most probable emotion but cites no evidence for it"


def _citation_faults(reply: Reply, case: Case) -> Iterator[str]:
    known = set(case.ids)
    unknown: set[str] = set()
    for _, cited in citations(reply):
        unknown.update(set(cited) - known)
    for text in _texts(reply):
        for mention in _MENTION.findall(text):
            unknown.update(set(re.split(r"\s*[,;]\s*", mention)) - known)
    for one in sorted(unknown)[:5]:
        yield f"evidence id '{one[:40]}' does not exist"
    for place, part in _sided(reply):
        both = sorted(set(part.evidence_for) & set(part.evidence_against))
        if both:
            yield f"{place} cites {', '.join(both[:5])} both for and against"


def _sided(reply: Reply) -> Iterator[tuple[str, Any]]:
    for hypothesis in reply.hypotheses:
        yield f"hypothesis '{hypothesis.emotion[:60]}'", hypothesis
    yield "valence", reply.valence
    yield "arousal", reply.arousal
    yield "stress", reply.stress


def citations(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    """Every list of evidence ids in a reply, with its place."""
    for place, part in _sided(reply):
        yield f"{place}, for", part.evidence_for
        yield f"{place}, against", part.evidence_against
    for number, explanation in enumerate(reply.alternative_explanations, 1):
        yield f"alternative explanation {number}", explanation.explains
    for number, moment in enumerate(reply.moments, 1):
        yield f"moment {number}", moment.evidence


def _time_faults(reply: Reply, case: Case) -> Iterator[str]:
    end = case.duration_s + _TIME_MARGIN_S
    for number, moment in enumerate(reply.moments, 1):
        if moment.to_s < moment.from_s:
            yield f"moment {number} ends ({moment.to_s}) before it starts ({moment.from_s})"
        elif moment.to_s > end:
            yield (
                f"moment {number} ends at {moment.to_s} s, but the recording lasts "
                f"{case.duration_s:.1f} s"
            )


def _claim_faults(reply: Reply) -> Iterator[str]:
    for text in _texts(reply):
        for sentence in re.split(r"(?<=[.!?;])\s+", text):
            if _DENIAL.search(_EMPHASIS.sub("", sentence)):
                continue
            for pattern, why in _CLAIMS:
                if pattern.search(sentence):
                    yield f"the sentence '{sentence[:120]}' {why}; leave it out"


def _texts(reply: Reply) -> Iterator[str]:
    yield reply.summary
    yield from reply.cannot_judge
    for explanation in reply.alternative_explanations:
        yield explanation.explanation
    for moment in reply.moments:
        yield moment.why
