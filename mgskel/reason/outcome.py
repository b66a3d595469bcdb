"""What came of asking a reasoner: an assessment, or a plain record of why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from mgskel.core.files import write_json
from mgskel.reason.evidence import Case
from mgskel.reason.schema import Assessment

Status = Literal["ok", "invalid", "failed"]


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


class Reasoner(Protocol):
    """Anything that can judge a case. It returns an outcome and does not raise for a bad answer."""

    @property
    def name(self) -> str: ...

    def judge(self, case: Case) -> Outcome: ...


def evidence_record(case: Case) -> list[dict[str, Any]]:
    """The citable evidence, kept with the assessment so that each id can be followed."""
    return [
        {
            "id": item.id,
            "kind": item.kind,
            "text": item.text,
            "from_s": item.from_s,
            "to_s": item.to_s,
            "confidence": item.confidence,
        }
        for item in case.items
    ]
