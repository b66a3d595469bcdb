"""The assessment: what a reasoner may say, its JSON schema, and the outcome of asking for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mgskel.core.storage.files import write_json
from mgskel.core.storage.intake import read_json
from mgskel.reason.evidence import Case
from mgskel.reason.scene import as_input_error

SCHEMA_VERSION = 2

LIMITS = (
    "This is not a diagnosis of any kind, and must not be used as one.",
    "It is no proof of deception or of truthfulness: no gesture is.",
    "Body movement alone says little about feelings; the same movement has many causes "
    "(habit, itch, cold, chair, speech), and people and cultures differ.",
    "It rests only on the statements, gestures and words it cites; what the camera or the "
    "estimator missed is missing here too.",
    "It must not decide anything about a person; ask the person.",
)

Probability = Annotated[float, Field(ge=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]
_MAX_CITED = 200
_MAX_LISTED = 500
_MAX_ASKED = 12
Ids = Annotated[list[str], Field(max_length=_MAX_CITED)]
Sentence = Annotated[str, Field(min_length=1, max_length=600)]
Sensitive = Annotated[
    Literal["no", "health", "deception", "guilt", "protected trait", "decision about a person"],
    Field(
        description="Does this sentence say or suggest something about a person's health, "
        "about deception or honesty, about guilt, about a protected trait (religion, "
        "orientation, origin, politics, pregnancy, disability), or about what should be done "
        "with a person?"
    ),
]
Status = Literal["ok", "invalid", "failed"]


class Part(BaseModel):
    """Refuses unknown keys, NaN, infinity, and one type in place of another."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class Hypothesis(Part):
    """One emotion, how probable, and what speaks for and against it."""

    emotion: str
    probability: Probability
    evidence_for: Ids
    evidence_against: Ids


class Signal(Part):
    """Valence or arousal: -1 (negative, drowsy) to 1 (positive, activated); none if unknown."""

    value: Signed | None
    evidence_for: Ids
    evidence_against: Ids


class Stress(Part):
    """Stress: 0 (relaxed) to 1 (highly stressed); none if unknown."""

    value: Probability | None
    evidence_for: Ids
    evidence_against: Ids


class Explanation(Part):
    """A harmless reason that would explain some of the evidence as well."""

    explanation: Sentence
    explains: Ids
    sensitive: Sensitive = "no"


class Moment(Part):
    """A stretch of time that the judgement rests on."""

    from_s: Annotated[float, Field(ge=0)]
    to_s: Annotated[float, Field(ge=0)]
    why: Sentence
    evidence: Ids
    sensitive: Sensitive = "no"


class Claim(Part):
    """One sentence, the evidence that it rests on, and what it says of itself."""

    text: Sentence
    evidence: Ids
    sensitive: Sensitive = "no"

    def __str__(self) -> str:
        """The sentence with the evidence that it does not name itself."""
        unnamed = [one for one in self.evidence if f"[{one}]" not in self.text]
        if self.evidence and not unnamed:
            return self.text
        return f"{self.text} [{', '.join(unnamed) or 'no evidence'}]"


class Reply(Part):
    """What a reasoner answers. Everything is required; a list may be empty."""

    hypotheses: Annotated[list[Hypothesis], Field(max_length=30)]
    valence: Signal
    arousal: Signal
    stress: Stress
    moments: Annotated[list[Moment], Field(max_length=50)]
    alternative_explanations: Annotated[list[Explanation], Field(max_length=50)]
    cannot_judge: Annotated[list[Sentence], Field(max_length=50)]
    confidence: Probability
    abstain: bool
    summary: Annotated[list[Claim], Field(max_length=20)]


class Assessment(Reply):
    """A checked reply together with its limits, which no reasoner can leave out."""

    limits: list[str] = Field(default_factory=lambda: list(LIMITS))
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def from_reply(cls, reply: Reply) -> Assessment:
        return cls(**reply.model_dump())

    @property
    def text(self) -> str:
        """The summary in running text, each sentence with its evidence."""
        return " ".join(map(str, self.summary))

    @property
    def judgement(self) -> str | None:
        """The most probable emotion; none when the reasoner abstains."""
        if self.abstain or not self.hypotheses:
            return None
        return max(self.hypotheses, key=lambda hypothesis: hypothesis.probability).emotion


@dataclass(frozen=True)
class Outcome:
    """One question's result.

    `ok`: the assessment passed every check. `invalid`: the reasoner answered, but even after
    being told its errors not with something that can be trusted. `failed`: no answer came.
    An assessment exists exactly when the status is `ok`; there is no default judgement.
    """

    status: Status
    reasoner: str
    reason: str
    assessment: Assessment | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.status == "ok") != (self.assessment is not None):
            raise ValueError("an outcome has an assessment exactly when it is ok")

    @property
    def exit_code(self) -> int:
        return 0 if self.status == "ok" else 1

    def to_dict(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "reasoner": self.reasoner,
            "reason": self.reason,
            "assessment": self.assessment.model_dump() if self.assessment else None,
            "details": dict(self.details),
        }

    def save(self, path: str | Path) -> None:
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Outcome:
        """The outcome that `save` wrote."""
        tree = read_json(path, "assessment")
        try:
            return TypeAdapter(cls).validate_python(tree)
        except ValidationError as error:
            raise as_input_error(error, Assessment, path) from error


class Reasoner(Protocol):
    """Anything that can judge a case. It returns an outcome and does not raise for a bad answer."""

    @property
    def name(self) -> str: ...

    def judge(self, case: Case) -> Outcome: ...


def evidence_record(case: Case) -> list[dict[str, Any]]:
    """The citable evidence, kept with the assessment so that each id can be followed."""
    kept = ("id", "kind", "text", "from_s", "to_s", "confidence")
    return [{name: getattr(item, name) for name in kept} for item in case.items]


def reply_schema(labels: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
    """JSON schema of `Reply` in which only these labels and ids can be written.

    A server that decodes under the schema cannot cite what does not exist; replies are
    checked all the same, because not every server does.
    """
    schema = Reply.model_json_schema()
    parts = schema["$defs"]
    parts["Hypothesis"]["properties"]["emotion"] = {"type": "string", "enum": list(labels)}
    cited = {
        "type": "array",
        "items": {"$ref": "#/$defs/Id"},
        "maxItems": min(len(ids), _MAX_ASKED),
    }
    for part in parts.values():
        for name in ("evidence_for", "evidence_against", "explains", "evidence"):
            if name in part["properties"]:
                part["properties"][name] = dict(cited)
    # Servers limit how many words a schema may list.
    listed = 0 < len(ids) <= _MAX_LISTED
    parts["Id"] = {"type": "string", **({"enum": list(ids)} if listed else {})}
    for name in ("Claim", "Explanation", "Moment"):
        parts[name]["required"] = list(parts[name]["properties"])
    schema["properties"]["hypotheses"]["maxItems"] = len(labels)
    for name in ("moments", "alternative_explanations", "cannot_judge", "summary"):
        schema["properties"][name]["maxItems"] = _MAX_ASKED
    return _plain(schema)


def response_format(labels: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
    """The `response_format` of an OpenAI-compatible chat request."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "assessment", "strict": True, "schema": reply_schema(labels, ids)},
    }


def _plain(value: Any) -> Any:
    """The schema without what servers need not or cannot enforce.

    Titles, and descriptions of whole parts, repeat names and docstrings. Limits of text length
    are checked in the reply instead: grammar-based servers unroll them, and some end in the
    attempt.
    """
    if isinstance(value, dict):
        return {
            key: _plain(item)
            for key, item in value.items()
            if not (key == "title" and isinstance(item, str))
            and not (key == "description" and "properties" in value)
            and key not in ("maxLength", "minLength", "default")
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
