"""What a language model is sent: instructions, and the case as delimited data.

Only times, texts and labels are sent: no pixels, no coordinates, no names of files or paths.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from mgskel.core.errors import unknown
from mgskel.core.storage.files import json_hash
from mgskel.core.storage.intake import read_text
from mgskel.reason.assessment import response_format
from mgskel.reason.evidence import Case, Item

PROMPTS_FILE = Path(__file__).with_name("prompts.yaml")
_CHARACTERS_PER_TOKEN = 3.6
_FORM = (
    '{"hypotheses": [{"emotion": label, "probability": 0..1, "evidence_for": [ids], '
    '"evidence_against": [ids]}], "valence": {"value": -1..1, "evidence_for": [ids], '
    '"evidence_against": [ids]}, "arousal": {as valence}, "stress": {as valence, 0..1}, '
    '"moments": [{"from_s": seconds, "to_s": seconds, "why": sentence, "evidence": [ids], '
    '"sensitive": topic}], "alternative_explanations": [{"explanation": sentence, "explains": '
    '[ids], "sensitive": topic}], "cannot_judge": [sentences], "confidence": 0..1, "abstain": '
    'true or false, "summary": [{"text": sentence, "evidence": [ids], "sensitive": topic}]}'
)
# A file name begins where a run of its letters does, so that a long run is looked at once.
_PATH = re.compile(
    r"(?<![\w:/\\])(?:[A-Za-z]:[\\/]|\\\\|~?/(?=[\w.-]+/))[^\s\"'<>|,;]+"
    r"|(?<![\w.-])[\w.-]+\.(?:mp4|avi|mov|mkv|webm|m4v|mpe?g|wmv|wav|mp3|npz|npy|csv|eaf|json|pkl|srt|vtt"
    r"|jpe?g|png)\b",
    re.IGNORECASE,
)
# Letters that are not seen but change how a text is read or shown: zero-width and bidirectional.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


@dataclass(frozen=True)
class ChatSettings:
    """How a model is asked. Temperature 0 and a fixed seed, so that a question has one answer."""

    model: str
    wording: str = "plain"
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 2000
    max_prompt_tokens: int = 24_000  # evidence beyond it is left out, the least informative first
    # whether judgements and sentences without evidence are refused or shown as such
    uncited: Literal["refuse", "show"] = "refuse"

    def __post_init__(self) -> None:
        if self.wording not in wordings():
            raise unknown("prompt wording", self.wording, wordings())


@dataclass(frozen=True)
class ChatRequest:
    """One chat completion request, complete and free of secrets."""

    model: str
    messages: tuple[dict[str, str], ...]
    temperature: float
    seed: int
    max_tokens: int
    response_format: dict[str, Any]

    def payload(self) -> dict[str, Any]:
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**parts, "messages": list(self.messages)}

    @property
    def key(self) -> str:
        """Content hash: the same question to the same model has the same key."""
        return json_hash(self.payload())

    def answered(self, reply: str, errors: Sequence[str]) -> ChatRequest:
        """The repair round: the reply and what is wrong with it, sent back once."""
        faults = "\n".join(f"- {error}" for error in errors)
        return replace(
            self,
            messages=(
                *self.messages,
                {"role": "assistant", "content": reply[:8000] or "(empty)"},
                {
                    "role": "user",
                    "content": f"Your answer can't be used:\n{faults}\n"
                    "Answer again with the complete, corrected JSON object and nothing else.",
                },
            ),
        )


@functools.lru_cache(maxsize=1)
def _prompts() -> dict[str, Any]:
    return yaml.safe_load(read_text(PROMPTS_FILE))


def wordings() -> tuple[str, ...]:
    return tuple(_prompts()["wordings"])


def first_request(case: Case, settings: ChatSettings) -> ChatRequest:
    """The request that opens a case; `case` is one that `fitted` has passed."""
    data = _one_entry_a_line(case_data(case))
    # The data can hold no tag, and no boundary: that is a hash of the data themselves.
    data = data.replace("<", "\\u003c").replace(">", "\\u003e")
    boundary = f"=== data {hashlib.sha256(data.encode()).hexdigest()[:16]} ==="
    prompts = _prompts()
    system = prompts["wordings"][settings.wording] + "\n" + prompts["common"]
    system = system.replace("{boundary}", boundary).replace("{form}", _FORM)
    return ChatRequest(
        model=settings.model,
        messages=(
            {"role": "system", "content": system.strip()},
            {
                "role": "user",
                "content": f"{boundary}\n{data}\n{boundary}\n"
                'Judge the scene: answer what "question" asks.',
            },
        ),
        temperature=settings.temperature,
        seed=settings.seed,
        max_tokens=settings.max_tokens,
        response_format=response_format(case.scene.labels, case.ids),
    )


def case_data(case: Case) -> dict[str, Any]:
    """The case as plain data, texts cleaned, keys with nothing in them left out."""
    scene = case.scene
    data: dict[str, Any] = {
        "setting": clean(scene.setting, 200),
        "situation": clean(scene.situation, 20_000),
        "question": clean(scene.question, 2000),
        "person": clean(scene.person, 80),
        "labels": list(scene.labels),
        "duration_s": round(case.duration_s, 2),
        "said": [_entry(item, who=clean(item.category, 80)) for item in case.of("said")],
        "gestures": [_entry(item, **_certainty(item)) for item in case.of("gesture")],
        "movements": [
            _entry(item, confidence=round(item.confidence, 2)) for item in case.of("statement")
        ],
        "not_visible": [clean(text, 300) for text in case.hidden],
    }
    return {key: value for key, value in data.items() if value not in ("", [])}


def _one_entry_a_line(data: dict[str, Any]) -> str:
    """JSON that a reader and a tokenizer both like: one line per key, one per entry of a list."""
    lines = []
    for key, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            entries = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in value)
            lines.append(f' "{key}": [\n  {entries}]')
        else:
            lines.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}"


def _entry(item: Item, **more: object) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": item.id,
        "from_s": round(item.from_s, 2),
        "to_s": round(item.to_s, 2),
        "text": clean(item.text, 2000),
    }
    entry.update({key: value for key, value in more.items() if value != ""})
    return entry


def _certainty(item: Item) -> dict[str, object]:
    """How sure a gesture is, and what else it may be; a person's annotation has no score."""
    if item.annotated:
        return {"annotated": True}
    others = {"or": [clean(other, 140) for other in item.alternatives]} if item.alternatives else {}
    return {"score": round(item.confidence, 2), **others}


def clean(text: str, longest: int) -> str:
    """One line without unseen characters, file names and paths."""
    visible = _UNSEEN.sub("", text)
    visible = "".join(c if c.isprintable() else " " for c in visible)
    return _PATH.sub("[file]", " ".join(visible.split()))[:longest]


def fitted(case: Case, settings: ChatSettings) -> Case:
    """The case with as much evidence as the prompt may hold.

    Statements that tell least go first, then gestures of low score, then the oldest speech.
    """
    budget = settings.max_prompt_tokens * _CHARACTERS_PER_TOKEN - len(_FORM)
    order = (
        *reversed(case.of("said")),
        *sorted(case.of("gesture"), key=lambda item: -item.worth),
        *sorted(case.of("statement"), key=lambda item: -item.worth),
    )
    kept: set[str] = set()
    for item in order:
        # Keys, numbers and the id in the schema surround each text.
        budget -= len(item.text) + 90
        if budget < 0:
            break
        kept.add(item.id)
    if len(kept) == len(case.items):
        return case
    hidden = (*case.hidden, f"{len(case.items) - len(kept)} further entries were left out")
    return replace(case, items=tuple(item for item in case.items if item.id in kept), hidden=hidden)


def estimated_tokens(request: ChatRequest) -> int:
    """About how many tokens a request holds; no tokenizer is at hand for every model."""
    text = json.dumps(request.payload(), ensure_ascii=False)
    return int(len(text) / _CHARACTERS_PER_TOKEN) + 1
