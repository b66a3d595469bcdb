"""Is a reply what was asked for, and does everything in it rest on evidence that exists?

Every judgement and every sentence stands with its evidence, and is refused without; the ids
exist, however they are spelt; a sentence speaks of what it cites; and none says what no movement
can show, by its own account or by its words. Texts are brought into one form before.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from mgskel.reason.assessment import Assessment, Moment, Part, Reply
from mgskel.reason.claims import (
    forbidden,
    mentions,
    normalised,
    reports_speech,
    speaks_of,
    strange_letter,
)
from mgskel.reason.evidence import Case, Item
from mgskel.reason.language import can_be_judged

Uncited = Literal["refuse", "show"]
_SUM_MARGIN = 0.02
_TIME_MARGIN_S = 0.5
_MAX_ERRORS = 12
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[^\W\d_])")


class BadReply(Exception):
    """A reply that cannot be used; `errors` are sentences fit to be sent back."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def checked(text: str, case: Case, uncited: Uncited = "refuse") -> Assessment:
    """The assessment in a reply's text, or `BadReply` with everything that is wrong with it.

    Judgements and sentences without evidence are refused, or let through to be shown as such.
    """
    document = _sentences_apart(_parse(text), case)
    try:
        reply = Reply.model_validate(document)
    except ValidationError as error:
        raise BadReply(_schema_errors(error)) from error
    reply = _in_one_form(reply, case)
    errors = list(faults(reply, case, uncited))
    if errors:
        raise BadReply(errors[:_MAX_ERRORS])
    return Assessment.from_reply(reply)


def faults(reply: Reply, case: Case, uncited: Uncited = "refuse") -> Iterator[str]:
    """Everything in a well-formed reply that does not fit the case."""
    yield from _label_faults(reply, case)
    yield from _citation_faults(reply, case)
    if uncited == "refuse":
        yield from _uncited_faults(reply)
    yield from _time_faults(reply, case)
    said = " ".join(item.text for item in case.items if item.kind == "said").casefold()
    for sentence in _sentences(reply):
        yield from _sentence_faults(sentence, case, said)


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


def _sentences_apart(document: dict[str, Any], case: Case) -> dict[str, Any]:
    """A summary in running text, as models without a schema write it, sentence by sentence."""
    summary = document.get("summary")
    if not isinstance(summary, str):
        return document
    claims = []
    for sentence in filter(None, _SENTENCE_END.split(normalised(summary))):
        named = mentions(sentence, case.ids)
        claims.append({"text": sentence, "evidence": sorted(named)})
    return {**document, "summary": claims}


def _in_one_form(reply: Reply, case: Case) -> Reply:
    """Texts normalised, and labels in the scene's own spelling of case and spaces."""
    written = {" ".join(label.split()).casefold(): label for label in case.scene.labels}

    def label(emotion: str) -> str:
        return written.get(" ".join(emotion.split()).casefold(), emotion)

    def parts(listed: Iterable[Part], name: str, form: Callable[[str], str]) -> list[Part]:
        return [one.model_copy(update={name: form(getattr(one, name))}) for one in listed]

    others = parts(reply.alternative_explanations, "explanation", normalised)
    return reply.model_copy(
        update={
            "hypotheses": parts(reply.hypotheses, "emotion", label),
            "summary": parts(reply.summary, "text", normalised),
            "moments": parts(reply.moments, "why", normalised),
            "alternative_explanations": others,
            "cannot_judge": [normalised(text) for text in reply.cannot_judge],
        }
    )


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
        if any(h is not best and h.probability == best.probability for h in reply.hypotheses):
            yield "the most probable emotion is tied; decide, or set abstain to true"
        if not case.items:
            yield "there is no evidence to cite; set abstain to true"


def _citation_faults(reply: Reply, case: Case) -> Iterator[str]:
    known = set(case.ids)
    unknown: set[str] = set()
    for _, part in _sided(reply):
        unknown.update({*part.evidence_for, *part.evidence_against} - known)
    for sentence in _sentences(reply):
        unknown.update({*(sentence.evidence or ()), *mentions(sentence.text, case.ids)} - known)
    for one in sorted(unknown)[:5]:
        yield f"evidence id '{one[:40]}' does not exist"
    for place, part in _sided(reply):
        both = sorted(set(part.evidence_for) & set(part.evidence_against))
        if both:
            yield f"{place} cites {', '.join(both[:5])} both for and against"


def _uncited_faults(reply: Reply) -> Iterator[str]:
    best = max((h.probability for h in reply.hypotheses), default=0.0)
    for hypothesis in reply.hypotheses if not reply.abstain else ():
        name = hypothesis.emotion[:60]
        if hypothesis.probability == best and not hypothesis.evidence_for:
            yield f"'{name}' is the most probable emotion but cites no evidence for it"
        elif not hypothesis.evidence_for and not hypothesis.evidence_against:
            yield f"hypothesis '{name}' cites no evidence, neither for nor against it"
    for name in ("valence", "arousal", "stress"):
        signal = getattr(reply, name)
        if signal.value is not None and not signal.evidence_for and not signal.evidence_against:
            yield f"{name} has a value but cites no evidence; cite some, or set the value to null"
    for sentence in _sentences(reply):
        if sentence.evidence is not None and not sentence.evidence:
            yield f"{sentence.place} cites no evidence; cite what it rests on, or leave it out"


def _sided(reply: Reply) -> Iterator[tuple[str, Any]]:
    for hypothesis in reply.hypotheses:
        yield f"hypothesis '{hypothesis.emotion[:60]}'", hypothesis
    yield "valence", reply.valence
    yield "arousal", reply.arousal
    yield "stress", reply.stress


@dataclass(frozen=True)
class _Sentence:
    """One sentence of a reply."""

    place: str
    text: str
    evidence: Sequence[str] | None  # what it rests on; none for what cannot be judged
    sensitive: str = "no"
    brings_own: bool = False  # whether it may speak of something that the evidence does not tell


def _sentences(reply: Reply) -> Iterator[_Sentence]:
    for number, claim in enumerate(reply.summary, 1):
        yield _Sentence(f"summary {number}", claim.text, claim.evidence, claim.sensitive)
    for number, moment in enumerate(reply.moments, 1):
        yield _Sentence(f"moment {number}", moment.why, moment.evidence, moment.sensitive)
    for number, other in enumerate(reply.alternative_explanations, 1):
        place = f"alternative explanation {number}"
        yield _Sentence(place, other.explanation, other.explains, other.sensitive, True)
    for number, text in enumerate(reply.cannot_judge, 1):
        yield _Sentence(f"cannot_judge {number}", text, None, brings_own=True)


def _sentence_faults(sentence: _Sentence, case: Case, said: str) -> Iterator[str]:
    told = f"{sentence.place} ('{sentence.text[:120]}')"
    if not sentence.text:
        yield f"{sentence.place} has no text"
    if (strange := strange_letter(sentence.text)) is not None:
        yield f"{told} holds the letter {strange!r}; write English or German in Latin letters"
    elif not can_be_judged(sentence.text, case.scene.labels, said):
        yield f"{told} is in a language that cannot be checked; write English or German"
    if re.search(r"<[a-zA-Z/!]|&#?\w+;", sentence.text):
        yield f"{told} holds markup; write plain text"
    if sentence.evidence is not None and len(_SENTENCE_END.split(sentence.text)) > 1:
        yield f"{told} holds several sentences; give each its own entry and evidence"
    cited = set(sentence.evidence or ())
    items = [item for item in case.items if item.id in cited]
    if sentence.sensitive != "no":
        yield f"{told} concerns '{sentence.sensitive}' by its own account; leave it out"
    for words, why in forbidden(sentence.text, items, case.scene.labels):
        yield f"{told} {why} ('{words}'); leave it out"
    if items and reports_speech(sentence.text) and not any(one.kind == "said" for one in items):
        yield f"{told} tells what somebody said; cite where that was said (u...)"
    if items and not sentence.brings_own and not speaks_of(sentence.text, items, case.scene.labels):
        yield f"{told} speaks of nothing that its evidence ({', '.join(sorted(cited))}) holds"


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
        cited = [item for item in case.items if item.id in moment.evidence]
        if cited and not any(_meet(moment, item) for item in cited):
            yield f"moment {number} cites nothing that happens in its time"


def _meet(moment: Moment, item: Item) -> bool:
    return (
        item.from_s <= moment.to_s + _TIME_MARGIN_S and item.to_s >= moment.from_s - _TIME_MARGIN_S
    )
