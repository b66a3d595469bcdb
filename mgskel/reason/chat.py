"""A language model as a reasoner: ask, check, let it repair once, then say invalid."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mgskel.reason.clients import ChatClient, ChatReply, ClientFault
from mgskel.reason.evidence import Case
from mgskel.reason.grounding import BadReply, checked
from mgskel.reason.outcome import Outcome, evidence_record
from mgskel.reason.prompt import ChatSettings, first_request, fitted

_KEPT_TEXT = 20_000


@dataclass(frozen=True)
class ChatReasoner:
    """Judges cases through a chat client."""

    client: ChatClient
    settings: ChatSettings

    @property
    def name(self) -> str:
        return f"llm:{self.settings.model}"

    def judge(self, case: Case) -> Outcome:
        """An outcome in any event: `ok`, `invalid` after one repair round, or `failed`."""
        case = fitted(case, self.settings)
        request = first_request(case, self.settings)
        rounds: list[dict[str, Any]] = []
        details = {
            "settings": asdict(self.settings),
            "request": request.key,
            "rounds": rounds,
            "evidence": evidence_record(case),
        }
        errors: list[str] = []
        for _ in range(2):
            try:
                reply = self.client.complete(request)
            except ClientFault as fault:
                rounds.append(_fault_record(fault))
                return Outcome("failed", self.name, f"{fault.kind}: {fault}", None, details)
            try:
                assessment = checked(reply.text, case)
            except BadReply as bad:
                errors = bad.errors
                if reply.cut_off:
                    errors = ["the reply was cut off at its longest allowed length", *errors]
                rounds.append(_reply_record(reply, errors))
                request = request.answered(reply.text, errors)
                continue
            rounds.append(_reply_record(reply, []))
            repaired = " after one repair" if len(rounds) > 1 else ""
            reason = (
                f"judged by the language model {self.settings.model}{repaired}; all checks passed"
            )
            return Outcome("ok", self.name, reason, assessment, details)
        reason = "the reply stayed unusable after one repair round: " + "; ".join(errors)
        return Outcome("invalid", self.name, reason[:2000], None, details)


def _reply_record(reply: ChatReply, errors: list[str]) -> dict[str, Any]:
    return {
        "text": reply.text[:_KEPT_TEXT],
        "errors": errors,
        "model": reply.model,
        **reply.usage(),
        "notes": list(reply.notes),
        "attempts": [asdict(attempt) for attempt in reply.attempts],
    }


def _fault_record(fault: ClientFault) -> dict[str, Any]:
    return {
        "fault": fault.kind,
        "message": str(fault),
        "attempts": [asdict(attempt) for attempt in fault.attempts],
    }
